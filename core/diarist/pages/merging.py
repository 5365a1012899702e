"""Bringing what one page says to another, once: what is there already stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from diarist.pages.migrate import META
from diarist.pages.toml import is_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarist.models import Table
    from diarist.pages.blocks import Path
    from diarist.pages.toml import Document


class Merged(NamedTuple):
    """A page with what another says.

    Attributes:
        page: the page.
        new: how many entries it lacked.
        known: how many it had, as they were or as they have become since.
    """

    page: Document
    new: int
    known: int


def merged_preferences(page: Document, source: Document) -> Merged:
    r"""Return `page` with the items of `source`; an empty page becomes the source, byte for byte.

    An item is known by its place, or by its text, which may stand as `_was` where a mind changed.

    >>> from diarist.pages.toml import parse
    >>> page = parse('[dislikes.tea]\ntext = "dislikes tea"\n_was = "loves tea"\n')
    >>> source = parse('[likes.tea]\ntext = "loves tea"\n[likes.jam]\ntext = "loves jam"\n')
    >>> merged, new, known = merged_preferences(page, source)
    >>> new, known, merged.get(("likes", "jam"))["text"], merged.get(("likes", "tea"))
    (1, 1, 'loves jam', None)
    """
    said = {item.get(key) for _, item in _items(page) for key in ("text", "_was")} - {None}
    return _merged(page, source, _items(source), lambda item: item.get("text") in said)


def merged_conversations(page: Document, source: Document) -> Merged:
    """Return `page` with the sessions of `source`; an empty page becomes the source."""
    sessions = source.get(("conversations",)) or {}
    found = ((("conversations", id), table) for id, table in sessions.items() if is_table(table))
    return _merged(page, source, found, lambda _: False)


def _items(page: Document) -> Iterator[tuple[Path, Table]]:
    for category, items in page.tree.items():
        if category != META and is_table(items):
            yield from (((category, id), item) for id, item in items.items() if is_table(item))


def _merged(
    page: Document,
    source: Document,
    entries: Iterator[tuple[Path, Table]],
    is_said: Callable[[Table], bool],
) -> Merged:
    if not page.tree:
        return Merged(source, len(list(entries)), 0)
    new = known = 0
    for path, table in entries:
        if page.get(path) is not None or is_said(table):
            known += 1
        else:
            page = page.set(path, table)
            new += 1
    return Merged(page, new, known)
