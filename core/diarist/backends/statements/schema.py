"""The tables of a user's database, and how an older one becomes today's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from sqlite3 import DatabaseError
from typing import TYPE_CHECKING, Any

from diarist.recall.candidates import SHIFT as SHIFT

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_decoded = json.JSONDecoder().raw_decode

_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    numbered INTEGER NOT NULL DEFAULT 0,  -- the last number given to a message
    turns INTEGER NOT NULL DEFAULT 0,     -- the last number given to a turn
    active INTEGER NOT NULL DEFAULT 0,    -- counted by triggers, as is archived
    archived INTEGER NOT NULL DEFAULT 0,
    words INTEGER NOT NULL DEFAULT 0      -- of all its messages
);
CREATE TABLE messages (
    key INTEGER PRIMARY KEY,              -- session << 32 | number
    session INTEGER NOT NULL,
    id TEXT,
    role TEXT NOT NULL,
    name TEXT,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,                  -- microseconds since 1970, as are all times
    archived INTEGER NOT NULL DEFAULT 0,
    metadata TEXT,
    format TEXT,
    payload TEXT,
    terms TEXT NOT NULL,
    speaker TEXT,                         -- the terms of the name
    words INTEGER NOT NULL,               -- how many terms
    marks INTEGER NOT NULL                -- see recall/candidates.py
);
CREATE INDEX messages_by_time ON messages (at);
CREATE UNIQUE INDEX messages_by_id ON messages (session, id) WHERE id IS NOT NULL;
CREATE VIRTUAL TABLE message_terms USING fts5(
    terms, speaker, content='messages', content_rowid='key',
    tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
    INSERT INTO message_terms (rowid, terms, speaker) VALUES (new.key, new.terms, new.speaker);
    UPDATE sessions SET active = active + (new.archived = 0),
        archived = archived + (new.archived = 1), words = words + new.words
        WHERE no = new.session;
END;
CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
    INSERT INTO message_terms (message_terms, rowid, terms, speaker)
        VALUES ('delete', old.key, old.terms, old.speaker);
    UPDATE sessions SET active = active - (old.archived = 0),
        archived = archived - (old.archived = 1), words = words - old.words
        WHERE no = old.session;
    DELETE FROM message_vectors WHERE message = old.key;
END;
CREATE TRIGGER message_archived AFTER UPDATE OF archived ON messages BEGIN
    UPDATE sessions SET active = active + (new.archived = 0) - (old.archived = 0),
        archived = archived + (new.archived = 1) - (old.archived = 1) WHERE no = new.session;
END;
CREATE TABLE message_vectors (
    no INTEGER PRIMARY KEY AUTOINCREMENT, -- what is new since a reader looked has a higher one
    message INTEGER NOT NULL,
    name TEXT NOT NULL,                   -- the index: model and dimension
    data BLOB NOT NULL                    -- 32-bit floats, little-endian
);
CREATE UNIQUE INDEX message_vectors_by_message ON message_vectors (message, name);
CREATE TRIGGER message_vector_removed AFTER DELETE ON message_vectors BEGIN
    INSERT INTO about (name, value) VALUES ('vectors removed', '1')
        ON CONFLICT DO UPDATE SET value = value + 1;
END;
CREATE TABLE turns (
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease INTEGER NOT NULL DEFAULT 0,     -- until when its owner works on it
    first INTEGER NOT NULL,               -- the numbers of its first and last message
    last INTEGER NOT NULL,
    at INTEGER NOT NULL,
    east INTEGER NOT NULL,                -- seconds that the clock of its user is ahead of UTC
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE INDEX turns_waiting ON turns (at, session, number) WHERE state = 'pending';
CREATE TABLE notes (
    key INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,              -- see notes.py
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    metadata TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ttl INTEGER,
    expires INTEGER,
    deleted INTEGER,
    terms TEXT NOT NULL,
    UNIQUE (namespace, name)
);
CREATE INDEX notes_by_name ON notes (name);
CREATE INDEX notes_by_time ON notes (updated);
CREATE INDEX notes_expiring ON notes (expires) WHERE expires IS NOT NULL;
CREATE INDEX notes_deleted ON notes (deleted) WHERE deleted IS NOT NULL;
CREATE VIRTUAL TABLE note_terms USING fts5(
    terms, content='notes', content_rowid='key',
    tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER note_added AFTER INSERT ON notes BEGIN
    INSERT INTO note_terms (rowid, terms) VALUES (new.key, new.terms);
END;
CREATE TRIGGER note_removed AFTER DELETE ON notes BEGIN
    INSERT INTO note_terms (note_terms, rowid, terms) VALUES ('delete', old.key, old.terms);
    DELETE FROM vectors WHERE note = old.key;
END;
CREATE TRIGGER note_changed AFTER UPDATE OF terms ON notes WHEN old.terms <> new.terms BEGIN
    INSERT INTO note_terms (note_terms, rowid, terms) VALUES ('delete', old.key, old.terms);
    INSERT INTO note_terms (rowid, terms) VALUES (new.key, new.terms);
END;
CREATE TRIGGER note_revived AFTER UPDATE OF value ON notes WHEN old.deleted IS NOT NULL BEGIN
    DELETE FROM vectors WHERE note = old.key;
END;
CREATE TABLE vectors (
    no INTEGER PRIMARY KEY AUTOINCREMENT, -- what is new since a reader looked has a higher one
    note INTEGER NOT NULL,
    name TEXT NOT NULL,                   -- the index: model and dimension
    part INTEGER NOT NULL,
    data BLOB NOT NULL                    -- 32-bit floats, little-endian
);
CREATE UNIQUE INDEX vectors_by_note ON vectors (note, name, part);
CREATE INDEX vectors_by_index ON vectors (name, no);
CREATE TRIGGER vector_removed AFTER DELETE ON vectors BEGIN
    INSERT INTO about (name, value) VALUES ('note vectors removed', '1')
        ON CONFLICT DO UPDATE SET value = value + 1;
END;
"""


def micros(moment: datetime) -> int:
    """Return a time as the tables hold it.

    >>> micros(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int, east: int = 0) -> datetime:
    """Return a time that a table holds, as a clock shows it that is ahead of UTC by seconds."""
    try:
        at = _EPOCH + timedelta(microseconds=micros)
        return at.astimezone(timezone(timedelta(seconds=east))) if east else at
    except (OverflowError, ValueError) as error:
        raise DatabaseError("malformed: a time beyond the calendar") from error


def loaded(text: str) -> Any:
    """Return what a column that holds JSON says."""
    try:
        value, end = _decoded(text)  # skips no spaces, of which we write none
        return value if end == len(text) else json.loads(text)
    except ValueError as error:
        raise DatabaseError(f"malformed: a record that is no JSON ({error})") from error


def create(connection: Connection) -> None:
    """Make the tables in an empty database."""
    run_script(connection, _TABLES)
    connection.execute("INSERT INTO about (name, value) VALUES ('made', hex(randomblob(16)))")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def run_script(connection: Connection, script: str) -> None:
    """Run statements inside the open transaction, which `executescript` would commit."""
    import sqlite3

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


MIGRATIONS: dict[int, Callable[[Connection], None]] = {}
"""From a version to the next; each runs in a transaction of its own."""
