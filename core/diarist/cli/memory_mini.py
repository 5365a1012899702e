"""memory-mini's file, as `diarist migrate` reads it: entries become notes with all they had."""

import json
import sqlite3
import struct
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import cast
from urllib.parse import quote

from diarist.adapters import check_operations
from diarist.blocking import finish
from diarist.cli.bringing import Brought, Fault
from diarist.cli.failures import CommandError
from diarist.diary import Diary
from diarist.records import DeleteNote, GetNote, NoteOperation, PutNote, Vectors

_ROWS = """
SELECT key, namespace, status, content, metadata, created_at, updated_at, expires_at,
    embedding, embedding_model, embedding_dims
FROM entries WHERE id BETWEEN ? AND ? ORDER BY id
"""
_AT_ONCE = 500
"""Entries that are brought in one transaction."""


class MemoryMiniFile:
    """Every entry in a file.

    Args:
        path: the file; nothing is written to it.
        user_id: whose notes they become.
        diary: where to; its coroutines never suspend.

    Raises:
        CommandError: it is no file of memory-mini.
    """

    def __init__(self, path: Path, user_id: str, diary: Diary) -> None:
        self._user_id, self._notes, self._now = user_id, diary.notes, diary.clock()
        self._path = path
        if not path.is_file():
            raise CommandError(f"{path} is no file")
        _read(path, _ROWS, (0, 0))
        ((low, high),) = _read(path, "SELECT min(id), max(id) FROM entries")
        self.parts = range(low or 0, (high or 0) + 1, _AT_ONCE)

    def look(self, part: int) -> Brought:
        """Say what bringing some entries would do."""
        return self._sorted_out(part)[0]

    def bring(self, part: int) -> Brought:
        """Bring some entries, wholly or not at all."""
        brought, operations = self._sorted_out(part)
        finish(self._notes.batch(self._user_id, operations))
        return brought

    def _sorted_out(self, part: int) -> tuple[Brought, list[NoteOperation]]:
        """Return what is new and what is not, and how the new is put."""
        brought = Brought(users={self._user_id})
        changes: list[list[NoteOperation]] = []
        for row in _read(self._path, _ROWS, (part, part + _AT_ONCE - 1)):
            try:
                if _is_over(row, self._now):
                    brought.expired += 1
                else:
                    changes.append(_operations(row))
            except (TypeError, ValueError, struct.error) as error:
                brought.faults.append(Fault(f"{row['namespace']}/{row['key']}", str(error)))
        puts = [cast("PutNote", change[0]) for change in changes]
        looks = [GetNote(put.namespace, put.key, deleted=True) for put in puts]
        found = finish(self._notes.batch(self._user_id, looks))
        new = [change for change, note in zip(changes, found, strict=True) if note is None]
        brought.new = Counter({"note": len(new)})
        brought.known = Counter({"note": len(changes) - len(new)})
        return brought, [operation for change in new for operation in change]


def _read(path: Path, statement: str, values: tuple[int, ...] = ()) -> list[sqlite3.Row]:
    """Return rows of a file, which stays as it is."""
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        ) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(statement, values).fetchall()
    except sqlite3.DatabaseError as error:
        raise CommandError(f"{path} is no file of memory-mini: {error}") from error


def _is_over(row: sqlite3.Row, now: datetime) -> bool:
    expires_at = _time(row, "expires_at")
    return row["status"] == "expired" or (expires_at is not None and expires_at <= now)


def _operations(row: sqlite3.Row) -> list[NoteOperation]:
    """Return what makes a note of an entry: with its times, and deleted where it was.

    Raises:
        TypeError: something in it is nothing that a note can hold.
        ValueError: a time or its metadata can't be read.
    """
    place = tuple(part for part in row["namespace"].split("/") if part)
    created_at, updated_at = _time(row, "created_at"), _time(row, "updated_at")
    put = PutNote(
        place,
        row["key"],
        row["content"],
        json.loads(row["metadata"]) or None,
        vectors=_vectors(row),
        expires_at=_time(row, "expires_at"),
        at=created_at,
    )
    found: list[NoteOperation] = [put]
    if row["status"] == "soft-deleted":
        found.append(DeleteNote(place, row["key"], at=updated_at))
    elif updated_at != created_at:
        found.append(PutNote(place, row["key"], row["content"], at=updated_at))
    check_operations(found)
    return found


def _time(row: sqlite3.Row, column: str) -> datetime | None:
    """Return a time; one without a zone is meant as local."""
    text = row[column]
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{column} is no time: {text!r}; mend it there") from error
    return found if found.tzinfo else found.astimezone()


def _vectors(row: sqlite3.Row) -> Vectors | None:
    if row["embedding"] is None:
        return None
    dims = row["embedding_dims"]
    vector = struct.unpack(f"={dims}f", row["embedding"])
    return {f"{row['embedding_model'] or ''}:{dims}": list(vector)}
