"""Candidates for a question, from the text index; called inside one transaction."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from diarist.backends.statements.connection import LISTED, Scope
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

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from diarist.backends.statements.connection import Connection, Near, TextIndex
    from diarist.recall.candidates import Wanted

COMMON = 20_000
"""A word that more messages have is left out, for it says little and costs much…"""
COMMON_SHARE = 0.2
"""…if they are also more than this share of all, and other words say more."""
COMMON_NEWEST = 10_000
"""Where no word says more, so many messages with each are looked at, the newest."""


def find(
    connection: Connection, wanted: Wanted, index: TextIndex, near: Near | None = None
) -> Found | None:
    """Return what the index knows about a question, None where nothing fits it."""
    scope = _scope(connection, wanted)
    sizes = connection.execute("SELECT no, words, active + archived FROM sessions").fetchall()
    lengths = {no: words for no, words, _ in sizes}
    count = sum(messages for _, _, messages in sizes)
    limit = int(max(COMMON, COMMON_SHARE * count))
    names = index.names(connection, wanted.words)
    words = [word for word in wanted.words if word not in names] or wanted.words
    counts = index.counts(connection, words, scope, limit + 1)
    telling = [word for word, found in zip(words, counts, strict=True) if 0 < found <= limit]
    looked_for = telling or words
    keys = index.having(connection, looked_for, scope, limit if telling else COMMON_NEWEST)
    having_word = dict(zip(looked_for, keys, strict=True))
    having = [having_word.get(word, []) for word in words]
    weights = [
        rarity(found, count) if keys else 0.0 for found, keys in zip(counts, having, strict=True)
    ]
    masks = masks_of(having)
    sessions = session_scores(having, lengths)

    chosen = set(best(masks, weights))
    for name in names:  # who may have said it in other words
        chosen.update(index.said_by(connection, name, scope, NEWEST))
    for start, end in wanted.times:
        chosen.update(_said_between(connection, start, end))
    if near is not None:
        chosen.update(near.best(CLOSER_LOOK, scope.low, scope.high))
    for session in sorted(sessions, key=lambda session: -sessions[session])[:BEST_SESSIONS]:
        chosen.update(_whole(connection, session))
    chosen.update([key + step for key in chosen for step in (-1, 1)])
    rows = _rows(connection, chain.from_iterable(map(neighbours, chosen)))
    fitting = [key for key in sorted(chosen) if key in rows and _has(wanted, scope, key, rows[key])]
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


def _scope(connection: Connection, wanted: Wanted) -> Scope:
    since = None if wanted.since is None else micros(wanted.since)
    until = None if wanted.until is None else micros(wanted.until)
    if wanted.session_id is None:
        return Scope(since=since, until=until)
    row = connection.execute(
        "SELECT no FROM sessions WHERE id = ?", (wanted.session_id,)
    ).fetchone()
    low, high = (row[0] << SHIFT, row[0] + 1 << SHIFT) if row else (0, 0)
    return Scope(low, high, since, until)


def _has(wanted: Wanted, scope: Scope, key: int, row: Row) -> bool:
    return (
        scope.low < key < scope.high
        and (wanted.since is None or row.at >= wanted.since)
        and (wanted.until is None or row.at < wanted.until)
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
        f"SELECT key, words, marks, at, name FROM messages WHERE key IN {LISTED}",
        (json.dumps(list(set(keys))),),
    )
    return {key: Row(words, marks, moment(at), name) for key, words, marks, at, name in rows}
