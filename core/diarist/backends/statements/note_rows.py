"""Rows of the table of notes, and the namespaces in them.

A namespace is held as text in which every element is followed by a separator, so that a prefix of
the tuple is a prefix of the text, and nothing else is.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.statements.connection import End
from diarist.backends.statements.schema import loaded, moment
from diarist.records import EMPTY, Note

if TYPE_CHECKING:
    from diarist.records import Namespace

_INDEXES = "(SELECT json_group_array(DISTINCT name) FROM vectors WHERE note = notes.key)"
COLUMNS = (
    f"key, namespace, name, value, metadata, created, updated, ttl, expires, deleted, {_INDEXES}"
)
BELOW = "namespace >= :low AND namespace < :high"
"""Which notes are below a namespace, given its `bounds`."""
HERE = "deleted IS NULL AND (expires IS NULL OR expires > :now)"
_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_REMEMBERED = 1024
_SURROGATES, _PAST_SURROGATES = 0xD800, 0xE000


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


def bounds(prefix: Namespace, *, below: bool = True) -> dict[str, object]:
    """Return the first text below a namespace, and what comes after the last.

    With `below` false that is its own text and the next one there can be.
    """
    low = encoded(prefix)
    return {"low": low, "high": after(low) if below else low + "\0"}


def after(prefix: str) -> str | End:
    r"""Return what comes after all texts that begin with `prefix`.

    >>> after("ab"), after("a\U0010ffff"), after("")
    ('ac', 'b', b'')
    """
    start = prefix.rstrip(chr(sys.maxunicode))
    if not start:
        return End()
    following = ord(start[-1]) + 1
    return start[:-1] + chr(_PAST_SURROGATES if following == _SURROGATES else following)


def note_of(row: tuple[Any, ...]) -> Note:
    """Return the note that a row is."""
    _, namespace, name, value, metadata, created, updated, ttl, expires, deleted, indexes = row
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
        () if indexes == "[]" else tuple(loaded(indexes)),
    )


def texts_in_field(value: Any) -> list[str]:
    """Return the text that a field is, or those in its list or under its keys.

    >>> texts_in_field(["a", 1, ["b"]]), texts_in_field("c")
    (['a'], ['c'])
    """
    if isinstance(value, dict):
        value = list(cast("dict[str, Any]", value).values())
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [each for each in several if isinstance(each, str)]
