"""TOMLDiary behind the questions of `field_material`: its own agent, with a scripted model."""
# pyright: basic

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

os.environ.setdefault("TOMLDIARY_LOG_LEVEL", "ERROR")

from field_material import main, script
from pydantic import BaseModel
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel
from tomldiary import Diary, MemoryWriter, PreferenceItem, extractor_agent
from tomldiary.backends import LocalBackend

if TYPE_CHECKING:
    from pathlib import Path

SESSION = 20
"""Turns of a session."""


class Table(BaseModel):
    """likes : What the user enjoys"""

    likes: dict[str, PreferenceItem] = {}


async def complete(messages, info):
    """Answer as a model would: with a call of the tool that stores a preference, then a word."""
    last = messages[-1]
    asked = [part for part in last.parts if isinstance(part, UserPromptPart)]
    if isinstance(last, ModelRequest) and asked:
        try:
            found = script.fact(str(asked[-1].content))
        except ConnectionError as error:
            raise ModelHTTPError(503, "scripted", str(error)) from error
        if found:
            arguments = {"category": "likes", "id": "new", "text": f"love {found}"}
            return ModelResponse([ToolCallPart("upsert_preference", arguments)])
    return ModelResponse([TextPart("Done.")])


class Diaries:
    """A diary in a folder, as it comes but for the model and a larger page."""

    def __init__(self, folder: Path) -> None:
        self.backend = LocalBackend(folder / "memories")
        agent = extractor_agent(Table, model=FunctionModel(complete))
        self.diary = Diary(self.backend, Table, agent, max_prefs_per_category=2000)
        self.writer: MemoryWriter | None = None

    async def remember(self, user: str, number: int, said: str) -> None:
        session = f"chat_{number // SESSION}"
        await self.diary.ensure_session(user, session)
        await self.diary.update_memory(user, session, said, "Noted.")

    async def submit(self, user: str, number: int, said: str) -> None:
        if self.writer is None:
            self.writer = MemoryWriter(self.diary)
        await self.writer.submit(user, f"chat_{number // SESSION}", said, "Noted.")

    async def context(self, user: str, question: str) -> str:
        talks = await self.diary.last_conversations(user, 3)
        return await self.diary.preferences(user, skip_metadata=True) + str(talks)

    recall = context

    async def kept(self, user: str) -> list[str]:
        return [await self.diary.preferences(user)]

    async def origin(self, user: str) -> str:
        page = await self.diary.preferences(user)
        return next(f"`{line}`" for line in page.splitlines() if line.startswith("_created_by"))

    async def delete(self, user: str) -> None:
        await self.backend.delete_user(user)

    async def close(self) -> None:
        pass


async def plain(folder: Path) -> None:
    """Remember one thing as the README does."""
    diary = Diary(LocalBackend(folder), Table)
    await diary.update_memory("ana", "chat_1", "I love tea.", "Noted.")


if __name__ == "__main__":
    sys.exit(main(Diaries, plain))
