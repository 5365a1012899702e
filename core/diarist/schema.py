"""What a preference table holds, for people, editors and programs."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args, get_origin

from pydantic import BaseModel

from diarist.errors import SchemaError
from diarist.tables import ConversationItem, PreferenceItem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "categories",
    "get_conversations_schema",
    "get_preferences_schema",
    "show_conversations_schema",
    "show_preferences_schema",
]

Format: TypeAlias = Literal["pretty", "json", "python"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MEANING = re.compile(r"(\w+)\s*:\s*(.*\S)\s*\Z")
_META = {
    "type": "object",
    "description": "Written by diarist: the format version and the name of the table",
    "properties": {"version": {"type": "string"}, "schema_name": {"type": "string"}},
}


def categories(table: type[BaseModel]) -> dict[str, str]:
    """Return the categories of a preference table and their meanings, in its order.

    A meaning is the category's `name : meaning` line in the docstring (longer ones go on, indented,
    in the next lines), else the description of its field, else "".

    Raises:
        SchemaError: `table` is not a Pydantic model of `dict[str, PreferenceItem]` fields.

    >>> class Table(BaseModel):
    ...     \"\"\"likes : What the user enjoys\"\"\"
    ...     likes: dict[str, PreferenceItem] = {}
    >>> categories(Table)
    {'likes': 'What the user enjoys'}
    """
    if not (inspect.isclass(table) and BaseModel in table.__mro__):
        raise SchemaError(f"a preference table is a subclass of pydantic.BaseModel, not {table!r}")
    if not table.model_fields:
        raise SchemaError(f"{table.__name__} has no fields; each category is one")
    for name, field in table.model_fields.items():
        _item_type(table, name)
        if field.alias is not None or field.validation_alias is not None:
            raise SchemaError(
                f"{table.__name__}.{name} has an alias; a category has one name, on the page too"
            )
    meanings = _meanings(table)
    return {
        name: meanings.get(name) or field.description or ""
        for name, field in table.model_fields.items()
    }


def get_preferences_schema(table: type[BaseModel]) -> dict[str, Any]:
    """Return what a preference table holds.

    Returns:
        `schema_name`, `categories` (names), `category_types` (name -> type as text), `descriptions`
        (name -> meaning) and `json_schema`, which validates the page itself, so that an editor can
        check and complete it.
    """
    meanings = categories(table)
    schema = table.model_json_schema(by_alias=True)
    properties = cast("dict[str, Any]", schema["properties"])
    for name, meaning in meanings.items():
        properties[name] = {**properties[name], "description": meaning}
    return {
        "schema_name": table.__name__,
        "categories": list(meanings),
        "category_types": {name: _type_name(table, name) for name in meanings},
        "descriptions": meanings,
        "json_schema": {
            "$schema": _DIALECT,
            **schema,
            "description": f"The preferences page of a diary with the table {table.__name__}",
            "properties": {"_meta": _META, **properties},
        },
    }


def get_conversations_schema() -> dict[str, Any]:
    """Return what the conversations page holds: `schema_name`, `fields` and `json_schema`."""
    item = ConversationItem.model_json_schema(by_alias=True)
    return {
        "schema_name": "Conversations",
        "fields": {name: meaning for name, _, meaning in _fields(ConversationItem)},
        "json_schema": {
            "$schema": _DIALECT,
            "title": "Conversations",
            "description": "The conversations page of a diary",
            "type": "object",
            "properties": {
                "_meta": _META,
                "conversations": {"type": "object", "additionalProperties": item},
            },
        },
    }


def show_preferences_schema(table: type[BaseModel], format: Format = "pretty") -> str:
    """Return the table for a person (`pretty`), an editor (`json`) or a program (`python`).

    Args:
        table: a Pydantic model of categories.
        format: one of these three.
    """
    schema = get_preferences_schema(table)
    if format == "json":
        return json.dumps(schema["json_schema"], indent=2, ensure_ascii=False)
    types = cast("Mapping[str, str]", schema["category_types"])
    meanings = cast("Mapping[str, str]", schema["descriptions"])
    rows = [(name, types[name], meanings[name]) for name in types]
    items = list(dict.fromkeys(_item_type(table, name) for name in types))
    if format == "pretty":
        return "\n\n".join(
            [_tree(table.__name__, rows), *(_tree(i.__name__, _fields(i)) for i in items)]
        )
    if format == "python":
        width = max(map(len, types))
        doc = [f"    {name:<{width}} : {meaning}".rstrip() for name, _, meaning in rows]
        fields = [f"    {name}: {type_} = {{}}" for name, type_, _ in rows]
        head = [f"class {table.__name__}(BaseModel):", '    """', *doc, '    """', ""]
        return "\n".join([*head, *fields])
    raise ValueError(f'format is "pretty", "json" or "python", not {format!r}')


def show_conversations_schema(format: Format = "pretty") -> str:
    """Return the conversations page for a person, an editor or a program.

    Args:
        format: "pretty", "json" or "python".
    """
    if format == "json":
        return json.dumps(get_conversations_schema()["json_schema"], indent=2)
    rows = _fields(ConversationItem)
    if format == "pretty":
        return _tree("conversations: dict[str, ConversationItem]", rows)
    if format == "python":
        fields = [f"    {name}: {type_}  # {meaning}" for name, type_, meaning in rows]
        return "\n".join(["class ConversationItem(BaseModel):", *fields])
    raise ValueError(f'format is "pretty", "json" or "python", not {format!r}')


def _meanings(table: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    current = ""
    for line in inspect.cleandoc(table.__doc__ or "").splitlines():
        match = _MEANING.match(line.strip())
        if match and match[1] in table.model_fields:
            current = match[1]
            found[current] = match[2]
        elif current and line.startswith(" ") and line.strip():
            found[current] += " " + line.strip()
        else:
            current = ""
    return found


def _item_type(table: type[BaseModel], name: str) -> type[PreferenceItem]:
    annotation = table.model_fields[name].annotation
    arguments = get_args(annotation)
    if get_origin(annotation) is dict and len(arguments) == 2 and arguments[0] is str:
        item = arguments[1]
        if inspect.isclass(item) and issubclass(item, PreferenceItem):
            return item
    raise SchemaError(
        f"{table.__name__}.{name} must be dict[str, PreferenceItem], not {annotation!r}"
    )


def _type_name(table: type[BaseModel], name: str) -> str:
    return f"dict[str, {_item_type(table, name).__name__}]"


def _fields(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    return [
        (field.alias or name, _annotation(field.annotation), field.description or "")
        for name, field in model.model_fields.items()
    ]


def _annotation(annotation: Any) -> str:
    return (
        annotation.__name__
        if inspect.isclass(annotation) and not get_args(annotation)
        else str(annotation)
    )


def _tree(title: str, rows: list[tuple[str, str, str]]) -> str:
    names = [f"{name}: {type_}" for name, type_, _ in rows]
    width = max(map(len, names))
    lines = [title]
    for number, (name, (_, _, meaning)) in enumerate(zip(names, rows, strict=True)):
        branch = "└── " if number == len(rows) - 1 else "├── "
        lines.append(f"{branch}{name:<{width}}  {meaning}".rstrip())
    return "\n".join(lines)
