"""The forms in which a time is named, and what each of them means; `phrases` says it in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from diarist.dates import periods
from diarist.dates.tenses import Tense, clause
from diarist.dates.words import (
    DAY_NUMBERS,
    DAYS,
    LENGTHS,
    MONTH_NUMBERS,
    MONTHS,
    NEAR,
    NUMBERS,
    SEASONS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarist.dates.periods import Period

_ONE = timedelta(days=1)

_DAY = "|".join(DAYS)
_ANY_DAY = "|".join(sorted(DAY_NUMBERS, key=len, reverse=True))
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
    rf"|(?:{_ANY_MONTH})\b))(?! (?:{_PART})s\b)(?! (?:street|road|avenue|lane|island)\b)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A match, and what is known where it stands."""

    match: re.Match[str]
    said: str
    day: date
    tense: Callable[[], Tense]
    is_general: Callable[[], bool]

    def __getitem__(self, group: str) -> str:
        return self.match.groupdict().get(group) or ""


def _near(seen: Seen) -> Period:
    """Read "tomorrow", "tonight", "yesterday evening", "this morning", "last night"."""
    word = seen["near"]
    ahead = NEAR[word] if word else -bool(seen["before"])
    found = periods.a_day(seen.day + ahead * _ONE)
    part = "evening" if word == "tonight" else seen["part"]
    return periods.a_part(found, part) if part else found


def _day_after(seen: Seen) -> Period:
    return periods.a_day(seen.day + (2 if seen["after"] else -2) * _ONE)


def _named_day(seen: Seen) -> Period | None:
    """Read a weekday: "next Friday", "Friday next week", "on Friday evening"."""
    number = DAY_NUMBERS[seen["day"]]
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


def _weekday(day: date, number: int, tense: Tense) -> date:
    """Return the first such day after `day`, or the last one before it."""
    if tense < 0:
        return day - ((day.weekday() - number) % 7 or 7) * _ONE
    return day + ((number - day.weekday()) % 7 or 7) * _ONE


def _unit(seen: Seen) -> Period | None:
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


def _that_weekend(seen: Seen) -> Period | None:
    """Read "over the weekend", where the clause tells what was or will be."""
    told = seen.tense()
    if not told or seen.is_general():
        return None
    back = told < 0 and seen.day.weekday() < 5
    return periods.a_weekend(seen.day - 7 * back * _ONE)


def _days_ago(seen: Seen) -> Period:
    """Read "two weekends ago", "three Fridays ago"."""
    count, _ = _number(seen["count"])
    if seen["weekends"]:
        return periods.a_weekend(seen.day - 7 * count * _ONE)
    last = _weekday(seen.day, DAY_NUMBERS[seen["day"]], -1)
    return periods.a_weekday(last - 7 * (count - 1) * _ONE)


