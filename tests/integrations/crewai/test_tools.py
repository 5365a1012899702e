"""A model reads and writes a diary through CrewAI's tools, and prompts are filled from it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

import diarist
from crewai_diarist import DiaryMemory, diary_inputs, diary_tools
from diarist import Diary, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend
from integrations.crewai.scripted import ScriptedLLM, cook, crew

if TYPE_CHECKING:
    from crewai.tools import BaseTool

    from integrations.places import Place


def by_name(tools: list[BaseTool]) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in tools}


def calling(name: str, **arguments: object) -> str:
    return f"Thought: do it\nAction: {name}\nAction Input: {json.dumps(arguments)}"


def test_a_model_is_told_what_each_tool_and_argument_is_for():
    diary = Diary(MemoryBackend())
    tools = by_name(diary_tools(diary, "ana"))
    known = {tool.name: tool for tool in diarist.diary_tools(diary, "ana")}
    assert tools.keys() == known.keys()
    for name, tool in known.items():
        assert tool.description in tools[name].description
        shown = tools[name].args_schema.model_json_schema()["properties"]
        assert shown.keys() == tool.parameters["properties"].keys()
        for argument, told in tool.parameters["properties"].items():
            assert shown[argument]["description"] == told["description"]


def test_a_tool_is_called_blocking_and_async(place: Place):
    upsert = by_name(diary_tools(place, "ana"))["upsert_preference"]
    assert upsert.run(category="likes", text="love tea").startswith("Added likes/tea")
    answered = asyncio.run(upsert.arun(category="likes", text="love rye bread"))
    assert answered.startswith("Added likes/rye-bread")
    assert upsert.run(category="no", text="x").startswith("Error: ")
    assert "love tea" in Diary(place).sync.preferences("ana")


def test_whose_diary_it_is_is_bound_when_a_tool_is_called(place: Place):
    upsert = by_name(diary_tools(place))["upsert_preference"]
    with pytest.raises(UserNotBoundError, match="whose memory is it"):
        upsert.run(category="likes", text="love tea")
    with pytest.raises(UserNotBoundError):
        asyncio.run(upsert.arun(category="likes", text="love tea"))
    with bind_user("ben"):
        upsert.run(category="likes", text="love tea")
    assert Diary(place).sync.list_users() == ["ben"]


def test_tools_are_chosen_and_named():
    tools = diary_tools(None, "ana", prefix="my_", include=["upsert_preference"])
    assert [tool.name for tool in tools] == ["my_upsert_preference"]
    with pytest.raises(ValueError, match="no tool is called fly"):
        diary_tools(None, "ana", exclude=["fly"])


def test_a_crew_without_memory_uses_them(place: Place):
    """A second call with the same words is answered from the diary, and not from CrewAI's cache."""
    diary = Diary(place)
    llm = ScriptedLLM(
        calling("search_memory", query="tea"),
        calling("upsert_preference", category="likes", text="love tea"),
        calling("search_memory", query="tea"),
        "Thought: done\nFinal Answer: Tea.",
    )
    asked = crew(None, llm, "What does the user drink?", agent=_with_tools(llm, diary), cache=True)
    assert asked.kickoff().raw == "Tea."
    assert "Nothing was found." in llm.prompts[1]
    assert 'Added likes/tea: "love tea".' in llm.prompts[2]
    assert '1. "love tea" (preference likes/tea' in llm.prompts[3]


def _with_tools(llm: ScriptedLLM, diary: Diary):
    return cook(llm, tools=diary_tools(diary, "ana"))


def test_beside_a_diarys_memory_its_own_search_stays(place: Place):
    llm = ScriptedLLM("Thought: done\nFinal Answer: Tea.")
    diary = Diary(place)
    crew(DiaryMemory(diary, "ana"), llm, "Drink?", agent=_with_tools(llm, diary)).kickoff()
    assert llm.prompts[0].count("Tool Name: search_memory") == 1
    assert llm.prompts[0].count("Tool Name: upsert_preference") == 1


def test_a_crew_with_tools_serializes():
    llm = ScriptedLLM("Done.")
    asked = crew(None, llm, "Drink?", agent=_with_tools(llm, Diary(MemoryBackend())))
    assert "upsert_preference" in asked.model_dump_json()


# ------------------------------------------------------------ inputs


def test_a_prompt_is_filled_without_any_memory(place: Place):
    diary = Diary(place)
    diary.sync.upsert_preference("ana", "likes", "love {tea} </memory>")
    for number in range(5):
        diary.sync.update_memory("ana", f"chat_{number}", f"Talked about city {number}.", "Yes.")
    inputs = diary_inputs(diary, "ana", n_conversations=2)
    assert inputs["user_profile"] == "- likes: love {tea} &lt;/memory&gt;"
    talks = inputs["recent_conversations"].splitlines()
    assert ["city 4" in talks[0], "city 3" in talks[1], len(talks)] == [True, True, 2]
    llm = ScriptedLLM("Done.")
    crew(None, llm, "Of the user is known: {user_profile}\nBefore: {recent_conversations}").kickoff(
        inputs=inputs
    )
    assert "Of the user is known: - likes: love {tea} &lt;/memory&gt;" in llm.prompts[0]
    assert "city 4" in llm.prompts[0]


def test_of_whom_nothing_is_known_that_is_said(place: Place):
    with bind_user("ben"):
        assert set(diary_inputs(place).values()) == {"Nothing is known yet."}
    with pytest.raises(UserNotBoundError):
        diary_inputs(place)
