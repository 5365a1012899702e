"""A turnstile: it lets so many threads in at once, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque


class Turnstile:
    """Counts who is inside; who leaves lets in who has waited longest.

    A semaphore would let a thread that has just left in again before all who wait, for ever.

    Args:
        most: how many are inside at once.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._line: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def enter(self, timeout: float) -> bool:
        """Come in, and say whether that was possible within so many seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            place = threading.Lock()
            place.acquire()
            self._line.append(place)
        if place.acquire(timeout=timeout):
            return True
        with self._lock:
            if place not in self._line:  # somebody has just left, and let this one in
                return True
            self._line.remove(place)
            return False

    def leave(self) -> None:
        """Let the next one in."""
        with self._lock:
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1
