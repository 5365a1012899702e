"""A submitted turn is in the log at once and on the pages soon: in order, and once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diarist import (
    Diary,
    DocumentError,
    Edit,
    Extraction,
    LocalBackend,
    MemoryWriter,
    Message,
    Snapshot,
    Turn,
    UnsupportedError,
    WriterReport,
)
from diarist.testing import AsyncScriptedExtractor, MemoryBackend, ScriptedExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

CHILDREN = Path(__file__).parents[1] / "children.py"


class Echo:
    """Finds that the user loves whatever they say; what is in `broken` it can't read."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.seen: list[str] = []

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.seen.append(turn.user_msg)
        if turn.user_msg in self.broken:
            raise TimeoutError("the model is asleep")
        previous = snapshot.conversation.get("summary") or ""
        edits = (Edit("add", "likes", f"love {turn.user_msg}"),)
        return Extraction(edits, summary=f"{previous}{turn.user_msg} ")


class Instant(Echo):
    is_instant = True


class Slow(Echo):
    """A model that takes its time, and notes how many it does at once."""

    def __init__(self, seconds: float, *broken: str) -> None:
        super().__init__(*broken)
        self.seconds = seconds
        self.running = self.most = 0

    async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds)
            return super().extract(turn, snapshot)
        finally:
            self.running -= 1


KINDS = [pytest.param(Echo, id="in a thread"), pytest.param(Instant, id="instant"),
         pytest.param(lambda *broken: Slow(0, *broken), id="async")]  # fmt: skip


async def said(diary: Diary, user: str = "ana", session: str = "s") -> list[str]:
    """Return what the pages say, in the order in which it was taken in."""
    talks = await diary.last_conversations(user, 100)
    table = (await diary.preferences(user)).data.get("likes", {})
    loved = sorted(item["text"].removeprefix("love ") for item in table.values())
    assert all(item["_count"] == 1 for item in table.values()), "something was done twice"
    order = talks[session]["summary"].split() if talks else []
    assert sorted(order) == loved
    assert not talks or talks[session]["_turns"] >= len(order)
    return order


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it is no event
            await asyncio.sleep(0.005)


def broken(page: Path) -> Callable[[], object]:
    """Break a page, and return what mends it."""
    whole = page.read_text()
    page.write_text(whole + "\nthis is = = not TOML\n")
    return lambda: page.write_text(whole)


def writer_of(where: Any, agent: Any, **settings: Any) -> MemoryWriter:
    settings.setdefault("retry_delay", 0.01)
    return MemoryWriter(Diary(where, agent=agent, max_prefs_per_category=2000), **settings)


# ---------------------------------------------------------------- from submit to the page


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


# ---------------------------------------------------------------- failures


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


# ---------------------------------------------------------------- back-pressure, barriers, the end


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


# ---------------------------------------------------------------- others


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
