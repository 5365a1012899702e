"""Other writers, other processes and dead ones: no turn is lost, none is read twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.writer.driving import Echo, Instant, Slow, said, writer_of
from diarist import Diary, MemoryWriter, Message, WriterReport

CHILDREN = Path(__file__).parents[2] / "children.py"


def test_turns_that_others_take_up_are_not_done_again(tmp_path: Path):
    async def main() -> None:
        agent = Slow(0.01)
        async with writer_of(tmp_path, agent) as writer:
            for number in range(30):
                await writer.submit("ana", "s", f"t{number}", "ok")
                if number % 10 == 0:
                    others = asyncio.create_task(writer.diary.catch_up("ana"))
            await writer.flush()
            await others
            assert sorted(agent.seen) == sorted(f"t{number}" for number in range(30))
        assert await writer.close() == WriterReport(30, 0, 0)

    asyncio.run(main())


def children(*commands: tuple[object, ...]) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, str(CHILDREN), *map(str, command)], stdout=subprocess.PIPE, text=True
        )
        for command in commands
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.02, 0])
def test_writers_in_two_processes_never_read_one_turn_twice(tmp_path: Path, seconds: float):
    folder, seen = tmp_path / "memories", tmp_path / "seen"
    for child in children(*(("writes", folder, seen, name, 40, seconds) for name in "ab")):
        child.communicate(timeout=60)
        assert child.returncode == 0
    texts = sorted(f"{name}{number}" for name in "ab" for number in range(40))
    assert sorted(seen.read_text().split()) == texts
    table = asyncio.run(Diary(folder).preferences("ana")).data["likes"]
    assert sorted(item["text"] for item in table.values()) == [f"love {text}" for text in texts]
    assert {item["_count"] for item in table.values()} == {1}


@pytest.mark.slow
def test_writers_in_two_processes_keep_the_order_of_a_user(tmp_path: Path):
    folder, seen = tmp_path / "memories", tmp_path / "seen"

    async def record() -> None:
        diary = Diary(folder)
        for number in range(50):
            await diary.record_turn("ana", f"s{number % 3}", [Message("user", f"t{number}")])

    asyncio.run(record())
    for child in children(("drains", folder, seen), ("drains", folder, seen)):
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert seen.read_text().splitlines() == [f"t{number} {number}" for number in range(50)]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.02, 0])
def test_a_killed_process_loses_nothing_and_doubles_nothing(tmp_path: Path, seconds: float):
    folder, seen = tmp_path / "memories", tmp_path / "seen"
    promised: list[str] = []
    for name in "abcde":
        (child,) = children(("writes", folder, seen, name, 2000, seconds))
        assert child.stdout is not None
        promised += [child.stdout.readline().strip() for _ in range(15)]
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        promised += [line for line in rest.split("\n")[:-1] if line]
    soon = timedelta(minutes=5)  # when no dead process has a lease any more

    async def main() -> None:
        diary = Diary(
            folder,
            agent=Instant(),
            max_prefs_per_category=5000,
            clock=lambda: datetime.now(UTC) + soon,
        )
        async with MemoryWriter(diary):
            pass
        logged = [turn.text_of("user") for turn in await diary.records.turns("ana")]
        assert set(promised) <= set(logged)
        assert len(logged) == len(set(logged))
        table = (await diary.preferences("ana")).data["likes"]
        assert sorted(item["text"] for item in table.values()) == sorted(
            f"love {text}" for text in logged
        )
        assert {item["_count"] for item in table.values()} == {1}
        assert await diary.records.turns("ana", "pending") == []
        for session in await diary.messages.sessions("ana"):
            talks = await diary.last_conversations("ana", 10)
            assert talks[session.id]["_turns"] == session.turns

    asyncio.run(main())


def test_the_lease_of_a_dead_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diarist.learning.LEASE", timedelta(seconds=0.5))

    async def main() -> None:
        diary = Diary(tmp_path, agent=Echo())
        for number in range(2):
            await diary.record_turn("ana", "s", [Message("user", f"t{number}")])
        now = datetime.now(UTC)
        await diary.records.claim(
            "ana", "s", 1, owner="dead", now=now, until=now + timedelta(seconds=0.5)
        )
        async with MemoryWriter(diary) as writer:
            await asyncio.wait_for(writer.flush(), 5)
        assert sorted(await said(diary)) == ["t0", "t1"]

    asyncio.run(main())
