"""Prints the CPU milliseconds of a turn with TOMLDiary and an agent that does nothing."""
# pyright: basic

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pydantic import BaseModel
from tomldiary import Diary, PreferenceItem
from tomldiary.backends import LocalBackend

logging.disable()
DAY = "2026-01-01T00:00:00+00:00"


class Table(BaseModel):
    """likes : what the user enjoys"""

    likes: dict[str, PreferenceItem] = {}
    allergies: dict[str, PreferenceItem] = {}


class Nothing:
    async def run(self, message, deps):
        return None


def fill(folder: Path, preferences: int, conversations: int, user: str = "ana") -> None:
    """Write pages of the wanted size, as TOMLDiary lays them out."""
    lines = ["[_meta]", 'version = "0.3"', 'schema_name = "Table"', ""]
    for number in range(preferences):
        lines += [
            f"[preferences.likes.pref{number:03d}]",
            f'text = "love the thing with the number {number}"',
            'contexts = [\n    "work",\n    "weekend",\n]',
            "_count = 1",
            f'_created = "{DAY}"',
            f'_updated = "{DAY}"',
            '_created_by = "chat_0"',
            '_updated_by = "chat_0"',
            "",
        ]
    talks = ["[_meta]", 'version = "0.3"', 'schema_name = "Table"', ""]
    for number in range(conversations):
        summary = "Talked about food, a trip to the sea and how to fix the bicycle. " * 5
        talks += [
            f"[conversations.chat_{number}]",
            f'_created = "{DAY}"',
            f'_updated = "{DAY}"',
            "_turns = 5",
            f'summary = "{summary}"',
            'keywords = [\n    "food",\n    "trip",\n    "sea",\n    "bicycle",\n]',
            "",
        ]
    home = folder / user
    home.mkdir()
    (home / "preferences.toml").write_text("\n".join(lines))
    (home / "conversations.toml").write_text("\n".join(talks))


async def main(preferences: int, conversations: int, turns: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), preferences, conversations)
        diary = Diary(
            LocalBackend(Path(folder)), Table, Nothing(),
            max_prefs_per_category=2000, max_conversations=1000,
        )  # fmt: skip

        async def cpu(turns: int) -> float:
            times = []
            for number in range(turns):
                start = time.process_time()
                await diary.update_memory("ana", f"chat_{number % conversations}", "Hello", "Hi")
                times.append((time.process_time() - start) * 1000)
            return median(times)

        return {"first": await cpu(1), "turn": await cpu(turns)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
