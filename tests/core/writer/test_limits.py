"""Back-pressure, barriers, the end, and the figures."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.writer.driving import Echo, Slow, said, until, writer_of
from diarist import (
    Diary,
    Extraction,
    LocalBackend,
    MemoryWriter,
    Snapshot,
    Turn,
    UnsupportedError,
    WriterReport,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_submit_waits_while_too_many_turns_wait(tmp_path: Path):
    async def main() -> None:
        agent = Slow(30)
        writer = writer_of(tmp_path, agent, qsize=3)
        for number in range(3):
            await writer.submit("ana", "s", f"t{number}", "ok")
        late = [asyncio.create_task(writer.submit("ana", "s", f"t{n}", "ok")) for n in (3, 4)]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in late)
        assert len(await writer.diary.records.turns("ana")) == 3
        late[0].cancel()
        agent.seconds = 0
        await until(lambda: agent.running == 1)
        closing = asyncio.create_task(writer.close(0.1))
        with pytest.raises(RuntimeError, match="closed"):
            await late[1]
        with pytest.raises(asyncio.CancelledError):
            await late[0]
        assert await closing == WriterReport(0, 0, 3, ("ana",))

        again = writer_of(tmp_path, Echo(), qsize=1)
        for number in range(3, 10):
            await again.submit("ana", "s", f"t{number}", "ok")
        await again.close()
        assert await said(again.diary) == [f"t{number}" for number in range(10)]

    asyncio.run(main())


def test_a_read_barrier_waits_for_one_user_alone(tmp_path: Path):
    async def main() -> None:
        class Picky(Slow):
            async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
                self.seconds = 30 if turn.user_msg == "slow" else 0
                return await super().extract(turn, snapshot)

        writer = writer_of(tmp_path, Picky(0))
        await writer.submit("bob", "s", "slow", "ok")
        await writer.submit("ana", "s", "quick", "ok")
        await asyncio.wait_for(writer.flush("ana"), 5)
        assert await said(writer.diary) == ["quick"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.flush(), 0.1)
        await writer.flush("nobody")
        assert await writer.close(0) == WriterReport(1, 0, 1, ("bob",))

    asyncio.run(main())


def test_what_is_left_at_the_end_is_found_at_the_next_start(tmp_path: Path):
    async def main() -> None:
        writer = writer_of(tmp_path, Slow(30))
        for number in range(3):
            await writer.submit("ana", "s", f"t{number}", "ok")
        await writer.submit("bob", "s", "t0", "ok")
        begun = time.monotonic()
        report = await writer.close(0.2)
        assert time.monotonic() - begun < 5
        assert report == WriterReport(0, 0, 4, ("ana", "bob"))
        assert str(report) == "0 done, 0 failed, 4 waiting (of ana, bob)"
        assert await writer.close() == report
        for call in (writer.submit("ana", "s", "x", "y"), writer.flush(), writer.retry_failed()):
            with pytest.raises(RuntimeError, match="closed"):
                await call
        assert not writer.is_running
        async with writer_of(tmp_path, Echo()) as later:
            pass
        assert await later.close() == WriterReport(4, 0, 0)
        assert await said(later.diary) == ["t0", "t1", "t2"]
        assert await said(later.diary, "bob") == ["t0"]

    asyncio.run(main())


def test_an_error_in_the_block_does_not_wait_for_the_model(tmp_path: Path):
    async def main() -> None:
        writer = writer_of(tmp_path, Slow(30))

        async def block() -> None:
            async with writer:
                await writer.submit("ana", "s", "t0", "ok")
                raise KeyError

        with pytest.raises(KeyError):
            await block()
        assert (await writer.close()).waiting == 1

    asyncio.run(main())


def test_a_cancelled_submit_has_logged_the_turn_or_has_not(tmp_path: Path):
    async def main() -> None:
        async with writer_of(tmp_path, Echo()) as writer:
            for number in range(40):
                task = asyncio.create_task(writer.submit("ana", "s", f"t{number}", "ok"))
                await asyncio.sleep(number * 0.0001)
                task.cancel()
                await asyncio.wait([task])
            await writer.submit("ana", "s", "last", "ok")
            await writer.flush()
            logged = [turn.text_of("user") for turn in await writer.diary.records.turns("ana")]
            assert sorted(await said(writer.diary)) == sorted(logged)
            assert "last" in logged
            assert writer.stats()["pending"] == 0

    asyncio.run(main())


def test_what_it_does_not_take_is_refused_at_once_and_takes_no_room(tmp_path: Path):
    async def main() -> None:
        async with writer_of(tmp_path, Echo(), qsize=1) as writer:
            for _ in range(3):
                with pytest.raises(ValueError, match="time zone"):
                    await writer.submit("ana", "s", "x", "y", at=datetime(2026, 1, 1))
                with pytest.raises(TypeError):
                    await writer.submit("ana", "s", None, "y")
                with pytest.raises(TypeError, match="session"):
                    await writer.submit("ana", None, "x", "y")
                with pytest.raises(ValueError, match="user id"):
                    await writer.submit("", "s", "x", "y")
            moment = datetime(2026, 1, 1, tzinfo=UTC)
            turn = await asyncio.wait_for(writer.submit("ana", "s", "x", "y", at=moment), 5)
            assert turn.at == moment

    asyncio.run(main())
    with pytest.raises(UnsupportedError, match="records="):
        MemoryWriter(Diary(LocalBackend(tmp_path, records=False)))
    for setting in ({"workers": 0}, {"qsize": 0}, {"retry_limit": 0}, {"retry_delay": -1}):
        with pytest.raises(ValueError, match=next(iter(setting))):
            writer_of(tmp_path, Echo(), **setting)


def test_the_figures_are_those_of_tomldiary(tmp_path: Path):
    async def main() -> None:
        agent = Slow(30)
        writer = writer_of(tmp_path, agent, workers=3, qsize=4)
        for user in ("ana", "ana", "bob"):
            await writer.submit(user, "s", "x", "y")
        await until(lambda: agent.running == 2)
        assert writer.stats() == {
            "queue_size": 1,
            "queue_capacity": 4,
            "queue_utilization": 0.25,
            "total_workers": 3,
            "active_workers": 2,
            "idle_workers": 1,
            "submitted": 3,
            "completed": 0,
            "failed": 0,
            "pending": 3,
            "error_rate": 0.0,
            "is_running": True,
        }
        await writer.close(0)
        assert writer.stats()["is_running"] is False

    asyncio.run(main())
