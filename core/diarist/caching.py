"""A cache with a bound on what it holds; threads share it without a lock, so a fork can't hurt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps the entries put last, up to `bound` units as `size_of` counts them.

    Each step is one atomic operation on a dict. Threads that race may leave the bound a little
    exceeded until the next `put`, never an entry wrong.

    >>> cache = BoundedCache[str, str](3, len)
    >>> cache.put("a", "xx"); cache.put("b", "yy")
    >>> cache.get("a"), cache.get("b")
    (None, 'yy')
    """

    def __init__(self, bound: int, size_of: Callable[[V], int]) -> None:
        self.bound = bound
        self._size_of = size_of
        self._entries: dict[K, V] = {}
        self._size = 0

    def get(self, key: K) -> V | None:
        """Return the entry, None where there is none."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep `value`, and drop what was put first where the bound is exceeded."""
        old = self._entries.pop(key, None)
        self._entries[key] = value
        self._size += self._size_of(value) - (0 if old is None else self._size_of(old))
        if self._size > self.bound:
            self._shrink()

    def drop(self, key: K) -> None:
        """Forget the entry, if there is one."""
        old = self._entries.pop(key, None)
        self._size -= 0 if old is None else self._size_of(old)

    def _shrink(self) -> None:
        """Drop the oldest quarter, and count anew: what racing threads miscounted is mended."""
        entries = list(self._entries.items())
        size = sum([self._size_of(value) for _, value in entries])
        for key, value in entries:
            if size <= self.bound * 3 / 4:
                break
            self._entries.pop(key, None)
            size -= self._size_of(value)
        self._size = size
