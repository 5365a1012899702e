"""A model that fails is asked again; a broken page fails no turn and holds up no other user."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from core.writer.driving import KINDS, Echo, broken, said, until, writer_of
from diarist import DocumentError, Edit, Extraction, Snapshot, Turn, WriterReport
from diarist.testing import AsyncScriptedExtractor, ScriptedExtractor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", [ScriptedExtractor, AsyncScriptedExtractor])
def test_a_model_that_fails_twice_is_asked_a_third_time(tmp_path: Path, kind: Any):
    async def main() -> None:
        found = Extraction((Edit("add", "likes", "love tea"),))
        agent = kind([TimeoutError("asleep"), ConnectionError("gone"), found, Extraction()])
        async with writer_of(tmp_path, agent) as writer:
            await writer.submit("ana", "s", "Tea, please.", "ok")
            await writer.submit("ana", "s", "Thanks.", "ok")
            await writer.flush()
        assert await writer.close() == WriterReport(2, 0, 0)
        assert [turn.user_msg for turn in agent.turns] == ["Tea, please."] * 3 + ["Thanks."]
        assert "love tea" in await writer.diary.preferences("ana")

    asyncio.run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_a_turn_given_up_is_listed_with_its_reason_and_can_be_taken_up_again(
    tmp_path: Path, kind: Any
):
    async def main() -> None:
        agent = kind("bad")
        async with writer_of(tmp_path, agent, retry_limit=3) as writer:
            for text in ("one", "bad", "two"):
                await writer.submit("ana", "s", text, "ok")
            await writer.submit("bob", "s", "bad", "ok")
            await writer.flush()
            assert agent.seen.count("bad") == 6
            assert await said(writer.diary) == ["one", "two"]
            listed = await writer.failed()
            assert {user: [turn.number for turn in turns] for user, turns in listed.items()} == {
                "ana": [2],
                "bob": [1],
            }
            assert listed["ana"][0].reason == "TimeoutError: the model is asleep"
            assert list(await writer.failed("bob")) == ["bob"]
            assert writer.failed_count() == 2
            assert writer.stats()["error_rate"] == 0.5
            agent.broken.clear()
            assert await writer.retry_failed("ana") == 1
            await writer.flush()
            assert await said(writer.diary) == ["one", "two", "bad"]
            assert (writer.failed_count(), list(await writer.failed())) == (1, ["bob"])
            assert await writer.retry_failed() == 1
        assert await writer.close() == WriterReport(4, 0, 0)
        assert await said(writer.diary, "bob") == ["bad"]
        assert writer.stats()["submitted"] == 4

    asyncio.run(main())


def test_failed_turns_of_an_earlier_writer_are_listed_and_taken_up(tmp_path: Path):
    async def main() -> None:
        async with writer_of(tmp_path, Echo("bad"), retry_limit=1) as writer:
            await writer.submit("ana", "s", "bad", "ok")
        assert await writer.close() == WriterReport(0, 1, 0)
        async with writer_of(tmp_path, Echo()) as later:
            assert list(await later.failed()) == ["ana"]
            assert await later.retry_failed() == 1
        assert await said(later.diary) == ["bad"]

    asyncio.run(main())


def test_pauses_double_and_are_never_the_same(tmp_path: Path):
    async def main() -> None:
        times: list[float] = []

        class Timed(Echo):
            def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
                times.append(time.monotonic())
                return super().extract(turn, snapshot)

        async with writer_of(tmp_path, Timed("bad"), retry_limit=4, retry_delay=0.1) as writer:
            await writer.submit("ana", "s", "bad", "ok")
            await asyncio.sleep(0.02)
            await writer.submit("ana", "s", "good", "ok")  # it waits its turn
        pauses = [after - before for before, after in pairwise(times[:4])]
        for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True):
            assert least <= pause < 3 * least + 0.3

    asyncio.run(main())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", ["preferences", "conversations"])
def test_a_broken_page_fails_no_turn_and_holds_up_no_other_user(
    tmp_path: Path, kind: Any, page: str
):
    async def main() -> None:
        async with writer_of(tmp_path, kind(), retry_limit=1, qsize=4) as writer:
            await writer.submit("ana", "s", "t0", "ok")
            await writer.flush()
            mend = broken(tmp_path / "ana" / f"{page}.toml")
            for number in range(1, 8):
                await asyncio.wait_for(writer.submit("ana", "s", f"t{number}", "ok"), 5)
            with pytest.raises(DocumentError, match=r"line \d+"):
                await asyncio.wait_for(writer.flush("ana"), 5)
            await asyncio.wait_for(writer.submit("bob", "s", "fine", "ok"), 5)
            with pytest.raises(DocumentError):
                await writer.flush()
            assert await said(writer.diary, "bob") == ["fine"]
            assert (writer.failed_count(), writer.stats()["pending"]) == (0, 7)
            mend()
            await writer.submit("ana", "s", "t8", "ok")
            await asyncio.wait_for(writer.flush("ana"), 5)
            assert await said(writer.diary) == [f"t{number}" for number in range(9)]
        assert await writer.close() == WriterReport(10, 0, 0)

    asyncio.run(main())


def test_a_mended_page_is_found_without_a_new_turn(tmp_path: Path):
    async def main() -> None:
        async with writer_of(tmp_path, Echo()) as writer:
            await writer.submit("ana", "s", "t0", "ok")
            await writer.flush()
            mend = broken(tmp_path / "ana" / "preferences.toml")
            await writer.submit("ana", "s", "t1", "ok")
            with pytest.raises(DocumentError):
                await writer.flush()
            mend()
            await until(lambda: writer.stats()["pending"] == 0)
            assert await said(writer.diary) == ["t0", "t1"]

    asyncio.run(main())
