"""What a hand edit left on a page that diarist can't use, with the line to mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from diarist.pages.conversations import TABLE
from diarist.pages.items import texts
from diarist.pages.migrate import META

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from diarist.models import Table
    from diarist.pages.blocks import Path
    from diarist.pages.toml import Document

Fault = tuple["int | None", str]

_ITEM = {
    "text": (str,),
    "contexts": (tuple,),
    "_count": (int,),
    "_sources": (tuple,),
}
_SESSION = {"summary": (str,), "keywords": (tuple,), "_turns": (int,)}
_NAMES = {str: "a text in quotes", tuple: "a list", int: "a whole number"}


def check_preferences(document: Document, categories: Collection[str]) -> Iterator[Fault]:
    """Yield line and reason of everything the page holds that the table can't use."""
    for category, table in document.tree.items():
        if category == META:
            continue
        line = _first_line(document, category)
        if not isinstance(table, Mapping):
            yield line, f"{category} is a value; an item is a table, [category.id]"
            continue
        if category not in categories:
            yield line, f"the table has no category {category!r}; it is kept, and not used"
            continue
        for id, item in cast("Table", table).items():
            yield from _placed(document, (category, id), item, _ITEM, needed="text")


def check_conversations(document: Document) -> Iterator[Fault]:
    """Yield line and reason of everything the page holds that is no conversation."""
    for key, table in document.tree.items():
        if key == META:
            continue
        if key != TABLE or not isinstance(table, Mapping):
            yield _first_line(document, key), f"{key} is not part of this page; it is kept"
            continue
        for id, session in cast("Table", table).items():
            yield from _placed(document, (TABLE, id), session, _SESSION, needed=None)


def _placed(
    document: Document,
    path: Path,
    table: Any,
    types: Mapping[str, tuple[type, ...]],
    *,
    needed: str | None,
) -> Iterator[Fault]:
    """Yield what is wrong with a table; to find its line takes long, and most have no fault."""
    for reason in _reasons(".".join(path), table, types, needed=needed):
        yield document.line_of(path), reason


def _reasons(
    name: str, table: Any, types: Mapping[str, tuple[type, ...]], *, needed: str | None
) -> Iterator[str]:
    if not isinstance(table, Mapping):
        yield f"{name} is a value, where a table is expected: [{name}]"
        return
    values = cast("Table", table)
    if needed is not None and needed not in values:
        yield f"{name} has no {needed}"
    for key, expected in types.items():
        value = values.get(key)
        if key in values and not isinstance(value, expected):
            yield f"{name}.{key} must be {_NAMES[expected[0]]}"
        elif expected == (tuple,) and key in values and texts(value) != value:
            yield f"{name}.{key} must be a list of texts in quotes"


def _first_line(document: Document, key: str) -> int | None:
    line = 1
    for block in document.blocks:
        if not block.path and (offset := block.line_of_root_key(key)) is not None:
            return line + offset
        if block.path[:1] == (key,):
            return line + block.text.count("\n", 0, block.head)
        line += block.text.count("\n")
    return None
