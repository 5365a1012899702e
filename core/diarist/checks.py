"""What callers pass in, checked where it enters, so that nothing wrong gets any further.

Each check is one sentence that names the argument, what it is and what was given: a TypeError for
a wrong type, a ValueError for a wrong value. No check costs more than a look at its argument.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from os import PathLike
from typing import Any, cast

MOST = (1 << 63) - 1
"""The greatest number a store can hold; also `sys.maxsize`, which many write for "all"."""
DEEPEST = 200
"""How many lists and objects of a JSON value may be inside each other."""

_HOLDS_OTHERS: tuple[type[object], ...] = (dict, list, tuple)
_as_json = json.JSONEncoder(allow_nan=False).encode


def check_text(name: str, value: object) -> str:
    """Return a text; bytes are none."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{name} is a string, not {type(value).__name__}")


def check_path(name: str, value: object) -> None:
    """Refuse what names no file."""
    if not isinstance(value, (str, PathLike)):
        raise TypeError(f"{name} is a path, not {type(value).__name__}")


def check_name(what: str, value: object) -> str:
    r"""Return a text by which something is found again.

    No store can hold lone surrogates; replaced, two names would become one.

    >>> check_name("a key", "half \ud83d")
    Traceback (most recent call last):
    ValueError: a key must be valid Unicode, without lone surrogates: 'half \ud83d'
    """
    text = check_text(what, value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{what} must be valid Unicode, without lone surrogates: {shown(text)}"
        ) from None
    return text


def check_session(session_id: object) -> str:
    """Return a session id; any string that is valid Unicode is one."""
    return check_name("a session id", session_id)


def check_whole(name: str, value: object, least: int = 0) -> int:
    """Return a whole number that any store can hold.

    >>> check_whole("limit", 2.5)
    Traceback (most recent call last):
    TypeError: limit is a whole number, not float
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if value < least:
        wanted = f"be at least {least}, not" if least else "not be negative, it is"
        raise ValueError(f"{name} must {wanted} {value}")
    if value > MOST:
        raise ValueError(
            f"{name} must be at most {MOST}, not a number of {value.bit_length()} bits"
        )
    return value


def check_counts(**counts: object) -> None:
    """Refuse a count that is neither None nor a whole number from 0."""
    for name, value in counts.items():
        if value is not None:
            check_whole(name, value)


def check_choice(name: str, value: object, choices: tuple[str | None, ...]) -> None:
    """Refuse what is none of `choices`.

    >>> check_choice("status", "Archived", ("active", "archived"))
    Traceback (most recent call last):
    ValueError: status is 'active' or 'archived', not 'Archived'
    """
    if value in choices:
        return
    sentence = f"{name} is {' or '.join(map(repr, choices))}, not {shown(value)}"
    raise ValueError(sentence) if isinstance(value, str) else TypeError(sentence)


def check_moment(name: str, value: object) -> datetime:
    """Return a time in UTC.

    >>> check_moment("since", datetime(2026, 1, 1))
    Traceback (most recent call last):
    ValueError: since=2026-01-01T00:00:00 has no time zone; pass one, such as UTC
    """
    return check_local(name, value).astimezone(UTC)


def check_local(name: str, value: object) -> datetime:
    """Return a time as it is, with its zone."""
    if not isinstance(value, datetime):
        raise TypeError(f"{name} is a datetime with a time zone, not {type(value).__name__}")
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"{name}={value.isoformat()} has no time zone; pass one, such as UTC")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name}={value.isoformat()} is beyond the calendar in UTC") from None
    return value


def check_span(name: str, value: object) -> timedelta:
    """Return a length of time."""
    if isinstance(value, timedelta):
        return value
    raise TypeError(f"{name} is a timedelta, not {type(value).__name__}")


def check_list(name: str, value: object, of: str) -> list[object]:
    """Return what is given one after the other; text, bytes and mappings are no list.

    >>> check_list("messages", "hello", "diarist.Message")
    Traceback (most recent call last):
    TypeError: messages is a list of diarist.Message, not str
    """
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} is a list of {of}, not {type(cast('object', value)).__name__}")
    return list(cast("Iterable[object]", value))


def check_texts(name: str, value: object) -> list[str]:
    """Return texts; a single one is a list of one.

    >>> check_texts("contexts", "at work"), check_texts("contexts", ("at work", "at home"))
    (['at work'], ['at work', 'at home'])
    """
    if isinstance(value, str):
        return [value]
    return [check_text(f"each of {name}", one) for one in check_list(name, value, "strings")]


def check_mapping(name: str, value: object) -> dict[Any, Any]:
    """Return a mapping as a dict."""
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    raise TypeError(f"{name} is a mapping, such as a dict, not {type(value).__name__}")


def check_json(what: str, value: object) -> None:
    """Refuse what would not come back from JSON as it is; a tuple, which becomes a list, may.

    >>> check_json("the value", {"tags": [{1: "one"}]})
    Traceback (most recent call last):
    TypeError: the value is nothing that JSON can hold: at tags[0] its keys are strings, not 1
    """
    if value is None or isinstance(value, (str, bool)):
        return
    try:
        text = _as_json(value)
    except RecursionError:
        raise TypeError(_too_deep(what)) from None
    except (TypeError, ValueError) as error:
        raise TypeError(_no_json(what, value, str(error))) from None
    if not _has_text_keys(value):
        raise TypeError(_no_json(what, value, "a key that is no string"))
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        raise TypeError(_too_deep(what))


def check_vector(name: str, value: object) -> list[float]:
    """Return a vector whose numbers 32-bit floats can hold.

    >>> check_vector("vector", [0.5, 1e39])
    Traceback (most recent call last):
    ValueError: vector has a number that is not finite, or beyond 3.4e38
    """
    if isinstance(value, (str, bytes, bytearray, Mapping)):
        raise TypeError(f"{name} is a list of numbers, not {type(cast('object', value)).__name__}")
    try:
        numbers = array("d", cast("Iterable[float]", value))
    except TypeError as error:
        raise TypeError(f"{name} is a list of numbers: {error}") from None
    except OverflowError:
        raise ValueError(f"{name} has a number beyond 3.4e38") from None
    if not numbers:
        raise ValueError(f"{name} is empty; it needs a number at least")
    if not all(map(isfinite, array("f", numbers))):
        raise ValueError(f"{name} has a number that is not finite, or beyond 3.4e38")
    return numbers.tolist()


def shown(value: object) -> str:
    """Return a value for a sentence, not at length."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _has_text_keys(value: object) -> bool:
    """Say whether every key in a value that JSON took, which makes texts of some, is one."""
    left: list[object] = [value]
    while left:
        whole = left.pop()
        parts = _parts(whole)
        if isinstance(whole, dict) and not all(isinstance(key, str) for key, _ in parts):
            return False
        left += [part for _, part in parts if isinstance(part, _HOLDS_OTHERS)]
    return True


