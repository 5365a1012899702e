"""A chat history of LangChain keeps each message, in order, for its session and its user alone."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.graph.message import REMOVE_ALL_MESSAGES

from diarist import Diary, Message, Payload, SyncDiary, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend
from langchain_diarist import DiaryChatMessageHistory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integrations.places import Place

TALK: list[BaseMessage] = [
    HumanMessage("What is tea in Portuguese?"),
    AIMessage("", tool_calls=[{"name": "translate", "args": {"word": "tea"}, "id": "c1"}], id="a1"),
    ToolMessage("chá", tool_call_id="c1", artifact={"at": [1, None]}),
    AIMessage("Chá.", id="a2", response_metadata={"model": "x"}),
    SystemMessage([{"type": "text", "text": "Be kind."}]),
    ChatMessage("Order!", role="judge"),
]


def said(count: int, start: int = 0) -> list[BaseMessage]:
    return [(AIMessage if n % 2 else HumanMessage)(f"message {n}") for n in range(start, count)]


def contents(history: DiaryChatMessageHistory) -> list[Any]:
    return [message.content for message in history.messages]


@pytest.fixture(params=["a folder", "memory", "PostgreSQL"])
def diary(request: pytest.FixtureRequest, place: Place) -> Diary:
    if request.param == "PostgreSQL":
        return Diary(request.getfixturevalue("postgres"))
    return Diary(place if request.param == "a folder" else MemoryBackend())


@pytest.fixture
def history(diary: Diary) -> DiaryChatMessageHistory:
    return DiaryChatMessageHistory(diary, "ana", "chat")


# ---------------------------------------------------------------- what was added is there


def test_messages_come_back_as_they_were_in_their_order(history: DiaryChatMessageHistory):
    history.add_messages(TALK)
    history.add_user_message("Thanks!")
    history.add_ai_message("You are welcome.")
    expected = [*TALK, HumanMessage("Thanks!"), AIMessage("You are welcome.")]
    assert history.messages == expected
    assert list(map(type, history.messages)) == list(map(type, expected))
    assert len(history) == 8
    assert str(history).startswith("Human: What is tea")
    assert isinstance(history, BaseChatMessageHistory)


def test_the_async_calls_do_the_same(history: DiaryChatMessageHistory):
    async def talk() -> list[BaseMessage]:
        await history.aadd_messages(TALK)
        await history.aadd_message(HumanMessage("Thanks!"))
        assert await history.aget_messages(last=1) == [HumanMessage("Thanks!")]
        found = await history.aget_messages()
        await history.aadd_message(RemoveMessage("a1"))
        assert len(await history.aget_messages()) == 6
        await history.aclear()
        assert await history.aget_messages() == []
        return found

    assert asyncio.run(talk()) == [*TALK, HumanMessage("Thanks!")]


def test_the_loop_goes_on_while_an_async_call_waits_for_the_disk(tmp_path: Path):
    history = DiaryChatMessageHistory(tmp_path, "ana", "chat")
    history.add_user_message("first")
    other = sqlite3.connect(tmp_path / "ana" / "diary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as another process that writes

    async def talk() -> None:
        adding = asyncio.create_task(history.aadd_messages([HumanMessage("second")]))
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert not adding.done()
        other.execute("ROLLBACK")
        await adding

    asyncio.run(talk())
    other.close()
    assert contents(history) == ["first", "second"]


def test_the_newest_are_read_alone(history: DiaryChatMessageHistory):
    history.add_messages(said(50))
    assert history.get_messages(last=3) == said(50, 47)
    assert history.get_messages(last=0) == []
    assert history.get_messages(last=100) == said(50)
    with pytest.raises(ValueError, match="last"):
        history.get_messages(last=-1)


def test_another_history_of_the_session_sees_all_of_it(tmp_path: Path):
    here, there = (DiaryChatMessageHistory(tmp_path, "ana", "chat") for _ in range(2))
    for number in range(6):
        (here if number % 2 else there).add_message(HumanMessage(str(number)))
        assert contents(here) == contents(there) == [str(n) for n in range(number + 1)]
    assert contents(DiaryChatMessageHistory(str(tmp_path), "ana", "chat")) == contents(here)


def test_nothing_added_is_nothing_stored(history: DiaryChatMessageHistory):
    history.add_messages([])
    assert history.messages == []
    assert len(history) == 0
    assert history


# ---------------------------------------------------------------- what has changed since


def test_a_message_handed_out_is_the_callers_own(history: DiaryChatMessageHistory):
    history.add_messages(TALK)
    for _ in range(2):
        handed = history.messages
        handed[0].content = "changed"
        handed[1].tool_calls[0]["args"]["word"] = "changed"  # pyright: ignore
        handed[2].artifact["at"].append("changed")  # pyright: ignore
        handed[3].response_metadata["model"] = "changed"
        handed[4].content[0]["text"] = "changed"  # pyright: ignore
        assert history.messages == TALK
    history.messages.pop()
    assert history.messages == TALK


CHANGES: dict[str, Callable[[SyncDiary], object]] = {
    "deleted": lambda diary: diary.messages.delete("ana", "chat", positions=[1]),
    "the last deleted": lambda diary: diary.messages.delete("ana", "chat", positions=[-1]),
    "one deleted, one added": lambda diary: (
        diary.messages.delete("ana", "chat", positions=[0]),
        diary.messages.append("ana", "chat", [Message("user", "new")]),
    ),
    "archived": lambda diary: diary.messages.archive("ana", "chat", 2),
    "replaced": lambda diary: diary.messages.replace("ana", "chat", [Message("user", "new")] * 4),
    "cleared": lambda diary: diary.messages.clear("ana", "chat"),
    "cleared and filled": lambda diary: (
        diary.messages.clear("ana", "chat"),
        diary.messages.append("ana", "chat", [Message("user", "new")] * 4),
    ),
    "the user deleted, and back": lambda diary: (
        diary.delete_user("ana"),
        diary.messages.append("ana", "chat", [Message("user", "new")] * 6),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_history_that_was_read_sees_what_was_changed(diary: Diary, change: str):
    history = DiaryChatMessageHistory(diary, "ana", "chat")
    history.add_messages(said(4))
    assert contents(history) == [f"message {n}" for n in range(4)]
    CHANGES[change](diary.sync)
    now = [message.text for message in diary.sync.messages.read("ana", "chat")]
    assert contents(history) == now
    assert [m.content for m in asyncio.run(history.aget_messages())] == now


def test_what_another_framework_wrote_arrives_as_role_and_text(diary: Diary):
    own = Payload("llama-index/1", {"role": "user", "blocks": []})
    history = DiaryChatMessageHistory(diary, "ana", "chat")
    diary.sync.messages.append(
        "ana", "chat", [Message("user", "Hi.", payload=own), Message("tool", "3", "add")]
    )
    diary.sync.record_turn("ana", "chat", [Message("assistant", "Three.")])
    assert history.messages == [
        HumanMessage("Hi."), AIMessage("3", name="add"), AIMessage("Three."),
    ]  # fmt: skip


# ---------------------------------------------------------------- ids and removals


def test_a_message_with_an_id_is_there_once(
    history: DiaryChatMessageHistory, caplog: pytest.LogCaptureFixture
):
    for _ in range(2):
        history.add_messages([HumanMessage("Hi.", id="m1"), AIMessage("Hello.", id="m2")])
    assert contents(history) == ["Hi.", "Hello."]
    assert caplog.text == ""


def test_a_message_without_an_id_is_there_each_time(history: DiaryChatMessageHistory):
    message = HumanMessage("Hi.")
    history.add_messages([message, message])
    history.add_message(message)
    assert history.messages == [message] * 3


def test_another_content_under_a_known_id_is_refused_and_said(
    history: DiaryChatMessageHistory, caplog: pytest.LogCaptureFixture
):
    history.add_message(HumanMessage("Hi.", id="m1"))
    with caplog.at_level(logging.WARNING, "diarist"):
        history.add_message(HumanMessage("Bye.", id="m1"))
    assert contents(history) == ["Hi."]
    assert "'m1'" in caplog.text


def test_a_removal_is_applied_in_its_place(history: DiaryChatMessageHistory):
    first, second = HumanMessage("one", id="m1"), HumanMessage("two", id="m2")
    history.add_messages([first, second])
    history.add_messages([RemoveMessage("m1"), HumanMessage("three"), RemoveMessage("nowhere")])
    assert contents(history) == ["two", "three"]
    history.add_messages([RemoveMessage("m2"), HumanMessage("new", id="m2")])
    assert contents(history) == ["three", "new"]


def test_a_removal_of_all_leaves_what_comes_after_it(history: DiaryChatMessageHistory):
    history.add_messages(said(4))
    history.add_messages(
        [HumanMessage("gone"), RemoveMessage(REMOVE_ALL_MESSAGES), HumanMessage("a summary")]
    )
    assert contents(history) == ["a summary"]


# ---------------------------------------------------------------- whose, and which session

SESSIONS = ["chat", "", " ", "日本/../x", "a.b@c.com", "x" * 300, "null\x00", "CHAT"]


def test_sessions_and_users_are_apart_whatever_their_names(diary: Diary):
    places = [(user, session) for user in ("ana", "ben@b.com") for session in SESSIONS]
    histories = {place: DiaryChatMessageHistory(diary, *place) for place in places}
    for place, history in histories.items():
        history.add_message(HumanMessage(f"{place}"))
    histories["ana", ""].clear()
    for place, history in histories.items():
        assert contents(history) == ([] if place == ("ana", "") else [f"{place}"])


def test_clearing_leaves_what_was_learned(diary: Diary):
    diary.sync.update_memory("ana", "chat", "I love tea.", "Noted.")
    history = DiaryChatMessageHistory(diary, "ana", "chat")
    history.clear()
    assert history.messages == []
    assert "love tea" in diary.sync.preferences("ana")


def test_nobody_bound_is_an_error_and_not_somebody(diary: Diary):
    history = DiaryChatMessageHistory(diary)
    for call in (
        lambda: history.messages,
        lambda: history.add_user_message("Hi."),
        lambda: history.clear(),
        lambda: len(history),
        lambda: asyncio.run(history.aget_messages()),
        lambda: asyncio.run(history.aadd_messages([HumanMessage("Hi.")])),
    ):
        with pytest.raises(UserNotBoundError):
            call()
    assert diary.sync.list_users() == []


def test_the_bound_user_and_session_are_taken_at_each_call(diary: Diary):
    history = DiaryChatMessageHistory(diary)
    for user in ("ana", "ben"):
        with bind_user(user, "chat"):
            history.add_user_message(f"I am {user}.")
    with bind_user("ana", "chat"):
        assert contents(history) == ["I am ana."]
    with bind_user("ben", "chat"):
        assert contents(history) == ["I am ben."]
        assert history.session_id == "chat"


def test_without_a_session_a_history_has_one_of_its_own(diary: Diary):
    one, other = (DiaryChatMessageHistory(diary, "ana") for _ in range(2))
    for number in range(2):
        one.add_user_message(str(number))
    assert contents(one) == ["0", "1"]
    assert other.messages == []
    assert [session.id for session in diary.sync.messages.sessions("ana")] == [one.session_id]


def test_a_wrong_session_or_place_is_refused(diary: Diary):
    with pytest.raises(TypeError, match="session"):
        _ = DiaryChatMessageHistory(diary, "ana", 7).messages  # pyright: ignore
    with pytest.raises(TypeError, match="folder"):
        DiaryChatMessageHistory(7, "ana")  # pyright: ignore


# ---------------------------------------------------------------- learning


def test_a_history_is_only_a_record_unless_it_is_told_to_learn(diary: Diary):
    DiaryChatMessageHistory(diary, "ana", "chat").add_messages(
        [HumanMessage("I love tea."), AIMessage("Noted.")]
    )
    assert diary.sync.preferences("ana") == ""
    assert diary.sync.catch_up("ana") == []


def test_with_learn_each_question_and_its_answer_is_a_turn(diary: Diary):
    history = DiaryChatMessageHistory(diary, "ana", "chat", learn=True)
    talk = [
        SystemMessage("Be kind."),
        HumanMessage("I'm allergic to walnuts."),
        HumanMessage("And I love tea."),
        AIMessage("Noted."),
        HumanMessage("I live in Porto."),
        AIMessage("Nice."),
    ]
    history.add_messages(talk)
    assert history.messages == talk
    page = diary.sync.preferences("ana")
    for fact in ("walnuts", "love tea", "Porto"):
        assert fact in page
    assert diary.sync.last_conversations("ana")["chat"]["_turns"] == 2
    asyncio.run(history.aadd_messages([HumanMessage("I love coffee."), AIMessage("Me, too.")]))
    assert "love coffee" in diary.sync.preferences("ana")


def test_with_learn_an_answer_alone_is_no_turn(diary: Diary):
    history = DiaryChatMessageHistory(diary, "ana", "chat", learn=True)
    history.add_ai_message("I love tea.")
    assert contents(history) == ["I love tea."]
    assert diary.sync.last_conversations("ana") == {}


@pytest.mark.parametrize("given", ["hello", [{"role": "user", "content": "hello"}]])
def test_what_is_no_message_is_refused_and_nothing_is_added(given: Any):
    history = DiaryChatMessageHistory(None, "ana", "chat_1")
    with pytest.raises(TypeError, match="such as HumanMessage"):
        history.add_messages(given)
    assert len(history) == 0
