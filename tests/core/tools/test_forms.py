"""What a framework reads: names, schemas, signatures."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from core.tools.desk import NAMES, make
from diarist import Diary, SyncDiary, Tool, diary_tools

if TYPE_CHECKING:
    from pathlib import Path


def test_the_tools_are_these_and_some_write(tools: list[Tool]):
    assert [tool.name for tool in tools] == NAMES
    assert [tool.name for tool in tools if tool.writes] == [
        "upsert_preference",
        "forget_preference",
        "append_to_notebook",
        "replace_in_notebook",
        "put_note",
        "delete_note",
    ]


def test_tools_that_say_they_only_read_write_nothing(tmp_path: Path):
    required = {"search_memory": {"query": "x"}, "get_note": {"key": "x"}}
    for tool in diary_tools(Diary(tmp_path / "memories"), "ana"):
        if not tool.writes:
            tool.call(**required.get(tool.name, {}))
    assert SyncDiary(tmp_path / "memories").list_users() == []


def test_tools_are_taken_and_left_out_by_name(tmp_path: Path):
    def names(**settings: Any) -> list[str]:
        return [tool.name for tool in diary_tools(make(tmp_path), "ana", **settings)]

    assert names(include=["get_note", "list_categories"]) == ["list_categories", "get_note"]
    assert names(include=["get_note"], prefix="diary_") == ["diary_get_note"]
    assert names(include="get_note") == ["get_note"]
    assert names(include=[]) == []
    assert "get_note" not in names(exclude=["get_note"])
    for settings in ({"include": ["get_nose"]}, {"exclude": ["get_nose"]}):
        with pytest.raises(ValueError, match="no tool is called get_nose; there are list_cat"):
            names(**settings)


def test_every_schema_describes_every_argument(tools: list[Tool]):
    kinds = {"string", "integer", "array"}
    for tool in tools:
        schema = tool.parameters
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        signature = inspect.signature(tool.function)
        assert list(schema["properties"]) == list(signature.parameters)
        required = [p.name for p in signature.parameters.values() if p.default is p.empty]
        assert schema.get("required", []) == required
        for name, described in schema["properties"].items():
            assert len(described["description"]) > 10, (tool.name, name)
            assert described["description"].endswith(".")
            forms = described.get("anyOf", [described])
            assert {form["type"] for form in forms} <= kinds | {"null"}
            assert ("default" in described) == (name not in required)
        assert not schema["properties"].keys() & {"user_id", "diary", "agent_name", "self"}
    likes = next(tool for tool in tools if tool.name == "upsert_preference")
    assert "likes, dislikes" in likes.parameters["properties"]["category"]["description"]


def test_a_schema_is_the_readers_own(tools: list[Tool]):
    tools[1].parameters["properties"].clear()
    assert tools[1].parameters["properties"]


def test_functions_can_be_read_by_any_framework(tmp_path: Path):
    for tool in diary_tools(make(tmp_path), "ana", prefix="memory_"):
        assert inspect.iscoroutinefunction(tool.function)
        assert not inspect.iscoroutinefunction(tool.call)
        assert tool.name.startswith("memory_")
        for function in (tool.function, tool.call):
            assert function.__name__ == tool.name
            assert function.__doc__ is not None
            assert function.__doc__.startswith(tool.description)
            assert "{" not in function.__doc__
            signature = inspect.signature(function)
            assert get_type_hints(function) == {
                **{p.name: p.annotation for p in signature.parameters.values()},
                "return": str,
            }
            for name in signature.parameters:
                assert f"    {name}: " in function.__doc__


def test_functions_take_their_arguments_by_place_too(tools: list[Tool]):
    by_name = {tool.name: tool for tool in tools}
    assert asyncio.run(by_name["put_note"].function("k", "text", "a/b")) == "Stored note k in a/b."
    assert by_name["get_note"].call("k", namespace="a/b").endswith('"text"')


def test_importing_the_tools_loads_no_pydantic():
    code = "import sys; from diarist import Tool, diary_tools; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "diarist.tools.making" in done.stdout.split()
    assert not {"pydantic", "sqlite3", "asyncio", "tomlkit"} & set(done.stdout.split())
