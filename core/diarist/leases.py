"""Keeps what is being worked on from being taken over: one daemon thread renews every lease."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from diarist.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_log = logging.getLogger("diarist.leases")
_numbers = itertools.count()


class _Renewal:
    def __init__(self, every: float, renew: Callable[[], object]) -> None:
        self.every, self.renew = every, renew
        self.due = time.monotonic() + every


class _Keeper:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renewals: dict[int, _Renewal] = {}
        self._is_running = False
        self._changed = threading.Event()

    def add(self, every: float, renew: Callable[[], object]) -> int:
        number = next(_numbers)
        with self._lock:
            self._renewals[number] = _Renewal(every, renew)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="diarist-leases", daemon=True).start()
        return number

    def remove(self, number: int) -> None:
        with self._lock:
            self._renewals.pop(number, None)
        self._changed.set()

    def _run(self) -> None:
        while True:
            self._changed.clear()
            with self._lock:
                if not self._renewals:
                    self._is_running = False
                    return
                now = time.monotonic()
                due = [renewal for renewal in self._renewals.values() if renewal.due <= now]
                wait = min(renewal.due for renewal in self._renewals.values()) - now
            for renewal in due:
                renewal.due = time.monotonic() + renewal.every
                try:
                    renewal.renew()
                except BackendError as error:
                    _log.warning("a lease could not be renewed: %s", error)
            if not due:
                self._changed.wait(wait)


_keeper = _Keeper()


def _start_anew() -> None:
    global _keeper
    _keeper = _Keeper()


os.register_at_fork(after_in_child=_start_anew)


@contextmanager
def kept(every: float, renew: Callable[[], object]) -> Generator[None]:
    """Call `renew`, which may block, every so many seconds while the `with` block lasts."""
    keeper = _keeper
    number = keeper.add(every, renew)
    try:
        yield
    finally:
        keeper.remove(number)
