"""Runs that wait for a person, fail or are retried are recorded once and whole."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelRetryMiddleware,
)
from langchain.tools import ToolRuntime  # noqa: TC002 - LangChain looks at it
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import MessagesState, StateGraph
from langgraph.types import Command

from diarist import BackendError, Diary, DocumentError, UserNotBoundError
from integrations.failing import failing_diary
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import DiaryMiddleware

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.places import Place


CHAT: Any = {"configurable": {"thread_id": "chat"}}
WALNUTS = "I'm allergic to walnuts."


@tool
def order(cake: str) -> str:
    """Order a cake."""
    return f"{cake} ordered"


def said(diary: Diary, user_id: str = "ana", session_id: str = "chat") -> list[str]:
    return [message.text for message in diary.sync.messages.read(user_id, session_id)]


def turns(diary: Diary, user_id: str = "ana") -> int:
    return sum(session.turns for session in diary.sync.messages.sessions(user_id))


# ---------------------------------------------------------------- a person is asked


def waiting(memory: DiaryMiddleware, **kwargs: Any) -> tuple[Any, ScriptedChatModel]:
    """Return an agent that waits for a person before it orders, having been told of walnuts."""
    model = ScriptedChatModel(lines=[calling("order", cake="brownie"), "Ordered."])
    people = HumanInTheLoopMiddleware(interrupt_on={"order": True})
    agent = create_agent(model, [order], middleware=[memory, people], checkpointer=InMemorySaver())
    answer = agent.invoke(asking(f"{WALNUTS} Order a brownie."), CHAT, **kwargs)
    assert "__interrupt__" in answer
    return agent, model


APPROVE: Any = Command(resume={"decisions": [{"type": "approve"}]})


def test_a_run_that_waits_for_a_person_is_recorded_once_when_it_ends(place: Place):
    memory = DiaryMiddleware(place, "ana")
    agent, _ = waiting(memory)
    assert turns(memory.diary) == 0
    answer = agent.invoke(APPROVE, CHAT)
    assert answer["messages"][-1].text == "Ordered."
    assert set(answer) == {"messages"}
    assert said(memory.diary) == [
        m.text or '[calls order {"cake": "brownie"}]' for m in answer["messages"]
    ]
    assert turns(memory.diary) == 1
    assert "walnuts" in memory.diary.sync.preferences("ana")


def test_another_process_may_resume_it(place: Place):
    saver = InMemorySaver()
    people = HumanInTheLoopMiddleware(interrupt_on={"order": True})
    lines = [calling("order", cake="brownie")], ["Ordered."]
    answers: list[Any] = [asking(WALNUTS), APPROVE]
    for script, put_in in zip(lines, answers, strict=True):
        memory = DiaryMiddleware(place, "ana")
        agent = create_agent(
            ScriptedChatModel(lines=script),
            [order],
            middleware=[memory, people],
            checkpointer=saver,
        )
        asyncio.run(agent.ainvoke(put_in, CHAT))
    assert len(said(Diary(place))) == 4
    assert turns(Diary(place)) == 1


def test_it_stays_the_run_of_its_user_whoever_resumes_it(place: Place):
    memory = DiaryMiddleware(place)
    agent, model = waiting(memory, context={"user_id": "ana"})
    memory.diary.sync.upsert_preference("boss", "likes", "love profit")
    agent.invoke(APPROVE, CHAT, context={"user_id": "boss"})
    assert memory.diary.sync.messages.sessions("boss") == []
    assert turns(memory.diary) == 1
    assert "profit" not in model.systems[-1]


def test_tools_write_for_the_user_of_the_run_whoever_resumes_it(place: Place):
    memory = DiaryMiddleware(place, tools=True)
    model = ScriptedChatModel(lines=[calling("manage_memory", content="likes tea"), "Done."])
    people = HumanInTheLoopMiddleware(interrupt_on={"manage_memory": True})
    agent = create_agent(model, middleware=[memory, people], checkpointer=InMemorySaver())
    agent.invoke(asking("Remember this."), CHAT, context={"user_id": "ana"})
    agent.invoke(APPROVE, CHAT, context={"user_id": "boss"})
    notes = memory.diary.sync.notes
    assert [len(notes.list(user_id)) for user_id in ("ana", "boss")] == [1, 0]


def test_one_that_is_left_waiting_is_recorded_with_what_the_user_says_next(place: Place):
    memory = DiaryMiddleware(place, "ana")
    agent, _ = waiting(memory)
    agent.invoke(asking("Never mind."), CHAT)
    texts = said(memory.diary)
    assert texts[0].startswith(WALNUTS)
    assert texts[-2:] == ["Never mind.", "Ordered."]
    assert turns(memory.diary) == 1


# ---------------------------------------------------------------- a run fails


def test_a_run_that_fails_is_recorded_with_the_next_one_of_its_thread(place: Place):
    memory = DiaryMiddleware(place, "ana")
    model = ScriptedChatModel(
        lines=[calling("order", cake="brownie"), TimeoutError("no answer"), "Hello!"]
    )
    agent = create_agent(model, [order], middleware=[memory], checkpointer=InMemorySaver())
    with pytest.raises(TimeoutError):
        agent.invoke(asking(WALNUTS), CHAT)
    assert turns(memory.diary) == 0
    agent.invoke(asking("Are you there?"), CHAT)
    call = '[calls order {"cake": "brownie"}]'
    assert said(memory.diary) == [WALNUTS, call, "brownie ordered", "Are you there?", "Hello!"]
    assert turns(memory.diary) == 1
    agent.invoke(asking("Good."), CHAT)
    assert said(memory.diary)[5:] == ["Good.", "Hello!"]


def test_one_that_is_taken_up_where_it_failed_is_recorded_once(place: Place):
    memory = DiaryMiddleware(place, "ana")
    model = ScriptedChatModel(lines=[TimeoutError("no answer"), "Hello!"])
    agent = create_agent(model, middleware=[memory], checkpointer=InMemorySaver())
    with pytest.raises(TimeoutError):
        agent.invoke(asking(WALNUTS), CHAT)
    agent.invoke(None, CHAT)
    assert said(memory.diary) == [WALNUTS, "Hello!"]


def test_what_another_user_left_in_the_thread_is_theirs(place: Place):
    memory = DiaryMiddleware(place)
    model = ScriptedChatModel(lines=[TimeoutError("no answer"), "Hello!"])
    agent = create_agent(model, middleware=[memory], checkpointer=InMemorySaver())
    with pytest.raises(TimeoutError):
        agent.invoke(asking(WALNUTS), CHAT, context={"user_id": "ana"})
    asyncio.run(agent.ainvoke(asking("Hi!"), CHAT, context={"user_id": "ben"}))
    assert said(memory.diary) == [WALNUTS]
    assert said(memory.diary, "ben") == ["Hi!", "Hello!"]


def test_a_retried_call_of_the_model_is_recorded_once(place: Place):
    for order_of in (1, -1):
        memory = DiaryMiddleware(place, "ana", name=f"memory{order_of}")
        model = ScriptedChatModel(
            lines=[ConnectionError("once"), calling("order", cake="pie"), "Ordered."]
        )
        retry = ModelRetryMiddleware(initial_delay=0.0, jitter=False)
        middleware: Any = [memory, retry][::order_of]
        create_agent(model, [order], middleware=middleware).invoke(asking("A pie!"), CHAT)
    call = '[calls order {"cake": "pie"}]'
    assert said(memory.diary) == ["A pie!", call, "pie ordered", "Ordered."] * 2


# ---------------------------------------------------------------- the diary fails


@pytest.mark.parametrize("is_async", [False, True])
def test_the_answer_comes_although_the_diary_fails_and_is_recorded_later(
    is_async: bool, caplog: pytest.LogCaptureFixture
):
    diary, records = failing_diary()
    memory = DiaryMiddleware(diary, "ana")
    lines = [calling("order", cake="pie"), "Ordered.", "Good."]
    agent = create_agent(
        ScriptedChatModel(lines=lines), [order], middleware=[memory], checkpointer=InMemorySaver()
    )

    def run(text: str) -> Any:
        if is_async:
            return asyncio.run(agent.ainvoke(asking(text), CHAT))
        return agent.invoke(asking(text), CHAT)

    records.is_failing = True
    with caplog.at_level(logging.WARNING, logger="diarist"):
        answer = run(f"{WALNUTS} Order a pie.")
    assert answer["messages"][-1].text == "Ordered."
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(":")[0] for text in told] == [
        "the agent answers without the diary of 'ana'",
        "a run of 'ana' is not in the diary; the next one in its thread brings it",
    ]
    assert all("the disk failed" in text for text in told)
    records.is_failing = False
    run("Thanks!")
    assert len(said(diary)) == 6
    assert "walnuts" in diary.sync.preferences("ana")


@pytest.mark.parametrize("is_async", [False, True])
def test_a_failure_is_raised_where_that_is_asked_for(is_async: bool):
    diary, records = failing_diary()
    agent = create_agent(
        ScriptedChatModel(), middleware=[DiaryMiddleware(diary, "ana", on_error="raise")]
    )
    records.is_failing = True
    with pytest.raises(BackendError, match="the disk failed"):
        asyncio.run(agent.ainvoke(asking("Hi!"))) if is_async else agent.invoke(asking("Hi!"))


def test_a_run_that_could_not_be_recorded_is_when_it_is_taken_up_again():
    diary, records = failing_diary()
    memory = DiaryMiddleware(diary, "ana", on_error="raise")

    def answer(prompt: list[Any]) -> str:
        records.is_failing = True
        return "Hello!"

    agent = create_agent(
        ScriptedChatModel(lines=[answer]), middleware=[memory], checkpointer=InMemorySaver()
    )
    with pytest.raises(BackendError):
        agent.invoke(asking(WALNUTS), CHAT)
    records.is_failing = False
    agent.invoke(None, CHAT)
    assert said(diary) == [WALNUTS, "Hello!"]


def test_a_broken_page_costs_neither_the_answer_nor_the_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    memory = DiaryMiddleware(tmp_path, "ana")
    model = ScriptedChatModel()
    agent = create_agent(model, middleware=[memory])
    agent.invoke(asking(WALNUTS))
    page = tmp_path / "ana" / "preferences.toml"
    good = page.read_text()
    page.write_text(good + "[likes\n")
    with caplog.at_level(logging.WARNING, logger="diarist"):
        agent.invoke(asking("I love tea."))
    assert "walnuts" in model.systems[1]
    assert len([r for r in caplog.records if "waits" in r.getMessage()]) == 1
    with pytest.raises(DocumentError):
        memory.diary.sync.preferences("ana").data  # noqa: B018
    page.write_text(good)
    agent.invoke(asking("Thanks!"))
    assert "love tea" in memory.diary.sync.preferences("ana")


def test_nobody_bound_is_no_failure_of_the_diary(place: Place):
    agent = create_agent(ScriptedChatModel(), middleware=[DiaryMiddleware(place, on_error="warn")])
    with pytest.raises(UserNotBoundError):
        agent.invoke(asking("Hi!"))


def test_a_tool_that_finds_the_diary_failing_lets_the_agent_go_on(
    caplog: pytest.LogCaptureFixture,
):
    diary, records = failing_diary()

    def write(prompt: list[Any]) -> Any:
        records.is_failing = True
        return calling("put_note", key="tea", text="green")

    for on_error in ("warn", "raise"):
        records.is_failing = False
        memory = DiaryMiddleware(diary, "ana", tools=True, on_error=on_error)  # type: ignore[arg-type]
        agent = create_agent(ScriptedChatModel(lines=[write, "Sorry."]), middleware=[memory])
        if on_error == "raise":
            with pytest.raises(BackendError):
                agent.invoke(asking("Hi!"))
            return
        with caplog.at_level(logging.WARNING, logger="diarist.langchain"):
            answer = agent.invoke(asking("Hi!"))
        assert answer["messages"][2].text.startswith("Error: the memory can't be used")
        assert "a tool can't use the diary: BackendError" in caplog.text


# ---------------------------------------------------------------- several agents


@pytest.mark.parametrize("is_first_one_remembering", [True, False])
def test_an_agent_to_which_another_hands_over_records_what_the_user_said(
    is_first_one_remembering: bool, place: Place
):
    memory = DiaryMiddleware(place, "ana", "chat")

    @tool
    def hand_over(runtime: ToolRuntime) -> Any:
        """Hand over to the baker."""
        done = ToolMessage("Handed over.", tool_call_id=runtime.tool_call_id)
        update = {"messages": [runtime.state["messages"][-1], done]}
        return Command(goto="baker", graph=Command.PARENT, update=update)

    host = create_agent(
        ScriptedChatModel(lines=[calling("hand_over")]),
        [hand_over],
        middleware=[memory] if is_first_one_remembering else [],
    )
    baker = create_agent(ScriptedChatModel(lines=["A cake then."]), middleware=[memory])
    graph: Any = StateGraph(MessagesState)
    graph.add_node("host", host)
    graph.add_node("baker", baker)
    graph.add_edge("__start__", "host")
    house = graph.compile(checkpointer=InMemorySaver())
    told = [WALNUTS, "[calls hand_over {}]", "Handed over.", "A cake then."]
    house.invoke(asking(WALNUTS), CHAT)
    assert (said(memory.diary), turns(memory.diary)) == (told, 1)
    house.invoke(asking("I love tea."), CHAT)
    assert (said(memory.diary), turns(memory.diary)) == ([*told, "I love tea.", *told[1:]], 2)
    known = memory.diary.sync.pretty_preferences("ana", show_timestamps=False)
    assert known.count("(said 1×)") == 2


def test_one_that_goes_on_with_nothing_new_says_nothing_of_another_user(place: Place):
    memory = DiaryMiddleware(place)
    agent = create_agent(ScriptedChatModel(), middleware=[memory], checkpointer=InMemorySaver())
    agent.invoke(asking(WALNUTS), CHAT, context={"user_id": "ana"})
    agent.invoke(asking(), CHAT, context={"user_id": "ben"})
    assert memory.diary.sync.list_users() == ["ana"]
