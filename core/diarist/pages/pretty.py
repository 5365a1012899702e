"""Pages as plain text for a person or a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Collection

    from diarist.models import Table
    from diarist.pages.toml import Document


def pretty_preferences(
    document: Document,
    *,
    skip_metadata: bool,
    fields: Collection[str] | None,
    show_count: bool,
    show_timestamps: bool,
) -> str:
    """Return the items by category, one a line; `fields` names the keys to show, None all."""
    parts: list[str] = []
    for category, table in document.tree.items():
        if not isinstance(table, Mapping) or (category == "_meta" and skip_metadata):
            continue
        items = cast("Table", table)
        if category == "_meta":
            rows = [f"  {key}: {_value(value)}" for key, value in items.items()]
        else:
            rows = [
                _preference(id, cast("Table", item), fields, show_count, show_timestamps)
                for id, item in items.items()
                if isinstance(item, Mapping)
            ]
        if rows:
            parts.append("\n".join([f"{category}:", *rows]))
    return "\n\n".join(parts)


def pretty_conversations(
    sessions: Mapping[str, Table], *, fields: Collection[str] | None, show_turns: bool
) -> str:
    """Return the sessions in the order given; `fields` names the keys to show, None all."""
    parts: list[str] = []
    for id, session in sessions.items():
        rows = [
            f"  {key.lstrip('_')}: {_value(value)}"
            for key, value in session.items()
            if _is_wanted(key, fields) and (show_turns or key != "_turns") and value not in ("", ())
        ]
        parts.append("\n".join([f"{id}:", *rows]))
    return "\n\n".join(parts)


def _preference(
    id: str, item: Table, fields: Collection[str] | None, show_count: bool, show_timestamps: bool
) -> str:
    notes: list[str] = []
    if item.get("contexts") and _is_wanted("contexts", fields):
        notes.append(f"contexts: {_value(item['contexts'])}")
    if show_count and "_count" in item and _is_wanted("_count", fields):
        notes.append(f"said {item['_count']}×")
    if show_timestamps and "_updated" in item and _is_wanted("_updated", fields):
        notes.append(f"updated {item['_updated']}")
    line = f"  {id}: {item.get('text', '(no text)')}"
    return f"{line} ({'; '.join(notes)})" if notes else line


def _is_wanted(key: str, fields: Collection[str] | None) -> bool:
    return fields is None or key in fields or key.lstrip("_") in fields


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[Any, ...]", value)))
    return str(value)
