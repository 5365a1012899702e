"""What a preference table holds, for people, editors and programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from diarist.errors import SchemaError
from diarist.schema import (
    categories,
    get_conversations_schema,
    get_preferences_schema,
    show_conversations_schema,
    show_preferences_schema,
)
from diarist.tables import DefaultPreferences, PreferenceItem


class Mood(PreferenceItem):
    """An item with a field of its own."""

    level: int = Field(default=0, description="From 0 to 9")


class Travel(BaseModel):
    """What a travel agent remembers.

    seats  : window or aisle,
             by the length of the flight
    moods  : how the user feels: about flying

    Not a category : this line is prose.
    """

    seats: dict[str, PreferenceItem] = {}
    moods: dict[str, Mood] = {}
    meals: dict[str, PreferenceItem] = Field(default={}, description="what to order")
    other: dict[str, PreferenceItem] = {}


def test_meanings_come_from_the_docstring_then_the_field() -> None:
    assert categories(Travel) == {
        "seats": "window or aisle, by the length of the flight",
        "moods": "how the user feels: about flying",
        "meals": "what to order",
        "other": "",
    }


def test_types_are_named_as_they_are_written() -> None:
    schema = get_preferences_schema(Travel)

    assert schema["category_types"]["moods"] == "dict[str, Mood]"
    assert schema["categories"] == ["seats", "moods", "meals", "other"]
    assert schema["descriptions"]["meals"] == "what to order"


def resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return root["$defs"][reference.removeprefix("#/$defs/")] if reference else schema


def test_the_json_schema_describes_the_page_itself() -> None:
    root = json.loads(show_preferences_schema(Travel, "json"))

    assert list(root["properties"]) == ["_meta", "seats", "moods", "meals", "other"]
    item = resolve(root["properties"]["moods"]["additionalProperties"], root)
    assert {"text", "contexts", "_count", "_sources", "_was", "level"} <= set(item["properties"])
    assert item["required"] == ["text"]
    talks = json.loads(show_conversations_schema("json"))
    session = talks["properties"]["conversations"]["additionalProperties"]
    assert {"_turns", "summary", "keywords"} <= set(session["properties"])
    assert talks == get_conversations_schema()["json_schema"]


@pytest.mark.parametrize("table", [DefaultPreferences, Travel])
def test_every_format_names_every_category(table: type[BaseModel]) -> None:
    for format in ("pretty", "json", "python"):
        shown = show_preferences_schema(table, format)
        assert all(
            name in shown and meaning in shown for name, meaning in categories(table).items()
        )


def test_the_python_format_is_the_table_again() -> None:
    source = show_preferences_schema(Travel, "python")
    names: dict[str, Any] = {"BaseModel": BaseModel, "PreferenceItem": PreferenceItem, "Mood": Mood}
    exec(compile(source, "shown", "exec", dont_inherit=True), names)

    assert categories(names["Travel"]) == categories(Travel)
    compile(show_conversations_schema("python"), "shown", "exec")


def test_pretty_shows_the_item_too() -> None:
    assert "text: str" in show_preferences_schema(DefaultPreferences)
    assert "level: int" in show_preferences_schema(Travel)
    assert "_turns: int" in show_conversations_schema()


class ListTable(BaseModel):
    likes: list[PreferenceItem] = []


class TextTable(BaseModel):
    likes: dict[str, str] = {}


class NumberTable(BaseModel):
    likes: dict[int, PreferenceItem] = {}


class EmptyTable(BaseModel):
    pass


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (ListTable, "ListTable.likes"),
        (TextTable, "TextTable.likes"),
        (NumberTable, "NumberTable.likes"),
        (EmptyTable, "EmptyTable"),
        (dict, "dict"),
        ("Travel", "Travel"),
    ],
)
def test_what_is_no_preference_table_is_named(table: Any, named: str) -> None:
    with pytest.raises(SchemaError, match=named):
        categories(table)


def test_an_unknown_format_is_refused() -> None:
    unknown: Any = "xml"
    with pytest.raises(ValueError, match="xml"):
        show_preferences_schema(Travel, unknown)
    with pytest.raises(ValueError, match="xml"):
        show_conversations_schema(unknown)
