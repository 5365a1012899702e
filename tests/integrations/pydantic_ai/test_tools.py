"""A model reads and writes a diary through Pydantic AI's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic_ai import Agent

import diarist
from diarist import BackendError, Diary, UnsupportedError, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend
from integrations.failing import diary_without_records, failing_diary
from integrations.pydantic_ai.scripted import Deps, Script, calls
from pydantic_ai_diarist import diary_tools

if TYPE_CHECKING:
    from integrations.places import Place


def test_a_model_is_told_what_each_tool_and_argument_is_for():
    diary = Diary(MemoryBackend())
    known = {tool.name: tool for tool in diarist.diary_tools(diary, "ana")}
    tools = {tool.name: tool for tool in diary_tools(diary, "ana")}
    assert tools.keys() == known.keys()
    for name, tool in known.items():
        told = tools[name].tool_def
        assert told.description == tool.description
        assert told.parameters_json_schema == tool.parameters


def test_an_agent_uses_them(place: Place):
    script = Script(
        calls("upsert_preference", category="likes", text="love tea"),
        calls("upsert_preference", category="no"),
        "Done.",
    )
    agent = Agent(script.model, tools=diary_tools(place, "ana"))
    parts = [part for message in agent.run_sync("Go.").all_messages() for part in message.parts]
    answers = [str(part.content) for part in parts if part.part_kind == "tool-return"]
    assert answers[0].startswith("Added likes/tea")
    assert answers[1].startswith("Error: ")
    assert "love tea" in Diary(place).sync.preferences("ana")


def test_whose_diary_it_is_is_found_in_each_run(place: Place):
    agent = Agent(
        Script(calls("upsert_preference", category="likes", text="love tea"), "Done.").model,
        tools=diary_tools(place),
        deps_type=Deps,
    )
    agent.run_sync("Go.", deps=Deps(user_id="ana"))
    agent = Agent(
        Script(calls("upsert_preference", category="likes", text="love tea")).model,
        tools=diary_tools(place, on_error="warn"),
        deps_type=Deps,
    )
    with pytest.raises(UserNotBoundError):
        agent.run_sync("Go.", deps=Deps())
    assert Diary(place).sync.list_users() == ["ana"]


def test_the_bound_session_is_the_conversation_that_goes_on(place: Place):
    diary = Diary(place)
    diary.sync.update_memory("ana", "s1", "I love tea.", "Noted.")
    script = Script(calls("conversation_summary"), "Done.")
    with bind_user("ana", "s1"):
        result = Agent(script.model, tools=diary_tools(diary)).run_sync("Go.")
    assert "this conversation" in str(result.all_messages()[2].parts[0])


def test_tools_are_chosen_and_named():
    tools = diary_tools(None, "ana", prefix="my_", include=["upsert_preference"])
    assert [tool.name for tool in tools] == ["my_upsert_preference"]
    with pytest.raises(ValueError, match="no tool is called fly"):
        diary_tools(None, "ana", exclude=["fly"])
    with pytest.raises(UnsupportedError, match="records="):
        diary_tools(diary_without_records(), "ana", include=["put_note"])


def test_what_no_model_can_put_right_is_raised_or_told(caplog: pytest.LogCaptureFixture):
    diary, records = failing_diary()
    records.is_failing = True
    line = calls("search_memory", query="tea")
    with pytest.raises(BackendError, match="the disk failed"):
        Agent(Script(line).model, tools=diary_tools(diary, "ana")).run_sync("Go.")
    agent = Agent(Script(line, "Fine.").model, tools=diary_tools(diary, "ana", on_error="warn"))
    assert agent.run_sync("Go.").output == "Fine."
    assert "a tool can't use the diary: BackendError: the disk failed" in caplog.text
