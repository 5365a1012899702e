"""A chat model that follows a script and remembers what it was asked."""

from __future__ import annotations

import threading
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr


class ScriptedChatModel(BaseChatModel):
    """Answers with the lines of its script in turn, and with the last one ever after.

    A line is a text, a message, an error to raise, or a function of the prompt that gives one.
    """

    lines: list[Any] = Field(default_factory=lambda: ["Noted."])
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[list[Any]] = Field(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def systems(self) -> list[str]:
        """The system prompt of each call, "" where there was none."""
        return [
            "".join(str(m.text) for m in p if isinstance(m, SystemMessage)) for p in self.prompts
        ]

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        self.tools.append(list(tools))
        return self.bind(**kwargs)

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        with self._lock:
            self.prompts.append(list(messages))
            line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if callable(line):
            line = line(messages)
        if isinstance(line, Exception):
            raise line
        return line.model_copy() if isinstance(line, AIMessage) else AIMessage(line)

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        whole = self._answer(messages)
        words = str(whole.text).split(" ")
        for number, word in enumerate(words):
            is_last = number == len(words) - 1
            chunk = AIMessageChunk(
                content=word if is_last else f"{word} ",
                tool_calls=whole.tool_calls if is_last else [],
            )
            yield ChatGenerationChunk(message=chunk)


def calling(name: str, id: str = "call_1", /, **arguments: Any) -> AIMessage:
    """Return an answer that calls a tool."""
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": id}])


def asking(*texts: str) -> Any:
    """Return the input of an agent whom a user tells something."""
    return {"messages": [{"role": "user", "content": text} for text in texts]}
