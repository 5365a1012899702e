"""The conversations page: sessions with their times, turns, summaries and keywords."""

from __future__ import annotations

from heapq import nsmallest
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from diarist.pages.items import texts
from diarist.pages.rendering import clean
from diarist.pages.secrets import find_secret
from diarist.pages.times import as_utc
from diarist.pages.toml import EMPTY, is_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarist.models import Table
    from diarist.pages.toml import Document

TABLE = "conversations"
MAX_SUMMARY = 2000
MAX_KEYWORDS = 12


def sessions(document: Document) -> dict[str, Table]:
    """Return the sessions on the page, in its order."""
    table = document.get((TABLE,)) or EMPTY
    return {id: session for id, session in table.items() if is_table(session)}


def newest(document: Document, limit: int) -> dict[str, Table]:
    """Return up to `limit` sessions by last activity, newest first.

    Of two with the same second the one further down the page is the newer.
    """
    ordered = sorted(sessions(document).items(), key=lambda pair: last_activity(pair[1]))
    return dict(ordered[::-1][: max(limit, 0)])


def last_activity(session: Table) -> str:
    """Return when the session was last touched, "" where the page doesn't say."""
    return as_utc(session.get("_updated")) or as_utc(session.get("_created"))


def turns(session: Table) -> int:
    """Return how many turns the page counts for a session."""
    counted = session.get("_turns")
    return counted if isinstance(counted, int) and not isinstance(counted, bool) else 0


def turns_of(document: Document, session_id: str) -> int:
    """Return how many turns the page counts for the session of that id, 0 where it has none."""
    return turns(document.get((TABLE, clean(session_id))) or EMPTY)


def ensure(
    document: Document, session_id: str, *, at: str, max_conversations: int
) -> tuple[Document, bool]:
    """Return the page with the session on it, and whether it is new."""
    session_id = clean(session_id)
    if document.get((TABLE, session_id)) is not None:
        return document, False
    document = document.set((TABLE, session_id), _new(at))
    return _evicted(document, session_id, max_conversations), True


def record(
    document: Document,
    session_id: str,
    *,
    at: str,
    max_conversations: int,
    number: int | None = None,
    summary: str | None = None,
    keywords: Sequence[str] | None = None,
) -> tuple[Document, int]:
    """Return the page after one more turn of the session, and the number of that turn.

    Args:
        document: the page.
        session_id: the conversation; it is made where it is missing.
        at: the time of the turn, RFC 3339 in UTC.
        max_conversations: beyond, the sessions idle for longest leave the page, never this one.
        number: the turn's number where the caller counts turns (`_turns` becomes at least that);
            None counts one up.
        summary: the new summary, None keeps it. A summary with a secret in it is not taken.
        keywords: the new keywords, None keeps them. With a secret in them none are taken.
    """
    path = (TABLE, clean(session_id))
    known = document.get(path)
    old = _new(at) if known is None else known
    number = turns(old) + 1 if number is None else number
    values: dict[str, Any] = {**old, "_turns": max(turns(old), number)}
    values["_updated"] = max(last_activity(old), at)
    if isinstance(summary, str) and not find_secret(summary):
        values["summary"] = summary[:MAX_SUMMARY]
    if keywords is not None:
        values["keywords"] = _harmless(texts(tuple(keywords)))[:MAX_KEYWORDS]
    document = document.set(path, values)
    if known is None:
        return _evicted(document, path[1], max_conversations), number
    if _is_overtaken(document, path[1], values["_updated"]):
        document = document.move_last(path)
    return document, number


def _harmless(keywords: Sequence[str]) -> tuple[str, ...]:
    """Return the keywords, none where they hold a secret: a part of it may be in any of them."""
    return () if find_secret("\n".join(keywords)) else tuple(keywords)


def _new(at: str) -> Table:
    return {"_created": at, "_updated": at, "_turns": 0, "summary": "", "keywords": ()}


def _is_overtaken(document: Document, session_id: str, updated: str) -> bool:
    """Say whether a session further down has the same second, so that only order tells."""
    table = document.get((TABLE,)) or EMPTY
    for id in reversed(list(table)):
        session = table[id]
        if id == session_id:
            return False
        if is_table(session) and session.get("_updated") == updated:
            return True
    return False


def _evicted(document: Document, current: str, max_conversations: int) -> Document:
    """Return the page without the sessions idle for longest that are too many."""
    found = sessions(document)
    surplus = len(found) - max(max_conversations, 1)
    others = [(last_activity(session), id) for id, session in found.items() if id != current]
    for _, id in nsmallest(surplus, others, key=itemgetter(0)):
        document = document.remove((TABLE, id))
    return document
