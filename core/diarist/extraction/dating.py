"""What an extractor found, with dates instead of times that hang on the day of the turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarist.dates.resolving import resolved
from diarist.extraction.sentences import readable, sentences

if TYPE_CHECKING:
    from diarist.models import Edit, Turn


def dated(edit: Edit, turn: Turn) -> Edit:
    """Return `edit` with the times in its text and contexts as dates, counted from `turn.at`.

    `span` still names what the user wrote.

    >>> from datetime import UTC, datetime
    >>> from diarist.models import Edit, Turn
    >>> turn = Turn("s", "I'm moving next month.", "", datetime(2026, 11, 21, tzinfo=UTC))
    >>> dated(Edit("add", "goals", "moving next month"), turn).text
    'moving in December 2026'
    """
    day, said_in = turn.at.date(), _around(edit, turn.user_msg)
    text = resolved(edit.text, day, seen=readable(edit.text), said_in=said_in)
    contexts = tuple(resolved(one, day, said_in=said_in) for one in edit.contexts)
    if (text, contexts) == (edit.text, edit.contexts):
        return edit
    return replace(edit, text=text, contexts=contexts)


def dated_summary(summary: str, before: str, turn: Turn) -> str:
    """Return a summary with the times as dates in the sentences that do not stand in `before`."""
    written: list[str] = []
    reached = 0
    seen = readable(summary)
    for start, end in sentences(seen):
        part = summary[start:end]
        if part not in before:
            part = resolved(part, turn.at.date(), seen=seen[start:end])
        written += [summary[reached:start], part]
        reached = end
    return "".join([*written, summary[reached:]])


def _around(edit: Edit, message: str) -> str:
    """Return the sentence in which an edit was found, its text where nobody says."""
    if edit.span is None:
        return edit.text
    start, stop = edit.span
    for first, last in sentences(message):
        if first <= start < last:
            return message[first:last]
    return message[start:stop]
