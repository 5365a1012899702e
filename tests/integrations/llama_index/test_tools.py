"""A model reads and writes a diary through LlamaIndex's tools."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import diarist
from diarist import Diary, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend
from llama_index_diarist import diary_tools

if TYPE_CHECKING:
    from llama_index.core.tools import FunctionTool

    from integrations.places import Place


def by_name(tools: list[FunctionTool]) -> dict[str | None, FunctionTool]:
    return {tool.metadata.name: tool for tool in tools}


def test_a_model_is_told_what_each_tool_and_argument_is_for():
    """As the core says it; LlamaIndex alone would leave the arguments without a word."""
    diary = Diary(MemoryBackend())
    tools = by_name(diary_tools(diary, "ana"))
    known = {tool.name: tool for tool in diarist.diary_tools(diary, "ana")}
    assert tools.keys() == known.keys()
    for name, tool in known.items():
        told = tools[name].metadata
        assert told.description == tool.description
        assert "Args:" not in told.description
        shown = told.get_parameters_dict()
        for property in shown["properties"].values():
            assert property.pop("title")
            assert property["description"]
        assert shown["properties"] == tool.parameters["properties"]
        assert shown.get("required", []) == tool.parameters.get("required", [])
        assert told.to_openai_tool()["function"]["name"] == name


def test_a_tool_is_called_blocking_and_async(place: Place):
    tools = by_name(diary_tools(place, "ana"))
    upsert = tools["upsert_preference"]
    assert upsert.call(category="likes", text="love tea").content.startswith("Added likes/tea")
    answered = asyncio.run(upsert.acall(category="likes", text="love rye bread"))
    assert answered.content.startswith("Added likes/rye-bread")
    assert upsert.call(category="no").content.startswith("Error: ")
    assert "love tea" in Diary(place).sync.preferences("ana")

    async def main() -> str:
        return upsert.call(category="likes", text="collect old stamps").content

    assert asyncio.run(main()).startswith("Added")


def test_whose_diary_it_is_is_bound_when_a_tool_is_called(place: Place):
    upsert = by_name(diary_tools(place))["upsert_preference"]
    assert "user_id" not in upsert.metadata.get_parameters_dict()["properties"]
    with pytest.raises(UserNotBoundError):
        upsert.call(category="likes", text="love tea")
    with bind_user("ben"):
        upsert.call(category="likes", text="love tea")
    assert Diary(place).sync.list_users() == ["ben"]


def test_tools_are_chosen_and_named():
    tools = diary_tools(None, "ana", prefix="my_", include=["upsert_preference"])
    assert [tool.metadata.name for tool in tools] == ["my_upsert_preference"]
    with pytest.raises(ValueError, match="no tool is called fly"):
        diary_tools(None, "ana", exclude=["fly"])
