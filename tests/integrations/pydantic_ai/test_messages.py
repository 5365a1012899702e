"""Messages of Pydantic AI come back from a diary as they were; others by role and text."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    DocumentUrl,
    FilePart,
    ImageUrl,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

from diarist import Diary, Message, Payload
from diarist.testing import MemoryBackend
from pydantic_ai_diarist import from_message, to_message

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

PICTURE = BinaryContent(b"\x89PNG", media_type="image/png")
MESSAGES: list[tuple[str, str, ModelMessage]] = [
    ("user", "I love tea.", ModelRequest([UserPromptPart("I love tea.")], run_id="r1")),
    ("user", "", ModelRequest([UserPromptPart("")])),
    (
        "user",
        "What is it?\n[image]\n[document]\n[image]\n[audio]\n[file]",
        ModelRequest(
            [
                SystemPromptPart("I love boats."),
                UserPromptPart(
                    [
                        "What is it?",
                        ImageUrl("https://example.org/x.png"),
                        DocumentUrl("https://example.org/x.pdf"),
                        PICTURE,
                        BinaryContent(b"x", media_type="audio/wav"),
                        BinaryContent(b"x", media_type="application/pdf"),
                        CachePoint(),
                    ]
                ),
            ]
        ),
    ),
    (
        "user",
        "And chess.",
        ModelRequest([ToolReturnPart("book", "I love boats.", "c1"), UserPromptPart("And chess.")]),
    ),
    ("tool", "Sun.", ModelRequest([ToolReturnPart("weather", "Sun.", "c1")])),
    (
        "tool",
        'Sun.\n{"wind":[1,2]}',
        ModelRequest(
            [
                ToolReturnPart("weather", "Sun.", "c1"),
                ToolReturnPart("more", {"wind": [1, 2]}, "c2", metadata={"a": 1}),
            ]
        ),
    ),
    ("system", "Be kind.", ModelRequest([SystemPromptPart("Be kind.")])),
    (
        "assistant",
        'Let me see.\n[calls look {"a": "é"}]\n[calls look {"b": 1}]\n[calls rest {}]\n[file]',
        ModelResponse(
            [
                ThinkingPart("I love boats.", signature="s"),
                TextPart("Let me see."),
                ToolCallPart("look", {"a": "é"}, "c1"),
                ToolCallPart("look", '{"b": 1}', "c2"),
                ToolCallPart("rest", None, "c3"),
                FilePart(PICTURE),
            ],
            usage=RequestUsage(input_tokens=3, output_tokens=5),
            model_name="a model",
            provider_details={"x": [1, None]},
            finish_reason="stop",
        ),
    ),
]


@pytest.mark.parametrize(("role", "text", "message"), MESSAGES)
def test_a_message_comes_back_as_it_was(role: str, text: str, message: ModelMessage):
    diary = Diary(MemoryBackend())
    diary.sync.messages.append("ana", "s1", [to_message(message)])
    (kept,) = diary.sync.messages.read("ana", "s1")
    assert (kept.role, kept.text) == (role, text)
    back = from_message(kept)
    assert type(back) is type(message)
    assert [part.part_kind for part in back.parts] == [part.part_kind for part in message.parts]
    assert to_message(back) == to_message(message)
    assert back.run_id == message.run_id


def test_a_tool_that_answers_alone_is_named():
    assert to_message(ModelRequest([ToolReturnPart("weather", "Sun.", "c1")])).name == "weather"
    several = [ToolReturnPart("a", "x", "c1"), ToolReturnPart("b", "y", "c2")]
    assert to_message(ModelRequest(several)).name is None


def test_instructions_stay_away():
    message = ModelRequest([UserPromptPart("Hi.")], instructions="What the diary says.")
    assert "What the diary says." not in repr(to_message(message))
    assert message.instructions == "What the diary says."


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ({"at": object()}, {"at": "<object>"}),
        ({"nan": float("nan"), "set": {1}}, {"nan": None, "set": [1]}),
    ],
)
def test_what_json_can_not_hold_is_named(content: Any, kept: Any, recwarn: pytest.WarningsRecorder):
    diary = Diary(MemoryBackend())
    part = ToolReturnPart("weather", "Sun.", "c1", metadata=content)
    diary.sync.messages.append("ana", "s1", [to_message(ModelRequest([part]))])
    (message,) = diary.sync.messages.read("ana", "s1")
    assert from_message(message).parts[0].metadata == kept  # type: ignore[union-attr]
    assert list(recwarn) == []


def test_long_arguments_are_cut_in_the_text_and_whole_in_the_message():
    call = ToolCallPart("write", {"text": "x" * 1000}, "c1")
    message = to_message(ModelResponse([call]))
    assert len(message.text) < 250
    assert from_message(message).parts == [call]


@pytest.mark.parametrize(
    ("role", "kind", "part"),
    [
        ("user", ModelRequest, "user-prompt"),
        ("assistant", ModelResponse, "text"),
        ("system", ModelRequest, "system-prompt"),
        ("tool", ModelRequest, "user-prompt"),
    ],
)
def test_what_others_wrote_arrives_by_role_and_text(role: str, kind: type, part: str):
    back = from_message(Message(role, "Hello!", payload=Payload("langchain/1", {"x": 1})))
    assert type(back) is kind
    assert [(one.part_kind, one.content) for one in back.parts] == [(part, "Hello!")]  # type: ignore[union-attr]


def test_a_form_that_is_not_known_is_read_by_role_and_text(caplog: pytest.LogCaptureFixture):
    payload = Payload("pydantic_ai/1", {"kind": "new", "parts": []})
    with caplog.at_level(logging.WARNING, "diarist.pydantic_ai"):
        back = from_message(Message("user", "Hello!", payload=payload))
    assert back.parts[0].content == "Hello!"  # type: ignore[union-attr]
    assert "is read by its role and text" in caplog.text


def test_what_comes_back_shares_nothing():
    message = to_message(ModelResponse([ToolCallPart("look", {"a": {"b": 1}}, "c1")]))
    from_message(message).parts[0].args["a"]["b"] = 2  # type: ignore[union-attr, index]
    assert from_message(message).parts[0].args == {"a": {"b": 1}}  # type: ignore[union-attr]


def test_what_is_no_message_is_told():
    with pytest.raises(TypeError, match="a ModelRequest or ModelResponse is wanted, not 'Hi'"):
        to_message("Hi")  # type: ignore[arg-type]


def test_halves_of_characters_are_kept_as_the_diary_keeps_them():
    diary = Diary(MemoryBackend())
    message = ModelRequest([UserPromptPart("tea \ud83d")])
    asyncio.run(diary.record_turn("ana", "s1", [to_message(message)]))
    (kept,) = diary.sync.messages.read("ana", "s1")
    assert kept.text.startswith("tea ")
    assert from_message(kept).parts[0].content.startswith("tea ")  # type: ignore[union-attr]
