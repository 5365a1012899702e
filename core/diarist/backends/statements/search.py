"""Candidates for a question, from the text index; called inside one transaction."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from diarist.backends.statements.schema import SHIFT, micros, moment
from diarist.recall.candidates import (
    BEST_SESSIONS,
    CLOSER_LOOK,
    NEWEST,
    WHOLE_SESSION,
    Found,
    Row,
    best,
    masks_of,
    neighbours,
    rarity,
    session_scores,
)
from diarist.recall.terms import terms, without_accents

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from sqlite3 import Connection

    from diarist.recall.candidates import Wanted
    from diarist.vectors import Nearness

COMMON = 20_000
"""A word that more messages have is left out, for it says little and costs much…"""
COMMON_SHARE = 0.2
"""…if they are also more than this share of all, and other words say more."""
COMMON_NEWEST = 10_000
"""Where no word says more, so many messages with each are looked at, the newest."""


def find(connection: Connection, wanted: Wanted, near: Nearness | None = None) -> Found | None:
    """Return what the index knows about a question, None where nothing fits it."""
    scope = _Scope(connection, wanted)
    lengths = dict(connection.execute("SELECT no, words FROM sessions").fetchall())
    count = connection.execute("SELECT sum(active + archived) FROM sessions").fetchone()[0] or 0
    limit = int(max(COMMON, COMMON_SHARE * count))
    names = frozenset(word for word in wanted.words if _is_name(connection, word))
    words = [word for word in wanted.words if word not in names] or wanted.words
    counts = [scope.count(connection, word, limit + 1) for word in words]
    telling = [0 < found <= limit for found in counts]
    most = limit if any(telling) else COMMON_NEWEST
    having = [
        scope.having(connection, word, most) if is_telling or not any(telling) else []
        for word, is_telling in zip(words, telling, strict=True)
    ]
    weights = [
        rarity(found, count) if keys else 0.0 for found, keys in zip(counts, having, strict=True)
    ]
    masks = masks_of(having)
    sessions = session_scores(having, lengths)

    chosen = set(best(masks, weights))
    for name in names:  # who may have said it in other words
        chosen.update(scope.having(connection, name, NEWEST, column="speaker"))
    for start, end in wanted.times:
        chosen.update(_said_between(connection, start, end))
    if near is not None:
        chosen.update(near.best(CLOSER_LOOK, scope.low, scope.high))
    for session in sorted(sessions, key=lambda session: -sessions[session])[:BEST_SESSIONS]:
        chosen.update(_whole(connection, session))
    chosen.update([key + step for key in chosen for step in (-1, 1)])
    rows = _rows(connection, chain.from_iterable(map(neighbours, chosen)))
    fitting = [key for key in sorted(chosen) if key in rows and scope.has(key, rows[key])]
    if not fitting:
        return None
    return Found(
        rows,
        fitting,
        masks,
        weights,
        sum(lengths.values()) / count,
        sessions,
        names,
        {} if near is None else near.of(fitting),
    )


class _Scope:
    """Which messages count."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self.low, self.high = 0, (1 << 63) - 1
        self._since, self._until = wanted.since, wanted.until
        if wanted.session_id is not None:
            row = connection.execute(
                "SELECT no FROM sessions WHERE id = ?", (wanted.session_id,)
            ).fetchone()
            self.low, self.high = (row[0] << SHIFT, row[0] + 1 << SHIFT) if row else (0, 0)

    def count(self, connection: Connection, word: str, most: int) -> int:
        """Return how many messages have a word, counting up to `most`."""
        rows, values = self._having(word, most)
        return connection.execute(f"SELECT count(*) FROM ({rows})", values).fetchone()[0]

    def having(
        self, connection: Connection, word: str, most: int, *, column: str = "terms"
    ) -> list[int]:
        """Return the keys of the messages that have a word, or a speaker, the newest first."""
        return [key for (key,) in connection.execute(*self._having(word, most, column))]

    def _having(
        self, word: str, most: int, column: str = "terms"
    ) -> tuple[str, tuple[object, ...]]:
        words = f'{{{column}}} : "{word}"'
        if self._since is None and self._until is None:
            statement = (
                "SELECT rowid FROM message_terms WHERE message_terms MATCH ? "
                "AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
            )
            return statement, (words, self.low, self.high, most)
        statement = (
            "SELECT key FROM message_terms CROSS JOIN messages ON key = message_terms.rowid "
            "WHERE message_terms MATCH ? AND message_terms.rowid > ? "
            "AND message_terms.rowid < ? AND at >= ? AND at < ? "
            "ORDER BY message_terms.rowid DESC LIMIT ?"
        )
        since = -(1 << 63) if self._since is None else micros(self._since)
        until = (1 << 63) - 1 if self._until is None else micros(self._until)
        return statement, (words, self.low, self.high, since, until, most)

    def has(self, key: int, row: Row) -> bool:
        return (
            self.low < key < self.high
            and (self._since is None or row.at >= self._since)
            and (self._until is None or row.at < self._until)
        )


def _said_between(connection: Connection, start: datetime, end: datetime) -> list[int]:
    """Return the keys of what was said in a stretch of time, of much the latest."""
    rows = connection.execute(
        "SELECT key FROM messages WHERE at >= ? AND at < ? ORDER BY at DESC LIMIT ?",
        (micros(start), micros(end), NEWEST),
    )
    return [key for (key,) in rows]


def _whole(connection: Connection, session: int) -> list[int]:
    """Return the keys of a session's messages, of a long one the newest."""
    rows = connection.execute(
        "SELECT key FROM messages WHERE key > ? AND key < ? ORDER BY key DESC LIMIT ?",
        (session << SHIFT, session + 1 << SHIFT, WHOLE_SESSION),
    )
    return [key for (key,) in rows]


def _rows(connection: Connection, keys: Iterable[int]) -> dict[int, Row]:
    rows = connection.execute(
        "SELECT key, words, marks, at, name FROM messages "
        "WHERE key IN (SELECT value FROM json_each(?))",
        (json.dumps(list(set(keys))),),
    )
    return {key: Row(words, marks, moment(at), name) for key, words, marks, at, name in rows}


def _is_name(connection: Connection, word: str) -> bool:
    """Say whether somebody is called so; one called Rose has nothing to do with roses."""
    found = connection.execute(
        "SELECT messages.name FROM message_terms JOIN messages ON key = message_terms.rowid "
        "WHERE message_terms MATCH ? LIMIT 1",
        (f'{{speaker}} : "{word}"',),
    ).fetchone()
    return found is not None and without_accents(word) in map(without_accents, terms(found[0]))
