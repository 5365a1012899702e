"""Agents, workflows and chat engines remember, from run to run and from process to process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.workflow import Context

from diarist import Diary, Extraction, SyncDiary, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend, ScriptedExtractor
from integrations.failing import failing_diary
from integrations.llama_index.scripted import (
    ScriptedLLM,
    answer,
    calling,
    texts,
    user,
)
from llama_index_diarist import DiaryMemory, diary_tools

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from integrations.places import Place


def agent_with(*lines: Any, **settings: Any) -> tuple[FunctionAgent, ScriptedLLM]:
    llm = ScriptedLLM(*lines)
    return FunctionAgent(llm=llm, streaming=False, **settings), llm


def chat(messages: list[ChatMessage]) -> list[str | None]:
    return texts(message for message in messages if message.role != "system")


def system(messages: list[ChatMessage]) -> str:
    return "\n".join(filter(None, texts(m for m in messages if m.role == "system")))


def look(text: str) -> str:
    """Look something up."""
    return f"found {text}"


# ------------------------------------------------------------ runs of one context


@pytest.mark.parametrize("kind", ["a diary", "its address", "memory"])
@pytest.mark.parametrize("is_serialized", [False, True])
def test_three_runs_with_one_context_show_the_model_1_3_and_5_messages(
    kind: str, is_serialized: bool, place: Place, address: str
):
    diary = {"a diary": Diary(place), "its address": address, "memory": None}[kind]
    agent, llm = agent_with("one", "two", "three", tools=[look])

    async def main() -> None:
        ctx = Context(agent)
        memory = DiaryMemory.open(diary, "ana", "chat", context_tokens=0)
        await agent.run(user_msg="a", ctx=ctx, memory=memory)
        for question in "bc":
            if is_serialized:
                ctx = Context.from_dict(agent, ctx.to_dict())
            await agent.run(user_msg=question, ctx=ctx)

    asyncio.run(main())
    assert [len(messages) for messages in llm.shown] == [1, 3, 5]
    assert chat(llm.shown[-1]) == ["a", "one", "b", "two", "c"]


def test_the_next_session_is_told_what_the_user_said_in_the_last(place: Place):
    agent, llm = agent_with(system_prompt="You help.", tools=[look])

    async def main() -> None:
        for session, text in [("monday", "I'm allergic to walnuts."), ("friday", "A cake?")]:
            memory = DiaryMemory.open(place, "ana", session)
            await agent.run(user_msg=text, memory=memory)

    asyncio.run(main())
    assert chat(llm.shown[-1]) == ["A cake?"]
    assert "allergic to walnuts" in system(llm.shown[-1])
    assert "walnuts" not in system(llm.shown[0])
    assert SyncDiary(place).preferences("ana")


def test_with_a_system_prompt_the_model_can_be_shown_one_system_message(place: Place):
    SyncDiary(place).upsert_preference("ana", "likes", "love tea")
    agent, llm = agent_with(system_prompt="You help.", tools=[look])
    memory = DiaryMemory.open(place, "ana", "chat", insert_method="user")

    async def main() -> None:
        await agent.run(user_msg="What?", memory=memory)

    asyncio.run(main())
    assert [message.role.value for message in llm.shown[0]] == ["system", "user"]
    assert texts(llm.shown[0])[0] == "You help."
    assert "love tea" in (llm.shown[0][1].content or "")


def test_a_run_with_tools_is_one_turn(place: Place):
    agent, llm = agent_with(calling("look", text="I love beer"), "Here.", tools=[look])
    memory = DiaryMemory.open(place, "ana", "chat")

    async def main() -> None:
        await agent.run(user_msg="I love tea.", memory=memory)
        await agent.run(user_msg="And?", memory=memory)

    asyncio.run(main())
    roles = [message.role.value for message in memory.get_all()]
    assert roles == ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert memory.get_all()[1].blocks == calling("look", text="I love beer").blocks
    preferences = memory.diary.sync.preferences("ana")
    assert "tea" in preferences
    assert "beer" not in preferences
    turns = asyncio.run(memory.diary.records.turns("ana"))  # type: ignore[union-attr]
    assert [len(turn.messages) for turn in turns] == [4, 2]
    assert [m.role.value for m in llm.shown[2]][1:] == [*roles[:4], "user"]


def test_a_history_given_to_a_run_takes_the_place_of_what_was_there(place: Place):
    agent, llm = agent_with("one", "two", tools=[look])
    memory = DiaryMemory.open(place, "ana", "chat", context_tokens=0)

    async def main() -> None:
        await agent.run(user_msg="old", memory=memory)
        await agent.run(chat_history=[user("x"), answer("y"), user("I love tea.")], memory=memory)

    asyncio.run(main())
    assert chat(llm.shown[-1]) == ["x", "y", "I love tea."]
    assert texts(memory.get_all()) == ["x", "y", "I love tea.", "two"]
    assert "tea" in memory.diary.sync.preferences("ana")


def test_a_run_whose_model_fails_keeps_the_question(place: Place):
    agent, llm = agent_with(RuntimeError("no answer"), "Noted.", tools=[look])
    memory = DiaryMemory.open(place, "ana", "chat")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="no answer"):
            await agent.run(user_msg="I love tea.", memory=memory)
        await agent.run(user_msg="Are you there?", memory=memory)

    asyncio.run(main())
    assert chat(llm.shown[-1]) == ["I love tea.", "Are you there?"]
    assert "tea" in memory.diary.sync.preferences("ana")


def test_an_agent_that_thinks_aloud_remembers(place: Place):
    llm = ScriptedLLM("Thought: easy.\nAnswer: Hello!", "Thought: easy.\nAnswer: Again!")
    agent = ReActAgent(llm=llm, tools=[look], streaming=False)
    memory = DiaryMemory.open(place, "ana", "chat")

    async def main() -> None:
        await agent.run(user_msg="I love tea.", memory=memory)
        await agent.run(user_msg="And?", memory=memory)

    asyncio.run(main())
    assert "I love tea." in str(texts(llm.shown[-1]))
    assert "tea" in memory.diary.sync.preferences("ana")


# ------------------------------------------------------------ a workflow


def test_a_workflow_with_a_handoff_remembers_and_learns_a_turn_once(place: Place):
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(place, agent=extractor), "ana", "chat")
    first = ScriptedLLM(calling("handoff", to_agent="cook", reason="food"))
    second = ScriptedLLM("A cake.", "Another.")
    workflow = AgentWorkflow(
        agents=[
            FunctionAgent(
                name="host", description="Greets.", llm=first, can_handoff_to=["cook"],
                streaming=False,
            ),
            FunctionAgent(name="cook", description="Cooks.", llm=second, streaming=False),
        ],
        root_agent="host",
    )  # fmt: skip

    async def main() -> None:
        ctx = Context(workflow)
        result = await workflow.run(user_msg="I love cake.", memory=memory, ctx=ctx)
        assert str(result) == "A cake."
        await workflow.run(user_msg="More!", ctx=ctx)

    asyncio.run(main())
    memory.recorder.flush_sync("ana")
    asked = [(turn.user_msg, turn.assistant_msg.split("\n")[-1]) for turn in extractor.turns]
    assert asked == [("I love cake.", "A cake."), ("More!", "Another.")]
    assert "I love cake." in chat(second.shown[-1])


def workflow_of(host: ScriptedLLM, cook: ScriptedLLM) -> AgentWorkflow:
    """Return a workflow of a host, who is asked first, and a cook, who both hand over."""
    return AgentWorkflow(
        agents=[
            FunctionAgent(name="host", description="Greets.", llm=host, streaming=False),
            FunctionAgent(
                name="cook", description="Cooks.", llm=cook, tools=[look], streaming=False
            ),
        ],
        root_agent="host",
    )


def test_agents_that_hand_over_and_back_are_one_turn_and_see_all_of_it(place: Place):
    host = ScriptedLLM(calling("handoff", to_agent="cook", reason="food"), "Tea then.", "More.")
    cook = ScriptedLLM(
        calling("look", text="tea"), calling("handoff", to_agent="host", reason="done")
    )
    memory = DiaryMemory.open(place, "ana", "chat")

    async def main() -> None:
        ctx = Context(workflow_of(host, cook))
        await workflow_of(host, cook).run(user_msg="I love tea.", memory=memory, ctx=ctx)
        await workflow_of(host, cook).run(user_msg="And?", ctx=ctx)

    asyncio.run(main())
    turns = asyncio.run(memory.diary.records.turns("ana"))  # type: ignore[union-attr]
    roles = [[message.role for message in turn.messages] for turn in turns]
    called = ["assistant", "tool"]
    assert roles == [["user", *called, *called, *called, "assistant"], ["user", "assistant"]]
    assert [m.role.value for m in host.shown[-1] if m.role != "system"] == [*roles[0], "user"]
    assert "found tea" in chat(host.shown[1])


def test_what_was_asked_before_the_agent_handed_over_to_fails_is_learned(place: Place):
    host = ScriptedLLM(calling("handoff", to_agent="cook", reason="food"), "Yes.")
    workflow = workflow_of(host, ScriptedLLM(RuntimeError("no answer")))
    memory = DiaryMemory.open(place, "ana", "chat")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="no answer"):
            await workflow.run(user_msg="I love tea.", memory=memory)
        await workflow.run(user_msg="Are you there?", memory=memory)

    asyncio.run(main())
    assert "love tea" in memory.diary.sync.preferences("ana")


# ------------------------------------------------------------ chat engines


@pytest.mark.parametrize("flavour", ["chat", "achat", "stream_chat", "astream_chat"])
def test_a_chat_engine_remembers(flavour: str, place: Place):
    llm = ScriptedLLM("Noted.", "Tea.")

    def ask(text: str) -> None:
        memory = DiaryMemory.open(place, "ana", "chat", context_tokens=0)
        engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory, system_prompt="You help.")

        async def main() -> None:
            answered = await getattr(engine, flavour)(text)
            if flavour == "astream_chat":
                assert "".join([part async for part in answered.async_response_gen()])

        if flavour.startswith("a"):
            asyncio.run(main())
        elif flavour == "chat":
            engine.chat(text)
        else:
            assert "".join(engine.stream_chat(text).response_gen)

    ask("I love tea.")
    ask("What do I love?")
    assert chat(llm.shown[-1]) == ["I love tea.", "Noted.", "What do I love?"]
    assert "love tea" in SyncDiary(place).preferences("ana")


def test_a_blocking_engine_works_in_a_running_loop(place: Place):
    llm = ScriptedLLM("Noted.")

    async def main() -> None:
        with bind_user("ana", "chat"):
            memory = DiaryMemory.open(place)
            engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory)
            engine.chat("I love tea.")
            assert len(memory.get()) == 3

    asyncio.run(main())
    assert "love tea" in SyncDiary(place).preferences("ana")


# ------------------------------------------------------------ whose, failures, tools


def test_a_run_is_about_who_is_bound(place: Place):
    agent, llm = agent_with(tools=diary_tools(place))
    memory = DiaryMemory.open(place)

    async def main() -> None:
        with pytest.raises(UserNotBoundError):
            await agent.run(user_msg="a", memory=memory)

        async def run(name: str) -> None:
            with bind_user(name, "chat"):
                await agent.run(user_msg=f"I love {name}'s tea.", memory=memory)

        await asyncio.gather(*map(run, ["ana", "ben"]))

    asyncio.run(main())
    assert len(llm.shown) == 2
    diary = SyncDiary(place)
    for name, other in [("ana", "ben"), ("ben", "ana")]:
        assert f"{name}'s tea" in diary.preferences(name)
        assert f"{other}'s tea" not in diary.preferences(name)


def test_a_diary_that_fails_breaks_no_run(caplog: pytest.LogCaptureFixture):
    diary, records = failing_diary(agent=ScriptedExtractor([RuntimeError("asleep")] * 9))
    agent, llm = agent_with("one", "two", "three", tools=[look])
    memory = DiaryMemory.open(diary, "ana", "chat")

    async def main() -> list[str]:
        ctx = Context(agent)
        answers: list[str] = []
        for question, is_failing in [("a", False), ("b", True), ("c", False)]:
            records.is_failing = is_failing
            answers.append(str(await agent.run(user_msg=question, ctx=ctx, memory=memory)))
        return answers

    assert asyncio.run(main()) == ["one", "two", "three"]
    assert "b" in chat(llm.shown[1])
    assert texts(memory.get_all()) == ["a", "one", "b", "two", "c", "three"]
    assert "the disk failed" in caplog.text


def test_an_agent_uses_the_tools_of_the_diary():
    diary = Diary(MemoryBackend())
    call = calling("upsert_preference", category="likes", text="love tea")
    agent, llm = agent_with(call, "Done.", tools=diary_tools(diary))

    async def main() -> None:
        with bind_user("ana"):
            await agent.run(user_msg="Remember it.")

    asyncio.run(main())
    assert "love tea" in diary.sync.preferences("ana")
    assert "Added likes/tea" in (llm.shown[1][-1].content or "")


# ------------------------------------------------------------ processes

CHILD = """
import asyncio, json, sys
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.workflow import Context
from integrations.llama_index.scripted import ScriptedLLM
from llama_index_diarist import DiaryMemory

folder, question, saved = sys.argv[1:]
llm = ScriptedLLM(f"answer to {question}")
agent = FunctionAgent(llm=llm, streaming=False)

async def main():
    if saved == "none":
        ctx, memory = Context(agent), DiaryMemory.open(folder, "ana", "chat", context_tokens=0)
    else:
        ctx, memory = Context.from_dict(agent, json.loads(saved)), None
    await agent.run(user_msg=question, ctx=ctx, memory=memory)
    print(json.dumps({"seen": len(llm.shown[0]), "ctx": ctx.to_dict()}))

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_context_goes_on_in_another_process(address: str):
    saved, seen = "none", []
    root = Path(__file__).parents[3]
    paths = [str(root / part) for part in ("core", "integrations", "tests")]
    for question in "abc":
        code = f"import sys; sys.path[:0] = {paths!r}\n{CHILD}"
        command = [sys.executable, "-c", code, address, question, saved]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        found = json.loads(done.stdout)
        seen.append(found["seen"])
        saved = json.dumps(found["ctx"])
    assert seen == [1, 3, 5]
