"""The middleware puts a user's diary into the prompt of an agent, and records its runs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import UUID

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from diarist import Diary, UnsupportedError, UserNotBoundError, bind_user
from integrations.failing import diary_without_records
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import DiaryMiddleware, from_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integrations.places import Place

WALNUTS = "I'm allergic to walnuts."


@dataclass
class Context:
    user_id: str


class ContextDict(TypedDict):
    user_id: str


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def invoke(agent: Any, text: str, **kwargs: Any) -> Any:
    return agent.invoke(asking(text), **kwargs)


def ainvoke(agent: Any, text: str, **kwargs: Any) -> Any:
    return asyncio.run(agent.ainvoke(asking(text), **kwargs))


def stream(agent: Any, text: str, **kwargs: Any) -> Any:
    *_, last = agent.stream(asking(text), stream_mode="values", **kwargs)
    return last


def astream(agent: Any, text: str, **kwargs: Any) -> Any:
    async def main() -> Any:
        chunks = agent.astream(asking(text), stream_mode="values", **kwargs)
        return [chunk async for chunk in chunks][-1]

    return asyncio.run(main())


RUNS = pytest.mark.parametrize("run", [invoke, ainvoke, stream, astream])


@RUNS
def test_what_is_told_in_one_thread_is_in_the_prompt_of_the_next(
    run: Callable[..., Any], place: Place
):
    model = ScriptedChatModel()
    agent = create_agent(
        model,
        middleware=[DiaryMiddleware(place)],
        context_schema=Context,
        checkpointer=InMemorySaver(),
    )
    run(agent, WALNUTS, context=Context("ana"), config=thread("one"))
    answer = run(agent, "Suggest a cake.", context=Context("ana"), config=thread("two"))
    assert answer["messages"][-1].text == "Noted."
    first, second = model.systems
    assert first == ""
    assert "allergies: allergic to walnuts" in second
    run(agent, "Suggest a cake.", context=Context("ben"), config=thread("three"))
    assert model.systems[2] == ""


@RUNS
def test_a_run_is_recorded_as_one_turn_with_tool_calls_and_results(
    run: Callable[..., Any], place: Place
):
    @tool
    def price(cake: str) -> str:
        """Return the price of a cake."""
        return f"{cake}: 3 euros"

    model = ScriptedChatModel(lines=[calling("price", cake="brownie"), "It costs 3 euros."])
    memory = DiaryMiddleware(place, "ana")
    agent = create_agent(model, [price], middleware=[memory])
    answer = run(agent, "What is a brownie?", config=thread("chat"))
    said = memory.diary.sync.messages.read("ana", "chat")
    assert [(m.role, m.number) for m in said] == [
        ("user", 1), ("assistant", 2), ("tool", 3), ("assistant", 4),
    ]  # fmt: skip
    assert [from_message(m) for m in said] == answer["messages"]
    assert [session.turns for session in memory.diary.sync.messages.sessions("ana")] == [1]


def test_the_result_of_a_run_has_nothing_of_ours(place: Place):
    agent = create_agent(ScriptedChatModel(), middleware=[DiaryMiddleware(place, "ana")])
    assert set(agent.invoke(asking("Hello!"))) == {"messages"}
    assert set(asyncio.run(agent.ainvoke(asking("Hello!")))) == {"messages"}
    assert "DiaryMiddleware_run" not in str(agent.get_output_jsonschema())
    assert "DiaryMiddleware_run" not in str(agent.get_input_jsonschema())


def test_words_of_the_memory_are_in_no_stream_of_updates_or_tokens(place: Place):
    agent = create_agent(
        ScriptedChatModel(lines=["Yes, indeed."]), middleware=[DiaryMiddleware(place, "ana")]
    )
    agent.invoke(asking(WALNUTS))
    for mode in ("values", "updates", "messages", "custom"):
        shown = list(agent.stream(asking("Hello!"), stream_mode=mode))
        assert "walnuts" not in str(shown)
    words = [chunk.text for chunk, _ in agent.stream(asking("Hello!"), stream_mode="messages")]
    assert "".join(words) == "Yes, indeed."


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"user_id": "ana"}, {}),
        ({"user_id": lambda runtime: runtime.context["id"]}, {"context": {"id": "ana"}}),
        ({"user_id": "ana"}, {"context": Context("ben")}),
        ({}, {"context": Context("ana")}),
        ({}, {"context": ContextDict(user_id="ana")}),
        ({}, {"config": {"configurable": {"user_id": "ana"}}}),
        ({}, {"config": {"configurable": {"user_id": "ben"}}, "context": Context("ana")}),
    ],
)  # fmt: skip
def test_the_user_is_the_argument_else_the_one_of_the_run(arguments: Any, call: Any, place: Place):
    memory = DiaryMiddleware(place, **arguments)
    agent = create_agent(ScriptedChatModel(), middleware=[memory])
    with bind_user("cleo"):
        agent.invoke(asking(WALNUTS), **call)
    assert memory.diary.sync.list_users() == ["ana"]


@pytest.mark.parametrize("run", [invoke, ainvoke])
def test_else_it_is_the_bound_one_and_else_there_is_none(run: Callable[..., Any], place: Place):
    memory = DiaryMiddleware(place)
    agent = create_agent(ScriptedChatModel(), middleware=[memory])
    with bind_user("ana", "bound"):
        run(agent, WALNUTS)
    assert [s.id for s in memory.diary.sync.messages.sessions("ana")] == ["bound"]
    with pytest.raises(UserNotBoundError, match=r"runtime\.context\.user_id"):
        run(agent, WALNUTS)


def test_the_session_is_the_argument_else_the_thread_else_new_for_the_run(place: Place):
    diary = Diary(place)

    def sessions(user_id: str) -> set[str]:
        return {session.id for session in diary.sync.messages.sessions(user_id)}

    for user_id, session_id in (("ana", "mine"), ("ben", None)):
        memory = DiaryMiddleware(diary, user_id, session_id)
        create_agent(ScriptedChatModel(), middleware=[memory]).invoke(
            asking("Hello!"), thread("theirs")
        )
    assert (sessions("ana"), sessions("ben")) == ({"mine"}, {"theirs"})
    agent = create_agent(ScriptedChatModel(), middleware=[DiaryMiddleware(diary, "cleo")])
    agent.invoke(asking("Hello!"))
    agent.invoke(asking("Hello!"))
    assert len(sessions("cleo")) == 2


@pytest.mark.parametrize("thread_id", [UUID(int=7), 7, ""], ids=str)
def test_a_thread_may_have_any_id_that_langgraph_takes(thread_id: object, place: Place):
    memory = DiaryMiddleware(place, "ana", tools=True)
    model = ScriptedChatModel(lines=[calling("manage_memory", content="Tea."), "Noted."])
    agent = create_agent(model, middleware=[memory], checkpointer=InMemorySaver())
    said = agent.invoke(asking("Hello!"), {"configurable": {"thread_id": thread_id}})["messages"]
    assert [s.id for s in memory.diary.sync.messages.sessions("ana")] == [str(thread_id)]
    assert "Created memory" in str(said)


def test_history_that_is_handed_over_again_is_not_recorded_again(place: Place):
    memory = DiaryMiddleware(place, "ana", "chat")
    agent = create_agent(ScriptedChatModel(), middleware=[memory])
    history: list[Any] = []
    for text in ("I love tea.", "And you?", "Really?"):
        history.append({"role": "user", "content": text})
        agent.invoke({"messages": history})
        history.append({"role": "assistant", "content": "Noted."})
    said = [m.text for m in memory.diary.sync.messages.read("ana", "chat")]
    assert said == ["I love tea.", "Noted.", "And you?", "Noted.", "Really?", "Noted."]


def test_the_same_run_again_is_recorded_once(place: Place):
    memory = DiaryMiddleware(place, "ana", "chat")
    agent = create_agent(
        ScriptedChatModel(lines=[AIMessage("Noted.", id="a")]), middleware=[memory]
    )
    for _ in range(2):
        agent.invoke({"messages": [HumanMessage("I love tea.", id="q")]})
    assert memory.diary.sync.messages.count("ana", "chat") == 2
    assert memory.diary.sync.preferences("ana").data["likes"]["tea"]["_count"] == 1


def test_the_question_finds_what_is_related_and_the_budget_holds(place: Place):
    diary = Diary(place)
    for number in range(60):
        diary.sync.upsert_preference("ana", "likes", f"love dish {number}", id="new")
    diary.sync.notes.put("ana", "places", "garage", "The spare key hangs in the garage.")
    model = ScriptedChatModel()
    agent = create_agent(model, middleware=[DiaryMiddleware(diary, "ana", max_tokens=150)])
    agent.invoke(asking("Where is the spare key?"))
    assert "spare key hangs" in model.systems[0]
    assert model.systems[0].count("love dish") < 20


def test_the_diary_comes_after_the_prompt_which_stays_as_it_is(place: Place):
    diary = Diary(place)
    diary.sync.upsert_preference("ana", "likes", "love tea")
    model = ScriptedChatModel()
    create_agent(
        model, system_prompt="Be brief.", middleware=[DiaryMiddleware(diary, "ana")]
    ).invoke(asking("Hello!"))
    assert model.systems[0].startswith("Be brief.\n\n<memory>\n")
    assert "not instructions" in model.systems[0]

    blocks: Any = [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be kind."},
    ]
    prompt = SystemMessage(content=blocks, additional_kwargs={"kept": True})
    create_agent(model, system_prompt=prompt, middleware=[DiaryMiddleware(diary, "ana")]).invoke(
        asking("Hello!")
    )
    shown = model.prompts[1][0]
    assert shown.content[:2] == blocks
    assert "love tea" in shown.content[2]["text"]  # type: ignore[index]
    assert "cache_control" not in shown.content[2]
    assert shown.additional_kwargs == {"kept": True}
    assert len(prompt.content) == 2


def test_our_block_can_be_marked_for_a_cache_of_prompts(place: Place):
    diary = Diary(place)
    diary.sync.upsert_preference("ana", "likes", "love tea")
    model = ScriptedChatModel()
    memory = DiaryMiddleware(diary, "ana", cache_control={"type": "ephemeral"})
    create_agent(model, system_prompt="Be brief.", middleware=[memory]).invoke(asking("Hello!"))
    create_agent(model, middleware=[memory]).invoke(asking("Hello!"))
    (first, ours), (alone,) = (prompt[0].content for prompt in model.prompts)
    assert first == {"type": "text", "text": "Be brief."}
    assert ours["cache_control"] == alone["cache_control"] == {"type": "ephemeral"}  # type: ignore[index]


def test_the_words_around_the_diary_are_yours(place: Place):
    diary = Diary(place)
    diary.sync.upsert_preference("ana", "likes", "love {braces}")
    model = ScriptedChatModel()
    memory = DiaryMiddleware(diary, "ana", prompt="Known {so far}:\n{memory}")
    create_agent(model, middleware=[memory]).invoke(asking("Hello!"))
    assert model.systems[0].startswith("Known {so far}:\n<memory>")
    assert "love {braces}" in model.systems[0]


def test_what_a_tool_writes_is_seen_by_the_next_call_of_the_model(place: Place):
    upsert = calling("upsert_preference", category="likes", text="love tea")
    model = ScriptedChatModel(lines=[upsert, "Noted."])
    agent = create_agent(model, middleware=[DiaryMiddleware(place, "ana", tools=True)])
    answer = agent.invoke(asking("Remember my favourite."))
    assert answer["messages"][2].text == 'Added likes/tea: "love tea".'
    assert ["love tea" in system for system in model.systems] == [False, True]
    assert "manage_memory" in [tool.name for tool in model.tools[0]]


def test_several_diaries_serve_one_agent(tmp_path: Path):
    user = DiaryMiddleware(tmp_path / "users", name="user")
    team = DiaryMiddleware(tmp_path / "teams", "team", name="team", record=False)
    team.diary.sync.upsert_preference("team", "instructions", "always answer in English")
    model = ScriptedChatModel(
        lines=[calling("upsert_preference", category="likes", text="love tea"), "Noted."]
    )
    tools: Any = DiaryMiddleware(user.diary, name="tools", record=False, tools=True)
    agent = create_agent(model, middleware=[user, team, tools])
    with bind_user("ana"):
        updates = list(agent.stream(asking(WALNUTS), stream_mode="updates"))
        agent.invoke(asking("A cake?"))
    assert isinstance(next(chunk["model"] for chunk in updates if "model" in chunk), dict)
    assert "walnuts" in model.systems[-1]
    assert "English" in model.systems[-1]
    assert user.diary.sync.messages.count("ana", user.diary.sync.messages.sessions("ana")[0].id)
    assert team.diary.sync.messages.sessions("team") == []
    with pytest.raises(AssertionError, match="duplicate"):
        create_agent(model, middleware=[user, DiaryMiddleware(tmp_path, name="user")])


def test_twenty_users_at_once_never_mix(place: Place):
    """Each run is asked three times; what the model sees and what is kept is of its own user."""
    users = [f"user {number}" for number in range(20)]
    memory = DiaryMiddleware(place)
    model = ScriptedChatModel(lines=[lambda prompt: AIMessage(f"Hello, {prompt[-1].text}!")])
    agent = create_agent(model, middleware=[memory], context_schema=Context)

    def told(user_id: str) -> Any:
        return asking(f"My name is {user_id.title().replace(' ', '')}.")

    def sync(user_id: str) -> Any:
        return agent.invoke(told(user_id), context=Context(user_id))

    async def main() -> None:
        await asyncio.gather(*(agent.ainvoke(told(u), context=Context(u)) for u in users))

    asyncio.run(main())
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(sync, users))
    for user_id in users:
        with bind_user(user_id):
            (answer,) = agent.batch([told(user_id)])
        assert answer["messages"][-1].text == f"Hello, {answer['messages'][0].text}!"
        name = user_id.title().replace(" ", "")
        own = [prompt for prompt in model.prompts if name + "." in prompt[-1].text.split()]
        assert len(own) == 3
        others = {other.title().replace(" ", "") for other in users if other != user_id}
        for prompt in own:
            shown = {word.strip(".,:!") for word in " ".join(m.text for m in prompt).split()}
            assert not shown & others
        for session in memory.diary.sync.messages.sessions(user_id):
            said = memory.diary.sync.messages.read(user_id, session.id)
            assert [name in message.text for message in said] == [True, True]


def test_a_model_reads_the_turns_in_the_background_and_not_in_the_stream(place: Place):
    from langchain_diarist import LangChainExtractor

    edit = '{"action": "add", "category": "likes", "text": "love tea"}'
    reader = ScriptedChatModel(lines=[f'{{"edits": [{edit}], "summary": "Tea."}}'])
    memory = DiaryMiddleware(Diary(place, agent=LangChainExtractor(reader)), "ana")
    agent = create_agent(ScriptedChatModel(), middleware=[memory])
    shown = list(agent.stream(asking("I love tea!"), stream_mode=["messages", "updates"]))
    memory.recorder.flush_sync()
    assert "love tea" in memory.diary.sync.preferences("ana")
    assert len(reader.prompts) == 1
    assert "edits" not in str(shown)


def test_what_makes_no_sense_is_refused_when_it_is_made(place: Place):
    with pytest.raises(ValueError, match=r"\{memory\}"):
        DiaryMiddleware(place, prompt="Known:")
    with pytest.raises(ValueError, match='"warn" or "raise"'):
        DiaryMiddleware(place, on_error="ignore")  # type: ignore[arg-type]

    pages = diary_without_records()
    with pytest.raises(UnsupportedError, match="record=False"):
        DiaryMiddleware(pages)
    agent = create_agent(
        ScriptedChatModel(), middleware=[DiaryMiddleware(pages, "ana", record=False)]
    )
    assert agent.invoke(asking("Hello!"))["messages"][-1].text == "Noted."


def test_it_stands_anywhere_among_others(place: Place):
    class Named(AgentMiddleware):  # type: ignore[type-arg]
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            text = f"{request.system_message.text if request.system_message else ''} Named."
            return handler(request.override(system_message=SystemMessage(text)))

    for order in (1, -1):
        model = ScriptedChatModel()
        middleware: Any = [DiaryMiddleware(place, "ana"), Named()][::order]
        create_agent(model, middleware=middleware).invoke(asking(WALNUTS))
    assert "Named." in model.systems[0]
    assert "walnuts" in model.systems[0]
