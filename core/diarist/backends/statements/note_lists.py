"""Notes in lists: all below a namespace, those that fit a question, and where there are any.

Each function is called inside one transaction.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from diarist.backends.statements.connection import Among, Sought
from diarist.backends.statements.note_filters import implied
from diarist.backends.statements.note_rows import (
    BELOW,
    COLUMNS,
    HERE,
    after,
    bounds,
    decoded,
    note_of,
)
from diarist.backends.statements.schema import loaded
from diarist.backends.statements.vectors import of_note
from diarist.checks import MOST
from diarist.counting import NoteCounts
from diarist.filters import matches
from diarist.records import Scored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarist.backends.statements.connection import Connection, Finding
    from diarist.counting import CountNotes
    from diarist.records import (
        ListNamespaces,
        ListNotes,
        Namespace,
        Note,
    )

_CHUNK = 256
"""Notes that are fetched at once where it takes some to find those that fit."""
BELOW_MOST = "namespace || '' >= :low AND namespace || '' < :high"
"""The same, without the index of namespaces."""
_BEGINNING = " AND name >= :first AND name < :past"
_COUNTS = f"""
SELECT (SELECT count(*) FROM notes WHERE {BELOW}),
    (SELECT count(*) FROM notes WHERE {BELOW_MOST} AND deleted IS NOT NULL),
    (SELECT count(*) FROM notes WHERE {BELOW_MOST} AND deleted IS NULL AND expires <= :now)
