"""A chat as LlamaIndex's messages: what is asked in it, and where what is known is put."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ContentBlock

_ANSWERS = (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL)


def newest_question(messages: Sequence[ChatMessage]) -> str | None:
    """Return the newest words of the user, None where there are none.

    >>> newest_question([ChatMessage("Hi."), ChatMessage("Hello!", role="assistant")])
    'Hi.'
    """
    asked = (m.content for m in reversed(messages) if m.role == MessageRole.USER and m.content)
    return next(asked, None)


def beyond(input: str | ChatMessage | None, said: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return what the user says now, where it is not the newest that they said already."""
    if input is None or input == "":
        return []
    message = ChatMessage(input) if isinstance(input, str) else input
    return [] if newest_question(said) == message.content else [message]


def is_answer(message: ChatMessage) -> bool:
    """Say whether a message ends a turn: an answer that calls no tool."""
    return (
        message.role in _ANSWERS
        and not message.additional_kwargs.get("tool_calls")
        and not any(isinstance(block, ToolCallBlock) for block in message.blocks)
    )


def in_system(
    chat: Sequence[ChatMessage], known: Sequence[ContentBlock], others: Sequence[ChatMessage]
) -> list[ChatMessage]:
    """Return a chat that begins with one system message, in which is what is known, then others.

    What the developer says comes first in it, for it is always the same.
    """
    leading, said = _parted(chat, others)
    if not known:
        return [*leading, *said]
    blocks = [*(block for one in leading for block in one.blocks), *known]
    first = leading[0] if leading else ChatMessage(role=MessageRole.SYSTEM, blocks=[])
    return [first.model_copy(update={"blocks": blocks}), *said]


def in_question(
    chat: Sequence[ChatMessage], known: Sequence[ContentBlock], others: Sequence[ChatMessage]
) -> list[ChatMessage]:
    """Return a chat in whose newest question is what is known, before what the user says."""
    leading, said = _parted(chat, others)
    asked = [n for n, message in enumerate(said) if message.role == MessageRole.USER]
    if known and asked:
        question = said[asked[-1]]
        blocks = [*known, *question.blocks]
        said[asked[-1]] = question.model_copy(update={"blocks": blocks})
    elif known:
        said.append(ChatMessage(role=MessageRole.USER, blocks=list(known)))
    return [*leading, *said]


def _parted(
    chat: Sequence[ChatMessage], others: Sequence[ChatMessage]
) -> tuple[list[ChatMessage], list[ChatMessage]]:
    """Return the system messages that a chat begins with, and the rest, others before it."""
    leading = list(takewhile(lambda message: message.role == MessageRole.SYSTEM, chat))
    return leading, [*others, *chat[len(leading) :]]
