"""The phrases that name a time by its distance from now: "next Friday", "two days ago".

A week begins on Monday, and seasons are those of the northern half of the earth.

- "next Friday" is the one in the next week, never tomorrow; so on a Thursday it is 8 days away.
- "this Friday", "on Friday", "this coming Friday": the first one to come; "this Friday" may be
  today. Where the clause tells what was ("I saw her on Friday"): the last one.
- "last Friday" is the last one before today.
- "next week", "next month", "next year" and "next weekend" are the following ones of the calendar,
  "last …" the ones before. "next summer" and "next March" are the first that begin after today,
  "last summer" and "last March" the last that are over.
- A month or a day without a year ("in March", "on 3 May", "on the 15th") is the next one where the
  clause tells what will be, the last one where it tells what was. Else no year is told, and none of
  a birthday.
- "in three weeks" and "a few days ago" are around a day, "in two months" is a month.

Left alone: what happens again and again ("every Friday", "I swim on Friday"), hours and minutes,
titles ("The Day After Tomorrow"), and times of a story ("the next day", "the last week of May").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from diarist.dates import periods
from diarist.dates.forms import FORMS, Seen
from diarist.dates.tenses import Tense, is_general, tense
from diarist.dates.words import DAY_NUMBERS, DAYS, MONTH_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from diarist.dates.periods import Period

LIMIT = 1_000
"""Characters of a sentence that are read; what is longer is no speech."""

_LINE = rf"\b(?:{'|'.join(DAYS)})(?P<link> ?(?:to|until|till|through|and|or|-|–) ?)$"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase and the time it means.

    Attributes:
        start: where it starts in the text.
        end: where it ends.
        period: what it means.
        lead: the preposition that was said in it ("by"), "" for none.
    """

    start: int
    end: int
    period: Period
    lead: str = ""


def phrases(
    text: str, day: date, *, tense_of: Tense | None = None, holds: bool = False
) -> Iterator[Phrase]:
    """Yield the phrases of a sentence that name a time, seen from `day`, in their order.

    Args:
        text: what was said.
        day: the day on which it was said.
        tense_of: what it speaks of; None reads that from each clause.
        holds: it tells what happens again and again; False reads that from each clause.

    >>> from datetime import date
    >>> for phrase in phrases("Leaving next Friday.", date(2026, 11, 21)):
    ...     print(phrase.period.when)
    on Friday 2026-11-27
    """
    low = _lowered(text[:LIMIT])
    words = frozenset(_pattern(r"[a-z]+").findall(low))
    matches = sorted(
        (
            (match, read)
            for some, source, read in FORMS
            if not words.isdisjoint(some)
            for match in _pattern(source).finditer(low)
        ),
        key=lambda pair: (pair[0].start(), -pair[0].end()),
    )
    before: Phrase | None = None
    for match, read in matches:
        reached = before.end if before else 0
        start, end = match.span("span" if "span" in match.re.groupindex else 0)
        if start < reached or _is_title(text, start, end):
            continue
        seen = Seen(
            match,
            text[start:end],
            day,
            lambda start=start, end=end: tense(low, start, end) if tense_of is None else tense_of,
            lambda start=start, end=end: holds or is_general(low, start, end),
        )
        try:
            period = read(seen)
        except (OverflowError, ValueError):  # beyond the calendar, or 30 February
            continue
        if period is not None and seen["day"]:
            period = _in_line(low, match.start("day"), before, period)
        if period is not None:
            before = Phrase(start, end, period, seen["prep"])
            yield before


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source)


def _lowered(text: str) -> str:
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return low.replace("’", "'").replace("\n", " ").replace("\t", " ").replace("\u00a0", " ")


def _is_title(text: str, start: int, end: int) -> bool:
    """Say whether a phrase is written like a name: "The Day After Tomorrow"."""
    if text.isupper():
        return False
    words: list[str] = re.findall(r"[^\W\d_]+", text[start:end])
    if opens_a_sentence(text[:start]):
        words = words[1:]
    folded = [word.lower().removesuffix("s") for word in words if word[0].isupper()]
    return any(word not in DAY_NUMBERS and word not in MONTH_NUMBERS for word in folded)


def opens_a_sentence(before: str) -> bool:
    """Say whether what follows `before` may begin a sentence."""
    return before.rstrip(" \t")[-1:] in ("", *'.!?:;\n"“(*•>-')


def _in_line(text: str, start: int, before: Phrase | None, found: Period) -> Period | None:
    """Return a weekday that follows another: "to Wednesday" is not before "from Monday".

    None where the other one is no date: "open Monday to Friday".
    """
    line = _pattern(_LINE).search(text, max(start - 40, 0), start)
    if line is None:
        return found
    if before is None or before.end != line.start("link"):
        return None
    if found.start >= before.period.start or not found.name[0].isupper():
        return found
    return periods.a_weekday(found.start + 7 * timedelta(days=1))
