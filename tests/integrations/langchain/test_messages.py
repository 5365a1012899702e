"""A message of LangChain comes back from a diary as it was; others arrive by role and text."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from diarist import Diary, Message, Payload, SyncDiary
from langchain_diarist import from_message, to_message

if TYPE_CHECKING:
    from integrations.places import Place

CALL = {"name": "search", "args": {"query": "tea", "page": None}, "id": "c1", "type": "tool_call"}
BAD_CALL = {
    "name": "search", "args": "{oops", "id": "c2", "error": "no JSON", "type": "invalid_tool_call",
}  # fmt: skip
USAGE = {
    "input_tokens": 3,
    "output_tokens": 4,
    "total_tokens": 7,
    "input_token_details": {"cache_read": 1},
}
NOTICE = {"lc_source": "summarization", "lc_data": {"of": ["m1", "m2"]}}
MESSAGES: dict[str, BaseMessage] = {
    "plain": HumanMessage("Hello! 日本 \x00 \x1b ü", id="h1", name="Ana"),
    "without an id": HumanMessage("Hello!"),
    "empty": HumanMessage(""),
    "an extra field": HumanMessage("Hi.", example=True, colour="red"),
    "pictures": HumanMessage(
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}},
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
            {"type": "file", "file_id": "f1"},
            "and this?",
        ]
    ),
    "blocks": HumanMessage(content_blocks=[{"type": "text", "text": "Hello", "id": "b1"}]),
    "an answer": AIMessage(
        "Hi.", id="a1", name="bot", usage_metadata=USAGE, response_metadata={"model": "x", "n": [1]}
    ),
    "calls": AIMessage("", tool_calls=[CALL], invalid_tool_calls=[BAD_CALL], id="a2"),
    "thoughts": AIMessage(
        [
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "text", "text": "Tea.", "cache_control": {"type": "ephemeral"}},
            {"type": "tool_use", "id": "c1", "name": "search", "input": {"query": "tea"}},
        ],
        tool_calls=[CALL],
    ),
    "blocks of version 1": AIMessage(
        content_blocks=[{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Hi."}]
    ),
    "a tool's result": ToolMessage(
        "3 found", tool_call_id="c1", name="search", status="error", id="t1",
        artifact={"rows": [[1, 2.5, None], ["ü", True]]},
    ),
    "instructions": SystemMessage("Be kind.", additional_kwargs=NOTICE, id="s1"),
    "a role of its own": ChatMessage("Order!", role="judge", id="j1"),
    "a function's result": FunctionMessage("3", name="add", id="f1"),
    "a chunk": AIMessageChunk(
        "Hi",
        tool_call_chunks=[{"name": "search", "args": '{"q', "id": "c", "index": 0}],
        usage_metadata=USAGE,
        id="k1",
    ),
    "a human chunk": HumanMessageChunk("Hi"),
    "a chunk with a role": ChatMessageChunk("Or", role="judge"),
    "a removal": RemoveMessage("a1"),
    "half a sign": AIMessage("half \ud83d"),
    "half a sign in a name": HumanMessage("x", name="\ud83d"),
    "half a sign inside": HumanMessage("half \ud83d", additional_kwargs={"x": "\ud83d"}),
    "a great number": HumanMessage("n", additional_kwargs={"n": 2**80, "f": 1e300, "deep": [[[]]]}),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_comes_back_as_it_was(name: str, place: Place):
    message = MESSAGES[name]
    Diary(place).sync.messages.append("ana", "chat", [to_message(message)])
    [kept] = SyncDiary(place).messages.read("ana", "chat")
    back = from_message(kept)
    assert back == message
    assert type(back) is type(message)
    assert kept.metadata == {}


def test_any_program_reads_who_said_what():
    kept = {name: to_message(message) for name, message in MESSAGES.items()}
    read = {name: (message.role, message.text) for name, message in kept.items()}
    assert read["plain"] == ("user", "Hello! 日本 \x00 \x1b ü")
    assert read["pictures"] == ("user", "What is this?and this?\n[image_url]\n[image]\n[file]")
    assert read["an answer"] == ("assistant", "Hi.")
    assert read["calls"] == (
        "assistant",
        '[calls search {"query": "tea", "page": null}]\n[calls search, not understood]',
    )
    assert read["thoughts"] == ("assistant", 'Tea.\n[calls search {"query": "tea", "page": null}]')
    assert read["a tool's result"] == ("tool", "3 found")
    assert read["instructions"] == ("system", "Be kind.")
    assert read["a role of its own"] == ("judge", "Order!")
    assert read["a function's result"] == ("tool", "3")
    assert read["a chunk"][0] == "assistant"
    assert read["a removal"] == ("remove", "")


def test_the_id_the_name_and_the_time_are_the_diarys_too():
    at = datetime(2026, 1, 2, tzinfo=UTC)
    kept = to_message(MESSAGES["plain"], at)
    assert (kept.id, kept.name, kept.at) == ("h1", "Ana", at)
    assert to_message(HumanMessage("x", id="")).id is None


def test_a_long_call_is_shown_shortly_and_kept_whole():
    call = CALL | {"args": {"text": "long " * 1_000}}
    kept = to_message(AIMessage("", tool_calls=[call]))
    assert len(kept.text) < 250
    assert from_message(kept) == AIMessage("", tool_calls=[call])


class Colour(Enum):
    RED = "red"


class Shade(StrEnum):
    DARK = "dark"


@dataclass
class Point:
    x: int


class Frame:
    """Something no JSON can hold."""


ODD = {
    "when": datetime(2026, 1, 2, tzinfo=UTC),
    "bytes": b"\xff\x00",
    "set": {2, 1},
    "pair": (1, 2),
    "id": UUID(int=1),
    "nan": nan,
    "inf": [1.0, -inf],
    "colour": Colour.RED,
    "path": Path("a/b"),
    "frame": Frame(),
    "keys": {1: "one", None: "none"},
}


def test_what_json_cant_hold_is_kept_as_near_as_can_be_and_named(caplog: pytest.LogCaptureFixture):
    message = ToolMessage("x", tool_call_id="c", artifact=ODD, additional_kwargs={"s": Shade.DARK})
    with caplog.at_level(logging.WARNING, "diarist"):
        stored, again = stored_and_read(message), stored_and_read(message)
    back = from_message(stored)
    assert isinstance(back, ToolMessage)
    assert back.artifact == {
        "when": "2026-01-02T00:00:00+00:00",
        "bytes": "/wA=",
        "set": [1, 2],
        "pair": [1, 2],
        "id": str(UUID(int=1)),
        "nan": None,
        "inf": [1.0, None],
        "colour": "red",
        "path": "a/b",
        "frame": None,
        "keys": {"1": "one", "None": "none"},
    }
    assert back.additional_kwargs == {"s": "dark"}
    named = stored.metadata["langchain_changed"]
    assert named["artifact.frame"] == "Frame"
    assert named["artifact.inf.1"] == "float"
    assert named["artifact.keys.1"] == "int"
    assert {path.split(".")[1] for path in named} == set(ODD)
    assert again.metadata == stored.metadata
    assert len(caplog.records) == 1
    assert "Frame" in caplog.text


def stored_and_read(message: BaseMessage) -> Message:
    from diarist.testing import MemoryBackend

    diary = Diary(MemoryBackend()).sync
    diary.messages.append("ana", "chat", [to_message(message)])
    return diary.messages.read("ana", "chat")[0]


def test_models_and_dataclasses_come_back_as_dicts():
    back = from_message(stored_and_read(ToolMessage("x", tool_call_id="c", artifact=Point(3))))
    assert isinstance(back, ToolMessage)
    assert back.artifact == {"x": 3}


def test_what_holds_itself_or_is_too_deep_costs_no_message():
    ring: dict[str, object] = {"a": 1}
    ring["ring"] = ring
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    for artifact in (ring, deep, {"both": [ring, ring]}):
        kept = stored_and_read(ToolMessage("found", tool_call_id="c", artifact=artifact))
        back = from_message(kept)
        assert isinstance(back, ToolMessage)
        assert back.content == "found"
        assert kept.metadata["langchain_changed"]


class Shout(HumanMessage):
    loud: int = 1


class Odd(AIMessage):
    type: str = "odd"  # pyright: ignore


class Stranger(BaseMessage):
    type: str = "stranger"


def test_a_class_of_ones_own_comes_back_as_the_one_it_is_built_on():
    assert from_message(stored_and_read(Shout("Hey!", loud=2, id="x"))) == HumanMessage(
        "Hey!", loud=2, id="x"
    )
    odd = from_message(stored_and_read(Odd("Hm.", tool_calls=[CALL])))
    assert type(odd) is AIMessage
    assert odd.tool_calls == [CALL]
    strange = from_message(stored_and_read(Stranger("Who?")))
    assert isinstance(strange, ChatMessage)
    assert (strange.role, strange.content) == ("stranger", "Who?")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("user", "Hi.", "Ana", "m1"), HumanMessage("Hi.", name="Ana", id="m1")),
        (Message("assistant", "Hi."), AIMessage("Hi.")),
        (Message("system", "Hi."), SystemMessage("Hi.")),
        (Message("tool", "3"), AIMessage("3")),
        (
            Message("developer", "Hi.", payload=Payload("llama-index/1", {"blocks": []})),
            ChatMessage("Hi.", role="developer"),
        ),
        (Message("user", "Hi.", payload=Payload("langchain/2", {})), HumanMessage("Hi.")),
    ],
)
def test_what_others_wrote_arrives_by_role_and_text(message: Message, expected: BaseMessage):
    assert from_message(message) == expected


@pytest.mark.parametrize(
    "data", [None, {}, {"type": "new", "data": {}}, {"type": "tool", "data": {"content": "3"}}]
)
def test_a_form_that_this_version_does_not_know_arrives_by_role_and_text(
    data: object, caplog: pytest.LogCaptureFixture
):
    message = Message("user", "Hi.", payload=Payload("langchain/1", data))
    assert from_message(message) == HumanMessage("Hi.")
    assert "read by its role and text" in caplog.text
