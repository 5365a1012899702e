"""LlamaIndex's messages as records and back: exactly the same, whatever blocks they hold.

A message of one text is kept as role and text alone; any other also in LlamaIndex's own JSON form,
as the payload. Nothing is left out silently: what has no JSON form is refused before it is written.
"""

from __future__ import annotations

from base64 import b64encode
from io import IOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
    VideoBlock,
)
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from diarist import Message, Payload
from diarist.adapters import line_of_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from llama_index.core.base.llms.types import ContentBlock

FORMAT = "llama_index/1"
"""The payload's format: what `ChatMessage.model_dump(mode="json")` gives."""

_SHARED = {name: MessageRole(name) for name in ("system", "user", "assistant", "tool")}
_OTHERS = {"developer": "system", "function": "tool", "chatbot": "assistant", "model": "assistant"}
"""Roles that only LlamaIndex has, and what they are to everybody else."""

_MEDIA = (ImageBlock, AudioBlock, VideoBlock, DocumentBlock)

_DEEPEST = 20
"""How many levels a sentence about a part of a message names."""


def to_message(message: ChatMessage, at: datetime | None = None) -> Message:
    """Return a message as a diary keeps it.

    A stream in a block is kept as its bytes. NaN and infinities become null and bytes become text,
    as in LlamaIndex's own JSON.

    Args:
        message: from LlamaIndex.
        at: when it was said; None is when it is stored.

    Raises:
        TypeError: a part of it has no JSON form; the sentence names the part.

    >>> to_message(ChatMessage("Hello!")).text
    'Hello!'
    """
    if not isinstance(message, ChatMessage):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a message is a ChatMessage, not {type(message).__name__}")
    role = MessageRole(message.role).value
    if role in _SHARED and _is_plain(message):
        return Message(role, message.content or "", at=at)
    name = message.additional_kwargs.get("name")
    return Message(
        _OTHERS.get(role, role),
        text_of(message),
        name=name if isinstance(name, str) else None,
        at=at,
        payload=Payload(FORMAT, _as_json(message)),
    )


def text_of(message: ChatMessage) -> str:
    r"""Return what any program can read of a message: its text, other content and calls named.

    >>> call = ToolCallBlock(tool_name="search", tool_kwargs={"query": "walnuts"})
    >>> text_of(ChatMessage(blocks=[TextBlock(text="Let me look."), call]))
    'Let me look.\n[calls search {"query": "walnuts"}]'
    """
    named = map(_named, message.blocks)
    return "\n".join(filter(None, [message.content, *named]))


def from_message(message: Message) -> ChatMessage:
    """Return a new `ChatMessage`; one that another framework wrote has its role and text.

    A role that LlamaIndex doesn't know is a user's, which has the least to say.

    Args:
        message: a message of a diary.

    >>> print(from_message(Message("user", "Hello!")))
    user: Hello!
    """
    payload = message.payload
    if payload is None or payload.format != FORMAT:
        role = _SHARED.get(message.role, MessageRole.USER)
        return ChatMessage(role=role, blocks=[TextBlock(text=message.text)])
    try:
        return ChatMessage.model_validate(payload.data)
    except ValidationError:
        return _with_files_gone(payload.data)


def for_model(message: Message) -> ChatMessage:
    """Return a message as a model can be shown it.

    Models refuse a tool's result without its call. That of another framework is text in the message
    before, so the result is the assistant's words, too.

    >>> print(for_model(Message("tool", "3 found")))
    assistant: 3 found
    """
    found = from_message(message)
    if found.role == MessageRole.TOOL and not found.additional_kwargs:
        found.role = MessageRole.ASSISTANT
    return found


# ---------------------------------------------------------------- how


def _is_plain(message: ChatMessage) -> bool:
    """Say whether role and text are all there is to a message."""
    if len(message.blocks) != 1 or message.additional_kwargs:
        return False
    block = message.blocks[0]
    return type(block) is TextBlock and not _has_surrogates(block.text)


def _named(block: ContentBlock) -> str:
    """Return a call, a picture, a sound or a file as a line, "" for any other block."""
    if isinstance(block, ToolCallBlock):
        return line_of_call(block.tool_name, block.tool_kwargs)
    return f"[{block.block_type}]" if isinstance(block, _MEDIA) else ""


