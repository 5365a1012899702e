"""What the tests of backends share: servers of our own on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backends.firestore_server import FirestoreServer
from backends.postgres_server import own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backends.postgres_server import OwnServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreServer]:
    with FirestoreServer() as it:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", it.address)
        yield it


@pytest.fixture
def own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server
