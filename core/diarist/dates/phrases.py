"""The phrases that name a time by its distance from now: "next Friday", "two days ago".

A week begins on Monday, and seasons are those of the northern half of the earth.

- "next Friday" is the one in the next week, never tomorrow; so on a Thursday it is 8 days away.
- "this Friday", "on Friday", "this coming Friday": the first one to come; "this Friday" may be
  today. Where the clause tells what was ("I saw her on Friday"): the last one.
- "last Friday" is the last one before today.
- "next week", "next month", "next year" and "next weekend" are the following ones of the calendar,
  "last …" the ones before; "next summer" and "next March" are the first that begin after today, "last
  summer" and "last March" the last that are over.
- A month or a day without a year ("in March", "on 3 May", "on the 15th") is the next one where the
  clause tells what will be, the last one where it tells what was; else it has no year. A birthday has
  none either.
- "in three weeks" and "a few days ago" are around a day, "in two months" is a month.

Left alone: what happens again and again ("every Friday", "on Fridays"), hours and minutes, titles
("The Day After Tomorrow"), and times of a story ("the next day", "the last week of May").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from diarist.dates import periods
from diarist.dates.tenses import Tense, is_general, tense
from diarist.dates.words import DAYS, LENGTHS, MONTH_NUMBERS, MONTHS, NUMBERS, SEASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarist.dates.periods import Period

_ONE = timedelta(days=1)

_DAY = "|".join(DAYS)
_MONTH = "|".join(MONTHS)
_ANY_MONTH = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_SEASON = "|".join(SEASONS)
_PART = "morning|afternoon|evening|night"
_UNIT = "|".join(LENGTHS)
_COUNT = (
    rf"(?P<count>(?:an? )?(?:couple(?: of)?|few)|{'|'.join(sorted(NUMBERS, key=len, reverse=True))}"
    r"|\d{1,3})"
)
_NOT_THE = (
    r"(?<!\bthe )(?<!\bmy )(?<!\bour )(?<!\bhis )(?<!\bher )(?<!\btheir )(?<!\byour )(?<!\bits )"
    r"(?<!\bevery )(?<!\beach )(?<!\bfirst )(?<!\ba )(?<!\ban )(?<!\bno )(?<!\banother )"
    r"(?<!\bvery )(?<!\bof all )(?<![\w'-])"
)
_DATED = (
    r"(?!,? (?:the )?(?:\d{4}\b|\d{1,2}(?:st|nd|rd|th)?\b(?! ?(?:am|pm|o'clock|:))"
    rf"|(?:{_ANY_MONTH})\b))"
)
_NEAR = {"today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "yesterday": -1}
_HINT = rf"\b(?:{'|'.join(_NEAR)}|{_UNIT}|week(?:end)?|{_DAY}|{_ANY_MONTH}|{_SEASON}|last|this)s?\b|\dth\b|\d(?:st|nd|rd)\b"


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


@dataclass(frozen=True, slots=True)
class _Seen:
    """A match, and what is known where it stands."""

    match: re.Match[str]
    said: str
    day: date
    tense: Callable[[], Tense]
    is_general: Callable[[], bool]

    def __getitem__(self, group: str) -> str:
        return self.match.groupdict().get(group) or ""


def phrases(text: str, day: date, *, tense_of: Tense | None = None) -> Iterator[Phrase]:
    """Yield the phrases of `text` that name a time, seen from `day`, in their order.

    Args:
        text: what was said.
        day: the day on which it was said.
        tense_of: what it speaks of; None reads that from each clause.

    >>> for phrase in phrases("Leaving next Friday.", date(2026, 11, 21)):
    ...     print(phrase.period.when)
    on Friday 2026-11-27
    """
    low = _lowered(text)
    if not _pattern(_HINT).search(low):
        return
    matches = sorted(
        (
            (match, read)
            for source, read in _FORMS
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
        seen = _Seen(
            match,
            text[start:end],
            day,
            lambda start=start, end=end: (
                tense(low, start, end) if tense_of is None else tense_of
            ),
            lambda start=start, end=end: is_general(low, start, end),
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
    first, *others = re.finditer(r"[^\W\d_]+", text[start:end]) or [None]
    if first is None:
        return False
    opens = opens_a_sentence(text[:start])
    capital = [word[0] for word in others if word[0][0].isupper()]
    if first[0][0].isupper() and not opens:
        capital.append(first[0])
    return any(word.lower() not in DAYS and word.lower() not in MONTH_NUMBERS for word in capital)


def opens_a_sentence(before: str) -> bool:
    """Say whether what follows `before` may begin a sentence."""
    return _pattern(r"(?:^|[.!?:;\n\"“(*•>-])\s*$").search(before) is not None


# ---------------------------------------------------------------- what each form means


def _near(seen: _Seen) -> Period:
    """Read "tomorrow", "tonight", "yesterday evening", "this morning", "last night"."""
    word = seen["near"]
    ahead = _NEAR[word] if word else -bool(seen["before"])
    found = periods.a_day(seen.day + ahead * _ONE)
    part = "evening" if word == "tonight" else seen["part"]
    return periods.a_part(found, part) if part else found


def _day_after(seen: _Seen) -> Period:
    return periods.a_day(seen.day + (2 if seen["after"] else -2) * _ONE)


def _named_day(seen: _Seen) -> Period | None:
    """Read a weekday: "next Friday", "Friday next week", "on Friday evening"."""
    number = DAYS.index(seen["day"])
    week = seen["week"]
    monday = seen.day - seen.day.weekday() * _ONE
    if week:
        weeks = {"next": 1, "last": -1}.get(week, 0)
        found = monday + (7 * weeks + number) * _ONE
    elif seen["which"] == "next":
        found = monday + (7 + number) * _ONE
        found += 7 * _ONE if found == seen.day + _ONE else 0 * _ONE
    elif seen["which"] in ("last", "past", "this past"):
        found = _weekday(seen.day, number, -1)
    elif seen["which"] == "this" and number == seen.day.weekday():
        found = seen.day
    elif not seen["which"] and seen.is_general():
        return None
    else:
        told = _TOLD_BY.get(seen["prep"]) or seen.tense()
        if seen["prep"] == "from" and not told:
            return None
        found = _weekday(seen.day, number, -1 if told < 0 and "coming" not in seen["which"] else 1)
    named = periods.a_weekday(found)
    return periods.a_part(named, seen["part"]) if seen["part"] else named


_TOLD_BY: dict[str, Tense] = {"for": 1, "since": -1}
"""What a preposition says of the tense, whatever the verb."""

_LINE = rf"\b(?:{_DAY})(?P<link> ?(?:to|until|till|through|and|or|-|–) ?)$"


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
    return periods.a_weekday(found.start + 7 * _ONE)


def _weekday(day: date, number: int, tense: Tense) -> date:
    """Return the first such day after `day`, or the last one before it."""
    if tense < 0:
        return day - ((day.weekday() - number) % 7 or 7) * _ONE
    return day + ((number - day.weekday()) % 7 or 7) * _ONE


def _unit(seen: _Seen) -> Period | None:
    """Read "next week", "this weekend", "last month", "the year after next"."""
    steps = {"next": 1, "this coming": 1, "coming": 1, "last": -1, "this past": -1, "past": -1}
    ahead = steps.get(seen["which"], 0) if not seen["twice"] else _TWICE[seen["twice"]]
    unit, day = seen["unit"], seen.day
    if unit in SEASONS or unit in MONTHS:
        return _recurring(unit, day, ahead, seen.tense)
    if unit == "month":
        return periods.a_month(day.year, day.month + ahead)
    if unit == "year":
        return periods.a_year(day.year + ahead)
    if unit == "week":
        return periods.a_week(day + 7 * ahead * _ONE)
    if seen["which"] == "this coming":
        ahead = int(day.weekday() >= 5)
    elif not ahead and day.weekday() < 4 and seen.tense() < 0:
        ahead = -1
    return periods.a_weekend(day + 7 * ahead * _ONE)


_TWICE = {"after next": 2, "before last": -2}


def _recurring(unit: str, day: date, ahead: int, told: Callable[[], Tense]) -> Period:
    """Return the next season or month of a name, the last one, or the one meant by "this"."""
    years = range(day.year - 2, day.year + 3)
    if unit in SEASONS:
        all_of_them = [periods.a_season(unit, year) for year in years]
    else:
        all_of_them = [periods.a_month(year, MONTH_NUMBERS[unit]) for year in years]
    if ahead > 0:
        return next(one for one in all_of_them if one.start > day)
    if ahead < 0:
        return [one for one in all_of_them if one.end <= day][-1]
    if told() < 0:
        return [one for one in all_of_them if one.start <= day][-1]
    return next(one for one in all_of_them if one.end > day)


def _that_weekend(seen: _Seen) -> Period | None:
    """Read "over the weekend", where the clause tells what was or will be."""
    told = seen.tense()
    if not told or seen.is_general():
        return None
    back = told < 0 and seen.day.weekday() < 5
    return periods.a_weekend(seen.day - 7 * back * _ONE)


def _counted(seen: _Seen) -> Period | None:
    """Read "two days ago", "in three weeks", "a year from now"."""
    if seen["prep"]:
        can = re.search(r"\b(?:can|could|possible|able|how to|read|times)\b", seen.match.string)
        if can or seen.tense() < 0 or (seen["count"] in ("a", "one") and seen["length"] == "day"):
            return None
    back = -1 if seen["ago"] else 1
    count, vague = _number(seen["count"])
    vague = vague or bool(seen["about"])
    length, day = seen["length"], seen.day
    if length == "month":
        found = periods.a_month(day.year, day.month + back * count)
    elif length == "year":
        found = periods.a_year(day.year + back * count)
    else:
        days = LENGTHS[length]
        there = day + back * count * days * _ONE
        return periods.about(there, max(days // 2, 1)) if vague or days > 1 else periods.a_day(there)
    return periods.roughly(found) if vague else found


def _number(word: str) -> tuple[int, bool]:
    """Return how many, and whether that is only about so."""
    if word.isdecimal():
        return int(word), False
    last = word.removesuffix(" of").split()[-1]
    return NUMBERS[last], last in ("couple", "few")


def _stretch(seen: _Seen) -> Period | None:
    """Read "the last two weeks", "the past month", "the next few days"."""
    ahead = seen["which"] == "next"
    if not seen["count"] and (ahead or seen["length"] == "day"):
        return None
    count, _ = _number(seen["count"] or "one")
    reach = count * LENGTHS[seen["length"]] * _ONE
    said = seen.match["said"].strip()
    start, end = (seen.day, seen.day + reach) if ahead else (seen.day - reach, seen.day)
    name = f"the {said} {'after' if ahead else 'before'} {seen.day.isoformat()}"
    return periods.Period(start, end, name, "")


def _boundary(seen: _Seen) -> Period | None:
    """Read "the month" of "at the end of the month"."""
    if seen.is_general():
        return None
    told, edge, unit, day = seen.tense(), seen["edge"], seen["unit"], seen.day
    ahead = -1 if told < 0 and edge == "end" else int(told >= 0 and edge in ("start", "beginning"))
    if unit == "week":
        return periods.a_week(day + 7 * ahead * _ONE)
    if unit == "year":
        return periods.a_year(day.year + ahead)
    return periods.a_month(day.year, day.month + ahead)


def _lone_month(seen: _Seen) -> Period | None:
    """Read "in March", "in March last year"."""
    number = MONTH_NUMBERS[seen["month"]]
    if seen["year"]:
        ahead = {"next": 1, "last": -1}.get(seen["year"], 0)
        return periods.a_month(seen.day.year + ahead, number)
    told = _settled(seen)
    return _recurring(seen["month"], seen.day, 0, lambda: told) if told else None


def _day_of_month(seen: _Seen) -> Period | None:
    """Read "on 3 May" and "May 3rd", which keep their words and get their year."""
    month = seen["month"] or seen["month2"]
    number, told = int(seen["number"] or seen["number2"]), _settled(seen)
    if not told:
        return None
    year = seen.day.year
    found = date(year, MONTH_NUMBERS[month], number)
    if told > 0 and found < seen.day:
        found = found.replace(year=year + 1)
    if told < 0 and found > seen.day:
        found = found.replace(year=year - 1)
    comma = "," if seen["month2"] else ""
    return periods.Period(found, found + _ONE, f"{seen.said}{comma} {found.year}", "")


def _day_alone(seen: _Seen) -> Period | None:
    """Read "on the 15th"."""
    number, told = int(seen["number"]), _settled(seen)
    if not told or number == 0:
        return None
    month = seen.day.month
    if told > 0 and number < seen.day.day:
        month += 1
    if told < 0 and number > seen.day.day:
        month -= 1
    whole = periods.a_month(seen.day.year, month)
    return periods.a_day(whole.start.replace(day=number))


def _settled(seen: _Seen) -> Tense:
    """Return the tense where a date without a year is surely one: not for "it rains in March"."""
    text = seen.match.string
    if seen.is_general() or re.search(r"\b(?:19|20)\d\d\b|\b(?:last|next|this) year\b", text):
        return 0
    own = re.search(r"\b(?:my|our|the) [\w' -]{1,40}? (?:is|are)\b(?! (?:best|usually))", text)
    return seen.tense() or (1 if own and own.end() <= seen.match.start() + 1 else 0)


_AROUND = (
    r"(?P<about>(?:about|around|almost|nearly|roughly|maybe|over|more than|less than|at least|some) )?"
)
_FORMS: tuple[tuple[str, Callable[[_Seen], Period | None]], ...] = (
    (r"(?<![\w'-])(?:the )?day (?:(?P<after>after tomorrow)|before yesterday)\b", _day_after),
    (
        rf"(?<!\bno )(?<![\w'-])(?:(?P<prep>on|at) )?(?P<near>{'|'.join(_NEAR)})"
        rf"(?: (?P<part>{_PART}))?\b(?!'s (?:news|world|date|youth))",
        _near,
    ),
    (r"(?<![\w'-])this (?P<part>morning|afternoon|evening)\b", _near),
    (r"(?<![\w'-])(?P<before>last) (?P<part>night|evening)\b", _near),
    (
        rf"{_NOT_THE}(?:(?P<prep>on) )?(?P<which>this coming|this past|next|last|this|coming|past) "
        rf"(?P<day>{_DAY})(?: (?P<part>{_PART}))?\b(?! of\b){_DATED}",
        _named_day,
    ),
    (
        rf"(?<![\w'-])(?:(?P<prep>on) )?(?P<day>{_DAY})(?: (?P<part>{_PART}))?(?: of)? "
        r"(?P<week>next|last|this) week\b",
        _named_day,
    ),
    (
        rf"(?<![\w'-])(?P<week>next|last|this) week,?(?: on)? (?P<day>{_DAY})\b(?: (?P<part>{_PART}))?",
        _named_day,
    ),
    (
        r"(?<![\w'-])(?P<prep>on|by|until|till|before|after|since|from|for|between|starting) "
        rf"(?P<day>{_DAY})(?: (?P<part>{_PART}))?\b{_DATED}",
        _named_day,
    ),
    (
        rf"(?<=\w )(?<!\bthe )(?<!\bmy )(?<!\bour )(?<!\ba )(?<!\bevery )(?<!\beach )(?<!\bblack )(?<!\bgood )"
        r"(?<!\bcyber )(?<!\bcasual )(?<!\bash )(?<!\bpalm )(?<!\beaster )(?<!\bbowl )"
        r"(?<!\bis )(?<!\bwas )(?<!\blove )(?<!\blike )(?<!\bhate )(?<!\bis on )(?<!'s )"
        rf"(?<!\bof )(?<!\ban )(?<!\bthat )(?P<day>{_DAY})(?: (?P<part>{_PART}))?"
        rf"(?=$|[.,;!?)]| at \d| \d{{1,2}} ?(?:am|pm)| (?:because|but|so|with)\b){_DATED}",
        _named_day,
    ),
    (
        rf"{_NOT_THE}(?:(?P<prep>on|in|at) )?(?P<which>this coming|this past|next|last|this) "
        rf"(?P<unit>week|weekend|month|year|{_SEASON}|{_MONTH})\b(?! of\b)(?!-){_DATED}",
        _unit,
    ),
    (
        r"(?<![\w'-])(?:(?P<prep>on|in|at) )?the (?P<unit>week|weekend|month|year) "
        r"(?P<twice>after next|before last)\b",
        _unit,
    ),
    (r"(?<![\w'-])(?P<prep>over|during|on) the weekend\b(?! of\b)", _that_weekend),
    (
        rf"(?<![\w'-]){_AROUND}(?<!\bor )(?<!\bto )(?<!\bthan )(?<![\w'-]){_COUNT} (?P<length>{_UNIT})s? (?P<ago>ago)\b",
        _counted,
    ),
    (
        rf"(?<![\w'-]){_AROUND}(?<![\w'-]){_COUNT} (?P<length>{_UNIT})s? from (?:now|today)\b",
        _counted,
    ),
    (
        rf"(?<![\w'-])(?P<prep>in) {_AROUND}{_COUNT} (?P<length>{_UNIT})(?:s'?|'s)?(?: time)?\b(?!-)(?! of\b)",
        _counted,
    ),
    (
        rf"(?<![\w'-])(?:the|this) (?P<which>last|past|next) (?P<said>(?:{_COUNT} )?(?P<length>{_UNIT})s?)\b"
        r"(?! of\b)(?! before\b)(?! after\b)",
        _stretch,
    ),
    (
        r"\b(?P<edge>end|beginning|start|middle) of (?P<span>the (?P<unit>week|month|year))\b(?! of\b)",
        _boundary,
    ),
    (
        r"(?<![\w'-])(?P<prep>in|since|by|until|till|before|after|from|during|of|early|late|mid) "
        rf"(?P<month>{_MONTH})\b(?:(?: of)? (?P<year>last|next|this) year\b|(?!,? (?:of )?\d)(?! (?:last|next|this)\b))",
        _lone_month,
    ),
    (
        rf"(?<![\w.,:/-])(?P<span>(?:the )?(?P<number>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_ANY_MONTH})"
        rf"|(?P<month2>{_ANY_MONTH}) (?P<number2>\d{{1,2}})(?:st|nd|rd|th)?)\b(?!,? (?:of )?\d)(?![:/-])(?! (?:last|next|this) year)",
        _day_of_month,
    ),
    (
        r"(?<![\w'-])(?P<prep>on) the (?P<number>\d{1,2})(?:st|nd|rd|th)\b"
        r"(?=\s*(?:$|[.,;!?)]|(?:at|for|in the|with|and|to|because|so|but|from|if)\b))",
        _day_alone,
    ),
)