"""
_NEXT = f"SELECT namespace FROM notes WHERE {{}} AND {HERE} ORDER BY namespace LIMIT 1"
_PLACES = f"""
WITH RECURSIVE places (place) AS (
    SELECT ({_NEXT.format(BELOW)})
    UNION ALL
    SELECT ({_NEXT.format("namespace > place AND namespace < :high")})
    FROM places WHERE place IS NOT NULL
)
SELECT place FROM places WHERE place IS NOT NULL
"""
"""Each namespace with notes, from one to the next: what they hold is not read."""
_ORDERS = {"name": "namespace, name", "newest": "+updated DESC, key DESC"}
_LAST = "SELECT updated, key FROM notes ORDER BY updated DESC, key DESC LIMIT 1"
_EARLIEST = -(1 << 63)
_WALKED = 256
"""Of the notes put last, so many are looked at before all that are below a namespace are sorted."""


def listed(connection: Connection, wanted: ListNotes, now: int, finding: Finding) -> list[Scored]:
    """Return notes, with scores where it is asked how well they fit."""
    if wanted.query is not None or wanted.vector is not None:
        return _ranked(connection, wanted, now, finding)
    below, values = _below(connection, wanted, now)
    if wanted.order == "newest":
        found = _latest(connection, wanted, below, values)
        if found is not None:
            return found
    statement = f"SELECT {COLUMNS} FROM notes WHERE {below} ORDER BY {_ORDERS[wanted.order]}"
    if wanted.filter:
        return _scored(connection, connection.execute(statement, values), wanted)
    page = {"limit": wanted.limit, "offset": wanted.offset}
    rows = connection.execute(f"{statement} LIMIT :limit OFFSET :offset", values | page)
    return [Scored(_note(connection, row, wanted)) for row in rows]


def counts(connection: Connection, wanted: CountNotes, now: int) -> NoteCounts:
    """Return how many notes are below a namespace."""
    values = {**bounds(wanted.prefix), "now": now}
    every, deleted, expired = connection.execute(_COUNTS, values).fetchone()
    return NoteCounts(every - deleted - expired, deleted, expired)


def namespaces(connection: Connection, wanted: ListNamespaces, now: int) -> list[Namespace]:
    """Return the namespaces that have notes, sorted."""
    prefix, suffix, wildcard = wanted.prefix, wanted.suffix, wanted.wildcard
    start = prefix[: prefix.index(wildcard)] if wildcard in prefix else prefix
    rows = connection.execute(_PLACES, {**bounds(start), "now": now})
    namespaces = (decoded(text) for (text,) in rows)
    if suffix or start != prefix:
        namespaces = (
            namespace
            for namespace in namespaces
            if len(namespace) >= max(len(prefix), len(suffix))
            and _begins(namespace, prefix, wildcard)
            and _begins(namespace[::-1], suffix[::-1], wildcard)
        )
    found = {namespace[: wanted.depth] for namespace in namespaces}
    end = None if wanted.limit is None else wanted.offset + wanted.limit
    return sorted(found)[wanted.offset : end]


def _begins(namespace: Namespace, start: Namespace, wildcard: str | None) -> bool:
    return all(part in (one, wildcard) for part, one in zip(start, namespace, strict=False))


# ---------------------------------------------------------------- what is below a namespace


def _below(connection: Connection, wanted: ListNotes, now: int) -> tuple[str, dict[str, object]]:
    """Return which rows may be wanted, and the parameters of that."""
    seen = "TRUE" if wanted.deleted else HERE
    holds, values = implied(wanted.filter)
    values |= bounds(wanted.prefix, below=wanted.below) | {"now": now}
    below = BELOW
    if wanted.keys is not None:
        names = {f"k{number}": key for number, key in enumerate(wanted.keys)}
        places = ", ".join(f":{name}" for name in names) or "NULL"
        below = f"{BELOW_MOST} AND name IN ({places})"
        values |= names
    elif wanted.filter and is_most(connection, wanted.prefix):
        below = BELOW_MOST
    if wanted.key_prefix:
        below += _BEGINNING
        values |= {"first": wanted.key_prefix, "past": after(wanted.key_prefix)}
    return f"{below} AND {seen} AND {holds}", values


def _latest(
    connection: Connection, wanted: ListNotes, below: str, values: dict[str, object]
) -> list[Scored] | None:
    """Return a page of the notes put last, None where it takes a look at more to fill it."""
    walked = min(_WALKED + 2 * (wanted.offset + wanted.limit), MOST)
    last = connection.execute(f"{_LAST} OFFSET ?", (walked,)).fetchone()
    updated, key = last or (_EARLIEST, 0)
    found = _scored(
        connection,
        connection.execute(
            f"SELECT {COLUMNS} FROM notes INDEXED BY notes_by_time WHERE updated >= :updated"
            f" AND (updated, key) >= (:updated, :key) AND {below}"
            " ORDER BY updated DESC, key DESC",
            values | {"updated": updated, "key": key},
        ),
        wanted,
    )
    return found if last is None or len(found) == wanted.limit else None


def _scored(
    connection: Connection, rows: Iterable[tuple[Any, ...]], wanted: ListNotes
) -> list[Scored]:
    """Return the page that is wanted of those rows that hold what the filter asks for."""
    if wanted.filter:
        rows = (row for row in rows if _holds(row, wanted))
    return [Scored(_note(connection, row, wanted)) for row in _page(rows, wanted)]


def _note(connection: Connection, row: tuple[Any, ...], wanted: ListNotes) -> Note:
    """Return the note that a row is, with what was asked for."""
    note = note_of(row)
    return replace(note, vectors=of_note(connection, row[0])) if wanted.vectors else note


def is_most(connection: Connection, prefix: Namespace) -> bool:
    """Say whether so many notes are below that reading all in their order is quicker."""
    here, last = connection.execute(
        f"SELECT (SELECT count(*) FROM notes WHERE {BELOW}), (SELECT max(key) FROM notes)",
        bounds(prefix),
    ).fetchone()
    return here * 4 > (last or 0)


def _holds(row: tuple[Any, ...], wanted: ListNotes) -> bool:
    return not wanted.filter or matches(loaded(row[3]), wanted.filter)


def _page(found: Iterable[Any], wanted: ListNotes) -> list[Any]:
    return list(islice(found, wanted.offset, wanted.offset + wanted.limit))


# ---------------------------------------------------------------- what fits best


def _ranked(connection: Connection, wanted: ListNotes, now: int, finding: Finding) -> list[Scored]:
    """Return the notes that fit best: by words, by vectors, or by both alike."""
    below, values = _below(connection, wanted, now)
    if wanted.query is None:
        ranking = _by_vectors(connection, wanted, finding, below, values)
    else:
        found = finding.words.fitting(connection, wanted, below, values)
        if wanted.vector is not None:
            alike = dict(_by_vectors(connection, wanted, finding, below, values, is_whole=True))
            found = _together(found, alike)
        ranking = iter(sorted(found.items(), key=lambda one: (-one[1], one[0])))
    scores: dict[int, float] = {}

    def keys() -> Iterator[int]:
        for key, score in ranking:
            scores[key] = score
            yield key
        if wanted.rest:
            yield from _others(connection, scores, below, values)

    rows = _rows(connection, keys(), wanted, below, values)
    page = _page((row for row in rows if _holds(row, wanted)), wanted)
    return [Scored(_note(connection, row, wanted), scores.get(row[0])) for row in page]


def _together(*rankings: dict[int, float]) -> dict[int, float]:
    """Return one ranking of several, in which the best of each counts as much."""
    found: dict[int, float] = {}
    for scores in rankings:
        top = max(scores.values(), default=0.0)
        for key, score in scores.items():
            found[key] = found.get(key, 0.0) + (max(score, 0.0) / top if top > 0 else 0.0)
    return found


def _others(
    connection: Connection, scores: dict[int, float], below: str, values: dict[str, object]
) -> Iterator[int]:
    """Yield the keys of what has no score, the note put last first; nothing is read before."""
    rows = connection.execute(
        f"SELECT key FROM notes WHERE {below} ORDER BY {_ORDERS['newest']}", values
    )
    yield from (key for (key,) in rows if key not in scores)


def _rows(
    connection: Connection,
    keys: Iterator[int],
    wanted: ListNotes,
    below: str,
    values: dict[str, object],
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows with these keys that may be wanted, in their order."""
    statement = (
        f"SELECT {COLUMNS} FROM notes NOT INDEXED"
        f" WHERE key IN (SELECT value FROM json_each(:chunk)) AND {below}"
    )
    size = _CHUNK if wanted.filter else min(wanted.offset + wanted.limit, _CHUNK)
    while chunk := list(islice(keys, size)):
        rows = connection.execute(statement, values | {"chunk": json.dumps(chunk)})
        found = {row[0]: row for row in rows}
        yield from (found[key] for key in chunk if key in found)


