"""Notes in SQL: one by one, and in batches. Each function is called inside one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.statements.connection import Terms
from diarist.backends.statements.messages import as_json
from diarist.backends.statements.note_lists import counts, listed, namespaces
from diarist.backends.statements.note_rows import COLUMNS, encoded, note_of
from diarist.backends.statements.schema import micros, moment
from diarist.backends.statements.surveys import changed, survey
from diarist.backends.statements.vectors import of_note, packed
from diarist.checks import shown
from diarist.counting import CountNotes, NoteCounts, NoteSurvey, SurveyNotes
from diarist.errors import ConflictError
from diarist.recall.terms import index_terms, texts_in
from diarist.records import (
    KEEP,
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    PutNote,
    RestoreNote,
    Scored,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from diarist.backends.statements.connection import Connection, Finding
    from diarist.records import Note, NoteOperation, Vectors

_READS = (GetNote, ListNotes, CountNotes, SurveyNotes, ListNamespaces)


def run(
    connection: Connection, operations: Sequence[NoteOperation], now: datetime, finding: Finding
) -> list[Any]:
    """Do all operations, the reads first: they see the state before. Return a result for each.

    A put gives None, a get a note or None, a delete or restore whether there was something, a
    listing scored notes, a count its counts, a survey what it found, a listing of namespaces
    tuples.
    """
    at = micros(now)
    connection.execute("DELETE FROM notes WHERE expires <= ?", (at,))
    results = read(connection, operations, now, finding)
    for number, operation in enumerate(operations):
        if isinstance(operation, (GetNote, ListNotes)) and operation.refresh:
            results[number] = _refreshed(connection, results[number], at)
    for number, operation in enumerate(operations):
        if isinstance(operation, PutNote):
            _put(connection, operation, at)
        elif isinstance(operation, DeleteNote):
            results[number] = _delete(connection, operation, at)
        elif isinstance(operation, RestoreNote):
            results[number] = _restore(connection, operation)
    changed(connection)
    return results


def read(
    connection: Connection, operations: Sequence[NoteOperation], now: datetime, finding: Finding
) -> list[Any]:
    """Do the operations that read, and leave every time to live as it is."""
    at = micros(now)
    results: list[Any] = [None] * len(operations)
    for number, operation in enumerate(operations):
        if isinstance(operation, GetNote):
            results[number] = get(connection, operation, now)
        elif isinstance(operation, ListNotes):
            results[number] = listed(connection, operation, at, finding)
        elif isinstance(operation, CountNotes):
            results[number] = counts(connection, operation, at)
        elif isinstance(operation, SurveyNotes):
            results[number] = survey(connection, operation, at, finding)
        elif isinstance(operation, ListNamespaces):
            results[number] = namespaces(connection, operation, at)
    return results


def nobody(operations: Iterable[NoteOperation]) -> list[Any]:
    """Return what operations that put nothing give where the user has nothing."""
    return [_NOTHING[type(operation)]() for operation in operations]


_NOTHING: dict[type[NoteOperation], Callable[[], Any]] = {
    PutNote: lambda: None,
    GetNote: lambda: None,
    DeleteNote: bool,
    RestoreNote: bool,
    ListNotes: list,
    CountNotes: NoteCounts,
    SurveyNotes: NoteSurvey,
    ListNamespaces: list,
}


def puts(operations: Iterable[NoteOperation]) -> bool:
    """Say whether one of the operations may make the user's first note."""
    return any(isinstance(each, PutNote) and each.value is not KEEP for each in operations)


def only_read(operations: Iterable[NoteOperation]) -> bool:
    """Say whether the operations change nothing, but for a time to live."""
    return all(isinstance(operation, _READS) for operation in operations)


def is_single(operations: Sequence[NoteOperation]) -> bool:
    """Say whether reading operations are one statement."""
    if len(operations) != 1:
        return False
    (one,) = operations
    return isinstance(one, (GetNote, CountNotes, ListNamespaces)) or (
        isinstance(one, ListNotes)
        and one.order == "name"
        and one.query is None
        and one.vector is None
        and not one.filter
        and not one.vectors
    )


