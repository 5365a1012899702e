"""LangGraph's operations as the diary's, and what those give as LangGraph's results.

Nothing here touches a store.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    PutOp,
    SearchItem,
    SearchOp,
)

from diarist import DeleteNote, GetNote, ListNamespaces, ListNotes, PutNote
from diarist.adapters import whose

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from langgraph.store.base import Op, Result

    from diarist import Note
    from langchain_diarist.indexing import Vectors

    Namespace: TypeAlias = tuple[str, ...]
    Owner: TypeAlias = str | Callable[[Namespace], str]
    Operation: TypeAlias = PutNote | DeleteNote | GetNote | ListNotes | ListNamespaces

_WILDCARD = "*"
_QUOTES = ("'", '"', "`")


def owner_of(op: Op, owner: Owner) -> str:
    """Return whose diary an operation is about.

    Raises:
        InvalidNamespaceError: its namespace does not reach an owner.
        ValueError: it is no operation of LangGraph's.
    """
    if isinstance(owner, str):
        return owner
    namespace = _leading(op)
    try:
        return _user(owner(namespace))
    except (LookupError, TypeError, ValueError) as error:
        raise InvalidNamespaceError(
            f"the namespace {namespace!r} does not say whose diary is meant ({error}); an "
            "operation must name the labels that owner= reads"
        ) from error


def _leading(op: object) -> Namespace:
    """Return the labels that all that an operation is about begins with."""
    if isinstance(op, (GetOp, PutOp)):
        return tuple(op.namespace)
    if isinstance(op, SearchOp):
        return tuple(op.namespace_prefix)
    if isinstance(op, ListNamespacesOp):
        prefix = _pattern(op, "prefix") or ()
        return prefix[: prefix.index(_WILDCARD)] if _WILDCARD in prefix else prefix
    raise _unknown(op)


def _user(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(f"owner= gave {found!r}, no user id")
    return whose(found).user_id


def operation_of(op: object, vectors: Vectors) -> Operation:
    """Return what the diary is to do.

    Raises:
        ValueError: it is no operation of LangGraph's, or a filter can't be used.
    """
    if isinstance(op, GetOp):
        return GetNote(op.namespace, op.key, op.refresh_ttl)
    if isinstance(op, PutOp):
        return _put_of(op, vectors)
    if isinstance(op, SearchOp):
        return _listing_of(op, vectors)
    if isinstance(op, ListNamespacesOp):
        return _namespaces_of(op)
    raise _unknown(op)


def result_of(op: Op, found: Any) -> Result:
    """Return what LangGraph expects of an operation."""
    if isinstance(op, GetOp):
        return None if found is None else _item(found)
    if isinstance(op, SearchOp):
        return [_search_item(scored.note, scored.score) for scored in found]
    return found if isinstance(op, ListNamespacesOp) else None


# ---------------------------------------------------------------- operations


def _put_of(op: PutOp, vectors: Vectors) -> PutNote | DeleteNote:
    if op.value is None:
        return DeleteNote(op.namespace, op.key, forever=True)
    ttl = None if op.ttl is None else timedelta(minutes=op.ttl)
    return PutNote(op.namespace, op.key, dict(op.value), ttl=ttl, vectors=vectors.stored(op))


def _listing_of(op: SearchOp, vectors: Vectors) -> ListNotes:
    for field in op.filter or ():
        if any(quote in field for quote in _QUOTES):
            raise ValueError(
                f"Invalid filter key {field!r}: a name with a quotation mark, which stores over "
                "SQL refuse, is refused here, too"
            )
    index, vector = vectors.asked(op.query) if op.query else (None, None)
    return ListNotes(
        op.namespace_prefix,
        op.filter,
        query=None if vector else op.query or None,
        vector=vector,
        index=index,
        limit=op.limit,
        offset=op.offset,
        refresh=op.refresh_ttl,
        order="newest",
        rest=True,
    )


def _namespaces_of(op: ListNamespacesOp) -> ListNamespaces:
    prefix, suffix = _pattern(op, "prefix"), _pattern(op, "suffix")
    is_possible = prefix is not None and suffix is not None
    return ListNamespaces(
        prefix or (),
        suffix[::-1] if suffix else (),
        op.max_depth,
        op.limit if is_possible else 0,
        op.offset,
        wildcard=_WILDCARD,
    )


def _pattern(op: ListNamespacesOp, match_type: str) -> Namespace | None:
    """Return what all conditions of a kind ask for, from their end on; None where none can hold."""
    found: list[str] = []
    for condition in op.match_conditions or ():
        if condition.match_type not in ("prefix", "suffix"):
            raise ValueError(f"Unsupported match type: {condition.match_type}")
        if condition.match_type != match_type:
            continue
        path = condition.path if match_type == "prefix" else condition.path[::-1]
        found += [_WILDCARD] * (len(path) - len(found))
        for place, label in enumerate(path):
            if found[place] not in (label, _WILDCARD) and label != _WILDCARD:
                return None
            found[place] = found[place] if label == _WILDCARD else label
    return tuple(found)


def _unknown(op: object) -> ValueError:
    return ValueError(f"Unknown operation type: {type(op).__name__}")


# ---------------------------------------------------------------- results


def _item(note: Note) -> Item:
    return Item(
        value=_value(note),
        key=note.key,
        namespace=note.namespace,
        created_at=note.created_at,
        updated_at=note.updated_at,
    )


def _search_item(note: Note, score: float | None) -> SearchItem:
    return SearchItem(
        note.namespace, note.key, _value(note), note.created_at, note.updated_at, score
    )


def _value(note: Note) -> dict[str, Any]:
    """Return a note's value; one that is no mapping was put by others, and stands in one."""
    value = note.value
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"value": value}
