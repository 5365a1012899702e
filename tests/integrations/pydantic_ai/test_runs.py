"""A run is one turn of the diary, whichever way it runs and ends."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ModelRetry, RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models.function import FunctionModel

from integrations.pydantic_ai.scripted import Script, calls
from pydantic_ai_diarist import DiaryToolset, from_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.places import Place


@pytest.fixture
def memory_of(place: Place) -> Callable[..., DiaryToolset]:
    """Give what makes the memory of a user, all of them in one place."""

    def make(user_id: str = "ana", **options: Any) -> DiaryToolset:
        return DiaryToolset(place, user_id, tools=(), **options)

    return make


def turns(memory: DiaryToolset) -> list[list[tuple[str, str]]]:
    """Return role and text of each message of each turn."""
    assert memory.diary.records is not None
    found = asyncio.run(memory.diary.records.turns("ana"))
    return [[(message.role, message.text.strip()) for message in turn.messages] for turn in found]


TEA = [("user", "I love tea."), ("assistant", "Noted.")]


# ---------------------------------------------------------------- ways to run


async def run(agent: Agent[Any, Any], prompt: str) -> None:
    await agent.run(prompt)


async def run_stream(agent: Agent[Any, Any], prompt: str) -> None:
    async with agent.run_stream(prompt) as result:
        async for _ in result.stream_text():
            pass


async def run_stream_unread(agent: Agent[Any, Any], prompt: str) -> None:
    async with agent.run_stream(prompt) as result:
        await result.get_output()


async def run_events(agent: Agent[Any, Any], prompt: str) -> None:
    async with agent.run_stream_events(prompt) as events:
        async for _ in events:
            pass


async def iterate(agent: Agent[Any, Any], prompt: str) -> None:
    async with agent.iter(prompt) as iteration:
        async for _ in iteration:
            pass


@pytest.mark.parametrize("way", [run, run_stream, run_stream_unread, run_events, iterate])
def test_each_way_to_run_logs_one_turn(memory_of: Any, way: Any):
    memory = memory_of()
    agent = Agent(Script().model, toolsets=[memory])
    asyncio.run(way(agent, "I love tea."))
    assert turns(memory) == [TEA]
    assert "love tea" in memory.diary.sync.preferences("ana")


def test_a_blocking_run_logs_one_turn_in_any_thread(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script().model, toolsets=[memory])
    agent.run_sync("I love tea.")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(agent.run_sync, ["I love tea."] * 8))
    assert turns(memory) == [TEA] * 9
    assert memory.diary.sync.preferences("ana").count("_count = 9") == 1


# ---------------------------------------------------------------- what is said in a run


def test_only_what_is_new_is_logged(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script("Noted.", "Chess it is.").model, toolsets=[memory])
    first = agent.run_sync("I love tea.")
    agent.run_sync("I love chess.", message_history=first.all_messages())
    assert turns(memory) == [TEA, [("user", "I love chess."), ("assistant", "Chess it is.")]]


def test_calls_of_tools_and_their_answers_are_logged_and_not_learned_from(memory_of: Any):
    memory = memory_of()
    script = Script(calls("look_up", what="I love maps."), "Noted.")
    agent = Agent(script.model, toolsets=[memory])

    @agent.tool_plain
    def look_up(what: str) -> str:
        return "I love boats."

    agent.run_sync("I love tea.")
    assert turns(memory) == [
        [
            ("user", "I love tea."),
            ("assistant", '[calls look_up {"what": "I love maps."}]'),
            ("tool", "I love boats."),
            ("assistant", "Noted."),
        ]
    ]
    assert "boats" not in memory.diary.sync.preferences("ana")


def test_retries_are_the_frameworks_words_not_the_users(memory_of: Any):
    memory = memory_of()
    script = Script(calls("look_up"), "no number", calls("final_result", response=3))
    agent = Agent(script.model, toolsets=[memory], output_type=int)
    tries: list[int] = []

    @agent.tool_plain
    def look_up() -> str:
        tries.append(1)
        raise ModelRetry("I love boats.")

    assert agent.run_sync("How many?").output == 3
    said = turns(memory)[0]
    assert " ".join(role for role, _ in said) == (
        "user assistant tool assistant system assistant tool"
    )
    assert "I love boats." in said[2][1]
    assert memory.diary.sync.preferences("ana") == ""


def test_instructions_and_what_the_diary_said_are_not_logged(memory_of: Any):
    memory = memory_of()
    memory.diary.sync.upsert_preference("ana", "likes", "love boats")
    script = Script()
    Agent(script.model, instructions="You cook.", toolsets=[memory]).run_sync("I love tea.")
    assert "love boats" in script.instructions[0]
    assert memory.diary.records is not None
    kept = repr(asyncio.run(memory.diary.records.turns("ana")))
    assert "love boats" not in kept
    assert "You cook." not in kept


def test_a_system_prompt_is_no_word_of_the_users(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script().model, system_prompt="I love boats.", toolsets=[memory])
    agent.run_sync("I love tea.")
    assert turns(memory) == [TEA]


def test_what_a_history_processor_takes_away_is_logged_all_the_same(memory_of: Any):
    from pydantic_ai.capabilities import ProcessHistory

    def newest(messages: list[ModelMessage]) -> list[ModelMessage]:
        note = ModelRequest([UserPromptPart("Summary: I love boats.")])
        return [note, *messages[-2:]]

    memory = memory_of()
    script = Script(calls("look_up", n=1), calls("look_up", n=2), calls("look_up", n=3), "Noted.")
    agent = Agent(script.model, toolsets=[memory], capabilities=[ProcessHistory(newest)])

    @agent.tool_plain
    def look_up(n: int) -> str:
        return f"Answer {n}."

    agent.run_sync("I love tea.")
    assert len(script.asked[-1]) == 3
    assert [text for _, text in turns(memory)[0]] == [
        "I love tea.",
        '[calls look_up {"n": 1}]', "Answer 1.",
        '[calls look_up {"n": 2}]', "Answer 2.",
        '[calls look_up {"n": 3}]', "Answer 3.",
        "Noted.",
    ]  # fmt: skip


def test_a_processor_that_rewrites_messages_doubles_none(memory_of: Any):
    from dataclasses import replace

    from pydantic_ai.capabilities import ProcessHistory

    def copied(messages: list[ModelMessage]) -> list[ModelMessage]:
        return [replace(message, parts=list(message.parts)) for message in messages]

    memory = memory_of()
    script = Script(calls("look_up"), calls("look_up"), "Noted.")
    agent = Agent(script.model, toolsets=[memory], capabilities=[ProcessHistory(copied)])
    agent.tool_plain(name="look_up")(lambda: "An answer.")
    agent.run_sync("I love tea.")
    roles = [role for role, _ in turns(memory)[0]]
    assert roles == ["user", *["assistant", "tool"] * 2, "assistant"]


def test_a_question_that_comes_as_the_end_of_the_history_is_said_in_the_run(memory_of: Any):
    """As user interfaces pass it; it is said once, and with a prompt beside it, too."""
    memory = memory_of()
    agent = Agent(Script().model, toolsets=[memory])
    before = [ModelRequest([UserPromptPart("Hi.")]), ModelResponse([TextPart("Hello!")])]
    question = ModelRequest([UserPromptPart("I love tea.")])
    agent.run_sync(message_history=[*before, question])
    agent.run_sync("And chess.", message_history=[*before, question])
    assert turns(memory) == [TEA, [TEA[0], ("user", "And chess."), TEA[1]]]


def test_a_history_may_come_from_the_diary(memory_of: Any):
    memory, script = memory_of(session_id="s1"), Script("Noted.", "Tea!")
    agent = Agent(script.model, toolsets=[memory])
    first = agent.run_sync("I love tea.")
    kept = memory.diary.sync.messages.read("ana", "s1")
    agent.run_sync("What do I love?", message_history=[from_message(one) for one in kept])
    assert len(script.asked[1]) == 3
    assert [m.parts for m in script.asked[1][:2]] == [m.parts for m in first.all_messages()]
    assert len(turns(memory)) == 2


# ---------------------------------------------------------------- ends of a run


def test_what_the_user_said_stays_where_a_run_fails(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script(RuntimeError("the model is down")).model, toolsets=[memory])
    with pytest.raises(RuntimeError, match="the model is down"):
        agent.run_sync("I love tea.")
    assert turns(memory) == [TEA[:1]]
    assert "love tea" in memory.diary.sync.preferences("ana")


def test_a_run_whose_tool_fails_is_logged_as_far_as_it_came(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script(calls("look_up")).model, toolsets=[memory])

    @agent.tool_plain
    def look_up() -> str:
        raise RuntimeError("no catalogue")

    with pytest.raises(RuntimeError, match="no catalogue"):
        agent.run_sync("I love tea.")
    assert turns(memory) == [[TEA[0], ("assistant", "[calls look_up {}]")]]


def test_a_run_that_goes_on_from_a_failed_one_says_nothing_twice(memory_of: Any):
    from pydantic_ai import capture_run_messages

    memory = memory_of()
    agent = Agent(Script(RuntimeError("down"), "Noted.").model, toolsets=[memory])
    with capture_run_messages() as messages, pytest.raises(RuntimeError):
        agent.run_sync("I love tea.")
    agent.run_sync(message_history=messages)
    assert turns(memory) == [TEA[:1], TEA[1:]]


@pytest.mark.parametrize("in_scope", [False, True], ids=["task", "scope"])
def test_a_run_that_is_cancelled_keeps_what_the_user_said(memory_of: Any, in_scope: bool):
    import anyio

    memory = memory_of()
    asked = asyncio.Event()

    async def wait(messages: Any, info: Any) -> ModelResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    agent = Agent(FunctionModel(wait), toolsets=[memory])

    async def by_task() -> None:
        task = asyncio.create_task(agent.run("I love tea."))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def by_scope() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.run, "I love tea.")
            await asked.wait()
            group.cancel_scope.cancel()

    asyncio.run(by_scope() if in_scope else by_task())
    assert turns(memory) == [TEA[:1]]


def test_a_stream_that_is_left_keeps_what_was_said(memory_of: Any):
    memory = memory_of()
    agent = Agent(Script("One two three four.").model, toolsets=[memory])

    async def main() -> None:
        async with agent.run_stream("I love tea.") as result:
            async for _ in result.stream_text(debounce_by=None):
                break

    asyncio.run(main())
    assert turns(memory)[0][0] == TEA[0]


def test_a_run_that_waits_for_a_person_and_the_one_that_goes_on_say_nothing_twice(memory_of: Any):
    memory = memory_of()
    script = Script(ModelResponse([ToolCallPart("book", {}, "call_1")]), "Booked.")
    agent = Agent(script.model, toolsets=[memory], output_type=[str, DeferredToolRequests])
    agent.tool_plain(name="book", requires_approval=True)(lambda: "Table 4.")
    first = agent.run_sync("I love tea.")
    assert isinstance(first.output, DeferredToolRequests)
    second = agent.run_sync(
        message_history=first.all_messages(),
        deferred_tool_results=DeferredToolResults(approvals={"call_1": True}),
    )
    assert second.output == "Booked."
    assert turns(memory) == [
        [TEA[0], ("assistant", "[calls book {}]")],
        [("tool", "Table 4."), ("assistant", "Booked.")],
    ]


# ---------------------------------------------------------------- several agents


def test_an_agent_that_is_asked_by_another_leaves_that_ones_run_alone(memory_of: Any):
    memory = memory_of()
    reader = DiaryToolset(memory.diary, "ana", tools=(), record=False)
    cook_script = Script("Scones.")
    cook = Agent(cook_script.model, toolsets=[reader])
    agent = Agent(
        Script(calls("ask_cook", what="I love boats."), "Scones!").model, toolsets=[memory]
    )
    memory.diary.sync.upsert_preference("ana", "likes", "love cinnamon")

    @agent.tool
    async def ask_cook(ctx: RunContext[None], what: str) -> str:
        return (await cook.run(what, usage=ctx.usage)).output

    agent.run_sync("I love tea.")
    assert "love cinnamon" in cook_script.instructions[0]
    assert [text for _, text in turns(memory)[0]] == [
        "I love tea.", '[calls ask_cook {"what": "I love boats."}]', "Scones.", "Scones!",
    ]  # fmt: skip
    assert len(turns(memory)) == 1
    assert "boats" not in memory.diary.sync.preferences("ana")


def test_where_one_agent_hands_over_to_another_each_logs_its_own_run(memory_of: Any):
    memory = memory_of(session_id="s1")
    first = Agent(Script("Let me hand you over.").model, toolsets=[memory])
    second = Agent(Script("Chess, then.").model, toolsets=[memory])
    result = first.run_sync("I love tea.")
    second.run_sync("And chess.", message_history=result.all_messages())
    assert turns(memory) == [
        [TEA[0], ("assistant", "Let me hand you over.")],
        [("user", "And chess."), ("assistant", "Chess, then.")],
    ]
