"""The vectors of many users in memory, as many as a bound allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.backends.statements.vectors import Cached
from diarist.caching import BoundedCache
from diarist.records import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarist.backends.statements.connection import Among, Connection, Near, Sought
    from diarist.vectors import Matrix

VECTOR_BYTES = 256 * 2**20
"""How many bytes of vectors are kept in memory, over all users."""


class Matrices:
    """Gives the vectors of a user as they are now, from memory where it can."""

    def __init__(self) -> None:
        self._kept = BoundedCache[tuple[str, Embedded, str, int], Cached](
            VECTOR_BYTES, lambda cached: cached.matrix.size
        )

    def kept(self, user_id: str) -> InMemory:
        """Return the vectors of a user, to be read and kept."""

        def matrix(connection: Connection, kind: Embedded, index: str, length: int) -> Matrix:
            key = user_id, kind, index, length
            known = self._known(*key)
            cached = known.refreshed(connection)
            if cached is not known:
                self._kept.put(key, cached)
            return cached.matrix

        return InMemory(matrix)

    def passing(self, user_id: str) -> InMemory:
        """Return them for a transaction that writes: it may yet be undone, so none are kept."""

        def matrix(connection: Connection, kind: Embedded, index: str, length: int) -> Matrix:
            return self._known(user_id, kind, index, length).refreshed(connection).matrix

        return InMemory(matrix)

    def _known(self, user_id: str, kind: Embedded, index: str, length: int) -> Cached:
        from diarist.vectors import Matrix

        known = self._kept.get((user_id, kind, index, length))
        return known or Cached(kind, index, Matrix(length))


class InMemory:
    """A `VectorIndex` that compares here: exactly, with numpy.

    Args:
        matrix: gives the vectors of an index, as they are now: whose, its name, and their length.
    """

    def __init__(self, matrix: Callable[[Connection, Embedded, str, int], Matrix]) -> None:
        self._matrix = matrix

    def near(self, connection: Connection, sought: Sought, among: Among | None = None) -> Near:
        """Return how alike the texts, or those among some notes, are to what is sought."""
        keys = None
        if among is not None:
            rows = connection.execute(f"SELECT key FROM notes WHERE {among.below}", among.values)
            keys = [key for (key,) in rows]
        matrix = self._matrix(connection, sought.kind, sought.index, len(sought.vector))
        return matrix.near(sought.vector, keys, sought.measure)
