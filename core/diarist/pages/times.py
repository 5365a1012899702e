"""Times on a page: RFC 3339 in UTC, to the second, so that text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def as_utc(value: object) -> str:
    """Return a page's time as diarist writes it, "" for what is no time.

    A person may write a TOML date without quotes, or another zone; without a zone it is UTC.

    >>> as_utc("2024-01-01T02:00:00.5+02:00"), as_utc(date(2024, 1, 1)), as_utc("yesterday")
    ('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '')
    """
    if isinstance(value, str):
        return _text_as_utc(value)
    if isinstance(value, datetime):
        return _render(value)
    if isinstance(value, date):
        return _render(datetime(value.year, value.month, value.day))
    return ""


def rfc3339(moment: datetime) -> str:
    """Return a time as diarist writes it, in UTC, to the second.

    >>> rfc3339(datetime(2024, 1, 1, tzinfo=UTC))
    '2024-01-01T00:00:00Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


@lru_cache(maxsize=4096)
def _text_as_utc(text: str) -> str:
    try:
        return text if _OURS.fullmatch(text) else _render(datetime.fromisoformat(text))
    except ValueError:
        return ""


def _render(moment: datetime) -> str:
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError:  # the first or last day of the calendar, in another zone
        return ""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
