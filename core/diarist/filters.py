"""Conditions on the fields of a note's value: data in, yes or no out; nothing ever raises.

    {"kind": "recipe"}                         equal
    {"rating": {"$gte": 4, "$lt": 9}}          $eq $ne $gt $gte $lt $lte, all of them
    {"author.city": "Porto"}                   a field inside a field
    {"author": {"city": "Porto"}}              the same

A missing field matches nothing, not even `$ne`; values of different kinds never match an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import ge, gt, le, lt
from typing import Any, cast

from diarist.checks import DEEPEST, check_mapping, check_text

_ORDER = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
_MISSING = object()


def check_filter(filter: object) -> None:
    """Refuse a filter that none is.

    Raises:
        TypeError: it is no mapping, or a field no string.
        ValueError: no filter has such a condition.
    """
    inside = [check_mapping("filter", filter)]
    for _ in range(DEEPEST):
        inside = [check_mapping("filter", part) for whole in inside for part in _parts(whole)]
        if not inside:
            return
    raise ValueError(f"filter is nested deeper than {DEEPEST} mappings")


def _parts(filter: dict[Any, Any]) -> list[object]:
    for field in filter:
        check_text("each field of filter", field)
        if field.startswith("$") and field not in {"$eq", "$ne", *_ORDER}:
            raise ValueError(f"a filter has no {field}; it has $eq $ne $gt $gte $lt $lte")
    return [wanted for wanted in filter.values() if isinstance(wanted, Mapping)]


def matches(value: object, filter: Mapping[str, Any]) -> bool:
    """Say whether `value` has all that `filter` asks for.

    >>> matches({"kind": "recipe", "stars": 4}, {"kind": "recipe", "stars": {"$gt": 3}})
    True
    >>> matches({"stars": "four"}, {"stars": {"$gt": 3}})
    False
    """
    return all(_holds(_field(value, field), wanted) for field, wanted in filter.items())


def _field(value: object, field: str) -> object:
    if isinstance(value, Mapping) and field in value:
        return cast("Mapping[str, object]", value)[field]
    for part in field.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = cast("Mapping[str, object]", value)[part]
    return cast("object", value)


def _holds(found: object, wanted: object) -> bool:
    if found is _MISSING:
        return False
    if not isinstance(wanted, Mapping):
        return _equal(found, wanted)
    conditions = cast("Mapping[str, Any]", wanted)
    if not any(key.startswith("$") for key in conditions):
        return matches(found, conditions)
    return all(_compares(found, key, expected) for key, expected in conditions.items())


def _compares(found: Any, operator: str, expected: Any) -> bool:
    if operator == "$eq":
        return _equal(found, expected)
    if operator == "$ne":
        return not _equal(found, expected)
    if operator in _ORDER:
        return _is_comparable(found, expected) and _ORDER[operator](found, expected)
    return False


def _equal(one: object, other: object) -> bool:
    """Compare as JSON does: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, tuple):
        one = list(cast("tuple[object, ...]", one))
    if isinstance(other, tuple):
        other = list(cast("tuple[object, ...]", other))
    return one == other


def _is_comparable(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    numbers = isinstance(one, (int, float)) and isinstance(other, (int, float))
    return numbers or (isinstance(one, str) and isinstance(other, str))
