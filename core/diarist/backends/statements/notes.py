"""Notes in SQL; each function is called inside one transaction.

A namespace is held as text in which every element is followed by a separator, so that a prefix of
the tuple is a prefix of the text, and nothing else is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.statements.messages import as_json
from diarist.backends.statements.schema import loaded, micros, moment
from diarist.backends.statements.vectors import packed, unpacked
from diarist.filters import matches
from diarist.recall.terms import any_of, index_terms, texts_in
from diarist.records import (
    EMPTY,
    KEEP,
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    Note,
    PutNote,
    RestoreNote,
    Scored,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from sqlite3 import Connection

    from diarist.records import Namespace, NoteOperation, Vectors

_COLUMNS = "key, namespace, name, value, metadata, created, updated, ttl, expires, deleted"
_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_HERE = "deleted IS NULL AND (expires IS NULL OR expires > :now)"
RANKED = 200
"""Candidates of a full-text search that are looked at."""


def run(connection: Connection, operations: Sequence[NoteOperation], now: datetime) -> list[Any]:
    """Do all operations, the reads first: they see the state before. Return a result for each.

    A put gives None, a get a note or None, a delete or restore whether there was something, a
    listing scored notes, a listing of namespaces tuples.
    """
    at = micros(now)
    if writes(operations):
        connection.execute("DELETE FROM notes WHERE expires <= ?", (at,))
    results: dict[int, Any] = {}
    for number, operation in enumerate(operations):
        if isinstance(operation, GetNote):
            results[number] = _get(connection, operation, at)
        elif isinstance(operation, ListNotes):
            results[number] = _list(connection, operation, at)
        elif isinstance(operation, ListNamespaces):
            results[number] = _namespaces(connection, operation, at)
    for number, operation in enumerate(operations):
        if isinstance(operation, PutNote):
            _put(connection, operation, at)
            results[number] = None
        elif isinstance(operation, DeleteNote):
            results[number] = _mark(connection, operation, at, at)
        elif isinstance(operation, RestoreNote):
            results[number] = _mark(connection, operation, None, at)
    return [results[number] for number in range(len(operations))]


def nobody(operations: Iterable[NoteOperation]) -> list[Any]:
    """Return what operations that put nothing give where the user has nothing."""
    ends = (DeleteNote, RestoreNote)
    return [
        None if isinstance(each, GetNote) else False if isinstance(each, ends) else []
        for each in operations
    ]


def puts(operations: Iterable[NoteOperation]) -> bool:
    """Say whether one of the operations may make the user's first note."""
    return any(isinstance(operation, PutNote) for operation in operations)


def is_single(operations: Sequence[NoteOperation]) -> bool:
    """Say whether reading operations are one statement."""
    if len(operations) != 1:
        return False
    (one,) = operations
    return isinstance(one, GetNote) or (
        isinstance(one, ListNotes) and one.query is None and one.vector is None
    )


def writes(operations: Iterable[NoteOperation]) -> bool:
    """Say whether one of the operations changes something."""
    return any(
        isinstance(operation, (PutNote, DeleteNote, RestoreNote))
        or (isinstance(operation, (GetNote, ListNotes)) and operation.refresh)
        for operation in operations
    )