def are_to_refresh(operations: Iterable[NoteOperation], results: Sequence[Any]) -> bool:
    """Say whether one of the notes found has a time to live that is to start anew."""
    for operation, result in zip(operations, results, strict=True):
        if isinstance(operation, (GetNote, ListNotes)) and operation.refresh:
            for note in _notes_of(result):
                if note.ttl is not None:
                    return True
    return False


def cleanup(connection: Connection, now: datetime, retention: timedelta) -> int:
    """Remove notes deleted for longer than `retention`, and expired ones; return how many."""
    done = connection.execute(
        "DELETE FROM notes WHERE deleted <= ? OR expires <= ?",
        (micros(now) - retention // timedelta(microseconds=1), micros(now)),
    )
    changed(connection)
    return done.rowcount


def every(connection: Connection) -> list[tuple[Note, dict[str, list[list[float]]]]]:
    """Return all notes, deleted and expired ones too, with their vectors."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM notes ORDER BY key").fetchall()
    return [(note_of(row), of_note(connection, row[0])) for row in rows]


def add(connection: Connection, note: Note, vectors: Vectors | None) -> None:
    """Put a note back as it was exported."""
    made = connection.execute(
        "INSERT INTO notes (namespace, name, value, metadata, created, updated, ttl, expires,"
        " deleted, terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key",
        (
            encoded(note.namespace),
            note.key,
            as_json(note.value),
            as_json(note.metadata) if note.metadata else None,
            micros(note.created_at),
            micros(note.updated_at),
            None if note.ttl is None else note.ttl // timedelta(microseconds=1),
            None if note.expires_at is None else micros(note.expires_at),
            None if note.deleted_at is None else micros(note.deleted_at),
            _terms(note.key, note.value),
        ),
    )
    _set_vectors(connection, made.fetchone()[0], vectors or {})


# ---------------------------------------------------------------- operations


_GET = f"SELECT {COLUMNS} FROM notes WHERE namespace = ? AND name = ?"
_IS_THERE = "SELECT 1 FROM notes WHERE namespace = ? AND name = ?"


def get(connection: Connection, get: GetNote, now: datetime) -> Note | None:
    """Return a note, None where there is none; leave its time to live as it is."""
    row = connection.execute(_GET, (encoded(get.namespace), get.key)).fetchone()
    if row is None:
        return None
    expires, deleted = row[8], row[9]
    is_here = deleted is None and (expires is None or expires > micros(now))
    return note_of(row) if is_here or get.deleted else None


def _put(connection: Connection, put: PutNote, now: int) -> None:
    place = encoded(put.namespace), put.key
    if put.if_absent and connection.execute(_IS_THERE, place).fetchone():
        raise ConflictError(f"there is a note {shown(put.key)} in {shown(put.namespace)} already")
    now = now if put.at is None else micros(put.at)
    metadata, ttl, expires = None, None, None
    if put.metadata is not KEEP:
        metadata = as_json(put.metadata) if put.metadata else None
    if put.expires_at is not None:
        expires = micros(put.expires_at)
    elif put.ttl is not KEEP and put.ttl is not None:
        ttl = put.ttl // timedelta(microseconds=1)
        expires = now + ttl
    kept = put.metadata is KEEP, put.ttl is KEEP and expires is None
    if put.value is KEEP:
        row = connection.execute(_CHANGE[kept], (now, metadata, ttl, expires, *place)).fetchone()
        if row is None:
            return
    else:
        said = as_json(put.value), metadata, now, now, ttl, expires, _terms(put.key, put.value)
        row = connection.execute(_PUT[kept], (*place, *said)).fetchone()
    if put.vectors is not KEEP:
        connection.execute("DELETE FROM vectors WHERE note = ?", row)
        _set_vectors(connection, row[0], put.vectors or {})
    if put.sole:
        connection.execute("DELETE FROM notes WHERE name = ? AND key <> ?", (put.key, *row))


def _put_statement(*, keep_metadata: bool, keep_ttl: bool) -> str:
    """Return how a note is put: one that was deleted begins anew, a trigger takes its vectors."""
    kept = {"created": True, "metadata": keep_metadata, "ttl": keep_ttl, "expires": keep_ttl}
    changes = ", ".join(
        f"{column} = CASE WHEN notes.deleted IS NULL THEN notes.{column} ELSE excluded.{column} END"
        if is_kept
        else f"{column} = excluded.{column}"
        for column, is_kept in kept.items()
    )
    return (
        "INSERT INTO notes (namespace, name, value, metadata, created, updated, ttl, expires,"
        " terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, name) DO UPDATE SET"
        f" {changes}, value = excluded.value, updated = excluded.updated,"
        " terms = excluded.terms, deleted = NULL RETURNING key"
    )


def _change_statement(*, keep_metadata: bool, keep_ttl: bool) -> str:
    """Return how all but the value of a note is changed, where there is one."""
    kept = {"updated": False, "metadata": keep_metadata, "ttl": keep_ttl, "expires": keep_ttl}
    changes = ", ".join(
        f"{column} = {f'coalesce(?, {column})' if is_kept else '?'}"  # what is kept is not told
        for column, is_kept in kept.items()
    )
    return (
        f"UPDATE notes SET {changes} WHERE namespace = ? AND name = ? AND deleted IS NULL"
        " RETURNING key"
    )


_KEPT = [(keep_metadata, keep_ttl) for keep_metadata in (False, True) for keep_ttl in (False, True)]
_PUT = {(a, b): _put_statement(keep_metadata=a, keep_ttl=b) for a, b in _KEPT}
_CHANGE = {(a, b): _change_statement(keep_metadata=a, keep_ttl=b) for a, b in _KEPT}


def _delete(connection: Connection, delete: DeleteNote, now: int) -> bool:
    """Delete a note; deleting it softly a second time doesn't postpone the end."""
    place = encoded(delete.namespace), delete.key
    if not delete.forever:
        done = connection.execute(
            "UPDATE notes SET deleted = ? WHERE namespace = ? AND name = ? AND deleted IS NULL",
            (now if delete.at is None else micros(delete.at), *place),
        )
        return done.rowcount == 1
    was = connection.execute(
        "DELETE FROM notes WHERE namespace = ? AND name = ? RETURNING deleted", place
    ).fetchone()
    return was == (None,)


def _restore(connection: Connection, restore: RestoreNote) -> bool:
    done = connection.execute(
        "UPDATE notes SET deleted = NULL WHERE namespace = ? AND name = ? AND deleted IS NOT NULL",
        (encoded(restore.namespace), restore.key),
    )
    return done.rowcount == 1


# ---------------------------------------------------------------- how


def _notes_of(result: Any) -> list[Note]:
    """Return the notes in what a get or a listing gave."""
    if isinstance(result, list):
        return [scored.note for scored in cast("list[Scored]", result)]
    return [] if result is None else [result]


def _refreshed(connection: Connection, result: Any, now: int) -> Any:
    """Start the time to live of what was found anew, and return it so."""
    if isinstance(result, list):
        found = cast("list[Scored]", result)
        return [replace(each, note=_refreshed(connection, each.note, now)) for each in found]
    if result is None or result.ttl is None:
        return result
    expires = now + result.ttl // timedelta(microseconds=1)
    connection.execute(
        "UPDATE notes SET expires = ? WHERE namespace = ? AND name = ?",
        (expires, encoded(result.namespace), result.key),
    )
    return replace(result, expires_at=moment(expires))


def _terms(key: str, value: Any) -> Terms:
    return Terms(" ".join(index_terms(" ".join((key, *texts_in(value))))))


def _set_vectors(connection: Connection, note: int, vectors: Vectors) -> None:
    for name, given in vectors.items():
        several = given if given and isinstance(given[0], (list, tuple)) else [given]
        for part, vector in enumerate(cast("list[list[float]]", several)):
            connection.execute(
                "INSERT INTO vectors (note, name, part, data) VALUES (?, ?, ?, ?)",
                (note, name, part, packed(vector)),
            )
