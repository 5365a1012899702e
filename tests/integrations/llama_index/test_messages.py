"""A message of LlamaIndex comes back from a diary as it went in, whatever it holds."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.schema import ImageDocument
from pydantic import BaseModel

from diarist import Diary, Message, Payload
from diarist.testing import MemoryBackend
from llama_index_diarist.messages import from_message, to_message

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n\x00\xff picture"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \xff"
MP4 = b"\x00\x00\x00\x18ftypmp42\xff\xfe"
PDF = b"%PDF-1.4 \xff\xfe"

MESSAGES: dict[str, ChatMessage] = {
    "text": ChatMessage("Hello!"),
    "empty text": ChatMessage(role="assistant", content=""),
    "no content": ChatMessage(role="assistant", content=None),
    "two texts": ChatMessage(blocks=[TextBlock(text="one"), TextBlock(text="two")]),
    "odd characters": ChatMessage("nul \x00, line \u2028, quotes ''' \"\"\", 日本, 👩‍🚀"),
    "half a character": ChatMessage("half \ud800 of one"),
    "image": ChatMessage(blocks=[TextBlock(text="look"), ImageBlock(image=PNG, detail="low")]),
    "image at a url": ChatMessage(blocks=[ImageBlock(url="https://example.org/a b.png?x=1")]),
    "audio": ChatMessage(blocks=[AudioBlock(audio=WAV, format="wav")]),
    "video": ChatMessage(blocks=[VideoBlock(video=MP4, fps=2)]),
    "document": ChatMessage(blocks=[DocumentBlock(data=PDF, title="a paper")]),
    "document at a path": ChatMessage(blocks=[DocumentBlock(path="not/there.pdf")]),
    "cache point": ChatMessage(
        blocks=[TextBlock(text="x"), CachePoint(cache_control=CacheControl(type="ephemeral"))]
    ),
    "citable": ChatMessage(
        blocks=[CitableBlock(title="t", source="s", content=[ImageBlock(image=PNG)])]
    ),
    "citation": ChatMessage(
        blocks=[
            CitationBlock(
                title="t", source="s", cited_content="c", additional_location_info={"page": 3}
            )
        ]
    ),
    "thinking": ChatMessage(
        role="assistant",
        blocks=[
            ThinkingBlock(content="hm", num_tokens=7, additional_information={"signature": "Eq/=="})
        ],
    ),
    "tool call": ChatMessage(
        role="assistant",
        blocks=[ToolCallBlock(tool_call_id="c1", tool_name="add", tool_kwargs={"a": 1, "b": None})],
    ),
    "tool call cut short": ChatMessage(
        role="assistant", blocks=[ToolCallBlock(tool_name="add", tool_kwargs='{"a": ')]
    ),
    "tool's answer": ChatMessage(
        role="tool", content="3", additional_kwargs={"tool_call_id": "c1", "name": "add"}
    ),
    "tool calls of old": ChatMessage(
        role="assistant",
        content=None,
        additional_kwargs={"tool_calls": [{"id": "c1", "function": {"arguments": '{"a": 1}'}}]},
    ),
    "a large number": ChatMessage("x", additional_kwargs={"n": 2**80, "none": None}),
    **{f"role {role.value}": ChatMessage("x", role=role) for role in MessageRole},
}


def kept(message: ChatMessage) -> Message:
    """Return the record that a message becomes, from a store."""
    diary = Diary(MemoryBackend())
    diary.sync.messages.append("ana", "chat", [to_message(message)])
    return diary.sync.messages.read("ana", "chat")[0]


def back(message: ChatMessage) -> ChatMessage:
    """Return a message that was stored, and read again."""
    return from_message(kept(message))


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_comes_back_as_it_was(message: ChatMessage):
    before = message.model_copy(deep=True)
    found = back(message)
    assert found == before == message
    assert found.content == message.content
    assert type(found) is ChatMessage


@pytest.mark.parametrize(
    ("role", "shared"),
    [("user", "user"), ("tool", "tool"), ("function", "tool"), ("chatbot", "assistant"),
     ("model", "assistant"), ("developer", "system")],
)  # fmt: skip
def test_other_frameworks_see_a_role_they_know_and_the_text(role: str, shared: str):
    record = kept(ChatMessage(role=role, blocks=[TextBlock(text="one"), TextBlock(text="two")]))
    assert (record.role, record.text) == (shared, "one\ntwo")
    assert kept(MESSAGES["tool's answer"]).name == "add"


def test_what_another_framework_wrote_arrives_as_role_and_text():
    payload = Payload("langchain/1", {"type": "ai", "content": "3"})
    written = Message("assistant", "three", name="ada", payload=payload, metadata={"run": 1})
    assert from_message(written) == ChatMessage(role="assistant", content="three")
    assert from_message(Message("critic", "hm")) == ChatMessage(role="user", content="hm")


def test_a_plain_message_is_stored_once():
    assert kept(ChatMessage("Hello!")).payload is None


def test_a_message_says_when_it_was_said():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert to_message(ChatMessage("x"), noon).at == noon
    assert to_message(MESSAGES["tool call"], noon).at == noon


@pytest.mark.parametrize(
    ("block", "field", "data"),
    [
        (ImageBlock(image=BytesIO(PNG)), "image", PNG),
        (AudioBlock(audio=BytesIO(WAV)), "audio", WAV),
        (VideoBlock(video=BytesIO(MP4)), "video", MP4),
        (DocumentBlock(data=BytesIO(PDF)), "data", PDF),
    ],
    ids=["image", "audio", "video", "document"],
)
def test_a_stream_is_kept_as_its_bytes_and_stays_where_it_was(
    block: ImageBlock, field: str, data: bytes
):
    stream = getattr(block, field)
    stream.seek(3)
    (found,) = back(ChatMessage(blocks=[block])).blocks
    assert getattr(found, field) == b64encode(data)
    assert getattr(block, field) is stream
    assert stream.tell() == 3


def test_streams_inside_other_blocks_are_kept():
    inner = ImageBlock(image=BytesIO(PNG))
    cited = CitationBlock(title="t", source="s", cited_content=inner, additional_location_info={})
    citable = CitableBlock(title="t", source="s", content=[inner, DocumentBlock(data=BytesIO(PDF))])
    one, two = back(ChatMessage(blocks=[cited, citable])).blocks
    assert isinstance(one, CitationBlock)
    assert isinstance(two, CitableBlock)
    assert one.nested_blocks[0].resolve_image().read() == PNG
    assert two.content[1].resolve_document().read() == PDF
    assert inner.resolve_image().read() == PNG


def test_images_given_in_the_old_way_are_kept_once():
    image = ImageDocument(image=b64encode(PNG).decode())
    message = ChatMessage("look", additional_kwargs={"images": [image], "other": 1})
    found = back(message)
    assert found.blocks == message.blocks
    assert len(found.blocks) == 2
    assert found.additional_kwargs == {"other": 1}


def test_a_message_is_readable_when_its_files_are_gone(tmp_path: Path):
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    image = ImageBlock(path=picture)
    cited = CitationBlock(title="t", source="s", cited_content=image, additional_location_info={})
    citable = CitableBlock(title="t", source="s", content=[image])
    message = ChatMessage(blocks=[TextBlock(text="look"), image, cited, citable])
    assert back(message) == message
    record = kept(message)
    picture.unlink()
    assert from_message(record) == message


class Point(BaseModel):
    x: int


def test_extra_arguments_come_back_in_the_form_that_json_has():
    given = {"point": Point(x=1), "bytes": b"\xff", "at": datetime(2026, 1, 1, tzinfo=UTC)}
    given |= {"tuple": (1, 2), "keys": {1: "one"}, "nan": float("nan"), "far": float("-inf")}
    assert back(ChatMessage("x", additional_kwargs=given)).additional_kwargs == {
        "point": {"x": 1},
        "bytes": "/w==",
        "at": "2026-01-01T00:00:00Z",
        "tuple": [1, 2],
        "keys": {"1": "one"},
        "nan": None,
        "far": None,
    }


CYCLE: dict[str, Any] = {"a": []}
CYCLE["a"].append(CYCLE)
REFUSED = {
    r"additional_kwargs\['raw'\]\['deep'\]\[1\] \(object\)": ChatMessage(
        "x", additional_kwargs={"fine": 1, "raw": {"deep": [1, object()]}}
    ),
    r"additional_kwargs\['call'\] \(function\)": ChatMessage(
        "x", additional_kwargs={"call": lambda: None}
    ),
    r"additional_kwargs\['round'\]\['a'\]": ChatMessage("x", additional_kwargs={"round": CYCLE}),
    r"blocks\[1\].additional_information\['signature'\] \(bytes\)": ChatMessage(
        blocks=[
            TextBlock(text="x"),
            ThinkingBlock(content="hm", additional_information={"signature": b"\xff"}),
        ]
    ),
    r"blocks\[0\].tool_kwargs\['to'\] \(object\)": ChatMessage(
        blocks=[ToolCallBlock(tool_name="send", tool_kwargs={"to": object()})]
    ),
}


@pytest.mark.parametrize(("place", "message"), REFUSED.items(), ids=REFUSED)
def test_what_has_no_json_form_is_refused_and_named(place: str, message: ChatMessage):
    with pytest.raises(TypeError, match=f"can't be stored: {place}"):
        to_message(message)


def test_a_stream_that_cannot_be_read_again_is_refused_and_named():
    class Once(BytesIO):
        def seek(self, *_: int) -> int:
            raise OSError("a pipe")

    with pytest.raises(TypeError, match=r"blocks\[0\].image \(Once\) has no JSON form: a pipe"):
        to_message(ChatMessage(blocks=[ImageBlock(image=Once(PNG))]))


def test_only_chat_messages_are_taken():
    with pytest.raises(TypeError, match="a message is a ChatMessage, not str"):
        to_message("Hello!")  # pyright: ignore[reportArgumentType]


def test_a_bad_payload_is_no_empty_message():
    async def read() -> None:
        diary = Diary(MemoryBackend())
        bad = Message("user", "x", payload=Payload("llama_index/1", {"blocks": [{"no": 1}]}))
        (stored,) = await diary.messages.append("ana", "chat", [bad])
        from_message(stored)

    with pytest.raises(ValueError, match="block_type"):
        asyncio.run(read())
