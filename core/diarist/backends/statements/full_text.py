"""The index of words in SQLite: FTS5 over the column `terms`. Called inside one transaction.

This module is a `TextIndex`.
"""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

from diarist.backends.statements.connection import ALL
from diarist.backends.statements.note_rows import BELOW, bounds, texts_in_field
from diarist.backends.statements.schema import loaded
from diarist.recall.terms import terms, without_accents, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarist.backends.statements.connection import Connection, Scope
    from diarist.records import ListNotes

RANKED = 200
"""Candidates of a full-text search that are looked at."""
_LITTLE = 1000
"""Notes that may all be looked up for a question."""
_K1, _LEAST = 1.2, 1e-6
"""Of FTS5's BM25: how far repetition counts, and the weight of a word that most notes have."""

# ---------------------------------------------------------------- messages


def names(connection: Connection, words: Sequence[str]) -> frozenset[str]:
    """Return those words that are a speaker's name; Rose has nothing to do with roses."""
    return frozenset(word for word in words if _is_name(connection, word))


def counts(connection: Connection, words: Sequence[str], scope: Scope, most: int) -> list[int]:
    """Return how many messages have each word, counting up to `most`."""
    found: list[int] = []
    for word in words:
        rows, values = _having(word, scope, most)
        found.append(connection.execute(f"SELECT count(*) FROM ({rows})", values).fetchone()[0])
    return found


def having(
    connection: Connection, words: Sequence[str], scope: Scope, most: int
) -> list[list[int]]:
    """Return the keys of the messages that have each word, the newest first."""
    return [_keys(connection, *_having(word, scope, most)) for word in words]


def said_by(connection: Connection, name: str, scope: Scope, most: int) -> list[int]:
    """Return the keys of the messages of a speaker, the newest first."""
    return _keys(connection, *_having(name, scope, most, column="speaker"))


def _keys(connection: Connection, statement: str, values: tuple[object, ...]) -> list[int]:
    return [key for (key,) in connection.execute(statement, values)]


def _having(
    word: str, scope: Scope, most: int, column: str = "terms"
) -> tuple[str, tuple[object, ...]]:
    words = f'{{{column}}} : "{word}"'
    if scope.since is None and scope.until is None:
        statement = (
            "SELECT rowid FROM message_terms WHERE message_terms MATCH ? "
            "AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
        )
        return statement, (words, scope.low, scope.high, most)
    statement = (
        "SELECT key FROM message_terms CROSS JOIN messages ON key = message_terms.rowid "
        "WHERE message_terms MATCH ? AND message_terms.rowid > ? "
        "AND message_terms.rowid < ? AND at >= ? AND at < ? "
        "ORDER BY message_terms.rowid DESC LIMIT ?"
    )
    since = -(1 << 63) if scope.since is None else scope.since
    until = ALL if scope.until is None else scope.until
    return statement, (words, scope.low, scope.high, since, until, most)


def _is_name(connection: Connection, word: str) -> bool:
    found = connection.execute(
        "SELECT messages.name FROM message_terms JOIN messages ON key = message_terms.rowid "
        "WHERE message_terms MATCH ? LIMIT 1",
        (f'{{speaker}} : "{word}"',),
    ).fetchone()
    return found is not None and without_accents(word) in map(without_accents, terms(found[0]))


# ---------------------------------------------------------------- notes

_VALUES = """
SELECT json_extract(value, :path, '$[0]') AS found, count(*) FROM notes WHERE {} GROUP BY found
"""
"""Each value of a field, and how often it is there; of two paths it makes a list, always JSON."""


def tally(
    connection: Connection, field: str, below: str, values: dict[str, object]
) -> dict[str, int]:
    """Return how often a field of the notes has each text, sorted by it."""
    found = Counter[str]()
    values = {**values, "path": f'$."{field}"'}
    for value, count in connection.execute(_VALUES.format(below), values):
        for text in texts_in_field(loaded(value)[0]):
            found[text] += count
    return dict(sorted(found.items()))


