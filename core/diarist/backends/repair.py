"""Look whether a user's database is sound, and save what can be read of one that is not.

Nothing here is done by itself: a damaged database stays where it is until a person asks for it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from diarist.backends import files
from diarist.backends.statements import schema
from diarist.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from sqlite3 import Connection

INDEXES = ("message_terms", "note_terms")
_TABLES = {
    "about": "name",
    "sessions": "no",
    "messages": "key",
    "turns": "session, number",
    "notes": "key",
    "vectors": "no",
    "message_vectors": "no",
}
_OTHER_LISTS = {
    "messages": ("SELECT id FROM message_terms_docsize", "SELECT key FROM messages"),
    "notes": ("SELECT id FROM note_terms_docsize", "SELECT key FROM notes"),
}
"""Where else the keys of a table stand: a row behind a damaged page is found by its key."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was saved of a damaged database.

    Attributes:
        path: the database, which is sound now.
        moved_to: the damaged file.
        rows: how many rows were saved, by table.
        lost: how many rows are known to be lost, by table; there may be more.
    """

    path: str
    moved_to: str
    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    lost: Mapping[str, int] = field(default_factory=dict[str, int])

    def __str__(self) -> str:
        saved = ", ".join(f"{self.rows.get(name, 0)} {name}" for name in _COUNTED)
        lost = ", ".join(f"{number} {name}" for name, number in self.lost.items() if number)
        told = f"saved {saved}" + (f"; lost {lost}" if lost else "")
        return f"{self.path}: {told}; the damaged file is now {self.moved_to}"


_COUNTED = ("messages", "turns", "notes")


def fault_of(connection: Connection) -> str | None:
    """Return what is wrong with an open database, None when it is sound."""
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            return " ".join(str(found).removeprefix("*** in database main ***").split())
        for index in INDEXES:
            connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def repair(path: Path, *, synced: bool) -> Repair:
    """Put a sound database, with all that can be read, in the place of a damaged one.

    The damaged file is kept beside it, under a name with the time. Nobody else may open the
    database meanwhile.

    Raises:
        BackendError: the disk refuses; what was there stays.
    """
    new = path.with_name(path.name + ".new")
    aside = _aside(path)
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]
    try:
        new.unlink(missing_ok=True)
        with closing(_opened(path)) as old, closing(_opened(new)) as sound:
            with suppress(sqlite3.DatabaseError):
                old.execute("PRAGMA writable_schema = ON")  # else a truncated file is not read
                old.execute("BEGIN IMMEDIATE")  # no writer may come between the copy and the move
            rows, lost = _saved(old, sound)
            # Linked, for whoever opens and closes a database's file loses SQLite's locks on it.
            aside.hardlink_to(path)
            for file in beside[:1]:
                if files.state_of(file) is not None:
                    aside.with_name(f"{aside.name}-wal").hardlink_to(file)
            for file in beside:
                file.unlink(missing_ok=True)
            os.replace(new, path)  # noqa: PTH105 - the one call that replaces atomically
        if synced:
            files.sync_folder(path.parent)
    except (OSError, sqlite3.DatabaseError) as error:
        reason = f"can't repair {path}: {error}; what was there stays"
        raise BackendError(reason) from error
    finally:
        new.unlink(missing_ok=True)
    return Repair(str(path), str(aside), rows, lost)


def _aside(path: Path) -> Path:
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    name, number = f"{path.name}.damaged-{stamp}", 1
    while files.state_of(path.with_name(name)) is not None:
        number += 1
        name = f"{path.name}.damaged-{stamp}-{number}"
    return path.with_name(name)


def _opened(path: Path) -> Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    path.chmod(0o600)
    return connection


def _saved(old: Connection, sound: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Copy every row that can be read; return how many were, and how many were not."""
    rows, lost = dict.fromkeys(_TABLES, 0), dict.fromkeys(_TABLES, 0)
    sound.execute("PRAGMA secure_delete = ON").fetchall()
    sound.execute("BEGIN")
    schema.create(sound)
    for table in _TABLES:
        columns = [name for _, name, *_ in sound.execute(f"PRAGMA table_info({table})")]
        insert = (
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) "
            f"VALUES ({', '.join('?' for _ in columns)})"
        )
        missing = _Missing()
        for row in _rows(old, table, columns, missing):
            try:
                rows[table] += sound.execute(insert, row).rowcount
            except sqlite3.DatabaseError:  # a row whose bytes are damaged
                missing.count += 1
        lost[table] = missing.count
    sound.execute("UPDATE sessions SET active = 0, archived = 0")
    _complete_sessions(sound)
    sound.execute("DELETE FROM vectors WHERE note NOT IN (SELECT key FROM notes)")
    sound.execute("DELETE FROM message_vectors WHERE message NOT IN (SELECT key FROM messages)")
    sound.execute("COMMIT")
    return rows, lost


@dataclass(slots=True)
class _Missing:
    count: int = 0


def _rows(
    old: Connection, table: str, columns: list[str], missing: _Missing
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table: from its start, from its end, and those between by their keys."""
    select = f"SELECT {', '.join(columns)} FROM {table}"
    order = _TABLES[table]
    seen: set[Any] = set()
    keys = [columns.index(name) for name in order.split(", ")]
    is_whole = False
    for direction in ("", " DESC"):
        by = ", ".join(name + direction for name in order.split(", "))
        if is_whole:
            break
        try:
            for row in old.execute(f"{select} ORDER BY {by}"):
                key = tuple(row[position] for position in keys)
                if key not in seen:
                    seen.add(key)
                    yield row
            is_whole = True
        except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError):
            continue
    for (key,) in _keys(old, _OTHER_LISTS.get(table, ())):
        if (key,) in seen:
            continue
        seen.add((key,))
        try:
            row = old.execute(f"{select} WHERE {order} = ?", (key,)).fetchone()
        except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError):
            row = None
        if row is None:
            missing.count += 1
        else:
            yield row


def _keys(old: Connection, queries: Iterable[str]) -> Iterator[tuple[int]]:
    for query in queries:
        with suppress(sqlite3.DatabaseError):
            yield from old.execute(query).fetchall()


def _complete_sessions(sound: Connection) -> None:
    """Give every message and turn a session, and every session its counts."""
    sound.execute(
        "INSERT OR IGNORE INTO sessions (no, id, created, updated) "
        "SELECT session, 'recovered-' || session, min(at), max(at) FROM "
        "(SELECT session, at FROM messages UNION ALL SELECT session, at FROM turns) "
        "GROUP BY session"
    )
    sound.execute(
        "UPDATE sessions SET "
        "numbered = max(numbered, (SELECT coalesce(max(key & ((1 << ?) - 1)), 0) FROM messages "
        "WHERE session = no)), words = (SELECT coalesce(sum(words), 0) FROM messages "
        "WHERE session = no), "
        "turns = max(turns, (SELECT coalesce(max(number), 0) FROM turns WHERE session = no)), "
        "active = (SELECT count(*) FROM messages WHERE session = no AND NOT messages.archived), "
        "archived = (SELECT count(*) FROM messages WHERE session = no AND messages.archived)",
        (schema.SHIFT,),
    )
