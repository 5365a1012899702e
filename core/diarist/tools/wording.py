"""What a model reads: short plain text, one thing a line.

Stored text stands in quotes and can't leave its line, so that it is read as data and never passes
for a line of ours. Nothing here reads a diary.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from diarist.pages.conversations import last_activity
from diarist.pages.items import texts
from diarist.pages.notebook import PIN_MARKER, lines
from diarist.pages.rendering import render_string
from diarist.pages.times import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarist.models import EditResult, Table
    from diarist.records import Hit, Namespace, Note

SHOWN = 500
"""Characters of a text beside others."""
SHOWN_LINE = 1000
"""Characters of a preference, of a line of a notebook, of an error."""
SHOWN_SUMMARY = 2000
"""Characters of a conversation's summary."""
SHOWN_NOTE = 20_000
"""Characters of a note that is asked for by its name."""

_BARE = re.compile(r"[\w./#:@+~-]{1,200}")
_HIDDEN = "\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff"
"""What is not seen, or turns what is seen around; joiners inside words and emoji stay."""
_UNSEEN = re.compile(f"[{_HIDDEN}]")
_UNSAFE = re.compile(f"[\x00-\x08\x0a-\x1f\x7f-\x9f{_HIDDEN}]")
_KINDS = {
    "preferences": "preference",
    "conversations": "conversation",
    "messages": "message",
    "notes": "note",
    "notebook": "notebook",
}


# ---------------------------------------------------------------- texts and names


def quoted(text: str, most: int) -> str:
    r"""Return stored text in quotes, on one line, `most` characters of it.

    >>> print(quoted('tea"\n2. "coffee', 80), quoted("abcdef", 3))
    "tea\"\n2. \"coffee" "abc"… (3 of 6 characters)
    """
    return _UNSEEN.sub(_escaped, render_string(text[:most])) + _cut(text, most)


def named(text: str) -> str:
    """Return an id or a name as it is, or in quotes where it is more than a word.

    >>> print(named("black-coffee"), named("caldo verde"))
    black-coffee "caldo verde"
    """
    return text if _BARE.fullmatch(text) else quoted(text, SHOWN_LINE)


def sentence(text: str) -> str:
    """Return words of our own, which may name stored ids, on one line without their full stop."""
    shown = " ".join(_UNSAFE.sub(" ", text).split())
    return f"{shown[:SHOWN_LINE]}{_cut(shown, SHOWN_LINE)}".rstrip(".")


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    >>> counted(1, "line"), counted(1200, "line")
    ('1 line', '1,200 lines')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _cut(text: str, most: int) -> str:
    return f"… ({most:,} of {len(text):,} characters)" if len(text) > most else ""


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def _aside(remarks: Iterable[str], joint: str = "; ") -> str:
    said = joint.join(remark for remark in remarks if remark)
    return f" ({said})" if said else ""


# ---------------------------------------------------------------- pages


def outcome(result: EditResult) -> str:
    """Return what became of a preference: what was stored and under which id, or why not."""
    if result.status == "similar":
        rows = [
            f"- {named(match.id)}: {quoted(match.text, SHOWN)} ({match.score} % alike)"
            for match in result.matches
        ]
        head = f"Not stored (similar): {result.category} has what resembles it."
        way = 'Call again with the id of one to change it, or with id "new" to store this as well.'
        return "\n".join([head, *rows, way])
    reason = sentence(result.reason or "")
    if result.status in ("full", "rejected"):
        return f"Not stored ({result.status}): {reason}."
    verb = "forgot" if result.status == "forgotten" else result.status
    known = "known already, counted once more" if result.status == "confirmed" else ""
    was = "" if result.was is None else f"was {quoted(result.was, SHOWN)}"
    place = "/".join(named(part) for part in (result.category, result.id or ""))
    said = quoted(result.text, SHOWN)
    return f"{verb.capitalize()} {place}: {said}{_aside([known, was, reason])}."


