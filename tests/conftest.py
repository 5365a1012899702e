"""Shared by all tests: nothing of the core ever asks the network for anything."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarist import Message, SyncDiary
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = frozenset(
    ["socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"]
)
_watch: dict[str, list[str]] = {}


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in NETWORK and "calls" in _watch:
        _watch["calls"].append(f"{event}{arguments!r}")
        raise PermissionError(f"a test of the core used the network: {event}")


sys.addaudithook(_hook)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest):
    """Refuse and report every connect, bind and name look-up in the tests of the core."""
    if "tests/core" not in request.path.as_posix():
        yield
        return
    calls = _watch["calls"] = []
    yield
    _watch.clear()
    assert calls == []


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of a user to whom permissions mean something, as which the test then runs."""
    message = Message("user", "This imports all that a diary needs.")
    SyncDiary(MemoryBackend()).messages.append("ana", "chat", [message])
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(dir="/tmp" if is_root else None) as folder:
        if is_root:  # whose own folders that user may not even pass through
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)
            for path in Path(folder).rglob("*"):
                path.chmod(0o700)
