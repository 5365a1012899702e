"""The floor under records: `sqlite3` with one table and one FTS5 index, one statement a call.

It is as durable as diarist (WAL, synchronous=FULL, secure_delete), and does nothing else: it knows
no sessions, no ids, no counts, and gives rows.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MESSAGES = """
CREATE TABLE messages (key INTEGER PRIMARY KEY, session TEXT NOT NULL, role TEXT NOT NULL,
    text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE VIRTUAL TABLE message_terms USING fts5(text, content='messages', content_rowid='key');
CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
    INSERT INTO message_terms (rowid, text) VALUES (new.key, new.text);
END;
"""
_NOTES = """
CREATE TABLE notes (key INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL,
    value TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    UNIQUE (namespace, name));
CREATE VIRTUAL TABLE note_terms USING fts5(value, content='notes', content_rowid='key');
CREATE TRIGGER note_added AFTER INSERT ON notes BEGIN
    INSERT INTO note_terms (rowid, value) VALUES (new.key, new.value);
END;
CREATE TRIGGER note_changed AFTER UPDATE OF value ON notes BEGIN
    INSERT INTO note_terms (note_terms, rowid, value) VALUES ('delete', old.key, old.value);
    INSERT INTO note_terms (rowid, value) VALUES (new.key, new.value);
END;
"""


def connected(path: Path) -> sqlite3.Connection:
    """Return a connection that is set as diarist's are."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


class RawMessages:
    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self._connection = connected(path)
        if is_new:
            self._connection.executescript(_MESSAGES)

    def fill(self, messages: Iterable[tuple[str, str]]) -> None:
        self._connection.execute("BEGIN")
        for role, text in messages:
            self.append(role, text)
        self._connection.execute("COMMIT")

    def append(self, role: str, text: str) -> int | None:
        return self._connection.execute(
            "INSERT INTO messages (session, role, text, at) VALUES ('chat', ?, ?, ?)",
            (role, text, 1_767_225_600_000_000),
        ).lastrowid

    def get(self, key: int) -> tuple[Any, ...]:
        return self._connection.execute(
            "SELECT key, session, role, text, at FROM messages WHERE key = ?", (key,)
        ).fetchone()

    def last(self, count: int) -> list[tuple[Any, ...]]:
        rows = self._connection.execute(
            "SELECT key, session, role, text, at FROM messages ORDER BY key DESC LIMIT ?", (count,)
        ).fetchall()
        rows.reverse()
        return rows


class RawNotes:
    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self._connection = connected(path)
        if is_new:
            self._connection.executescript(_NOTES)

    def fill(self, notes: Iterable[tuple[str, str, str]]) -> None:
        self._connection.execute("BEGIN")
        for note in notes:
            self.put(*note)
        self._connection.execute("COMMIT")

    def put(self, namespace: str, name: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO notes (namespace, name, value, created, updated) VALUES (?, ?, ?, 1, 1) "
            "ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated",
            (namespace, name, value),
        )

    def get(self, namespace: str, name: str) -> tuple[Any, ...]:
        return self._connection.execute(
            "SELECT namespace, name, value, created, updated FROM notes "
            "WHERE namespace = ? AND name = ?",
            (namespace, name),
        ).fetchone()

    def below(self, prefix: str, limit: int) -> list[tuple[Any, ...]]:
        return self._connection.execute(
            "SELECT namespace, name, value, created, updated FROM notes "
            "WHERE namespace >= ? AND namespace < ? ORDER BY namespace, name LIMIT ?",
            (prefix, prefix + "\U0010ffff", limit),
        ).fetchall()
