"""Shared by all tests: nothing of the core ever asks the network for anything."""

from __future__ import annotations

import sys

import pytest

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
