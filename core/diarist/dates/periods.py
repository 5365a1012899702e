"""Stretches of the calendar with the words that name them, whenever they are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from diarist.dates.words import DAYS, MONTHS, SEASONS

_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, and what they are called.

    Attributes:
        start: the first day.
        end: the day after the last.
        name: "Friday 2026-11-27", "the week of 2026-11-23", "December 2026", "around 2026-12-12".
        lead: the preposition that makes a time of the name: "on", "in", or "" for none.
    """

    start: date
    end: date
    name: str
    lead: str

    @property
    def when(self) -> str:
        """The name as a time: "on Friday 2026-11-27"."""
        return f"{self.lead} {self.name}".lstrip()


def a_day(day: date) -> Period:
    """Return one day.

    >>> a_day(date(2026, 11, 21)).when
    'on 2026-11-21'
    """
    return Period(day, day + _ONE, day.isoformat(), "on")


def a_weekday(day: date) -> Period:
    """Return one day, named with its weekday, as it was said.

    >>> a_weekday(date(2026, 11, 27)).when
    'on Friday 2026-11-27'
    """
    name = f"{DAYS[day.weekday()].title()} {day.isoformat()}"
    return Period(day, day + _ONE, name, "on")


def a_part(whole: Period, part: str) -> Period:
    """Return the morning, afternoon, evening or night of a day.

    >>> a_part(a_day(date(2026, 11, 21)), "evening").when
    'on the evening of 2026-11-21'
    """
    return Period(whole.start, whole.end, f"the {part} of {whole.name}", "on")


def about(day: date, reach: int) -> Period:
    """Return the days around one, `reach` on each side.

    >>> about(date(2026, 12, 12), 3).when
    'around 2026-12-12'
    """
    return Period(day - reach * _ONE, day + (reach + 1) * _ONE, f"around {day.isoformat()}", "")


def a_week(day: date) -> Period:
    """Return the week of a day; it is called by its Monday.

    >>> a_week(date(2026, 11, 21)).when
    'in the week of 2026-11-16'
    """
    monday = day - day.weekday() * _ONE
    return Period(monday, monday + 7 * _ONE, f"the week of {monday.isoformat()}", "in")


def a_weekend(day: date) -> Period:
    """Return Saturday and Sunday of the week of a day.

    >>> a_weekend(date(2026, 11, 27)).when
    'on the weekend of 2026-11-28'
    """
    saturday = day + (5 - day.weekday()) * _ONE
    return Period(saturday, saturday + 2 * _ONE, f"the weekend of {saturday.isoformat()}", "on")


def a_month(year: int, month: int) -> Period:
    """Return a month; beyond 1 and 12 they go on in the years before and after.

    >>> a_month(2026, 13).when
    'in January 2027'
    """
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    return Period(first, after, f"{MONTHS[month - 1].title()} {year}", "in")


def a_season(name: str, year: int) -> Period:
    """Return the season that begins in `year`, with the months of the northern half of the earth.

    >>> a_season("winter", 2026).when
    'in the winter of 2026/27'
    """
    begins = SEASONS[name]
    called = f"{year}/{(year + 1) % 100:02}" if begins == 12 else str(year)
    start, end = a_month(year, begins).start, a_month(year, begins + 3).start
    return Period(start, end, f"the {name} of {called}", "in")


def a_year(year: int) -> Period:
    """Return a year.

    >>> a_year(2027).when
    'in 2027'
    """
    return Period(date(year, 1, 1), date(year + 1, 1, 1), str(year), "in")


def roughly(period: Period) -> Period:
    """Return a month or a year that is only about right.

    >>> roughly(a_year(2023)).when
    'around 2023'
    """
    return Period(period.start, period.end, f"around {period.name}", "")
