"""Vectors as the tables hold them: 32-bit floats, little-endian. Called inside one transaction."""

from __future__ import annotations

import json
import sys
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diarist.backends.statements.connection import LISTED, Packed
from diarist.backends.statements.schema import loaded
from diarist.recall.terms import text_of
from diarist.vectors import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarist.backends.statements.connection import Connection
    from diarist.records import Embedded


def packed(vector: Iterable[float]) -> Packed:
    """Return a vector as bytes.

    >>> list(unpacked(packed([0.5, 1.0])))
    [0.5, 1.0]
    """
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return Packed(floats.tobytes())


def unpacked(data: bytes) -> array[float]:
    """Return a vector from bytes."""
    floats = array("f", data)
    if sys.byteorder == "big":
        floats.byteswap()
    return floats


def put(connection: Connection, rows: Iterable[tuple[int, str, Sequence[float]]]) -> None:
    """Give messages a vector: key, index, vector."""
    given = [(key, name, packed(vector)) for key, name, vector in rows]
    for name in {name for _, name, _ in given}:
        keys = json.dumps([key for key, of, _ in given if of == name])
        connection.execute(
            f"DELETE FROM message_vectors WHERE name = ? AND message IN {LISTED}", (name, keys)
        )
    connection.executemany(
        "INSERT INTO message_vectors (message, name, data) VALUES (?, ?, ?)", given
    )


def of_messages(
    connection: Connection, first: int = 0, last: int = (1 << 63) - 1
) -> dict[int, dict[str, list[float]]]:
    """Return the vectors of messages from a key to a key: key, index, vector."""
    found: dict[int, dict[str, list[float]]] = {}
    for key, name, data in connection.execute(
        "SELECT message, name, data FROM message_vectors WHERE message BETWEEN ? AND ?",
        (first, last),
    ):
        found.setdefault(key, {})[name] = list(unpacked(data))
    return found


def of_note(connection: Connection, note: int) -> dict[str, list[list[float]]]:
    """Return the vectors of a note, by its key: index, vectors."""
    found: dict[str, list[list[float]]] = {}
    rows = connection.execute(
        "SELECT name, data FROM vectors WHERE note = ? ORDER BY name, part", (note,)
    )
    for name, data in rows:
        found.setdefault(name, []).append(list(unpacked(data)))
    return found


@dataclass(frozen=True, slots=True)
class Cached:
    """An index's vectors of one user, as they were read.

    Attributes:
        kind: whose vectors: of messages, or of notes.
        index: its name.
        matrix: the vectors.
        epoch: names the database, and how many vectors it had lost.
        last: the last row that was read.
    """

    kind: Embedded
    index: str
    matrix: Matrix
    epoch: tuple[object, ...] = ()
    last: int = 0

    def refreshed(self, connection: Connection) -> Cached:
        """Return the vectors as they are now; only what came since is read."""
        _, _, table, of, removed = _TABLES[self.kind]
        epoch = tuple(
            connection.execute(
                "SELECT value FROM about WHERE name IN ('made', ?) ORDER BY name", (removed,)
            )
        )
        known = self
        if epoch[:1] != self.epoch[:1]:
            known = Cached(self.kind, self.index, Matrix(self.matrix.length), epoch)
        elif epoch != self.epoch:
            left = connection.execute(f"SELECT no FROM {table} WHERE name = ?", (self.index,))
            known = replace(self, matrix=self.matrix.only([no for (no,) in left]), epoch=epoch)
        rows = connection.execute(
            f"SELECT no, {of}, data FROM {table} WHERE no > ? AND name = ? ORDER BY no",
            (known.last, self.index),
        ).fetchall()
        if not rows:
            return known
        return replace(known, matrix=known.matrix.with_rows(rows), last=rows[-1][0])


def lacking(
    connection: Connection, kind: Embedded, index: str, after: int, limit: int
) -> list[tuple[int, str]]:
    """Return key and text of messages, or notes, that have no vector in an index, by key."""
    table, text, vectors, of, _ = _TABLES[kind]
    rows = connection.execute(
        f"SELECT key, {text} FROM {table} WHERE key > ? AND NOT EXISTS "
        f"(SELECT 1 FROM {vectors} WHERE {of} = key AND name = ?) ORDER BY key LIMIT ?",
        (after, index, limit),
    ).fetchall()
    return rows if kind == "messages" else [(key, text_of(loaded(text))) for key, text in rows]


def add(
    connection: Connection, kind: Embedded, index: str, vectors: Mapping[int, Sequence[float]]
) -> int:
    """Give messages or notes that are still there a vector, and return how many there were."""
    table = _TABLES[kind][0]
    keys = json.dumps(list(vectors))
    here = [
        key
        for (key,) in connection.execute(f"SELECT key FROM {table} WHERE key IN {LISTED}", (keys,))
    ]
    if kind == "messages":
        put(connection, [(key, index, vectors[key]) for key in here])
    else:
        connection.execute(
            f"DELETE FROM vectors WHERE name = ? AND note IN {LISTED}", (index, json.dumps(here))
        )
        connection.executemany(
            "INSERT INTO vectors (note, name, part, data) VALUES (?, ?, 0, ?)",
            [(key, index, packed(vectors[key])) for key in here],
        )
    return len(here)


_TABLES = {
    "messages": ("messages", "text", "message_vectors", "message", "vectors removed"),
    "notes": ("notes", "value", "vectors", "note", "note vectors removed"),
}
"""Table, its text, the table of its vectors, whose they are there, and what counts the removed."""
