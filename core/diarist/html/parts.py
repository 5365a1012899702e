"""What a diary is made of, as HTML: a preference, a conversation, a message, a note, a notebook.

A notebook's output and the page of a whole diary are built of the same parts. Each shows all there
is: a key that diarist doesn't know, or of another type than it should be, as it stands on the page.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from diarist.html.elements import Html, element, joined
from diarist.pages.rendering import render_key, render_value
from diarist.pages.times import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarist.html.elements import Child
    from diarist.models import Table
    from diarist.notebook import MemoryFile
    from diarist.records import Message, Note, Session

LONGEST = 20_000
"""Characters of one text that are shown."""

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LABELS = frozenset(["contexts", "keywords", "_sources"])
_TIMES = frozenset(["_created", "_updated"])
_TEXTS = frozenset(["text", "summary", "_was", "_created_by", "_updated_by"])
_COUNTS = frozenset(["_count", "_turns"])

# ---------------------------------------------------------------- small ones


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, and commas for thousands.

    >>> counted(1, "note"), counted(2000, "note")
    ('1 note', '2,000 notes')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def day(value: object) -> Html | None:
    """Return the day of a time, None for what is no time.

    >>> print(day("2024-01-01T00:30:00Z"))
    <time datetime="2024-01-01T00:30:00Z" title="2024-01-01 00:30:00 UTC">1 Jan 2024</time>
    """
    return _time(value, "")


def minute(value: object) -> Html | None:
    """Return the day and minute of a time, in UTC; None for what is no time."""
    return _time(value, ", {0:%H:%M}")


def _time(value: object, clock: str) -> Html | None:
    text = as_utc(value)
    return _time_of(text, clock) if text else None


@lru_cache(maxsize=4096)
def _time_of(text: str, clock: str) -> Html:
    moment = datetime.fromisoformat(text)
    shown = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}{clock.format(moment)}"
    return element("time", shown, datetime=text, title=f"{text[:10]} {text[11:19]} UTC")


def said(text: str, tag: str = "p", longest: int = LONGEST) -> Html:
    """Return what somebody said or wrote, in its own direction and with its own line ends."""
    if len(text) <= longest:
        return element(tag, text, class_="said", dir="auto")
    rest = element("i", f"… and {counted(len(text) - longest, 'more character')}")
    return element(tag, text[:longest], rest, class_="said", dir="auto")


def facts(*children: Child) -> Html | None:
    """Return a line of small print, its parts apart by a dot; None without any."""
    shown = apart(children)
    return element("p", shown, class_="facts") if shown else None


def apart(children: Iterable[Child]) -> Html:
    """Return small print apart by dots; a text from right to left leaves their order alone."""
    shown = (one if isinstance(one, Html) else element("bdi", one) for one in children if one)
    return joined(list(shown), " · ")


def name(text: str) -> Html:
    """Return an id or a source, in its own direction."""
    return element("code", text, dir="auto")


def labels(texts: Iterable[str]) -> Html | None:
    """Return short words side by side, None without any."""
    shown = [element("span", text, class_="label", dir="auto") for text in texts]
    return joined(shown, " ") or None


def listed(items: Iterable[Child]) -> Html:
    """Return a list of items."""
    return element("ul", *(element("li", item) for item in items))


# ---------------------------------------------------------------- pages


def preference(id: str, item: Table, quotes: Sequence[Html] = (), comments: str = "") -> Html:
    """Return an item of the preferences page.

    Args:
        id: its id.
        item: its table.
        quotes: the messages behind it, which then can be opened; else their names are shown.
        comments: what a person wrote beside it.
    """
    own = _readable(item)
    text, was, count = own.get("text"), own.get("_was"), own.get("_count", 1)
    known: list[Child] = [
        name(id),
        labels(own.get("contexts", ())),
        f"said {count:,} times" if count > 1 else None,
        _since(own),
    ]
    return joined(
        [
            said(text) if text is not None else element("p", "(no text)", class_="said missing"),
            element("p", "before: ", said(was, "q"), class_="was") if was is not None else None,
            by_hand(comments),
            unread(item, own),
            _opening(known, quotes) if quotes else facts(*known, _origin(own)),
        ]
    )


def _opening(known: list[Child], quotes: Sequence[Html]) -> Html:
    """Return small print that opens what it is about."""
    more = element("span", counted(len(quotes), "message"), class_="more")
    return element("details", element("summary", apart([*known, more])), *quotes)


def _origin(own: Mapping[str, Any]) -> str | None:
    """Return what an item came from, as the page names it."""
    named = ", ".join(own.get("_sources", ())) or own.get("_updated_by")
    return f"from {named}" if named else None


def conversation(table: Table) -> Html:
    """Return what the conversations page says of a session, but for its id."""
    own = _readable(table)
    turns, summary = own.get("_turns"), own.get("summary")
    return joined(
        [
            said(summary) if summary else None,
            facts(
                span(own.get("_created"), own.get("_updated")),
                counted(turns, "turn") if turns is not None else None,
                labels(own.get("keywords", ())),
            ),
            unread(table, own),
        ]
    )


def by_hand(comments: str) -> Html | None:
    """Return the comments of a person, None without any."""
    return element("pre", comments, class_="comments", dir="auto") if comments else None


def unread(table: Table, own: Mapping[str, Any]) -> Html | None:
    """Return the lines of a table that diarist has no use for, as TOML; None without any."""
    lines = [line(key, value) for key, value in table.items() if key not in own]
    return element("pre", "\n".join(lines), class_="unread") if lines else None


def line(key: str, value: object) -> str:
    """Return a key and its value as TOML."""
    return f"{render_key(key)} = {render_value(value)}"


def span(first: object, last: object) -> Html | None:
    """Return the day, or the first and the last one."""
    begin, end = day(first), day(last)
    if begin is None or end is None or as_utc(first)[:10] == as_utc(last)[:10]:
        return end or begin
    return joined([begin, end], " – ")


def _since(own: Mapping[str, Any]) -> Html | None:
    created, updated = own.get("_created"), own.get("_updated")
    begin, end = day(created), day(updated)
    if begin is None or end is None or as_utc(created)[:10] == as_utc(updated)[:10]:
        return begin or end
    return joined([begin, joined([Html("updated "), end])], ", ")


def _readable(table: Table) -> dict[str, Any]:
    """Return the keys that diarist writes, where their values are of the type that they should."""
    return {key: value for key, value in table.items() if _is_known(key, value)}


def _is_known(key: str, value: object) -> bool:
    if key in _TIMES:
        return isinstance(value, (str, date, datetime)) and as_utc(value) != ""
    if key in _LABELS:
        return isinstance(value, (tuple, list)) and all(isinstance(one, str) for one in value)  # pyright: ignore[reportUnknownVariableType]
    if key in _COUNTS:
        return isinstance(value, int) and not isinstance(value, bool)
    return key in _TEXTS and isinstance(value, str)


# ---------------------------------------------------------------- records


def message(one: Message, place: str, longest: int = LONGEST) -> Html:
    """Return a message: who said it, when and where, then what."""
    who = f"{one.name} ({one.role})" if one.name else one.role
    payload = one.payload
    text = said(one.text, longest=longest)
    if not one.text:
        form = f"no text; {payload.format}" if payload is not None else "no text"
        text = element("p", f"({form})", class_="said missing")
    return joined(
        [
            facts(
                element("b", who, dir="auto"),
                minute(one.at),
                name(place) if place else None,
                "archived" if one.status == "archived" else None,
            ),
            text,
        ]
    )


def session(one: Session) -> Html:
    """Return a conversation as it is counted."""
    return joined(
        [
            element("p", name(one.id)),
            facts(
                span(one.created_at, one.updated_at),
                counted(one.messages, "message"),
                f"{one.archived:,} archived" if one.archived else None,
                counted(one.turns, "turn"),
            ),
        ]
    )


def note(one: Note, longest: int = LONGEST) -> Html:
    """Return a note, but for its namespace: text as it is, everything else as JSON."""
    is_text = isinstance(one.value, str)
    value = said(one.value, longest=longest) if is_text else as_json(one.value, longest)
    return joined(
        [
            element("p", element("b", one.key, dir="auto"), class_="key"),
            value,
            facts(
                day(one.updated_at),
                joined([Html("expires "), minute(one.expires_at)]) if one.expires_at else None,
                joined([Html("deleted "), minute(one.deleted_at)]) if one.deleted_at else None,
            ),
            as_json(dict(one.metadata), longest) if one.metadata else None,
        ]
    )


def as_json(value: object, longest: int = LONGEST) -> Html:
    """Return a value as JSON with line ends."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return said(text, "pre", longest)


def notebook(file: MemoryFile, longest: int = LONGEST) -> Html:
    """Return an agent's notebook, as it is written."""
    return said(file.content, "pre", longest)
