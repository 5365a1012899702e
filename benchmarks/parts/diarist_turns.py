"""Prints the CPU milliseconds of a turn with diarist, by kind of turn."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from diarist import Diary, Extraction, LocalBackend, Snapshot, Turn
from diarist.pages.migrate import open_conversations, open_preferences, stamped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = "2026-01-01T00:00:00Z"


class Nothing:
    """Finds nothing, like the agent that TOMLDiary runs with here."""

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        return Extraction()


async def fill(diary: Diary, preferences: int, conversations: int) -> None:
    """Write pages of the wanted size, as diarist lays them out."""
    page = stamped(open_preferences(None), "DefaultPreferences")
    for number in range(preferences):
        item = {
            "text": f"love the thing with the number {number}",
            "contexts": ["work", "weekend"],
            "_count": 1,
            "_created": DAY,
            "_updated": DAY,
            "_created_by": "chat_0",
            "_updated_by": "chat_0",
            "_sources": [f"chat_0#t{number}"],
        }
        page = page.set(("likes", f"thing-{number}"), item)
    talks = stamped(open_conversations(None), "DefaultPreferences")
    for number in range(conversations):
        session = {
            "_created": DAY,
            "_updated": DAY,
            "_turns": 5,
            "summary": "Talked about food, a trip to the sea and how to fix the bicycle. " * 5,
            "keywords": ["food", "trip", "sea", "bicycle"],
        }
        talks = talks.set(("conversations", f"chat_{number}"), session)
    await diary.backend.save("ana", "preferences", page.text)
    await diary.backend.save("ana", "conversations", talks.text)


async def cpu(turns: int, turn: Callable[[int], Awaitable[object]]) -> float:
    """Return the median CPU milliseconds of a turn."""
    times: list[float] = []
    for number in range(turns):
        start = time.process_time()
        await turn(number)
        times.append((time.process_time() - start) * 1000)
    return median(times)


def floor(path: Path, turns: int) -> float:
    """Return the CPU milliseconds of writing the conversations page durably, and no more."""
    content = path.read_bytes()
    times: list[float] = []
    for _ in range(turns):
        start = time.process_time()
        beside = path.with_suffix(".floor")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path.with_suffix(".copy"))
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        times.append((time.process_time() - start) * 1000)
    return median(times)


async def main(preferences: int, conversations: int, turns: int) -> dict[str, float]:
    """Return the milliseconds by kind of turn."""
    with tempfile.TemporaryDirectory() as folder:
        await fill(Diary(folder), preferences, conversations)
        backend = LocalBackend(folder, records=False)
        diary = Diary(backend, max_prefs_per_category=2000, max_conversations=1000)

        minutes = itertools.count()

        def says(message: str, to: Diary = diary) -> Callable[[int], Awaitable[object]]:
            return lambda number: to.update_memory(
                "ana",
                f"chat_{number % conversations}",
                message.format(number),
                "Noted.",
                at=MOMENT + timedelta(minutes=next(minutes)),
            )

        small_talk = says("What could we cook with {} eggs tonight?")
        found = {"first": await cpu(1, small_talk)}
        await cpu(5, says("I'm allergic to warming{}."))
        found["session only"] = await cpu(turns, small_talk)
        found["adds"] = await cpu(turns, says("I'm allergic to thing{}."))
        found["confirms"] = await cpu(turns, says("I'm allergic to thing{}."))
        found["revises"] = await cpu(turns, says("I'm severely allergic to thing{}."))
        page = (await diary.preferences("ana")).data["allergies"]
        items = [item for id, item in page.items() if id.startswith("thing")]
        assert [item["_count"] for item in items] == [3] * turns, "the turns did something else"
        assert all("_was" in item for item in items), "nothing was revised"
        logged = Diary(folder, max_prefs_per_category=2000, max_conversations=1000)
        await cpu(5, says("What could we cook with {} onions tonight?", logged))
        found["session only, logged"] = await cpu(turns, says("A soup of {} onions?", logged))
        idle = Diary(backend, agent=Nothing(), max_conversations=1000)
        await cpu(5, says("Hello {}.", idle))
        found["no extraction"] = await cpu(turns, says("Hello {}.", idle))
        found["file floor"] = floor(Path(backend.locate("ana", "conversations")), turns)
        return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
