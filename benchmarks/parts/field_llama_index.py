"""LlamaIndex's `Memory` behind the questions of `field_material`: on a file, with its fact block.

It keeps the messages; its block asks the scripted model for facts once the chat is long.
"""
# pyright: basic

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from field_material import main, script
from llama_index.core.llms import ChatMessage, CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.memory import FactExtractionMemoryBlock, Memory

if TYPE_CHECKING:
    from pathlib import Path


class Scripted(CustomLLM):
    """The model."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        found = script.fact(prompt)
        fact = f"<fact>Loves {found}</fact>" if found else ""
        return CompletionResponse(text=f"<facts>{fact}</facts>")

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any):
        raise NotImplementedError


class Memories:
    """A memory for each user in one file."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite+aiosqlite:///{folder / 'memory.db'}"
        self.memories: dict[str, Memory] = {}

    def _of(self, user: str) -> Memory:
        if user not in self.memories:
            self.memories[user] = Memory.from_defaults(
                session_id=user,
                async_database_uri=self.uri,
                memory_blocks=[FactExtractionMemoryBlock(llm=Scripted())],
            )
        return self.memories[user]

    async def remember(self, user: str, number: int, said: str) -> None:
        turn = [ChatMessage(role="user", content=said), ChatMessage(role="assistant", content="OK")]
        await self._of(user).aput_messages(turn)

    async def context(self, user: str, question: str) -> str:
        return "\n".join(str(m.content) for m in await self._of(user).aget(input=question))

    recall = context

    async def kept(self, user: str) -> list[str]:
        return [str(message.content) for message in await self._of(user).aget_all()]

    async def origin(self, user: str) -> str:
        return ""  # a fact is a line of text in a block

    async def delete(self, user: str) -> None:
        await self._of(user).areset()

    async def close(self) -> None:
        pass


async def plain(folder: Path) -> None:
    """Remember one thing as the documentation does."""
    memory = Memory.from_defaults(session_id="ana")
    await memory.aput(ChatMessage(role="user", content="I love tea."))


if __name__ == "__main__":
    sys.exit(main(Memories, plain))