def _by_vectors(
    connection: Connection,
    wanted: ListNotes,
    finding: Finding,
    below: str,
    values: dict[str, object],
    *,
    is_whole: bool = False,
) -> Iterator[tuple[int, float]]:
    """Yield keys and how alike they are, best first; of several vectors of a note the best counts.

    Where most notes are below, some may be among them that are not, unless all will be read.
    """
    if wanted.vector is None:
        return
    name = _index(connection, wanted.vector, wanted.index)
    if name is None:
        return
    among = None
    if (
        is_whole
        or wanted.filter
        or wanted.keys is not None
        or not is_most(connection, wanted.prefix)
    ):
        among = Among(below, values)
    sought = Sought("notes", name, wanted.vector, wanted.measure)
    yield from finding.vectors.near(connection, sought, among).ranked()


_INDEXES = """
WITH RECURSIVE indexes (name) AS (
    SELECT (SELECT min(name) FROM vectors)
    UNION ALL
    SELECT (SELECT min(vectors.name) FROM vectors WHERE vectors.name > indexes.name)
    FROM indexes WHERE name IS NOT NULL
)
SELECT name FROM indexes WHERE name IS NOT NULL AND EXISTS (
    SELECT 1 FROM vectors WHERE vectors.name = indexes.name AND length(data) = ?
)
"""
"""Each index that has vectors of a length, from one to the next: they are not read."""


def _index(connection: Connection, vector: tuple[float, ...], name: str | None) -> str | None:
    """Return the index with vectors of that length, None where there is none.

    Raises:
        ValueError: there are several, and none is named.
    """
    if name is not None:
        return name
    names = [name for (name,) in connection.execute(_INDEXES, (4 * len(vector),))]
    if len(names) > 1:
        raise ValueError(
            f"several indexes have {len(vector)} dimensions: {', '.join(sorted(names))}; "
            "name one with index="
        )
    return names[0] if names else None