def cleanup(connection: Connection, now: datetime, retention: timedelta) -> int:
    """Remove notes deleted for longer than `retention`, and expired ones; return how many."""
    done = connection.execute(
        "DELETE FROM notes WHERE deleted <= ? OR expires <= ?",
        (micros(now) - retention // timedelta(microseconds=1), micros(now)),
    )
    return done.rowcount


def every(connection: Connection) -> list[tuple[Note, dict[str, list[list[float]]]]]:
    """Return all notes, deleted and expired ones too, with their vectors."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM notes ORDER BY key").fetchall()
    return [(_note(row), _vectors(connection, row[0])) for row in rows]


def add(connection: Connection, note: Note, vectors: Vectors | None) -> None:
    """Put a note back as it was exported."""
    made = connection.execute(
        "INSERT INTO notes (namespace, name, value, metadata, created, updated, ttl, expires,"
        " deleted, terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    assert made.lastrowid is not None
    _set_vectors(connection, made.lastrowid, vectors or {})


# ---------------------------------------------------------------- operations


def _get(connection: Connection, get: GetNote, now: int) -> Note | None:
    row = _row(connection, get.namespace, get.key)
    if row is None or not (_is_here(row, now) or (get.deleted and row[9] is not None)):
        return None
    return _note(_refreshed(connection, row, now) if get.refresh else row)


def _put(connection: Connection, put: PutNote, now: int) -> None:
    namespace = encoded(put.namespace)
    row = _row(connection, put.namespace, put.key)
    is_new = row is None or not _is_here(row, now)
    metadata, ttl, expires, created = None, None, None, now
    if row is not None and not is_new:
        metadata, created, ttl, expires = row[4], row[5], row[7], row[8]
    if put.metadata is not KEEP:
        metadata = as_json(put.metadata) if put.metadata else None
    if put.ttl is not KEEP:
        ttl = None if put.ttl is None else put.ttl // timedelta(microseconds=1)
        expires = None if ttl is None else now + ttl
    key = connection.execute(
        "INSERT INTO notes (namespace, name, value, metadata, created, updated, ttl, expires,"
        " terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, name) DO UPDATE SET"
        " value = excluded.value, metadata = excluded.metadata, created = excluded.created,"
        " updated = excluded.updated, ttl = excluded.ttl, expires = excluded.expires,"
        " deleted = NULL, terms = excluded.terms RETURNING key",
        (
            namespace,
            put.key,
            as_json(put.value),
            metadata,
            created,
            now,
            ttl,
            expires,
            _terms(put.key, put.value),
        ),
    ).fetchone()[0]
    if put.vectors is not KEEP or (is_new and row is not None):
        connection.execute("DELETE FROM vectors WHERE note = ?", (key,))
    if put.vectors is not KEEP and put.vectors:
        _set_vectors(connection, key, put.vectors)


def _mark(
    connection: Connection, operation: DeleteNote | RestoreNote, deleted: int | None, now: int
) -> bool:
    """Delete or restore; deleting a second time doesn't postpone the end."""
    was = "deleted IS NULL" if deleted is not None else "deleted IS NOT NULL"
    done = connection.execute(
        "UPDATE notes SET deleted = ? WHERE namespace = ? AND name = ? "
        f"AND {was} AND (expires IS NULL OR expires > ?)",
        (deleted, encoded(operation.namespace), operation.key, now),
    )
    return done.rowcount == 1


def _list(connection: Connection, wanted: ListNotes, now: int) -> list[Scored]:
    if wanted.query is None and wanted.vector is None:
        found = [Scored(_note(row)) for row in _below(connection, wanted, now)]
    else:
        found = _ranked(connection, wanted, now)
    if not wanted.refresh:
        return found
    return [_refreshed_note(connection, scored, now) for scored in found]


def _below(connection: Connection, wanted: ListNotes, now: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows below a namespace, by namespace and key."""
    in_sql = "LIMIT :limit OFFSET :offset" if wanted.filter is None else ""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM notes "
        f"WHERE namespace >= :low AND namespace < :high AND ({_seen(wanted)}) "
        f"ORDER BY namespace, name {in_sql}",
        {
            "low": encoded(wanted.prefix),
            "high": _end(wanted.prefix),
            "now": now,
            "limit": wanted.limit,
            "offset": wanted.offset,
        },
    )
    if wanted.filter is None:
        yield from rows
        return
    left, skip = wanted.limit, wanted.offset
    for row in rows:
        if left <= 0:
            return
        if not matches(loaded(row[3]), wanted.filter):
            continue
        if skip:
            skip -= 1
            continue
        left -= 1
        yield row


def _ranked(connection: Connection, wanted: ListNotes, now: int) -> list[Scored]:
    """Return the notes that fit best: by words, by vectors, or by both alike."""
    by_words = _by_words(connection, wanted, now)
    by_vectors = _by_vectors(connection, wanted, now)
    if wanted.query is not None and wanted.vector is not None:
        ranks: dict[int, float] = {}
        for scores in (by_words, by_vectors):
            top = max(scores.values(), default=0.0)
            for key, score in scores.items():
                ranks[key] = ranks.get(key, 0.0) + (max(score, 0.0) / top if top > 0 else 0.0)
    else:
        ranks = by_words if wanted.query is not None else by_vectors
    found: list[Scored] = []
    for key in sorted(ranks, key=lambda key: (-ranks[key], key)):
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM notes WHERE key = ?",
            (key,),
        ).fetchone()
        if wanted.filter is None or matches(loaded(row[3]), wanted.filter):
            found.append(Scored(_note(row), ranks[key]))
        if len(found) >= wanted.offset + wanted.limit:
            break
    return found[wanted.offset :]


def _by_words(connection: Connection, wanted: ListNotes, now: int) -> dict[int, float]:
    query = any_of(wanted.query or "")
    if query is None:
        return {}
    rows = connection.execute(
        "SELECT notes.key, -bm25(note_terms) FROM note_terms "
        "CROSS JOIN notes ON notes.key = note_terms.rowid WHERE note_terms MATCH :query "
        f"AND namespace >= :low AND namespace < :high AND ({_seen(wanted)}) "
        "ORDER BY bm25(note_terms) LIMIT :most",
        {
            "query": query,
            "low": encoded(wanted.prefix),
            "high": _end(wanted.prefix),
            "now": now,
            "most": -1 if wanted.filter else max(RANKED, wanted.offset + wanted.limit),
        },
    )
    return dict(rows)


def _by_vectors(connection: Connection, wanted: ListNotes, now: int) -> dict[int, float]:
    """Return cosine similarities; a note with several vectors counts by its best."""
    if wanted.vector is None:
        return {}
    size = 4 * len(wanted.vector)
    names = [
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT name FROM vectors WHERE length(data) = ?", (size,)
        )
    ]
    if wanted.index is not None:
        names = [name for name in names if name == wanted.index]
    elif len(names) > 1:
        raise ValueError(
            f"several indexes have {len(wanted.vector)} dimensions: {', '.join(sorted(names))}; "
            "name one with index="
        )
    best: dict[int, float] = {}
    for name in names:
        rows = connection.execute(
            "SELECT notes.key, data FROM vectors JOIN notes ON notes.key = vectors.note "
            "WHERE vectors.name = :name AND length(data) = :size "
            f"AND namespace >= :low AND namespace < :high AND ({_seen(wanted)})",
            {
                "name": name,
                "size": size,
                "low": encoded(wanted.prefix),
                "high": _end(wanted.prefix),
                "now": now,
            },
        )
        for key, data in rows:
            score = _cosine(wanted.vector, unpacked(data))
            best[key] = max(score, best.get(key, -1.0))
    return best


def _namespaces(connection: Connection, wanted: ListNamespaces, now: int) -> list[Namespace]:
    rows = connection.execute(
        "SELECT DISTINCT namespace FROM notes "
        f"WHERE namespace >= :low AND namespace < :high AND {_HERE} ORDER BY namespace",
        {"low": encoded(wanted.prefix), "high": _end(wanted.prefix), "now": now},
    )
    length = len(wanted.suffix)
    found = dict.fromkeys(
        namespace[: wanted.depth]
        for namespace in (decoded(text) for (text,) in rows)
        if not length or namespace[-length:] == wanted.suffix
    )
    end = None if wanted.limit is None else wanted.offset + wanted.limit
    return list(found)[wanted.offset : end]


# ---------------------------------------------------------------- how


def encoded(namespace: Namespace) -> str:
    """Return a namespace as text.

    >>> encoded(("a", "b")).startswith(encoded(("a",)))
    True
    >>> encoded(("ab",)).startswith(encoded(("a",)))
    False
    """
    return "".join(
        part.replace(_ESCAPE, _ESCAPE + "0").replace(_SEPARATOR, _ESCAPE + "1") + _SEPARATOR
        for part in namespace
    )


def decoded(text: str) -> Namespace:
    r"""Return the namespace that `text` is.

    >>> decoded(encoded(("a", "b\x1fc", "")))
    ('a', 'b\x1fc', '')
    """
    return tuple(
        part.replace(_ESCAPE + "1", _SEPARATOR).replace(_ESCAPE + "0", _ESCAPE)
        for part in text.split(_SEPARATOR)[:-1]
    )


def _end(prefix: Namespace) -> str | bytes:
    """Return what comes after everything below a namespace; any text comes before a blob."""
    return encoded(prefix)[:-1] + chr(ord(_SEPARATOR) + 1) if prefix else b""


def _seen(wanted: ListNotes) -> str:
    return f"{_HERE} OR deleted IS NOT NULL" if wanted.deleted else _HERE


def _row(connection: Connection, namespace: Namespace, key: str) -> tuple[Any, ...] | None:
    return connection.execute(
        f"SELECT {_COLUMNS} FROM notes WHERE namespace = ? AND name = ?",
        (encoded(namespace), key),
    ).fetchone()


def _is_here(row: tuple[Any, ...], now: int) -> bool:
    expires, deleted = row[8], row[9]
    return deleted is None and (expires is None or expires > now)


def _refreshed(connection: Connection, row: tuple[Any, ...], now: int) -> tuple[Any, ...]:
    """Start the time to live anew."""
    key, ttl = row[0], row[7]
    if ttl is None:
        return row
    connection.execute("UPDATE notes SET expires = ? WHERE key = ?", (now + ttl, key))
    return (*row[:8], now + ttl, row[9])


def _refreshed_note(connection: Connection, scored: Scored, now: int) -> Scored:
    row = _row(connection, scored.note.namespace, scored.note.key)
    return replace(scored, note=_note(_refreshed(connection, row, now))) if row else scored


def _note(row: tuple[Any, ...]) -> Note:
    _, namespace, name, value, metadata, created, updated, ttl, expires, deleted = row
    return Note(
        decoded(namespace),
        name,
        loaded(value),
        loaded(metadata) if metadata else EMPTY,
        moment(created),
        moment(updated),
        None if expires is None else moment(expires),
        None if ttl is None else timedelta(microseconds=ttl),
        None if deleted is None else moment(deleted),
    )


def _terms(key: str, value: Any) -> str:
    return " ".join(index_terms(" ".join((key, *texts_in(value)))))


def _set_vectors(connection: Connection, note: int, vectors: Vectors) -> None:
    for name, given in vectors.items():
        several = given if given and isinstance(given[0], (list, tuple)) else [given]
        for part, vector in enumerate(cast("list[list[float]]", several)):
            connection.execute(
                "INSERT INTO vectors (note, name, part, data) VALUES (?, ?, ?, ?)",
                (note, name, part, packed(vector)),
            )


def _vectors(connection: Connection, note: int) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = {}
    rows = connection.execute(
        "SELECT name, data FROM vectors WHERE note = ? ORDER BY name, part", (note,)
    )
    for name, data in rows:
        found.setdefault(name, []).append(list(unpacked(data)))
    return found


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    length = sqrt(sum(a * a for a in one) * sum(b * b for b in other))
    return dot / length if length else 0.0
