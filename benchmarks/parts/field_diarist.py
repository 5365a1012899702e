"""diarist behind the questions of `field_material`, with a scripted model."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from field_material import main, script

from diarist import Diary, LocalBackend, MemoryWriter, ModelExtractor

if TYPE_CHECKING:
    from pathlib import Path

SETTING = os.environ.get("SETTING", "")
"""What differs: "rules" for the offline rules, "normal" for that durability."""
SESSION = 20
"""Turns of a session."""


async def complete(prompt: str, schema: Any) -> dict[str, Any]:
    """Answer as a model would."""
    found = script.fact(prompt)
    edits = [{"action": "add", "category": "likes", "text": f"love {found}"}] if found else []
    return {"edits": edits, "summary": "What is loved.", "keywords": ["love"]}


def later() -> datetime:
    """Return a time when what a killed process was at is nobody's any more."""
    return datetime.now(UTC) + timedelta(minutes=3)


class Diaries:
    """A diary in a folder, as it comes but for the model and a larger page."""

    def __init__(self, folder: Path) -> None:
        durability = "normal" if SETTING == "normal" else "full"
        agent = None if SETTING == "rules" else ModelExtractor(complete)
        backend = LocalBackend(folder / "memories", durability=durability)
        clock = later if sys.argv[2] == "kept" else None
        self.diary = Diary(backend, agent=agent, max_prefs_per_category=2000, clock=clock)
        self.writer: MemoryWriter | None = None

    async def remember(self, user: str, number: int, said: str) -> None:
        await self.diary.update_memory(user, f"chat_{number // SESSION}", said, "Noted.")

    async def submit(self, user: str, number: int, said: str) -> None:
        if self.writer is None:
            self.writer = MemoryWriter(self.diary)
        await self.writer.submit(user, f"chat_{number // SESSION}", said, "Noted.")

    async def recall(self, user: str, question: str) -> object:
        return await self.diary.recall(user, question, k=5)

    async def context(self, user: str, question: str) -> str:
        return await self.diary.context(user, question)

    async def kept(self, user: str) -> list[str]:
        await self.diary.catch_up(user)
        return [await self.diary.preferences(user)]

    async def origin(self, user: str) -> str:
        page = (await self.diary.preferences(user)).data["likes"]
        (source,) = page["velmora00000"]["_sources"]
        (message,) = await self.diary.why(user, "likes", "velmora00000")
        return f"`_sources = [{source!r}]`, which is {message.text!r}"

    async def delete(self, user: str) -> None:
        await self.diary.delete_user(user)

    async def close(self) -> None:
        await self.diary.aclose()


async def plain(folder: Path) -> None:
    """Remember one thing as the README does."""
    async with Diary(folder / "memories") as diary:
        await diary.update_memory("ana", "chat_1", "I love tea.", "Noted.")
        assert "tea" in await diary.preferences("ana")


if __name__ == "__main__":
    sys.exit(main(Diaries, plain))
