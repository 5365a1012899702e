"""What the tests of backends share: servers of our own on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backends.firestore_server import FirestoreServer
from backends.postgres_server import OwnServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreServer]:
    with FirestoreServer() as it:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", it.address)
        yield it


@pytest.fixture
def own() -> Iterator[OwnServer]:
    """Give a PostgreSQL that the test may stop and start."""
    server = OwnServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
