"""`diary.messages`: windows into a conversation, and what it refuses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from diarist import Diary, InvalidIdError, Message, Payload
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from diarist.messages import Messages

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def messages() -> Messages:
    return Diary(MemoryBackend(), clock=lambda: NOON, count_tokens=lambda text: len(text)).messages


def turn(n: int, *, tool: bool = False) -> list[Message]:
    said = [Message("user", f"q{n}")]
    if tool:
        call = Payload("test/1", {"call": "look it up"})
        said += [Message("assistant", "", payload=call), Message("tool", "found it")]
    return [*said, Message("assistant", f"a{n}")]


async def window(messages: Messages, said: list[Message], tokens: int) -> list[str]:
    await messages.append("ana", "s", said)
    return [message.text for message in await messages.window("ana", "s", tokens)]


def test_a_window_holds_the_newest_whole_turns_that_fit(messages: Messages):
    said = [m for n in range(5) for m in turn(n)]  # each message: 2 tokens and 4 for its frame
    assert asyncio.run(window(messages, said, 24)) == ["q3", "a3", "q4", "a4"]
    assert asyncio.run(messages.window("ana", "s", 23)) != []
    assert [m.text for m in asyncio.run(messages.window("ana", "s", 23))] == ["q4", "a4"]
    assert asyncio.run(messages.window("ana", "s", 11)) == []
    assert len(asyncio.run(messages.window("ana", "s", 10_000))) == 10


def test_a_tool_result_never_stands_without_its_call(messages: Messages):
    said = [*turn(1), *turn(2, tool=True), *turn(3)]
    whole = asyncio.run(window(messages, said, 10_000))
    assert whole == ["q1", "a1", "q2", "", "found it", "a2", "q3", "a3"]
    for tokens in range(150):
        texts = [m.text for m in asyncio.run(messages.window("ana", "s", tokens))]
        assert texts == whole[len(whole) - len(texts) :]
        assert len(texts) in (0, 2, 6, 8)


def test_a_window_goes_back_further_than_one_read(messages: Messages):
    said = [m for n in range(120) for m in turn(n)]
    assert len(asyncio.run(window(messages, said, 10_000))) == 240


def test_a_window_may_begin_with_what_no_user_said(messages: Messages):
    said = [Message("system", "be kind"), *turn(1)]
    assert asyncio.run(window(messages, said, 10_000)) == ["be kind", "q1", "a1"]


def test_times_are_the_messages_own_or_the_clocks(messages: Messages):
    early = datetime(2020, 1, 1, tzinfo=UTC)
    done = asyncio.run(
        messages.append("ana", "s", [Message("user", "a", at=early), Message("user", "b")])
    )
    assert [message.at for message in done] == [early, NOON]


def test_what_no_store_can_hold_is_refused_in_a_sentence_and_nothing_is_stored(messages: Messages):
    good = Message("user", "fine")
    for bad, error, words in [
        (Message("user", "x", metadata={"when": NOON}), TypeError, "metadata is nothing that JSON"),
        (Message("user", "x", payload=Payload("f", object())), TypeError, "payload is nothing"),
        ({"role": "user", "content": "x"}, TypeError, "a message is a diarist.Message"),
    ]:
        with pytest.raises(error, match=words):
            asyncio.run(messages.append("ana", "s", [good, bad]))  # pyright: ignore
    with pytest.raises(TypeError, match="text is a string"):
        Message("user", None)  # pyright: ignore
    with pytest.raises(ValueError, match="no time zone"):
        Message("user", "x", at=datetime(2026, 1, 1))
    with pytest.raises(InvalidIdError):
        asyncio.run(messages.append("", "s", [good]))
    with pytest.raises(ValueError, match="limit must not be negative"):
        asyncio.run(messages.read("ana", "s", limit=-1))
    assert asyncio.run(messages.count("ana", "s")) == 0


def test_any_session_id_is_a_session(messages: Messages):
    for session in ("", "a/b", "\x00", "x" * 5000, "日本"):
        asyncio.run(messages.append("ana", session, [Message("user", "x")]))
    assert len(asyncio.run(messages.sessions("ana"))) == 5
