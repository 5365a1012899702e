"""What tests run in processes of their own: `python tests/children.py TASK FOLDER …`."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

from diarist import (
    Diary,
    Edit,
    Extraction,
    MemoryWriter,
    Snapshot,
    SyncDiary,
    Turn,
    UserExistsError,
)


def updates(folder: str, name: str, count: str) -> None:
    """Take in `count` turns of one user, each with another preference, one after the other."""

    async def main() -> None:
        diary = Diary(folder, max_prefs_per_category=500)
        for number in range(int(count)):
            report = await diary.update_memory(
                "ana", f"chat-{name}", f"I'm allergic to stuff{name}x{number}.", "Noted."
            )
            assert report.with_status("added"), report

    asyncio.run(main())


def kills(folder: str, rounds: str, seed: str) -> None:
    """Fork a writer again and again, kill it at a random moment, and look for what it promised."""
    chance = random.Random(int(seed))
    promised: list[str] = []
    for number in range(int(rounds)):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _write_until_killed(folder, number, writing)
        os.close(writing)
        with os.fdopen(reading) as acknowledged:
            promised.append(acknowledged.readline().strip())  # it is under way
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            promised += [line.strip() for line in acknowledged if line.endswith("\n")]
        page = asyncio.run(Diary(folder).preferences("ana"))
        known = {item["text"] for item in page.data["allergies"].values()}
        missing = [text for text in promised if text not in known]
        assert not missing, f"round {number}: {missing}"
        talks = asyncio.run(Diary(folder).last_conversations("ana", 1))
        assert talks["chat"]["_turns"] >= len(promised)
    left = [path.name for path in Path(folder).rglob("*.tmp")]
    assert len(left) <= 1, left
    print(len(promised), "promises kept")


def imports(folder: str, path: str, rounds: str, start: str) -> None:
    """Import a diary under one id after the other, each at its moment; say which were refused."""
    diary = Diary(folder)
    for number in range(int(rounds)):
        _wait_for_round(start, number)
        try:
            asyncio.run(diary.import_user(f"user{number}", path))
        except UserExistsError:
            print(number)


def turns(folder: str, rounds: str, start: str) -> None:
    """Take in one turn of one user after the other, each at its moment."""
    diary = Diary(folder)
    for number in range(int(rounds)):
        _wait_for_round(start, number)
        said = "I'm allergic to walnuts."
        report = asyncio.run(diary.update_memory(f"user{number}", "mine", said, "Noted."))
        assert report.results, report


def deletes(folder: str, rounds: str, start: str) -> None:
    """Delete one user after the other, each at its moment."""
    diary = Diary(folder)
    for number in range(int(rounds)):
        _wait_for_round(start, number)
        asyncio.run(diary.delete_user(f"user{number}"))


def _wait_for_round(start: str, number: int) -> None:
    time.sleep(max(0.0, float(start) + number * 0.04 - time.time()))


def compacts(folder: str, end: str) -> None:
    """Compact one user again and again, until there is a file `end`, and then once more."""
    diary = SyncDiary(folder)
    is_over = False
    while not is_over:
        is_over = Path(end).exists()
        for change in diary.compact("ana").with_status("merged"):
            print(change.block)


def doubles(folder: str, name: str, rounds: str) -> None:
    """Add something that another adds, too, and take in a turn, again and again."""
    diary = SyncDiary(folder, max_prefs_per_category=2000)
    for number in range(int(rounds)):
        diary.upsert_preference("ana", "likes", f"love thing{number}", id="new")
        said = f"I'm allergic to stuff{name}x{number}."
        assert diary.update_memory("ana", f"chat-{name}", said, "Noted.").with_status("added")


def compaction_kills(folder: str, rounds: str, seed: str) -> None:
    """Fork a compaction again and again, and kill it at a random moment."""
    chance = random.Random(int(seed))
    diary = SyncDiary(folder)
    done, takes = 0, 0.0
    for number in range(int(rounds)):
        for _ in range(2):
            diary.upsert_preference("ana", "likes", f"love thing{number}", id="new")
        began = time.monotonic()
        child = os.fork()
        if not child:
            SyncDiary(folder).compact("ana")
            os._exit(0)
        if number:  # the first one shows how long it takes
            time.sleep(chance.uniform(0, 1.5 * takes))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        takes = takes or time.monotonic() - began
        page = SyncDiary(folder).preferences("ana").data["likes"]
        counts: dict[str, int] = {}
        for item in page.values():
            counts[item["text"]] = counts.get(item["text"], 0) + item["_count"]
        assert counts == {f"love thing{n}": 2 for n in range(number + 1)}, counts
        assert diary.check("ana") == []
        done += len(page) == number + 1
    print(done)


def _write_until_killed(folder: str, number: int, acknowledge: int) -> None:
    async def main() -> None:
        diary = Diary(folder, max_prefs_per_category=2000)
        for step in range(10_000):
            fact = f"allergic to stuff{number}x{step}"
            await diary.update_memory("ana", "chat", f"I'm {fact}.", "Noted.")
            os.write(acknowledge, f"{fact}\n".encode())

    asyncio.run(main())
    os._exit(0)


def writes(folder: str, seen: str, name: str, count: str, seconds: str) -> None:
    """Submit turns of one user to a writer, and print each that is acknowledged."""

    class Noting:
        is_instant = not float(seconds)

        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            with Path(seen).open("a") as file:
                file.write(turn.user_msg + "\n")
            time.sleep(float(seconds))
            return Extraction((Edit("add", "likes", f"love {turn.user_msg}"),))

    async def main() -> None:
        diary = Diary(folder, agent=Noting(), max_prefs_per_category=5000)
        async with MemoryWriter(diary) as writer:
            for number in range(int(count)):
                await writer.submit("ana", f"chat-{name}", f"{name}{number}", "ok")
                print(f"{name}{number}", flush=True)
            await writer.flush()

    asyncio.run(main())


def drains(folder: str, seen: str) -> None:
    """Bring what waits to the pages, slowly, and note how many items each turn was shown."""

    class Noting:
        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            with Path(seen).open("a") as file:
                file.write(f"{turn.user_msg} {len(snapshot.preferences['likes'])}\n")
            time.sleep(0.05)
            return Extraction((Edit("add", "likes", f"love {turn.user_msg}"),))

    async def main() -> None:
        async with MemoryWriter(Diary(folder, agent=Noting())) as writer:
            await writer.flush()

    asyncio.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
