"""Opening a page of any age: what TOMLDiary 0.2 and 0.3 wrote is read as today's format.

Nothing is written by reading; the first change of a page writes it in today's format, with every
value, comment and unknown key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from diarist.errors import DocumentError, FormatVersionError
from diarist.pages.blocks import Block, Path
from diarist.pages.toml import Document, parse, thaw

if TYPE_CHECKING:
    from diarist.models import Table

Mover: TypeAlias = Callable[[Path], Path]

VERSION = "1.0"
META = "_meta"
_SESSION_KEYS = frozenset(["_created", "_updated", "_turns", "summary", "keywords"])


def open_preferences(text: str | None) -> Document:
    """Return the preferences page `text` (None for no page yet) in today's layout.

    Raises:
        DocumentError: it is not valid TOML 1.0.
        FormatVersionError: a newer diarist wrote it.
    """
    return _open(text, _is_nested, _item_mover)


def open_conversations(text: str | None) -> Document:
    """Return the conversations page `text` (None for no page yet) in today's layout."""
    return _open(text, _has_sessions_at_top, _session_mover)


def stamped(document: Document, schema_name: str) -> Document:
    """Return the page with today's version, and the table's name where it names none."""
    meta = document.get((META,))
    if meta is None:
        return document.set_first((META,), {"version": VERSION, "schema_name": schema_name})
    is_current = _major(meta) == VERSION.partition(".")[0]
    if is_current and "schema_name" in meta:
        return document
    version = meta.get("version", VERSION) if is_current else VERSION
    named = {**meta, "version": version, "schema_name": meta.get("schema_name", schema_name)}
    return document.set((META,), named)


def _open(
    text: str | None, is_old: Callable[[Document], bool], mover: Callable[[Document], Mover]
) -> Document:
    document = parse(text or "")
    meta = document.tree.get(META)
    if meta is not None and not isinstance(meta, Mapping):
        raise DocumentError("_meta is a value, where a table is expected", line=1)
    if _is_newer(cast("Table", meta or {})):
        found = cast("Table", meta)["version"]
        raise FormatVersionError(
            f"written in format {found}, this diarist knows {VERSION}: upgrade diarist",
            line=document.line_of((META,)),
        )
    if _major(document.get((META,)) or {}) == VERSION.partition(".")[0] or not is_old(document):
        return document
    return _moved(document, mover(document))


def _major(meta: Table) -> str:
    return str(meta.get("version", "")).partition(".")[0]


def _is_newer(meta: Table) -> bool:
    major = _major(meta)
    if major == "":
        return False
    return not major.isdecimal() or int(major) > int(VERSION.partition(".")[0])


def _is_nested(document: Document) -> bool:
    """Say whether items stand under `[preferences.CATEGORY.ID]`."""
    table = document.get(("preferences",))
    if table is None:
        return False
    categories = [cast("Table", value) for value in table.values() if isinstance(value, Mapping)]
    return len(categories) == len(table) and all("text" not in category for category in categories)


def _item_mover(document: Document) -> Mover:
    return lambda path: path[1:] if path[0] == "preferences" else path


def _has_sessions_at_top(document: Document) -> bool:
    return any(_is_top_session(key, value) for key, value in document.tree.items())


def _is_top_session(key: str, value: Any) -> bool:
    """Say whether a top-level table is a session; one may even be called "conversations"."""
    if key == META or not isinstance(value, Mapping):
        return False
    table = cast("Table", value)
    return any(name in table and not isinstance(table[name], Mapping) for name in _SESSION_KEYS)


def _session_mover(document: Document) -> Mover:
    tops = {key for key, value in document.tree.items() if _is_top_session(key, value)}
    return lambda path: ("conversations", *path) if path[0] in tops else path


def _moved(document: Document, move: Mover) -> Document:
    """Return the page with every header renamed by `move`; the lines below stay."""
    blocks: list[Block] = []
    for block in document.blocks:
        if block.path in ((), (META,)):
            blocks.append(block)
            continue
        path = move(block.path)
        if path:
            blocks.append(block.renamed(path))
        else:  # a bare [preferences] says nothing in today's layout
            blocks.append(Block((), block.text[: block.head]))
    try:
        moved = parse("".join(block.text for block in blocks))
        if thaw(moved.tree) == _expected(document, move):
            return moved
    except DocumentError:
        pass  # two tables would have one name: said below, in the page's own terms
    raise DocumentError(
        "this page of an older format has tables that can't be moved safely; give each item "
        "a header of its own, [category.id] or [conversations.session]"
    )


def _expected(document: Document, move: Mover) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in document.tree.items():
        if isinstance(value, Mapping):
            _merge(tree, move((key,)), cast("Table", value))
        else:
            tree[key] = thaw(value)
    return tree


def _merge(tree: dict[str, Any], path: Path, table: Table) -> None:
    for key in path:
        tree = tree.setdefault(key, {})
    for key, value in table.items():
        if isinstance(value, Mapping):
            _merge(tree, (key,), cast("Table", value))
        else:
            tree[key] = thaw(value)
