"""Counts the databases that are being opened: a fork waits for them, and they for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class _Openings:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.count = 0


_openings = _Openings()


@contextmanager
def one() -> Generator[None]:
    """Open one, for the length of a `with` block."""
    mine = _openings
    with mine.changed:
        mine.count += 1
    try:
        yield
    finally:
        with mine.changed:
            mine.count -= 1
            mine.changed.notify_all()


def stop() -> None:
    """Wait until none is being opened, and let nobody begin."""
    _openings.changed.acquire()
    _openings.changed.wait_for(lambda: not _openings.count)


def go_on() -> None:
    """Let others begin again."""
    _openings.changed.release()


def start_anew() -> None:
    """Forget, in a forked child, what the parent was doing."""
    global _openings
    _openings = _Openings()
