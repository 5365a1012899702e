"""What may be done with notes: operations as any store can do them, or one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from diarist.checks import (
    check_choice,
    check_counts,
    check_json,
    check_list,
    check_mapping,
    check_moment,
    check_name,
    check_span,
    check_text,
    check_vector,
    check_whole,
    shown,
)
from diarist.counting import CountNotes, SurveyNotes
from diarist.filters import check_filter
from diarist.pages.rendering import clean
from diarist.records import (
    KEEP,
    MEASURES,
    NOTE_ORDERS,
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    PutNote,
    RestoreNote,
)

if TYPE_CHECKING:
    from diarist.records import Namespace, NoteOperation

LONGEST = timedelta(days=365_000)
"""The longest time to live: beyond it the calendar would end first."""
OPERATIONS = (
    "PutNote, GetNote, DeleteNote, RestoreNote, ListNotes, CountNotes, SurveyNotes or "
    "ListNamespaces"
)
_PART = "a part of a namespace"
_FIELD = re.compile(r"[\w-]+")
_KEYS = 10_000
"""So many keys at most are looked for in one listing."""


def place(given: object) -> Namespace:
    """Return a namespace; a string is one of one part."""
    if isinstance(given, str):
        return (check_name(_PART, given),)
    if isinstance(given, tuple):
        for part in cast("tuple[object, ...]", given):
            if not isinstance(part, str) or not part.isascii():
                break
        else:
            return cast("Namespace", given)
    if isinstance(given, (tuple, list)):
        parts = cast("tuple[object, ...]", tuple(given))  # pyright: ignore[reportUnknownArgumentType]
        if all(isinstance(part, str) for part in parts):
            return tuple(check_name(_PART, part) for part in parts)
    raise TypeError(f"a namespace is a tuple of strings, not {shown(cast('object', given))}")


def checked_operation(operation: object) -> NoteOperation:
    """Return an operation that any store can do.

    Raises:
        TypeError: something is of another type than it has to be, or nothing that JSON can hold.
        ValueError: a filter has an unknown condition, a number is negative, a ttl not positive.
    """
    if isinstance(operation, ListNotes):
        return _checked_listing(operation)
    if isinstance(operation, CountNotes):
        return CountNotes(place(operation.prefix))
    if isinstance(operation, ListNamespaces):
        check_counts(depth=operation.depth, limit=operation.limit)
        check_whole("offset", operation.offset)
        if operation.wildcard is not None:
            check_text("wildcard", operation.wildcard)
        return replace(operation, prefix=place(operation.prefix), suffix=place(operation.suffix))
    if isinstance(operation, SurveyNotes):
        return SurveyNotes(place(operation.prefix), _checked_field(operation.field))
    if not isinstance(operation, (PutNote, GetNote, DeleteNote, RestoreNote)):
        raise TypeError(f"an operation is a {OPERATIONS}, not {type(operation).__name__}")
    namespace, key = place(operation.namespace), check_name("a key", operation.key)
    if isinstance(operation, PutNote):
        operation = _checked_put(operation, key)
    if isinstance(operation, (PutNote, DeleteNote)) and operation.at is not None:
        operation = replace(operation, at=check_moment("at", operation.at))
    if (namespace, key) == (operation.namespace, operation.key):
        return operation
    return replace(operation, namespace=namespace, key=key)


def _checked_listing(wanted: ListNotes) -> ListNotes:
    limit, offset = check_whole("limit", wanted.limit), check_whole("offset", wanted.offset)
    if wanted.filter is not None:
        check_filter(wanted.filter)
    if wanted.query is not None:
        check_text("query", wanted.query)
    if wanted.index is not None:
        check_text("index", wanted.index)
    check_choice("order", wanted.order, NOTE_ORDERS)
    check_choice("measure", wanted.measure, MEASURES)
    vector = None if wanted.vector is None else tuple(check_vector("vector", wanted.vector))
    return replace(
        wanted,
        prefix=place(wanted.prefix),
        vector=vector,
        keys=None if wanted.keys is None else _checked_keys(wanted.keys),
        limit=min(limit, _PLENTY),
        offset=min(offset, _PLENTY),
        key_prefix=check_name("key_prefix", wanted.key_prefix),
    )


_PLENTY = 1 << 61  # nobody has as many notes, and the sum of two is a number that a store can hold


def _checked_field(field: object) -> str | None:
    if field is None or _FIELD.fullmatch(check_text("field", field)):
        return cast("str | None", field)
    raise ValueError(f"field is a name of letters, digits, - and _, not {shown(field)}")


def _checked_keys(given: object) -> tuple[str, ...]:
    """Return the keys to look for, each once."""
    keys = check_list("keys", given, "strings")
    if len(keys) > _KEYS:
        raise ValueError(f"at most {_KEYS:,} keys are looked for at once, not {len(keys):,}")
    return tuple(dict.fromkeys(check_name("a key", key) for key in keys))


def _checked_put(put: PutNote, key: str) -> PutNote:
    if put.value is not KEEP:
        check_json(f"the value of {shown(key)}", put.value)
    if put.ttl is not KEEP and put.ttl is not None:
        if check_span("ttl", put.ttl) <= timedelta(0):
            raise ValueError(f"ttl is a time to live, more than 0, not {put.ttl}")
        if put.ttl > LONGEST:
            raise ValueError(f"ttl is at most {LONGEST.days} days, not {put.ttl}; None is for ever")
    if put.expires_at is not None:
        if put.ttl is not KEEP and put.ttl is not None:
            raise ValueError("a note has a ttl or an expires_at, not both")
        put = replace(put, expires_at=check_moment("expires_at", put.expires_at))
    if put.metadata is not KEEP and put.metadata is not None:
        what = f"the metadata of {shown(key)}"
        metadata = check_mapping(what, put.metadata)
        check_json(what, metadata)
        put = replace(put, metadata=metadata)
    if put.at is not None:
        put = replace(put, at=check_moment("at", put.at))
    if put.vectors is not KEEP and put.vectors is not None:
        put = replace(put, vectors=_checked_vectors(put.vectors))
    return put


def _checked_vectors(given: object) -> dict[str, list[list[float]]]:
    """Return the vectors of a note, several under each name."""
    found: dict[str, list[list[float]]] = {}
    for name, vector in check_mapping("vectors", given).items():
        what = f"the vector {shown(check_text('the name of a vector', name))}"
        several = cast("list[object]", vector if _is_several(vector) else [vector])
        found[clean(name)] = [check_vector(what, one) for one in several]
    return found


def _is_several(vectors: object) -> bool:
    """Say whether it is vectors, or arrays, and not the numbers of one."""
    if not isinstance(vectors, Collection) or isinstance(vectors, (str, bytes, Mapping)):
        return False
    first = next(iter(cast("Collection[object]", vectors)), None)
    return isinstance(first, Iterable) and not isinstance(first, (str, bytes))