def _has_surrogates(text: str) -> bool:
    """Say whether a text has halves of characters, which only JSON can hold."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _as_json(message: ChatMessage) -> dict[str, Any]:
    try:
        return _storable(message).model_dump(mode="json", warnings=False)
    except Exception as error:
        place, part = _culprit(message)
        raise TypeError(
            f"this message can't be stored: {place} ({type(part).__name__}) has no JSON form: "
            f"{error}"
        ) from error


def _storable(message: ChatMessage) -> ChatMessage:
    """Return the message without what its JSON form can't hold, or can't be loaded with."""
    blocks = cast("list[ContentBlock]", _without_streams(message.blocks))
    kwargs = message.additional_kwargs
    if kwargs.get("images"):  # an old way to give images: they have become blocks already
        kwargs = {key: value for key, value in kwargs.items() if key != "images"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": kwargs})


def _without_streams(part: object) -> object:
    """Return a part of a message with bytes in base64, as blocks have them, for streams."""
    if isinstance(part, IOBase):
        return _encoded(part)
    if isinstance(part, list):
        return [_without_streams(one) for one in cast("list[object]", part)]
    if not isinstance(part, BaseModel):
        return part
    changed = {name: new for name, value in part if (new := _without_streams(value)) is not value}
    return part.model_copy(update=changed) if changed else part


def _encoded(stream: IOBase) -> bytes:
    """Return all of a stream in base64; it stays where it was."""
    at = stream.tell()
    stream.seek(0)
    data = cast("Any", stream).read()
    stream.seek(at)
    return b64encode(data)


def _culprit(message: ChatMessage) -> tuple[str, object]:
    """Return where the first part is that has no JSON form, and the part."""
    found = "the message", cast("object", message)
    inside = iter(
        (
            *((f"blocks[{n}]", block) for n, block in enumerate(message.blocks)),
            *((f"additional_kwargs[{k!r}]", v) for k, v in message.additional_kwargs.items()),
        )
    )
    for _ in range(_DEEPEST):
        bad = next(((place, part) for place, part in inside if not _has_form(place, part)), None)
        if bad is None:
            break
        found = bad
        inside = _parts(*bad)
    return found


def _has_form(place: str, part: object) -> bool:
    mode: Literal["utf8", "base64"] = "base64" if place.startswith("additional") else "utf8"
    try:
        to_jsonable_python(_without_streams(part), bytes_mode=mode)
    except Exception:  # noqa: BLE001 - whatever the part's own serializer raises
        return False
    return True


def _parts(place: str, whole: object) -> Iterator[tuple[str, object]]:
    if isinstance(whole, BaseModel):
        yield from ((f"{place}.{name}", part) for name, part in whole)
    elif isinstance(whole, dict):
        parts = cast("Mapping[object, object]", whole)
        yield from ((f"{place}[{key!r}]", part) for key, part in parts.items())
    elif isinstance(whole, (list, tuple)):
        listed = cast("Sequence[object]", whole)
        yield from ((f"{place}[{number}]", part) for number, part in enumerate(listed))


def _with_files_gone(data: Mapping[str, Any]) -> ChatMessage:
    """Return a message some of whose files are no longer there, which LlamaIndex refuses to load.

    Raises:
        ValidationError: something else is wrong with it.
    """
    blocks = cast("list[Mapping[str, Any]]", data["blocks"])
    message = ChatMessage.model_validate({**data, "blocks": _without_paths(blocks)})
    for block, stored in zip(message.blocks, blocks, strict=True):
        _give_paths(block, stored)
    return message


def _without_paths(part: object) -> object:
    if isinstance(part, list):
        return [_without_paths(one) for one in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    block = cast("dict[str, object]", part)
    if block.get("block_type") in ("image", "audio", "video"):
        return {**block, "path": None}
    return {name: _without_paths(value) for name, value in block.items()}


def _give_paths(part: object, stored: object) -> None:
    if isinstance(part, (ImageBlock, AudioBlock, VideoBlock)):
        path = cast("Mapping[str, Any]", stored)["path"]
        part.path = None if path is None else Path(path)
    elif isinstance(part, CitableBlock):
        inside = cast("Mapping[str, Any]", stored)["content"]
        for one, kept in zip(part.content, inside, strict=True):
            _give_paths(one, kept)
    elif isinstance(part, CitationBlock):
        _give_paths(part.cited_content, cast("Mapping[str, Any]", stored)["cited_content"])
