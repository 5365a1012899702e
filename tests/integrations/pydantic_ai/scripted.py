"""Models that follow a script, and a backend of files as Pydantic Deep has them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def calls(name: str, /, **arguments: Any) -> ModelResponse:
    """Return what a model answers that calls a tool."""
    return ModelResponse([ToolCallPart(name, arguments)])


class Script:
    """Answers with its lines in turn, and with the last one ever after.

    A line is a text, a response, or an error to raise.

    Attributes:
        model: the model.
        asked: the messages of each request.
        instructions: the instructions of each request, "" where there were none.
        tools: the names of the tools of each request.
    """

    def __init__(self, *lines: str | ModelResponse | Exception) -> None:
        self._lines = list(lines) or ["Noted."]
        self.asked: list[list[ModelMessage]] = []
        self.instructions: list[str] = []
        self.tools: list[list[str]] = []
        self.model = FunctionModel(self._answer, stream_function=self._stream)

    def _line(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.asked.append(list(messages))
        self.instructions.append(info.instructions or "")
        self.tools.append([tool.name for tool in info.function_tools])
        line = self._lines.pop(0) if len(self._lines) > 1 else self._lines[0]
        if isinstance(line, Exception):
            raise line
        return ModelResponse([TextPart(line)]) if isinstance(line, str) else line

    async def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        await asyncio.sleep(0)
        return self._line(messages, info)

    async def _stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, Any]]:
        from pydantic_ai.models.function import DeltaToolCall

        for number, part in enumerate(self._line(messages, info).parts):
            if isinstance(part, TextPart):
                for word in part.content.split(" "):
                    yield f"{word} "
            elif isinstance(part, ToolCallPart):
                yield {number: DeltaToolCall(part.tool_name, part.args_as_json_str())}


@dataclass
class Written:
    """What a backend says of a write."""

    error: str | None = None


@dataclass
class Files:
    """A backend of files in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read_bytes(self, path: str) -> bytes:
        return self.files.get(path, b"")

    def read(self, path: str, offset: int = 0, limit: int = 2000) -> str:
        if path not in self.files:
            return f"Error: File '{path}' not found"
        lines = self.files[path].decode().splitlines()
        return "\n".join(lines) or "Error: Offset 0 exceeds file length (0 lines)"

    def write(self, path: str, content: str | bytes) -> Written:
        self.files[path] = content.encode() if isinstance(content, str) else content
        return Written()


class AsyncFiles(Files):
    """The same, async, and slow enough for others to come in between."""

    async def read_bytes(self, path: str) -> bytes:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().read_bytes(path)

    async def read(self, path: str, offset: int = 0, limit: int = 2000) -> str:  # type: ignore[override]
        return super().read(path)

    async def write(self, path: str, content: str | bytes) -> Written:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().write(path, content)


@dataclass
class Refusing(Files):
    """A backend that gives nothing, and says why; it takes nothing, either."""

    reason: str = "Access denied: outside allowed directories"

    def read_bytes(self, path: str) -> bytes:
        return b""

    def read(self, path: str, offset: int = 0, limit: int = 2000) -> str:
        return f"Error: {self.reason}"

    def write(self, path: str, content: str | bytes) -> Written:
        return Written(self.reason)


@dataclass
class Deps:
    """What a run is given."""

    backend: Any = None
    user_id: str | None = None
    session_id: str | None = None
