"""An agent whose diary is on a server that is killed and started again, for real."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langgraph.checkpoint.memory import InMemorySaver

from backends.postgres_server import own_server
from diarist import BackendError, Diary
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import DiaryMiddleware, DiaryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backends.postgres_server import OwnServer

CHAT: Any = {"configurable": {"thread_id": "chat"}}
N = ("orders",)


@pytest.fixture
def own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@tool
def order(cake: str, runtime: ToolRuntime) -> str:
    """Order a cake."""
    assert runtime.store is not None
    try:
        runtime.store.put(N, cake, {"cake": cake})
    except BackendError as error:
        return f"Not ordered: {error}"
    return "Ordered."


@pytest.mark.slow
@pytest.mark.parametrize("is_async", [False, True])
def test_an_agent_answers_while_its_diary_is_away_and_brings_what_was_said_later(
    is_async: bool, own: OwnServer, caplog: pytest.LogCaptureFixture
):
    diary = Diary(own.dsn)
    memory, store = DiaryMiddleware(diary, "ana"), DiaryStore(diary)
    lines = ["Noted.", calling("order", cake="pie"), "Sorry.", calling("order", cake="pie"), "Ok."]
    model = ScriptedChatModel(lines=lines)
    agent = create_agent(
        model, [order], middleware=[memory], store=store, checkpointer=InMemorySaver()
    )

    def say(text: str) -> list[str]:
        question = asking(text)
        run = agent.ainvoke(question, CHAT) if is_async else None
        answer = agent.invoke(question, CHAT) if run is None else asyncio.run(run)
        return [message.text for message in answer["messages"]]

    say("I'm allergic to walnuts.")
    own.stop("immediate")
    with caplog.at_level(logging.WARNING, logger="diarist"):
        *_, told, last = say("I love tea. Order a pie.")
    assert last == "Sorry."
    assert told.startswith("Not ordered: can't reach postgresql://127.0.0.1:")
    assert "a run of 'ana' is not in the diary; the next one in its thread brings it" in caplog.text
    own.start()
    assert say("Again, please.")[-2:] == ["Ordered.", "Ok."]
    assert "walnuts" in model.systems[-1]
    assert store.get(N, "pie") is not None
    said = [message.text for message in diary.sync.messages.read("ana", "chat")]
    assert said[:3] == ["I'm allergic to walnuts.", "Noted.", "I love tea. Order a pie."]
    assert said[-1] == "Ok."
    assert len(said) == len(set(said)) + 1  # the tool was called twice
    assert "love tea" in diary.sync.preferences("ana")
    diary.sync.close()
