"""Times that people name in English: in a question, and in what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from diarist.dates.words import DAYS, LENGTHS, MONTH_NUMBERS, MONTHS, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[a-z]+|\d+")
_ISO = re.compile(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTH = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th)?"
_DAY_OF_MONTH = re.compile(rf"\b(?:{_ORDINAL}(?: of)? ({_MONTH})|({_MONTH})\.? {_ORDINAL})\b(?!:)")
_LONE_MONTH = re.compile(rf"\b({'|'.join(name for name in MONTHS if name != 'may')})\b")
_LONE_MAY = re.compile(
    r"\b(?:in|of|since|until|last|this|next|early|mid|late) (may)\b|\b(may) \d{4}"
)
_AGO = re.compile(
    rf"\b({'|'.join(NUMBERS)}|\d{{1,3}})(?: of)? (day|week|month|year)s? (?:ago|back|earlier)\b"
)
_LAST = re.compile(rf"\b(last|this|past) (week|month|year|{'|'.join(DAYS)})\b")
_LONE_DAY = re.compile(rf"\b(?:on )?({'|'.join(DAYS)})\b")
_NEAR = {"today": 0, "tonight": 0, "yesterday": 1}
_WHEN = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:day|date|week|month|year|time)\b|\bhow (?:long ago|recently)\b"
)
_TIMES = re.compile(
    "|".join(found.pattern for found in (_ISO, _AGO, _LAST)) + rf"|\b(?:{'|'.join(_NEAR)})\b",
    re.IGNORECASE,
)
_TEMPORAL = frozenset(
    [
        *("yesterday", "today", "tonight", "tomorrow", "ago", "last", "next", "since", "recently"),
        *("day", "week", "weekend", "month", "year", "morning", "afternoon", "evening", "night"),
        *(name for name in MONTHS if name not in ("may", "march")),
        *DAYS,
    ]
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, from `start` up to `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """Parts of a date that were named; None is any."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


Mention = Span | Named


def mentions(text: str, now: datetime) -> tuple[Mention, ...]:
    """Return the times that `text` names, seen from `now`.

    >>> from datetime import UTC
    >>> now = datetime(2024, 5, 15, 12, tzinfo=UTC)
    >>> mentions("Where was she on 7 May 2023?", now)
    (Named(year=2023, month=5, day=7),)
    >>> [span.start.date().isoformat() for span in mentions("who called last week?", now)]
    ['2024-05-06']
    """
    folded = text[:10_000].lower()
    return tuple(dict.fromkeys([*_named(folded), *_relative(folded, now)]))


def fit(mentioned: tuple[Mention, ...], at: datetime) -> float:
    """Return how well a time fits what was mentioned, from 0 to 1; the best mention counts.

    >>> from datetime import UTC
    >>> at = datetime(2023, 5, 8, tzinfo=UTC)
    >>> fit((Named(2023, 5, 7),), at), fit((Named(month=5),), at), fit((Named(1999),), at)
    (0.6666666666666666, 1.0, 0.0)
    """
    return max((_fit(one, at) for one in mentioned), default=0.0)


def spans(mentioned: tuple[Mention, ...], now: datetime) -> tuple[Span, ...]:
    """Return the stretches of time that were mentioned, of a date without a year the last one.

    >>> from datetime import UTC
    >>> now = datetime(2024, 1, 1, tzinfo=UTC)
    >>> [span.start.date().isoformat() for span in spans((Named(None, 3, 10),), now)]
    ['2023-03-10']
    """
    found = (one if isinstance(one, Span) else _span(one, now) for one in mentioned)
    return tuple(span for span in found if span is not None)


def without_times(text: str) -> str:
    """Return a question without the times that it names in so many words.

    >>> without_times("What did we eat last week?")
    'What did we eat  ?'
    """
    return _TIMES.sub(" ", text)


def asks_when(text: str) -> bool:
    """Say whether a question asks for a time.

    >>> asks_when("When did we meet?"), asks_when("Where did we meet?")
    (True, False)
    """
    return _WHEN.search(text[:10_000].lower()) is not None


