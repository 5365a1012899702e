"""What was submitted is on the pages: in its order, once, and beside what others write."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from core.writer.driving import KINDS, Echo, Instant, Slow, said, until, writer_of
from diarist import (
    Diary,
    Extraction,
    LocalBackend,
    MemoryWriter,
    Message,
    Snapshot,
    Turn,
    WriterReport,
)
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["local", "memory"])
def test_what_was_submitted_is_on_the_page_in_its_order(tmp_path: Path, kind: Any, where: str):
    async def main() -> None:
        writer = writer_of(tmp_path if where == "local" else MemoryBackend(), kind())
        async with writer:
            for number in range(150):
                turn = await writer.submit("ana", "s", f"t{number}", "ok")
                assert (turn.number, turn.state) == (number + 1, "pending")
            await writer.flush("ana")
            assert await said(writer.diary) == [f"t{number}" for number in range(150)]
            assert writer.diary.extractor.seen == [f"t{number}" for number in range(150)]
        assert await writer.close() == WriterReport(150, 0, 0)

    asyncio.run(main())


@pytest.mark.timeout(30)  # a loop that is held up would not even end its own timers
@pytest.mark.parametrize("kind", KINDS)
def test_a_turn_that_takes_long_to_be_logged_holds_nobody_up(kind: Any):
    class Slowly(Diary):
        async def record_turn(self, *turn: Any, **settings: Any) -> Any:
            await logged.wait()
            return await super().record_turn(*turn, **settings)

    logged = asyncio.Event()

    async def main() -> None:
        logged.set()
        async with MemoryWriter(Slowly(MemoryBackend(), agent=kind())) as writer:
            await writer.submit("ana", "s", "t0", "ok")
            logged.clear()
            slow = asyncio.create_task(writer.submit("ana", "s", "t1", "ok"))
            await asyncio.sleep(0.4)  # longer than a lane rests
            assert await said(writer.diary) == ["t0"]
            logged.set()
            await slow
            await until(lambda: writer.stats()["completed"] == 2)

    asyncio.run(main())


@pytest.mark.slow
def test_four_hundred_turns_of_one_user_through_a_slow_model_are_kept_in_order(tmp_path: Path):
    async def main() -> None:
        agent = Slow(0.05)
        async with writer_of(tmp_path, agent, workers=8) as writer:
            for number in range(400):
                await writer.submit("ana", "s", f"t{number}", "ok")
        assert await writer.close() == WriterReport(400, 0, 0)
        assert agent.seen == [f"t{number}" for number in range(400)]
        page = (await writer.diary.preferences("ana")).data["likes"]
        assert [item["text"] for item in page.values()] == [f"love t{n}" for n in range(400)]
        assert (await writer.diary.last_conversations("ana"))["s"]["_turns"] == 400
        assert await writer.diary.records.turns("ana", "pending") == []

    asyncio.run(main())


def test_users_are_served_side_by_side_and_a_user_one_turn_at_a_time(tmp_path: Path):
    async def main() -> None:
        agent = Slow(0.1)
        async with writer_of(tmp_path, agent, workers=5) as writer:
            for number in range(2):
                for user in range(10):
                    await writer.submit(f"u{user}", "s", f"t{number}", "ok")
            await writer.flush()
            assert agent.most == 5
            for user in range(10):
                assert await said(writer.diary, f"u{user}") == ["t0", "t1"]

        alone = Slow(0.02)
        async with writer_of(tmp_path, alone) as writer:
            for number in range(5):
                await writer.submit("ana", "s", f"t{number}", "ok")
        assert alone.most == 1

    asyncio.run(main())


def test_turns_that_wait_together_for_an_instant_extractor_are_one_write_of_each_page(
    tmp_path: Path,
):
    writes: list[str] = []

    class Counting(LocalBackend):
        async def update(self, user_id: str, kind: str, change: Any) -> Any:
            writes.append(kind)
            return await super().update(user_id, kind, change)

        @property
        def blocking(self) -> None:
            return None

    async def main() -> None:
        diary = Diary(Counting(tmp_path), agent=Instant())
        for number in range(50):
            await diary.record_turn("ana", "s", [Message("user", f"t{number}")])
        async with MemoryWriter(diary) as writer:
            await writer.flush()
        assert writes == ["conversations", "preferences"]
        page = (await diary.preferences("ana")).data["likes"]
        assert [item["_sources"] for item in page.values()] == [[f"s#{n + 1}"] for n in range(50)]
        assert await said(diary) == [f"t{number}" for number in range(50)]

    asyncio.run(main())


def test_a_hand_edit_between_reading_and_writing_survives_a_batch(tmp_path: Path):
    path = tmp_path / "ana" / "preferences.toml"

    class Edits(Instant):
        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            if turn.user_msg == "t5":
                path.write_text(path.read_text() + "\n# mine\n[goals.mine]\ntext = 'my own'\n")
                time.sleep(0.3)
            return super().extract(turn, snapshot)

    async def main() -> None:
        diary = Diary(tmp_path, agent=Edits())
        await diary.update_memory("ana", "s", "first", "ok")
        for number in range(10):
            await diary.record_turn("ana", "s", [Message("user", f"t{number}")])
        async with MemoryWriter(diary) as writer:
            await writer.flush()
        assert "# mine" in path.read_text()
        assert "mine" in (await diary.preferences("ana")).data["goals"]
        assert await said(diary) == ["first", *(f"t{number}" for number in range(10))]

    asyncio.run(main())


def test_a_user_deleted_meanwhile_stays_deleted(tmp_path: Path):
    async def main() -> None:
        agent = Slow(0.2)
        async with writer_of(tmp_path, agent) as writer:
            for number in range(3):
                await writer.submit("ana", "s", f"t{number}", "ok")
            await until(lambda: agent.running == 1)
            await writer.diary.delete_user("ana")
            await writer.flush()
            assert writer.stats()["pending"] == 0
        assert await writer.diary.list_users() == []

    asyncio.run(main())


def test_turns_get_vectors_and_are_done_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    embedded: list[str] = []

    def embed(texts: list[str]) -> list[list[float]]:
        if any("bad" in text for text in texts):
            raise TimeoutError("the embedder is asleep")
        embedded.extend(texts)
        return [[float(len(text)), 1.0] for text in texts]

    async def main() -> None:
        async with MemoryWriter(Diary(tmp_path, agent=Echo(), embed=embed)) as writer:
            for text in ("one", "bad", "two"):
                await writer.submit("ana", "s", text, "ok")
            await writer.flush()
            assert embedded == ["one", "ok", "two", "ok"]
            assert await said(writer.diary) == ["one", "bad", "two"]
        assert "reembed" in caplog.text

    asyncio.run(main())
