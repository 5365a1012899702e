"""Rows of the table of notes, and the namespaces in them.

A namespace is held as text in which every element is followed by a separator, so that a prefix of
the tuple is a prefix of the text, and nothing else is.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from diarist.backends.statements.schema import loaded, moment
from diarist.records import EMPTY, Note

if TYPE_CHECKING:
    from diarist.records import Namespace

COLUMNS = "key, namespace, name, value, metadata, created, updated, ttl, expires, deleted"
HERE = "deleted IS NULL AND (expires IS NULL OR expires > :now)"
_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_REMEMBERED = 1024


@lru_cache(_REMEMBERED)
def encoded(namespace: Namespace) -> str:
    """Return a namespace as text.

    >>> encoded(("a", "b")).startswith(encoded(("a",)))
    True
    >>> encoded(("ab",)).startswith(encoded(("a",)))
    False
    """
    return "".join(
        part.replace(_ESCAPE, _ESCAPE + "0").replace(_SEPARATOR, _ESCAPE + "1") + _SEPARATOR
        for part in namespace
    )


@lru_cache(_REMEMBERED)
def decoded(text: str) -> Namespace:
    r"""Return the namespace that `text` is.

    >>> decoded(encoded(("a", "b\x1fc", "")))
    ('a', 'b\x1fc', '')
    """
    return tuple(
        part.replace(_ESCAPE + "1", _SEPARATOR).replace(_ESCAPE + "0", _ESCAPE)
        for part in text.split(_SEPARATOR)[:-1]
    )


def bounds(prefix: Namespace) -> dict[str, object]:
    """Return the first text below a namespace, and what comes after the last.

    Any text comes before a blob.
    """
    low = encoded(prefix)
    return {"low": low, "high": low[:-1] + chr(ord(_SEPARATOR) + 1) if prefix else b""}


def note_of(row: tuple[Any, ...]) -> Note:
    """Return the note that a row is."""
    _, namespace, name, value, metadata, created, updated, ttl, expires, deleted = row
    return Note(
        decoded(namespace),
        name,
        loaded(value),
        loaded(metadata) if metadata else EMPTY,
        moment(created),
        moment(updated),
        None if expires is None else moment(expires),
        None if ttl is None else timedelta(microseconds=ttl),
        None if deleted is None else moment(deleted),
    )