def tells_when(text: str) -> bool:
    """Say whether a text names a time, absolute or relative.

    >>> tells_when("I saw her last Friday."), tells_when("I like tea.")
    (True, False)
    """
    folded = text[:10_000].lower()
    if _YEAR.search(folded) or _DAY_OF_MONTH.search(folded) or _LONE_MAY.search(folded):
        return True
    words = set(_WORD.findall(folded))
    return not words.isdisjoint(_TEMPORAL) or any(word[:-1] in LENGTHS for word in words)


# ---------------------------------------------------------------- how


def _named(text: str) -> Iterator[Named]:
    years = [int(year) for year in _YEAR.findall(text)]
    year = years[0] if len(set(years)) == 1 else None
    for found in _ISO.finditer(text):
        yield Named(int(found[1]), int(found[2]), int(found[3]))
    text = _ISO.sub(" ", text)
    months: set[int] = set()
    for found in _DAY_OF_MONTH.finditer(text):
        name, day = (found[2], found[1]) if found[1] else (found[3], found[4])
        months.add(MONTH_NUMBERS[name])
        if 1 <= int(day) <= 31:
            yield Named(year, MONTH_NUMBERS[name], int(day))
    for found in (*_LONE_MONTH.finditer(text), *_LONE_MAY.finditer(text)):
        month = MONTH_NUMBERS[next(part for part in found.groups() if part)]
        if month not in months:
            months.add(month)
            yield Named(year, month)
    if not months:
        for number in dict.fromkeys(int(year) for year in _YEAR.findall(text)):
            yield Named(number)


def _relative(text: str, now: datetime) -> Iterator[Span]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    one = timedelta(days=1)
    for word, back in _NEAR.items():
        if re.search(rf"\b{word}\b", text):
            yield Span(today - back * one, today - (back - 1) * one)
    for found in _AGO.finditer(text):
        count = NUMBERS.get(found[1]) or int(found[1])
        length = LENGTHS[found[2]]
        try:
            middle = today - count * length * one
            reach = max(length // 2, 1) * one
            yield Span(middle - reach, middle + reach + one)
        except OverflowError:
            continue
    for found in _LAST.finditer(text):
        yield _unit(found[2], today, back=found[1] != "this")
    spoken_for = {found[2] for found in _LAST.finditer(text)}
    for found in _LONE_DAY.finditer(text):
        if found[1] not in spoken_for:
            yield _unit(found[1], today, back=True)


def _unit(name: str, today: datetime, *, back: bool) -> Span:
    """Return the day, week, month or year that is named, or the one before it."""
    one = timedelta(days=1)
    if name in DAYS:
        ago = (today.weekday() - DAYS.index(name)) % 7 or 7 * back
        return Span(today - ago * one, today - (ago - 1) * one)
    if name == "week":
        monday = today - today.weekday() * one
        start = monday - 7 * one if back else monday
        return Span(start, start + 7 * one)
    if name == "year":
        year = today.year - back
        return Span(_first(today, year, 1), _first(today, year + 1, 1))
    month = today.year * 12 + today.month - 1 - back
    start, end = (_first(today, n // 12, n % 12 + 1) for n in (month, month + 1))
    return Span(start, end)


def _span(named: Named, now: datetime) -> Span | None:
    """Return when a date is or was last."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    year = named.year or now.year
    if named.month is None:
        return Span(_first(today, year, 1), _first(today, year + 1, 1))
    if named.year is None and (named.month, named.day or 1) > (now.month, now.day):
        year -= 1
    try:
        if named.day is not None:
            day = today.replace(year=year, month=named.month, day=named.day)
            return Span(day, day + timedelta(days=1))
    except (ValueError, OverflowError):
        return None
    following = named.month % 12 + 1
    end = _first(today, year + (following == 1), following)
    return Span(_first(today, year, named.month), end)


def _first(day: datetime, year: int, month: int) -> datetime:
    return day.replace(year=min(max(year, 1), 9999), month=month, day=1)


def _fit(mentioned: Mention, at: datetime) -> float:
    if isinstance(mentioned, Span):
        return float(mentioned.start <= at < mentioned.end)
    wanted = [
        (part, getattr(at, name))
        for name in ("year", "month", "day")
        if (part := getattr(mentioned, name)) is not None
    ]
    return sum(part == found for part, found in wanted) / len(wanted)
