"""Vectors compared in the server, by pgvector: what is asked for comes back, and no vector.

Exactly, as numpy does it, and without an index of pgvector's: each question is about one user,
whose vectors the key finds. The tables hold arrays, which need no extension, and which it takes.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from psycopg import errors

from diarist.backends.statements.connection import LISTED
from diarist.backends.statements.vectors import packed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from psycopg import Connection as Psycopg

    from diarist.backends.statements.connection import (
        Among,
        Connection,
        Near,
        Sought,
        VectorIndex,
    )

LONGEST = 16_000
"""Dimensions of the longest vector that pgvector takes."""
_FIRST, _MORE = 256, 8
"""So many of the best are fetched first, and so many times more each time they are used up."""
_ALL = (1 << 63) - 1
_TABLES = {"messages": ("message_vectors", "message"), "notes": ("vectors", "note")}
_ALIKE = {
    "cosine": "coalesce(nullif(1 - (data::{0}.vector OPERATOR({0}.<=>) sought), 'NaN'), 0)",
    "distance": "1 / (1 + (data::{0}.vector OPERATOR({0}.<->) sought) ^ 2)",
}
"""By each measure, how alike two vectors are; an empty one has no direction, and is like none."""
_INSTALLED = """
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'vector'
"""
_OFFERED = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"

_log = logging.getLogger("diarist.backends.postgres")


def place_of_pgvector(connection: Psycopg[Any], *, create: bool) -> str | None:
    """Return the schema in which the database has pgvector, quoted; None where it has none.

    Args:
        connection: not in a transaction.
        create: make the extension where the server has it and the user may.
    """
    found = connection.execute(_INSTALLED).fetchone()
    if found is None and create and connection.execute(_OFFERED).fetchone():
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (errors.UniqueViolation, errors.DuplicateObject):
            pass  # another process was quicker
        except (errors.InsufficientPrivilege, errors.InvalidSchemaName) as error:
            _log.warning(
                "vectors are compared with numpy, in memory: the server has pgvector, and the user "
                "may not create it (%s); its owner does: CREATE EXTENSION vector",
                error.diag.message_primary,
            )
            return None
        found = connection.execute(_INSTALLED).fetchone()
    return found[0] if found else None


class InServer:
    """A `VectorIndex` that has the server compare.

    Args:
        place: the schema that pgvector is in, quoted.
        in_memory: compares what is too long for it.
    """

    def __init__(self, place: str, in_memory: VectorIndex) -> None:
        self._place, self._in_memory = place, in_memory

    def near(self, connection: Connection, sought: Sought, among: Among | None = None) -> Near:
        """Return how alike the texts, or those among some notes, are to what is sought."""
        if len(sought.vector) > LONGEST:
            return self._in_memory.near(connection, sought, among)
        return _Nearness(self._place, connection, sought, among)


class _Nearness:
    """A `Near` that asks the server each time."""

    def __init__(
        self, place: str, connection: Connection, sought: Sought, among: Among | None
    ) -> None:
        table, self._of = _TABLES[sought.kind]
        self._connection = connection
        self._values: dict[str, object] = {
            "name": sought.index,
            "length": 4 * len(sought.vector),
            "vector": packed(sought.vector),
        }
        limits = ""
        if among is not None:
            limits = f" AND {self._of} IN (SELECT key FROM notes WHERE {among.below})"
            self._values |= among.values
        self._scored = (
            f"SELECT {self._of} AS key, {_ALIKE[sought.measure].format(place)} AS score"
            f" FROM {table}, (SELECT :vector::{place}.vector AS sought OFFSET 0) AS question"
            f" WHERE {table}.name = :name AND length(data) = :length{limits}"
        )

    def best(self, most: int, low: int = 0, high: int = _ALL) -> list[int]:
        """Return the keys of the closest texts, of those between two keys."""
        rows = self._connection.execute(
            f"{self._scored} AND {self._of} >= :from_key AND {self._of} < :to_key"
            " ORDER BY score DESC LIMIT :most",
            {**self._values, "from_key": low, "to_key": high, "most": most},
        )
        return [key for key, _ in rows]

    def ranked(self) -> Iterator[tuple[int, float]]:
        """Yield each text's key and best score in six decimals: best first, equal ones by key."""
        seen, fetched, most = set[int](), 0, _FIRST
        while True:
            rows = self._connection.execute(
                f"SELECT key, round(score * 1e6) / 1e6 AS rounded FROM ({self._scored}) AS scored"
                " ORDER BY rounded DESC, key LIMIT :most OFFSET :fetched",
                {**self._values, "most": most, "fetched": fetched},
            ).fetchall()
            for key, score in rows:
                if key not in seen:
                    seen.add(key)
                    yield key, score
            if len(rows) < most:
                return
            fetched, most = fetched + most, most * _MORE

    def of(self, keys: Collection[int]) -> dict[int, float]:
        """Return the score of each text that has a vector."""
        listed = LISTED.replace("?", ":keys")
        rows = self._connection.execute(
            f"{self._scored} AND {self._of} IN {listed}",
            {**self._values, "keys": json.dumps(list(keys))},
        )
        return dict(rows)
