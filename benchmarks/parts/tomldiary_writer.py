"""Prints what TOMLDiary's MemoryWriter does in a second, with an agent that does nothing."""
# pyright: basic

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel
from tomldiary import Diary, MemoryWriter, PreferenceItem
from tomldiary.backends import LocalBackend
from tomldiary_turns import fill

logging.disable()


class Table(BaseModel):
    """likes : what the user enjoys"""

    likes: dict[str, PreferenceItem] = {}


class Nothing:
    async def run(self, message, deps):
        return None


async def main(
    users: int, turns: int, callers: int, workers: int, preferences: int, conversations: int
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"user-{number}" for number in range(users)]
        for name in names:
            fill(Path(folder), preferences, conversations, name)
        diary = Diary(
            LocalBackend(Path(folder)), Table, Nothing(),
            max_prefs_per_category=2000, max_conversations=1000,
        )  # fmt: skip
        writer = MemoryWriter(diary, workers=workers)
        for name in names:
            await writer.submit(name, "chat", "Good morning.", "Hi.")
        await writer.q.join()
        numbers = iter(range(turns))

        async def caller() -> None:
            for number in numbers:
                await writer.submit(names[number % users], "chat", f"Hello {number}.", "Hi.")

        start = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        acknowledged = time.perf_counter()
        await writer.q.join()
        drained = time.perf_counter()
        await writer.close()
        kept = -users
        for name in names:
            talks = await diary.last_conversations(name, 1000, skip_metadata=True)
            kept += talks["chat"]["_turns"]
        return {
            "acknowledged": turns / (acknowledged - start),
            "drained": turns / (drained - start),
            "kept": kept,
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