def _counted(seen: Seen) -> Period | None:
    """Read "two days ago", "in three weeks", "a year from now"."""
    if re.compile(_ALSO_A_NUMBER).search(seen.match.string, 0, seen.match.start()):
        return None
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
        return (
            periods.about(there, max(days // 2, 1)) if vague or days > 1 else periods.a_day(there)
        )
    return periods.roughly(found) if vague else found


_ALSO_A_NUMBER = (
    rf"\b(?:{'|'.join([*NUMBERS, 'hundred', 'thousand'])})(?: (?:or|to|and))? $"
    rf"|\d (?:or|to|and) $|\bhalf (?:of )?$|\d ?[.,/–]$|\b(?:{_UNIT})s? (?:or|and) $"
)
"""Before the second number of "two or three years ago", "1.5 years ago", "half a year ago"."""


def _number(word: str) -> tuple[int, bool]:
    """Return how many, and whether that is only about so."""
    if word.isdecimal():
        return int(word), False
    last = word.removesuffix(" of").split()[-1]
    return NUMBERS[last], last in ("couple", "few")


def _stretch(seen: Seen) -> Period | None:
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


def _boundary(seen: Seen) -> Period | None:
    """Read "the month" of "at the end of the month"."""
    if seen.is_general():
        return None
    told, edge, unit, day = seen.tense(), seen["edge"], seen["unit"], seen.day
    if re.search(r"\bsince (?:the )?$", seen.match.string[: seen.match.start()]):
        told = -1
    ahead = -1 if told < 0 and edge == "end" else int(told >= 0 and edge in ("start", "beginning"))
    if unit == "week":
        return periods.a_week(day + 7 * ahead * _ONE)
    if unit == "year":
        return periods.a_year(day.year + ahead)
    return periods.a_month(day.year, day.month + ahead)


def _lone_month(seen: Seen) -> Period | None:
    """Read "in March", "in March last year"."""
    number = MONTH_NUMBERS[seen["month"]]
    if seen["year"]:
        ahead = {"next": 1, "last": -1}.get(seen["year"], 0)
        return periods.a_month(seen.day.year + ahead, number)
    told = _settled(seen)
    return _recurring(seen["month"], seen.day, 0, lambda: told) if told else None


def _day_of_month(seen: Seen) -> Period | None:
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


def _day_alone(seen: Seen) -> Period | None:
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


def _settled(seen: Seen) -> Tense:
    """Return the tense where a date without a year is surely one: not for "it rains in March"."""
    text = clause(seen.match.string, *seen.match.span())
    if seen.is_general() or re.search(r"\b(?:19|20)\d\d\b|\b(?:last|next|this) year\b", text):
        return 0
    own = re.search(rf"\b(?:my|our) [\w' -]{{1,40}}? (?:is|are) {re.escape(seen.match[0])}", text)
    return seen.tense() or (1 if own else 0)


_ALONE = r"(?<![\w'-])"
_AROUND = (
    r"(?P<about>(?:about|around|almost|nearly|roughly|maybe|over|more than|less than|at least|some)"
    r" )?"
)
_ON = r"(?:(?P<prep>on) )?"
_NAMED = rf"(?P<day>{_DAY})(?: (?P<part>{_PART}))?"
_NO_FRIDAY = "".join(
    rf"(?<!\b{word} )"
    for word in (
        *("the", "my", "our", "a", "an", "of", "that", "every", "each", "is", "was", "is on"),
        *("love", "like", "hate", "black", "good", "cyber", "casual", "ash", "palm", "easter"),
        "bowl",
    )
)
_NOW = "|".join(NEAR)
_WHICH = r"(?P<which>this coming|this past|next|last|this"
_SPAN = rf"(?P<said>(?:{_COUNT} )?(?P<length>{_UNIT})s?)\b"
_NO_YEAR = r"(?!,? (?:of )?\d)(?! (?:last|next|this)\b)"
_NUMBERED = rf"(?P<number>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_ANY_MONTH})"
_NUMBERED_AFTER = rf"(?P<month2>{_ANY_MONTH}) (?P<number2>\d{{1,2}})(?:st|nd|rd|th)?"

_NEXT_FRIDAY = (
    rf"{_NOT_THE}{_ON}{_WHICH}|(?<!'s )(?<!'m )(?<!'re )(?<!\bis )(?<!\bam )(?<!\bare )(?<!\bbe )"
    r"(?<!\bwas )(?<!\bwere )coming|past) "
    rf"(?P<day>{_ANY_DAY})(?: (?P<part>{_PART}))?\b(?! of\b){_DATED}"
)
_FRIDAY_NEXT_WEEK = rf"{_ALONE}{_ON}{_NAMED}(?: of)? (?P<week>next|last|this) week\b"
_NEXT_WEEK_FRIDAY = (
    rf"{_ALONE}(?P<week>next|last|this) week,?(?: on)? (?P<day>{_DAY})\b(?: (?P<part>{_PART}))?"
)
_ON_FRIDAY = (
    rf"{_ALONE}(?P<prep>on|by|until|till|before|after|since|from|for|between|starting) "
    rf"{_NAMED}\b{_DATED}"
)
_FRIDAY_ALONE = (
    rf"(?<=\w )(?<!'s ){_NO_FRIDAY}{_NAMED}"
    rf"(?=$|[.,;!?)]| at \d| \d{{1,2}} ?(?:am|pm)| (?:because|but|so|with)\b){_DATED}"
)
_TOMORROW = (
    rf"(?<!\bno )(?<!like )(?<!like just )(?<!like only ){_ALONE}{_ON}(?P<near>{_NOW})"
    rf"(?: (?P<part>{_PART}))?\b(?!'s (?:news|world|date|youth))(?!-\w)(?!\()"
)
_NEXT_WEEK = (
    rf"{_NOT_THE}{_ON}{_WHICH}) (?P<unit>week|weekend|month|year|{_SEASON}|{_MONTH})\b"
    rf"(?! of\b)(?!-){_DATED}"
)
_AFTER_NEXT = (
    rf"{_ALONE}(?:(?P<prep>on|in) )?the (?P<unit>week|weekend|month|year) "
    r"(?P<twice>after next|before last)\b"
)
_IN_WEEKS = (
    rf"{_ALONE}(?P<prep>in|within) {_AROUND}{_COUNT} (?P<length>{_UNIT})(?:s'?|'s)?(?: time)?\b"
    rf"(?!-)(?! of\b)(?! (?:or|and) (?:{'|'.join(NUMBERS)}|half|\d+)\b)"
)
_LAST_WEEKS = (
    rf"{_ALONE}(?:the|this) (?P<which>last|past|next) {_SPAN}(?! of\b)(?! before\b)(?! after\b)"
)
_END_OF = (
    r"\b(?P<edge>end|beginning|start|middle) of (?P<span>the (?P<unit>week|month|year))\b(?! of\b)"
)
_IN_MARCH = (
    rf"{_ALONE}(?P<prep>in|since|by|until|till|before|after|from|during|of|early|late|mid) "
    rf"(?P<month>{_MONTH})\b(?:(?: of)? (?P<year>last|next|this) year\b|{_NO_YEAR})"
)
_MAY_3 = (
    rf"(?<![\w.,:/-])(?P<span>(?:the )?{_NUMBERED}|{_NUMBERED_AFTER})\b"
    r"(?!,? (?:of )?\d)(?![:/-])(?! (?:last|next|this) year)"
)
_ON_THE_15TH = (
    rf"{_ALONE}(?P<prep>on) the (?P<number>\d{{1,2}})(?:st|nd|rd|th)\b"
    r"(?=\s*(?:$|[.,;!?)]|(?:at|for|in the|with|and|to|because|so|but|from|if)\b))"
)

_LENGTHS = frozenset(name + plural for name in LENGTHS for plural in ("", "s"))
_WEEKDAYS = frozenset(DAY_NUMBERS)

FORMS: tuple[tuple[frozenset[str], str, Callable[[Seen], Period | None]], ...] = (
    (
        frozenset(["day"]),
        rf"{_ALONE}(?:the )?day (?:(?P<after>after tomorrow)|before yesterday)\b",
        _day_after,
    ),
    (frozenset(NEAR), _TOMORROW, _near),
    (frozenset(["this"]), rf"{_ALONE}this (?P<part>morning|afternoon|evening)\b", _near),
    (frozenset(["last"]), rf"{_ALONE}(?P<before>last) (?P<part>night|evening)\b", _near),
    (_WEEKDAYS, _NEXT_FRIDAY, _named_day),
    (_WEEKDAYS, _FRIDAY_NEXT_WEEK, _named_day),
    (_WEEKDAYS, _NEXT_WEEK_FRIDAY, _named_day),
    (_WEEKDAYS, _ON_FRIDAY, _named_day),
    (_WEEKDAYS, _FRIDAY_ALONE, _named_day),
    (frozenset(["next", "last", "this"]), _NEXT_WEEK, _unit),
    (frozenset(["next", "last"]), _AFTER_NEXT, _unit),
    (
        frozenset(["weekend"]),
        rf"{_ALONE}(?P<prep>over|during|on) the weekend\b(?! of\b)",
        _that_weekend,
    ),
    (
        frozenset(["ago"]),
        rf"{_ALONE}{_AROUND}{_ALONE}{_COUNT} (?P<length>{_UNIT})s? (?P<ago>ago)\b",
        _counted,
    ),
    (
        frozenset(["ago"]),
        rf"{_ALONE}{_COUNT} (?:(?P<weekends>weekend)|(?P<day>{_DAY}))s? ago\b",
        _days_ago,
    ),
    (
        frozenset(["now", "today"]),
        rf"{_ALONE}{_AROUND}{_ALONE}{_COUNT} (?P<length>{_UNIT})s? from (?:now|today)\b",
        _counted,
    ),
    (_LENGTHS, _IN_WEEKS, _counted),
    (_LENGTHS, _LAST_WEEKS, _stretch),
    (frozenset(["end", "beginning", "start", "middle"]), _END_OF, _boundary),
    (frozenset(MONTHS), _IN_MARCH, _lone_month),
    (frozenset(MONTH_NUMBERS), _MAY_3, _day_of_month),
    (frozenset(["st", "nd", "rd", "th"]), _ON_THE_15TH, _day_alone),
)
"""Words of which a text has one, a pattern over lowered text, and the reader of its matches."""