def preference(id: str, item: Table) -> str:
    """Return an item of the preferences page as one line."""
    count, contexts = item.get("_count"), texts(item.get("contexts"))
    remarks = [
        f"said {count} times" if type(count) is int and count > 1 else "",
        as_utc(item.get("_updated"))[:10],
        f"contexts: {', '.join(map(named, contexts))}" if contexts else "",
    ]
    return f"- {named(id)}: {quoted(item['text'], SHOWN_LINE)}{_aside(remarks)}"


def conversation(id: str, table: Table, *, is_current: bool) -> str:
    """Return a session of the conversations page as one line."""
    summary, keywords, turns = (table.get(key) for key in ("summary", "keywords", "_turns"))
    remarks = [
        last_activity(table)[:10],
        counted(turns, "turn") if type(turns) is int else "",
        "this conversation" if is_current else "",
    ]
    said = "no summary yet"
    if isinstance(summary, str) and summary:
        said = quoted(summary, SHOWN_SUMMARY)
    words = texts(tuple(cast("list[Any]", keywords))) if isinstance(keywords, list) else ()
    about = [f"keywords: {', '.join(map(named, words))}"] if words else []
    return f"- {named(id)}{_aside(remarks, ', ')}: {said}{_aside(about)}"


def numbered(notebook: str, most: int) -> list[str]:
    r"""Return the pinned lines of a notebook and its last ones, `most` in all, with their numbers.

    >>> numbered("a\nb\nc\n", 2)
    ['[1 line left out]', '2| b', '3| c']
    """
    found = lines(notebook.rstrip("\r\n"))
    above, marker, _ = notebook.partition(PIN_MARKER)
    pinned = min(len(lines(above)) if marker else 0, most, len(found))
    left_out = max(len(found) - most, 0)
    rows = [
        f"{number}| {_UNSAFE.sub(_escaped, line[:SHOWN_LINE])}{_cut(line, SHOWN_LINE)}"
        for number, line in enumerate(found, 1)
        if number <= pinned or number > pinned + left_out
    ]
    if left_out:
        rows.insert(pinned, f"[{counted(left_out, 'line')} left out]")
    return rows


# ---------------------------------------------------------------- records


def hit(found: Hit) -> str:
    """Return something recalled as one line, with its source and date."""
    source = named(found.source)
    if found.kind == "preferences":
        source = "/".join(named(str(found.metadata[key])) for key in ("category", "id"))
    elif found.note is not None:
        source = place(found.note.namespace, found.note.key)
    elif found.message is not None:
        source += f" by {named(found.message.role)}"
    date = "no date" if found.at is None else f"{found.at:%Y-%m-%d}"
    return f"{quoted(found.text, SHOWN)} ({_KINDS[found.kind]} {source}, {date})"


def note(found: Note, most: int) -> str:
    """Return a note as one line, `most` characters of its value."""
    said = quoted(value(found.value), most)
    return f"{place(found.namespace, found.key)} ({found.updated_at:%Y-%m-%d}): {said}"


def value(stored: Any) -> str:
    """Return a note's value as text: itself, or as JSON."""
    return stored if isinstance(stored, str) else json.dumps(stored, ensure_ascii=False)


def place(namespace: Namespace, key: str) -> str:
    """Return where a note is; a slash inside a name is "~1", as in RFC 6901.

    >>> place(("recipes", "a/b"), "caldo verde")
    '"caldo verde" in recipes/a~1b'
    """
    parts = (part.replace("~", "~0").replace("/", "~1") for part in namespace)
    return f"{named(key)} in {named('/'.join(parts))}"


def namespace(path: str) -> Namespace | None:
    """Return the namespace that `path` names, as `place` writes it; None where a name is empty.

    >>> namespace("recipes/a~1b"), namespace("recipes//soup")
    (('recipes', 'a/b'), None)
    """
    parts = path.strip("/").split("/")
    if not all(parts):
        return None
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
