"""When conversations were: by month, and as bars over the whole time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from diarist.html import parts
from diarist.html.elements import element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarist.html.elements import Html

DAYS = 93
"""Up to this many days there is a bar for each day, beyond for each month or year."""
MONTHS = 60
_WIDTH, _HEIGHT = 600, 48
_NAMES = (
    "January February March April May June July August September October November December".split()
)


def month_of(at: str) -> str:
    """Return the month of a page's time.

    >>> month_of("2026-11-21T10:00:00Z"), month_of("")
    ('November 2026', 'at some time')
    """
    return f"{_NAMES[int(at[5:7]) - 1]} {at[:4]}" if at else "at some time"


def bars(touched: Sequence[tuple[str, int]]) -> Html | None:
    """Return a bar for each day, month or year, as high as it had turns; None for a single day.

    Args:
        touched: when each conversation was touched last, and how many turns it had.
    """
    known = [(date.fromisoformat(at[:10]), turns) for at, turns in touched if at]
    days = sorted(day for day, _ in known)
    if not days or days[0] == days[-1]:
        return None
    span = _periods(days[0], days[-1])
    heights = dict.fromkeys(span, 0)
    for day, turns in known:
        heights[next(begin for begin in reversed(span) if begin <= day)] += max(turns, 1)
    top = max(heights.values())
    step = _WIDTH / len(span)
    shapes = [
        _bar(place * step, step, _HEIGHT * height / top)
        for place, height in enumerate(heights.values())
        if height
    ]
    first, last = parts.day(days[0]), parts.day(days[-1])
    drawing = element(
        "svg",
        *shapes,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )
    return element("div", drawing, element("p", first, last, class_="facts"), class_="bars")


def _bar(left: float, step: float, height: float) -> Html:
    width, tall = max(min(step * 0.7, 12), 1), max(height, 3)
    return element(
        "rect",
        x=f"{left + (step - width) / 2:.1f}",
        y=f"{_HEIGHT - tall:.1f}",
        width=f"{width:.1f}",
        height=f"{tall:.1f}",
    )


def _periods(first: date, last: date) -> list[date]:
    """Return the first day of each period from one day to another."""
    if (last - first).days < DAYS:
        return [first + timedelta(number) for number in range((last - first).days + 1)]
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months > MONTHS:
        return [date(year, 1, 1) for year in range(first.year, last.year + 1)]
    since = first.year * 12 + first.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(since, since + months)]
