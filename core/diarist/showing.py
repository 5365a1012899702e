"""How values show themselves: in a list or a debugger in few words, in a notebook as HTML.

A list or dict of here is a plain one in every other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from dataclasses import Field

T = TypeVar("T")


def in_short(self: Any) -> str:
    """Return what a dataclass is, without the fields that are as they usually are.

    Times are to the second, numbers to three digits; fields with `repr=False` are left out, too.
    Assign it in the class body, where `dataclass` leaves it alone: `__repr__ = in_short`.

    >>> from datetime import UTC
    >>> from diarist.records import Message
    >>> Message("user", "Hello!", at=datetime(2026, 3, 2, 9, 0, 0, 123, tzinfo=UTC))
    Message(role='user', text='Hello!', at=2026-03-02T09:00:00Z)
    """
    shown = [
        f"{field.name}={_shown(getattr(self, field.name))}"
        for field in fields(self)
        if field.repr and not _is_usual(field, getattr(self, field.name))
    ]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _is_usual(field: Field[Any], value: Any) -> bool:
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return field.default is not MISSING and bool(value == field.default)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return repr(dict(cast("Mapping[str, Any]", value)))
    return repr(value)


class Displayed:
    """Is shown as HTML by Jupyter; everywhere else it is as it was."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from diarist.html.fragments import fragment

        return fragment(self)


class Listing(Displayed, list[T]):
    """A list of hits, messages, notes, sessions or reports.

    >>> Listing([1, 2]) == [1, 2], Listing([1, 2])
    (True, [1, 2])
    """

    __slots__ = ()


class Conversations(Displayed, dict[str, dict[str, Any]]):
    """Session -> its table on the conversations page."""

    __slots__ = ()
