"""The index of words in PostgreSQL: the user's mark and a stemmed word, in GIN.

This module is a `TextIndex`. Ranking is `recall`'s: the index only says who has which word.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.statements.connection import ALL
from diarist.backends.statements.note_rows import texts_in_field
from diarist.backends.statements.schema import loaded
from diarist.recall.candidates import bm25_of_text, rarity_of_text
from diarist.recall.terms import terms, without_accents, words_of
from diarist.stemming import stems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarist.backends.statements.connection import Connection, Scope
    from diarist.records import ListNotes

_ME = "current_setting('diarist.user_id')"
_MESSAGES = (
    "(SELECT user_id, key, at, name FROM all_messages WHERE postings(user_id, terms, speaker) @> "
    f"ARRAY[mark({_ME}) || :kind::TEXT || word] OFFSET 0) AS found WHERE user_id = {_ME} "
    "AND key > :low AND key < :high AND at >= :since AND at < :until"
)
"""The messages with a word, by the index: `OFFSET 0` keeps the planner from reading all others."""
_EACH = "FROM unnest(:words::TEXT[]) WITH ORDINALITY AS wanted (word, place)"
_RANKED = 200
"""Notes that are ranked for a page without a filter."""


def names(connection: Connection, words: Sequence[str]) -> frozenset[str]:
    """Return those words that are a speaker's name; Rose has nothing to do with roses."""
    rows = connection.execute(
        f"SELECT (SELECT name FROM {_MESSAGES} LIMIT 1) {_EACH} ORDER BY place",
        _values(words, kind="@"),
    )
    found: list[str] = []
    for word, (name,) in zip(words, rows, strict=True):
        if name is not None and without_accents(word) in map(without_accents, terms(name)):
            found.append(word)
    return frozenset(found)


def counts(connection: Connection, words: Sequence[str], scope: Scope, most: int) -> list[int]:
    """Return how many messages have each word, counting up to `most`."""
    rows = connection.execute(
        f"SELECT (SELECT count(*) FROM (SELECT 1 FROM {_MESSAGES} LIMIT :most) AS few) "
        f"{_EACH} ORDER BY place",
        {**_values(words, scope), "most": most},
    )
    return [count for (count,) in rows]


def having(
    connection: Connection, words: Sequence[str], scope: Scope, most: int, *, kind: str = ""
) -> list[list[int]]:
    """Return the keys of the messages that have each word, the newest first."""
    rows = connection.execute(
        f"SELECT ARRAY(SELECT key FROM {_MESSAGES} ORDER BY key DESC LIMIT :most) "
        f"{_EACH} ORDER BY place",
        {**_values(words, scope, kind=kind), "most": most},
    )
    return [keys for (keys,) in rows]


def said_by(connection: Connection, name: str, scope: Scope, most: int) -> list[int]:
    """Return the keys of the messages of a speaker, the newest first."""
    return having(connection, [name], scope, most, kind="@")[0]


def _values(
    words: Sequence[str], scope: Scope | None = None, *, kind: str = ""
) -> dict[str, object]:
    since, until = (scope.since, scope.until) if scope else (None, None)
    return {
        "words": stems(words),
        "kind": kind,
        "low": scope.low if scope else 0,
        "high": scope.high if scope else ALL,
        "since": -ALL if since is None else since,
        "until": ALL if until is None else until,
    }


# ---------------------------------------------------------------- notes

_NOTES = (
    "(SELECT user_id, key AS found_key FROM all_notes WHERE postings(user_id, terms, NULL) {} "
    f"OFFSET 0) AS found WHERE user_id = {_ME}"
)
_WITH_WORD = _NOTES.format(f"@> ARRAY[mark({_ME}) || word]")
_WITH_ANY = _NOTES.format(
    f"&& ARRAY(SELECT mark({_ME}) || word FROM unnest(:words::TEXT[]) AS word)"
)


def fitting(
    connection: Connection, wanted: ListNotes, below: str, values: dict[str, object]
) -> dict[int, float]:
    """Return BM25 of the notes that fit a question, by key; see `TextIndex`."""
    words = list(dict.fromkeys(stems(words_of(wanted.query or ""))))
    if not words:
        return {}
    total = connection.execute("SELECT count(*) FROM notes").fetchone()[0]
    rows = connection.execute(
        f"SELECT (SELECT count(*) FROM {_WITH_WORD}) {_EACH} ORDER BY place", {"words": words}
    )
    weights = {
        word: rarity_of_text(count, total)
        for word, (count,) in zip(words, rows, strict=True)
        if count
    }
    end = wanted.offset + wanted.limit
    most = ALL if wanted.filter else max(_RANKED, end)
    is_page = not wanted.filter and wanted.vector is None
    telling = {word: weight for word, weight in weights.items() if weight > 0}
    found = _ranked(connection, telling or weights, below, values, most)
    if telling and len(telling) < len(weights) and (len(found) < end or not is_page):
        found = _ranked(connection, weights, below, values, most) | found
    return found


def _ranked(
    connection: Connection,
    weights: dict[str, float],
    below: str,
    values: dict[str, object],
    most: int,
) -> dict[int, float]:
    """Return the best of the notes that have one of the words."""
    rows = connection.execute(
        f"SELECT key, terms FROM notes WHERE {below} "
        f"AND key IN (SELECT found_key FROM {_WITH_ANY})",
        {**values, "words": list(weights)},
    ).fetchall()
    texts = {key: text.split() for key, text in rows}
    mean = sum(map(len, texts.values())) / max(len(texts), 1)
    scores = {key: bm25_of_text(text, weights, mean) for key, text in texts.items()}
    best = sorted(scores, key=lambda key: (-scores[key], key))[:most]
    return {key: scores[key] for key in best}


def tally(
    connection: Connection, field: str, below: str, values: dict[str, object]
) -> dict[str, int]:
    """Return how often a field of the notes has each text, sorted by it.

    Read here: PostgreSQL's JSON refuses texts that Python's, and a note, can hold.
    """
    found = Counter[str]()
    for (text,) in connection.execute(f"SELECT value FROM notes WHERE {below}", values):
        value = loaded(text)
        if isinstance(value, dict):
            found.update(texts_in_field(cast("dict[str, Any]", value).get(field)))
    return dict(sorted(found.items()))
