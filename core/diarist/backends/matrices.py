"""The vectors of many users in memory, as many as a bound allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.backends.statements.vectors import Cached
from diarist.caching import BoundedCache
from diarist.records import Embedded

if TYPE_CHECKING:
    from diarist.backends.statements.connection import Connection
    from diarist.vectors import Matrix

VECTOR_BYTES = 256 * 2**20
"""How many bytes of vectors are kept in memory, over all users."""


class Matrices:
    """Gives the vectors of a user as they are now, from memory where it can."""

    def __init__(self) -> None:
        self._kept = BoundedCache[tuple[str, Embedded, str, int], Cached](
            VECTOR_BYTES, lambda cached: cached.matrix.size
        )

    def kept(
        self, user_id: str, kind: Embedded, connection: Connection, index: str, length: int
    ) -> Matrix:
        """Return the vectors of an index, by its name and their length, and keep them."""
        key = user_id, kind, index, length
        known = self._known(*key)
        cached = known.refreshed(connection)
        if cached is not known:
            self._kept.put(key, cached)
        return cached.matrix

    def passing(
        self, user_id: str, kind: Embedded, connection: Connection, index: str, length: int
    ) -> Matrix:
        """Return them inside a transaction that writes: it may yet be undone, so none are kept."""
        return self._known(user_id, kind, index, length).refreshed(connection).matrix

    def _known(self, user_id: str, kind: Embedded, index: str, length: int) -> Cached:
        from diarist.vectors import Matrix

        known = self._kept.get((user_id, kind, index, length))
        return known or Cached(kind, index, Matrix(length))
