"""Prints what diarist's MemoryWriter does in a second, with an extractor that finds nothing."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time

from diarist_turns import Nothing, fill

from diarist import Diary, MemoryWriter


class Instant(Nothing):
    """Says so, as the rules do: turns that wait together are written together."""

    is_instant = True


async def main(
    users: int, turns: int, callers: int, workers: int, preferences: int, conversations: int
) -> dict[str, float]:
    """Return turns a second, acknowledged and on the pages, and how many the pages count."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"user-{number}" for number in range(users)]
        diary = Diary(folder, agent=Instant(), max_prefs_per_category=2000, max_conversations=1000)
        await fill(diary, preferences, conversations)
        pages = [(kind, await diary.backend.load("ana", kind)) for kind in
                 ("preferences", "conversations")]  # fmt: skip
        for name in names:
            for kind, text in pages:
                await diary.backend.save(name, kind, text or "")
            await diary.ensure_session(name, "chat")
        writer = MemoryWriter(diary, workers=workers)
        for name in names:  # makes the databases
            await writer.submit(name, "chat", "Good morning.", "Hi.")
        await writer.flush()
        numbers = iter(range(turns))

        async def caller() -> None:
            for number in numbers:
                await writer.submit(names[number % users], "chat", f"Hello {number}.", "Hi.")

        start = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        acknowledged = time.perf_counter()
        await writer.flush()
        drained = time.perf_counter()
        await writer.close()
        kept = -users
        for name in names:
            kept += (await diary.last_conversations(name, 1000))["chat"]["_turns"]
        assert kept == turns, f"{kept} of {turns} turns are on the pages"
        return {
            "acknowledged": turns / (acknowledged - start),
            "drained": turns / (drained - start),
            "kept": kept,
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
