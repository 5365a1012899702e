"""Models, a disk and messages that do as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from pydantic import PrivateAttr

from diarist import BackendError, Diary
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Iterable


def user(text: str) -> ChatMessage:
    return ChatMessage(text, role="user")


def answer(text: str) -> ChatMessage:
    return ChatMessage(text, role="assistant")


def calling(name: str, **arguments: Any) -> ChatMessage:
    block = ToolCallBlock(tool_call_id=f"call_{name}", tool_name=name, tool_kwargs=arguments)
    return ChatMessage(role="assistant", blocks=[block])


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


class FailingRecords:
    """Records that can't be reached while `is_failing`."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.is_failing = False

    def __getattr__(self, name: str) -> Any:
        if name == "blocking":
            raise AttributeError(name)
        if self.is_failing:
            raise BackendError("the disk failed")
        return getattr(self._records, name)


def failing_diary(**kwargs: Any) -> tuple[Diary, FailingRecords]:
    backend = MemoryBackend()
    records = FailingRecords(backend.records)
    return Diary(backend, records=records, **kwargs), records  # type: ignore[arg-type]
