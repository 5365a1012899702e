"""Pydantic AI's messages as the diary's, and back.

A message of the diary is one of Pydantic AI's: its own JSON form is the payload, without the
instructions, which each request has anew. Any other program reads role and text, and what another
program wrote arrives here by role and text. Parts are told apart by their kind, which is the same
in all versions, where their classes are not.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)

from diarist import Message, Payload
from diarist.adapters import line_of_call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pydantic_ai.messages import ModelMessage, UserContent

FORMAT: Final = "pydantic_ai/1"
"""The payload's format: what `ModelMessagesTypeAdapter` gives as JSON."""

_log = logging.getLogger("diarist.pydantic_ai")


def to_message(message: ModelMessage, at: datetime | None = None) -> Message:
    """Return a message of Pydantic AI as the diary keeps it.

    A request is the user's where there is a prompt in it, and its text is what the user says; else
    it is a tool's, where one answers, or else the system's. What JSON can't hold, such as metadata
    that a tool returns, is stored as the name of its type, and NaN as null.

    Args:
        message: a request or a response.
        at: when it was said, with a time zone; None is when it is stored.

    Raises:
        TypeError: it is no message.

    >>> to_message(ModelRequest([UserPromptPart("I love tea.")])).text
    'I love tea.'
    """
    if isinstance(message, ModelRequest):
        role, name, text = _read(message)
        message = replace(message, instructions=None)
    elif isinstance(message, ModelResponse):  # pyright: ignore[reportUnnecessaryIsInstance]
        role, name, text = "assistant", None, _joined(map(_said, message.parts))
    else:
        raise TypeError(f"a ModelRequest or ModelResponse is wanted, not {message!r}")
    data = ModelMessagesTypeAdapter.dump_python(
        [message], mode="json", warnings=False, fallback=lambda value: f"<{type(value).__name__}>"
    )
    return Message(role, text, name, None, at, payload=Payload(FORMAT, data[0]))


def from_message(message: Message) -> ModelMessage:
    """Return a message of the diary as one of Pydantic AI: its own form, else by role and text.

    A run goes on with `[from_message(m) for m in …]` as its `message_history`. A role that Pydantic
    AI doesn't know is a user's, which has the least to say.

    >>> from_message(Message("assistant", "Noted.")).parts[0].content
    'Noted.'
    """
    payload = message.payload
    if payload is not None and payload.format == FORMAT:
        try:
            return ModelMessagesTypeAdapter.validate_json(json.dumps([payload.data]))[0]
        except ValidationError as error:
            _log.warning(
                "message %s is read by its role and text: its own form is none that this "
                "Pydantic AI knows (%d faults)",
                message.source,
                error.error_count(),
            )
    if message.role == "assistant":
        return ModelResponse([TextPart(message.text)])
    part = SystemPromptPart if message.role == "system" else UserPromptPart
    return ModelRequest([part(message.text)])


def prompt_of(message: ModelMessage) -> str:
    r"""Return what the user says in a message, "" where they don't.

    >>> prompt_of(ModelRequest([SystemPromptPart("Be kind."), UserPromptPart(["Hi!", "Tea?"])]))
    'Hi!\nTea?'
    """
    prompts = [part for part in message.parts if part.part_kind == "user-prompt"]
    return _joined(_spoken(part.content) for part in prompts)


# ---------------------------------------------------------------- how


def _read(request: ModelRequest) -> tuple[str, str | None, str]:
    """Return the role, the name and the text of a request."""
    kinds = {part.part_kind for part in request.parts}
    if "user-prompt" in kinds:
        return "user", None, prompt_of(request)
    names = [name for part in request.parts if (name := getattr(part, "tool_name", None))]
    text = _joined(map(_told, request.parts))
    return "tool" if names else "system", names[0] if len(names) == 1 else None, text


def _told(part: Any) -> str:
    """Return what a tool, or the framework, tells the model."""
    content = getattr(part, "content", None)
    if isinstance(content, str):
        return content
    for worded in ("model_response_str", "model_response"):
        if hasattr(part, worded):
            return str(getattr(part, worded)())
    return ""


def _said(part: Any) -> str:
    """Return what a model says in a part of its response; its thoughts are not said."""
    kind: str = part.part_kind
    if kind == "text":
        return part.content
    if kind.endswith("tool-call"):
        return line_of_call(part.tool_name, part.args or {})
    return "[file]" if kind == "file" else ""


def _spoken(content: str | Sequence[UserContent]) -> str:
    """Return a prompt as text, what is no text named."""
    return content if isinstance(content, str) else _joined(map(_named, content))


def _named(item: Any) -> str:
    """Return one thing of a prompt: its text, or a word for a picture, a sound or a file."""
    if isinstance(item, str):
        return item
    if isinstance(content := getattr(item, "content", None), str):
        return content
    kind: str = getattr(item, "kind", "")
    if kind == "binary":
        kind = item.media_type.replace("application/", "file/").replace("/", "-")
    if not kind or kind == "cache-point":
        return ""
    return f"[{'file' if kind == 'uploaded-file' else kind.partition('-')[0]}]"


def _joined(texts: Any) -> str:
    return "\n".join(text for text in texts if text)
