"""What a filter implies of a value's JSON text, in SQL: it spares reading what can't match.

It lets through all that matches, and some more: `diarist.filters.matches` decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, TypeAlias, cast

_EXACT = 10**15
"""Whole numbers below it are written alike as integers and as floats, but for what follows."""
_NUDGE = 1e-12
"""By how much, in proportion, SQLite's reading of a number may differ from ours; far less."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ORDER = {"$gt": ">=", "$gte": ">=", "$lt": "<=", "$lte": "<="}
_Clause: TypeAlias = "tuple[str, tuple[object, ...]]"
"""Alternatives in SQL, each with a place for a value, and the values."""


def implied(filter: Mapping[str, Any] | None) -> tuple[str, dict[str, object]]:
    """Return a condition on `value`, in SQL, and its parameters.

    >>> implied({"kind": "recipe"})
    ('(instr(value, :f0) > 0)', {'f0': '"kind":"recipe"'})
    >>> implied({})
    ('TRUE', {})
    """
    parts: list[str] = []
    values: dict[str, object] = {}
    for clause, given in _clauses(filter or {}):
        names = [f"f{len(values) + number}" for number in range(len(given))]
        parts.append(f"({clause.format(*(f':{name}' for name in names))})")
        values.update(zip(names, given, strict=True))
    return " AND ".join(parts) or "TRUE", values


def _clauses(filter: Mapping[str, Any], *, is_inner: bool = False) -> Iterator[_Clause]:
    for field, wanted in filter.items():
        if not isinstance(wanted, Mapping):
            yield _text(field, wanted)
            continue
        conditions = cast("Mapping[str, Any]", wanted)
        yield _text(field)
        if not any(key.startswith("$") for key in conditions):
            yield from _clauses(conditions, is_inner=True)
            continue
        for operator, expected in conditions.items():
            if operator == "$eq":
                yield _text(field, expected)
            elif operator in _ORDER and not is_inner and _PLAIN.fullmatch(field):
                yield from _number(field, _ORDER[operator], expected)


_ANYTHING = object()


def _text(field: str, expected: object = _ANYTHING) -> _Clause:
    """Return that the text has the field, and where that can be told, with this value."""
    names = {spelling for name in (field, field.split(".")[-1]) for spelling in _spellings(name)}
    found = sorted(f"{name}:{value}" for name in names for value in _values(expected))
    return " OR ".join(f"instr(value, {{{place}}}) > 0" for place in range(len(found))), tuple(
        found
    )


def _values(expected: object) -> tuple[str, ...]:
    """Return how the text of a value may begin; ("",) says nothing of it."""
    if isinstance(expected, str):
        return _spellings(expected)
    if expected is None or isinstance(expected, bool):
        return (json.dumps(expected),)
    if isinstance(expected, (int, float)) and 0 < abs(expected) < _EXACT:
        return (str(int(expected)) if expected == int(expected) else json.dumps(expected),)
    return ("",)


def _spellings(text: str) -> tuple[str, ...]:
    """Return a text as JSON may hold it: as it is, or escaped beside a lone surrogate."""
    escaped = json.dumps(text)
    plain = json.dumps(text, ensure_ascii=False)
    if plain == escaped or any("\ud800" <= char <= "\udfff" for char in text):
        return (escaped,)
    return (plain, escaped)


def _number(field: str, comparison: str, bound: object) -> Iterator[_Clause]:
    if isinstance(bound, bool) or not isinstance(bound, (int, float)):
        return
    try:
        number = float(bound)
    except OverflowError:
        return
    nudge = abs(number) * _NUDGE if isfinite(number) else 0.0
    nudged = number - nudge if comparison == ">=" else number + nudge
    holds = f"json_extract(value, {{0}}) {comparison} {{1}}"
    yield f"coalesce({holds}, TRUE)", (f'$."{field}"', nudged)
