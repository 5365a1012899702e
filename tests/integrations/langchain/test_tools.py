"""The tools are LangChain's own kind, for whoever the run belongs to, and tell what happened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.utils.function_calling import convert_to_openai_tool

import diarist
from diarist import BackendError, Diary, UnsupportedError, UserNotBoundError, bind_user
from integrations.failing import diary_without_records, failing_diary
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import diary_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.tools import BaseTool

    from integrations.places import Place


def by_name(*args: Any, **kwargs: Any) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in diary_tools(*args, **kwargs)}


def call(tool: BaseTool, **arguments: Any) -> str:
    return tool.invoke(arguments)


def acall(tool: BaseTool, **arguments: Any) -> str:
    return asyncio.run(tool.ainvoke(arguments))


BOTH = pytest.mark.parametrize("ask", [call, acall])


@BOTH
def test_a_memory_is_kept_found_changed_and_deleted(ask: Callable[..., str], place: Place):
    tools = by_name(place, "ana")
    manage, search = tools["manage_memory"], tools["search_memory"]
    created = ask(manage, content="Ana's sister is called Rita.")
    id = created.removeprefix("Created memory ").rstrip(".")
    found = ask(search, query="sister")
    assert found.startswith("1. ")
    assert "Ana's sister is called Rita." in found
    assert f"note {id} in memories" in found
    updated = ask(manage, action="update", id=id, content="Ana's sister is called Rosa.")
    assert updated == f'Updated memory {id} (was "Ana\'s sister is called Rita.").'
    assert "Rosa" in ask(search, query="sister")
    assert "Rita" not in ask(search, query="sister")
    assert ask(manage, action="delete", id=id) == f"Deleted memory {id}."
    assert ask(search, query="sister") == "Nothing was found."


@BOTH
def test_what_was_not_done_is_not_claimed(ask: Callable[..., str], place: Place):
    diary = Diary(place)
    manage = by_name(diary, "ana")["manage_memory"]
    id = ask(manage, content="likes tea").split()[-1].rstrip(".")
    assert ask(manage, content="likes tea") == f"Known already as memory {id}; nothing was created."
    for action in ("update", "delete"):
        answer = ask(manage, action=action, id="no-such", content="x")
        assert answer.startswith('Error: there is no memory "no-such"; nothing was ')
    assert ask(manage, action="create", id=id, content="x").startswith("Error: a new memory is")
    assert ask(manage, action="update", content="x").startswith("Error: to update a memory, name")
    assert ask(manage, action="delete").startswith("Error: to delete a memory, name its id")
    assert ask(manage, action="update", id=id).startswith("Error: to update a memory, say")
    assert ask(manage).startswith("Error: to create a memory, say its content")
    assert [note.value for note in diary.sync.notes.list("ana")] == [{"content": "likes tea"}]


def test_a_memory_that_was_changed_does_not_stand_for_what_it_said_before(place: Place):
    diary = Diary(place)
    manage = by_name(diary, "ana")["manage_memory"]
    id = call(manage, content="likes tea").split()[-1].rstrip(".")
    call(manage, action="update", id=id, content="likes coffee")
    assert call(manage, content="likes coffee").startswith(f"Known already as memory {id}")
    assert call(manage, content="likes tea").startswith("Created memory ")
    values = [note.value["content"] for note in diary.sync.notes.list("ana")]
    assert sorted(values) == ["likes coffee", "likes tea"]


def test_a_search_goes_on_page_by_page_and_looks_everywhere(place: Place):
    diary = Diary(place)
    diary.sync.upsert_preference("ana", "likes", "love tea")
    diary.sync.messages.append("ana", "chat", [diarist.Message("user", "The tea was cold.")])
    for number in range(30):
        diary.sync.notes.put("ana", "teas", f"tea{number}", f"a tea of kind {number}")
    search = by_name(diary, "ana")["search_memory"]
    pages = [call(search, query="tea", limit=10, offset=offset) for offset in (0, 10, 20, 30)]
    rows = [row for page in pages for row in page.splitlines()]
    assert [int(row.partition(".")[0]) for row in rows] == list(range(1, 33))
    assert len({row.partition(". ")[2] for row in rows}) == 32
    assert any("preference likes/tea" in row for row in rows)
    assert any("message chat#1" in row for row in rows)
    assert call(search, query="tea", offset=99) == "Nothing more was found."


def test_a_filter_takes_only_notes_with_these_values(place: Place):
    diary = Diary(place)
    for minutes in (10, 40):
        diary.sync.notes.put("ana", "recipes", f"soup{minutes}", {"minutes": minutes})
    search = by_name(diary, "ana")["search_memory"]
    assert "soup10" in call(search, filter={"minutes": {"$lt": 30}})
    assert "soup40" not in call(search, filter={"minutes": {"$lt": 30}})
    assert call(search, filter={"minutes": {"$near": 30}}).startswith("Error: ")


def test_all_tools_of_a_diary_are_there_with_their_schemas(place: Place):
    tools, own = by_name(place, "ana"), diarist.diary_tools(Diary(place), "ana")
    assert set(tools) == {tool.name for tool in own} | {"manage_memory"}
    for tool in own:
        shown = convert_to_openai_tool(tools[tool.name])["function"]
        if tool.name != "search_memory":
            assert shown["parameters"]["properties"] == tool.parameters["properties"]
            assert shown["description"] == tool.description
    for tool in tools.values():
        shown = str(convert_to_openai_tool(tool))
        assert "user_id" not in shown
        assert "runtime" not in shown
    said = {"category": "likes", "text": "love tea"}
    assert call(tools["upsert_preference"], **said) == 'Added likes/tea: "love tea".'
    assert acall(tools["upsert_preference"], **said, id="tea").startswith("Confirmed likes/tea")


def test_some_of_them_can_be_chosen(place: Place):
    assert list(by_name(place, include=["search_memory", "get_note"], prefix="my_")) == [
        "my_search_memory", "my_get_note",
    ]  # fmt: skip
    assert "manage_memory" not in by_name(place, exclude=["manage_memory"])
    with pytest.raises(ValueError, match="no tool is called fly"):
        diary_tools(place, include=["fly"])


def test_without_records_there_are_none_for_memories():
    pages = diary_without_records()
    tools = by_name(pages, "ana")
    assert "search_memory" in tools
    assert not {"manage_memory", "put_note"} & set(tools)
    with pytest.raises(UnsupportedError, match="records="):
        diary_tools(pages, include=["manage_memory"])


def test_an_agents_run_says_whose_they_are_and_a_model_can_not(place: Place):
    diary = Diary(place)
    forged = calling("put_note", key="k", text="v", runtime={"context": {"user_id": "boss"}})
    for context, config in (
        ({"user_id": "ana"}, None),
        (None, {"configurable": {"user_id": "ana"}}),
    ):
        model = ScriptedChatModel(lines=[forged, "Done."])
        agent: Any = create_agent(model, diary_tools(diary))
        answer = agent.invoke(asking("Hi!"), config, context=context)
        assert answer["messages"][2].text.startswith(("Stored note", "Replaced note"))
    assert diary.sync.list_users() == ["ana"]
    with pytest.raises(UserNotBoundError):
        create_agent(ScriptedChatModel(lines=[forged, "Done."]), diary_tools(diary)).invoke(
            asking("Hi!")
        )


def test_the_thread_is_the_conversation_that_goes_on(place: Place):
    diary = Diary(place)
    diary.sync.update_memory("ana", "chat", "I love tea.", "Noted.")
    model = ScriptedChatModel(lines=[calling("conversation_summary"), "Done."])
    agent: Any = create_agent(model, diary_tools(diary, lambda runtime: "ana"))
    answer = agent.invoke(asking("Hi!"), {"configurable": {"thread_id": "chat"}})
    assert "this conversation" in answer["messages"][2].text


@BOTH
def test_outside_of_an_agent_it_is_who_is_bound(ask: Callable[..., str], place: Place):
    tools = by_name(place)
    with bind_user("ana"):
        ask(tools["put_note"], key="k", text="v")
        assert "v" in ask(tools["get_note"], key="k")
    with bind_user("ben"):
        assert ask(tools["get_note"], key="k").startswith("Error: there is no note")
    with pytest.raises(UserNotBoundError):
        ask(tools["get_note"], key="k")


@BOTH
def test_a_runtime_that_a_model_makes_up_says_nothing(ask: Callable[..., str], place: Place):
    made_up = {"context": {"user_id": "ben"}, "config": {"configurable": {"user_id": "ben"}}}
    bound = by_name(place)["manage_memory"]
    with bind_user("ana"):
        assert "Created" in ask(bound, content="Ana is a diver.", runtime=made_up)
    seen: list[object] = []

    def owner(runtime: object) -> str:
        seen.append(runtime)
        return "cleo"

    ask(by_name(place, owner)["manage_memory"], content="Cleo sails.", runtime=made_up)
    assert (seen, Diary(place).sync.list_users()) == ([None], ["ana", "cleo"])


@BOTH
def test_a_failing_store_is_raised_or_told(
    ask: Callable[..., str], caplog: pytest.LogCaptureFixture
):
    diary, records = failing_diary()
    records.is_failing = True
    for name, arguments in (
        ("manage_memory", {"content": "x"}),
        ("get_note", {"key": "x"}),
    ):
        with pytest.raises(BackendError):
            ask(by_name(diary, "ana")[name], **arguments)
        told = ask(by_name(diary, "ana", on_error="warn")[name], **arguments)
        assert told.startswith("Error: the memory can't be used")
    assert caplog.text.count("the disk failed") == 2