def _is_too_deep(value: object) -> bool:
    inside = [value]
    for _ in range(DEEPEST):
        inside = [part for whole in inside for _, part in _parts(whole) if _holds_others(part)]
        if not inside:
            return False
    return True


def _holds_others(value: object) -> bool:
    return isinstance(value, _HOLDS_OTHERS)


def _parts(value: object) -> Iterable[tuple[object, object]]:
    """Return what is inside a JSON value, each with its key or number."""
    if isinstance(value, dict):
        return cast("dict[object, object]", value).items()
    if isinstance(value, (list, tuple)):
        return list(enumerate(cast("Iterable[object]", value)))
    return ()


def _no_json(what: str, value: object, reason: str) -> str:
    """Return a sentence that names the first place which JSON can't hold."""
    left: list[tuple[str, object]] = [("", value)]
    seen: set[int] = set()
    while left:
        place, one = left.pop()
        fault = _fault(one)
        if fault is not None:
            reason = f"at {place} {fault}" if place else fault
            break
        if _holds_others(one) and id(one) not in seen:
            seen.add(id(one))
            inside = [
                (f"{place}[{key}]" if isinstance(key, int) else f"{place}.{key}".lstrip("."), part)
                for key, part in _parts(one)
            ]
            left += reversed(inside)
    return f"{what} is nothing that JSON can hold: {reason}"


def _fault(value: object) -> str | None:
    """Return what is wrong with a value, whatever may be inside it."""
    if isinstance(value, dict):
        odd = [key for key in cast("dict[object, object]", value) if not isinstance(key, str)]
        return f"its keys are strings, not {shown(odd[0])}" if odd else None
    if _holds_others(value):
        return None
    try:
        _as_json(value)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _too_deep(what: str) -> str:
    return (
        f"{what} is nothing that JSON can hold: it is nested deeper than {DEEPEST} lists and "
        "objects"
    )
