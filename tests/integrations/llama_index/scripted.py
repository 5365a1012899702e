"""Models, a disk and messages that do as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import BaseMemoryBlock
from llama_index.core.storage.chat_store.base_db import MessageStatus
from pydantic import PrivateAttr

from llama_index_diarist import DiaryMemory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarist import Diary
    from llama_index_diarist import DiaryAsyncChatStore

TOOL = ChatMessage("42 °C, walnuts", role="tool", additional_kwargs={"tool_call_id": "call_look"})
BAD = ChatMessage("bad", additional_kwargs={"call": lambda: None})


def user(text: str) -> ChatMessage:
    return ChatMessage(text, role="user")


def answer(text: str) -> ChatMessage:
    return ChatMessage(text, role="assistant")


def calling(name: str, **arguments: Any) -> ChatMessage:
    block = ToolCallBlock(tool_call_id=f"call_{name}", tool_name=name, tool_kwargs=arguments)
    return ChatMessage(role="assistant", blocks=[block])


def said(*texts: str) -> list[ChatMessage]:
    return [ChatMessage(text) for text in texts]


def texts(messages: Iterable[ChatMessage]) -> list[str | None]:
    return [message.content for message in messages]


class ScriptedLLM(MockFunctionCallingLLM):
    """Answers with its lines, then "ok", and keeps what it was shown."""

    _lines: list[Any] = PrivateAttr(default_factory=list)
    _shown: list[list[ChatMessage]] = PrivateAttr(default_factory=list)
    _tools: list[Any] = PrivateAttr(default_factory=list)

    def __init__(self, *lines: Any, **kwargs: Any) -> None:
        super().__init__(response_generator=self._next, is_chat_model=True, **kwargs)
        self._lines = list(lines)

    @property
    def shown(self) -> list[list[ChatMessage]]:
        return self._shown

    @property
    def tools(self) -> list[Any]:
        return self._tools

    def _next(self, messages: Any, tools: Any = None, **kwargs: Any) -> ChatMessage:
        self._shown.append(list(messages))
        self._tools.append(tools)
        line = self._lines.pop(0) if self._lines else "ok"
        if isinstance(line, Exception):
            raise line
        return answer(line) if isinstance(line, str) else line


def words(text: str) -> list[str]:
    return text.split()


def short(diary: Any, limit: int = 20, **settings: Any) -> DiaryMemory:
    """Return a memory whose chat has room for 0.7 * limit words."""
    settings = {"tokenizer_fn": words, "token_flush_size": 1, "context_tokens": 0, **settings}
    return DiaryMemory.open(diary, "ana", "chat", token_limit=limit, **settings)


def likes(diary: Diary) -> str:
    return diary.sync.preferences("ana", skip_metadata=True)


class Listening(BaseMemoryBlock[str]):
    """Keeps what it is handed, and says one thing."""

    said: str = ""
    heard: list[Any]

    async def _aget(self, messages: Any = None, **block_kwargs: Any) -> str:
        self.heard.append((texts(messages or []), block_kwargs))
        return self.said

    async def _aput(self, messages: list[ChatMessage]) -> None:
        self.heard.append(texts(messages))


async def everything(queue: DiaryAsyncChatStore, key: str = "chat") -> list[list[str | None]]:
    """Return the texts of all messages, of the active and of the archived ones."""
    found = [texts(await queue.get_messages(key, status)) for status in (None, *MessageStatus)]
    counts = [await queue.count_messages(key, status) for status in (None, *MessageStatus)]
    assert counts == [len(part) for part in found]
    return found