def fitting(
    connection: Connection, wanted: ListNotes, below: str, values: dict[str, object]
) -> dict[int, float]:
    """Return BM25 of telling words; notes that have only others follow where a page needs them.

    A word that most notes have weighs nothing in BM25, so what has no other comes by age.
    One order holds for pages of every length, so that what is left out of one begins the next.
    """
    words = words_of(wanted.query or "")
    if not words:
        return {}
    end = wanted.offset + wanted.limit
    values = {**values, "most": ALL if wanted.filter else max(RANKED, end)}
    if _is_little(connection, wanted):  # then few of those that have a word need be looked at
        return _matching(connection, words, _OF_LITTLE.format(below), values)
    is_page = not wanted.filter and wanted.vector is None
    telling = _telling(connection, words)
    found: dict[int, float] = {}
    if is_page:
        found = _best(connection, telling, end, _FIRST.format(below), values)
    if telling and len(found) < end:
        found = _matching(connection, telling, _JOINED.format(below), values)
    if len(telling) < len(words) and (len(found) < end or not is_page):
        found = _matching(connection, words, _HAVING.format(below), values) | found
    return found


_NOTHING = 1e-12
"""The score of what has only words that most notes have, less than any other."""
_SCORED = "SELECT rowid AS note, -bm25(note_terms) AS score FROM note_terms"
_MATCHING = "WHERE note_terms MATCH :query"
_BEST = "ORDER BY bm25(note_terms), rowid LIMIT :most"
_OF_LITTLE = f"{_SCORED} {_MATCHING} AND +rowid IN (SELECT key FROM notes WHERE {{}}) {_BEST}"
_FIRST = f"""
SELECT note, score FROM ({_SCORED} {_MATCHING} {_BEST}) CROSS JOIN notes ON key = note WHERE {{}}
"""
"""The best of all, as far as they are wanted."""
_JOINED = f"""
SELECT key, -bm25(note_terms) FROM note_terms CROSS JOIN notes ON key = note_terms.rowid
{_MATCHING} AND {{}} ORDER BY bm25(note_terms), key LIMIT :most
"""
"""The best of those that are wanted."""
_HAVING = f"""
SELECT key, {_NOTHING} FROM note_terms CROSS JOIN notes ON key = note_terms.rowid
{_MATCHING} AND {{}} ORDER BY note_terms.rowid LIMIT :most
"""
"""Those that are wanted, the oldest first."""


def _best(
    connection: Connection,
    words: Mapping[str, int],
    end: int,
    statement: str,
    values: dict[str, object],
) -> dict[int, float]:
    """Return BM25 of the best notes, `end` of them where there are so many, and of others.

    The rare words decide: notes that have none of them are looked at only where the common ones
    could lift them onto the page.
    """
    if not words:
        return {}
    rarest = sorted(words, key=lambda word: words[word])
    for split in range(1, len(rarest)):
        rare, common = rarest[:split], rarest[split:]
        having = sum(words[word] for word in rare)
        if having * 4 > sum(words.values()):
            break
        if having < end:
            continue
        found = _matching(connection, rare, statement, values)
        found |= _matching(connection, rare, statement, values, also=common)
        lifted = _highest(connection, [words[word] for word in common])
        if sum(score > lifted for score in found.values()) >= end:
            return found
    return _matching(connection, rarest, statement, values)


def _highest(connection: Connection, having: Iterable[int]) -> float:
    """Return a BM25 that no note has of words that so many notes have."""
    count = connection.execute("SELECT max(key) FROM notes").fetchone()[0] or 0  # or fewer
    return sum(max(log((count - n + 0.5) / (n + 0.5)), _LEAST) * (_K1 + 1) for n in having)


def _matching(
    connection: Connection,
    words: Iterable[str],
    statement: str,
    values: dict[str, object],
    *,
    also: Iterable[str] = (),
) -> dict[int, float]:
    """Return the scores of notes that have one of the words, and one of `also` where there are."""
    query = " AND ".join(f"({_either(each)})" for each in (words, also) if each)
    return dict(connection.execute(statement, {**values, "query": query}))


def _either(words: Iterable[str]) -> str:
    return " OR ".join(f'"{word}"' for word in words)


def _telling(connection: Connection, words: list[str]) -> dict[str, int]:
    """Return the words that not every other note has, with how many do."""
    half = (connection.execute("SELECT max(key) FROM notes").fetchone()[0] or 0) // 2
    having = "SELECT 1 FROM note_terms WHERE note_terms MATCH ? LIMIT ?"
    counts = {
        word: connection.execute(
            f"SELECT count(*) FROM ({having})", (f'"{word}"', half + 1)
        ).fetchone()[0]
        for word in words
    }
    return {word: count for word, count in counts.items() if count <= half}


def _is_little(connection: Connection, wanted: ListNotes) -> bool:
    """Say whether so few notes are below that all may be looked up."""
    here = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM notes WHERE {BELOW} LIMIT {_LITTLE + 1})",
        bounds(wanted.prefix, below=wanted.below),
    ).fetchone()[0]
    return here <= _LITTLE
