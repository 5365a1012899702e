"""A real server that is stopped, killed and started while a diary is used, and finds its way back.

Nothing that was acknowledged is lost, every refusal is one sentence, and work goes on by itself.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.postgres_server import address, run, schema
from core.writer.driving import until
from diarist import (
    BackendError,
    Diary,
    Edit,
    Extraction,
    MemoryWriter,
    Message,
    PostgresBackend,
    SyncDiary,
)

if TYPE_CHECKING:
    from backends.postgres_server import OwnServer
    from diarist import Snapshot, Turn

CHILDREN = Path(__file__).with_name("postgres_children.py")
START = time.monotonic()


def hurried() -> datetime:
    """Return a time that passes sixtyfold: a lease of two minutes is over in two seconds."""
    return datetime.fromtimestamp(1_800_000_000 + (time.monotonic() - START) * 60, UTC)


def check(complaint: str, own: OwnServer) -> None:
    """A refusal says in one line where it was and what became of the change."""
    assert own.dsn.replace("postgres@", "") in complaint
    assert "\n" not in complaint
    assert "nothing was changed" in complaint or "may or may not be stored" in complaint


@pytest.mark.slow
def test_a_server_that_goes_and_comes_back_loses_nothing_it_acknowledged(own: OwnServer):
    diary = SyncDiary(PostgresBackend(own.dsn))
    acknowledged: list[int] = []
    complaints: list[str] = []
    is_over = threading.Event()

    def talk() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            try:
                diary.messages.append("ana", "chat", [Message("user", str(number), id=str(number))])
            except BackendError as error:
                complaints.append(str(error))
                time.sleep(0.02)
            else:
                acknowledged.append(number)

    def acknowledged_more() -> None:
        before, end = len(acknowledged), time.monotonic() + 30
        while len(acknowledged) < before + 20:
            assert time.monotonic() < end, complaints[-3:]
            time.sleep(0.01)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for mode in ("fast", "immediate"):
            acknowledged_more()
            before = len(complaints)
            own.stop(mode)
            while len(complaints) < before + 3:
                time.sleep(0.01)
            own.start()
            acknowledged_more()
    finally:
        is_over.set()
        talker.join()
    stored = {message.text for message in diary.messages.read("ana", "chat")}
    assert {str(number) for number in acknowledged} <= stored
    assert diary.messages.count("ana", "chat") == len(stored)
    for complaint in complaints:
        check(complaint, own)
    diary.close()


@pytest.mark.slow
def test_a_server_that_was_started_anew_between_two_calls_is_no_error(own: OwnServer):
    diary = SyncDiary(PostgresBackend(own.dsn))
    diary.update_memory("ana", "chat", "I love tea.", "Noted.")
    own.stop("fast")
    own.start()
    assert "love tea" in diary.preferences("ana")
    own.stop("fast")
    with pytest.raises(BackendError, match=r"can't reach postgresql://.*: start the server"):
        diary.preferences("ana")
    own.start()
    assert diary.messages.count("ana", "chat") == 2
    diary.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_eight_processes_go_on_where_a_server_was_killed_twice(own: OwnServer):
    PostgresBackend(own.dsn).prepare()
    command = [sys.executable, str(CHILDREN), "insist", own.dsn, "diarist"]
    children = [
        subprocess.Popen([*command, child, "100", "10"], stdout=subprocess.PIPE, text=True)
        for child in "abcdefgh"
    ]
    for done in ("25", "50"):
        assert [child.stdout.readline().strip() for child in children] == [done] * 8
        own.stop("immediate")
        time.sleep(0.5)
        own.start()
    told = [json.loads(child.communicate(timeout=200)[0].splitlines()[-1]) for child in children]
    assert [child.returncode for child in children] == [0] * 8
    diary = SyncDiary(PostgresBackend(own.dsn))
    complaints = [complaint for each in told for complaint in each["complaints"]]
    assert complaints
    for complaint in complaints:
        check(complaint, own)
    for number in range(10):
        user = f"user{number}"
        items = diary.preferences(user).data["likes"].values()
        counts = {item["text"].rpartition(" ")[2]: item["_count"] for item in items}
        turns = {found.id: found.turns for found in diary.messages.sessions(user)}
        for name, each in zip("abcdefgh", told, strict=True):
            done, tried = each["done"][user], each["tried"][user]
            assert done == 10
            assert done <= counts[name] <= turns[f"chat-{name}"] <= tried
    diary.close()


@pytest.mark.slow
def test_a_writer_brings_everything_it_took_to_the_pages(own: OwnServer):
    async def main() -> None:
        diary = Diary(PostgresBackend(own.dsn), clock=hurried)
        taken: list[str] = []
        async with MemoryWriter(diary, retry_delay=0.05) as writer:

            async def submit(numbers: range) -> None:
                for number in numbers:
                    try:
                        await writer.submit("ana", "chat", f"I love dish {number}.", "Noted.")
                    except BackendError as error:
                        check(str(error), own)
                    else:
                        taken.append(f"love dish {number}")

            await submit(range(10))
            await asyncio.to_thread(own.stop, "immediate")
            await submit(range(10, 20))
            assert len(taken) == 10
            with pytest.raises(BackendError, match="start the server"):
                await writer.flush()
            await asyncio.to_thread(own.start)
            await submit(range(20, 30))
            await asyncio.wait_for(writer.flush(), 60)
            assert writer.failed_count() == 0
        items = (await diary.preferences("ana")).data["likes"].values()
        assert {item["text"]: item["_count"] for item in items} == dict.fromkeys(taken, 1)
        await diary.aclose()

    asyncio.run(main())


@pytest.mark.slow
def test_a_writer_that_starts_while_the_server_is_away_finds_what_waits(own: OwnServer):
    async def main() -> None:
        diary = Diary(PostgresBackend(own.dsn), clock=hurried)
        await diary.record_turn("ana", "chat", [Message("user", "I love tea.")])
        await asyncio.to_thread(own.stop, "fast")
        async with MemoryWriter(diary, retry_delay=0.05) as writer:
            with pytest.raises(BackendError, match="start the server"):
                await asyncio.wait_for(writer.flush(), 60)
            await asyncio.to_thread(own.start)
            await until(lambda: writer.stats()["completed"] == 1, 60)
        assert "love tea" in await diary.preferences("ana")
        await diary.aclose()

    asyncio.run(main())


@pytest.mark.slow
def test_a_writer_is_closed_while_the_server_is_away(own: OwnServer):
    async def main() -> None:
        diary = Diary(PostgresBackend(own.dsn))
        await asyncio.to_thread(own.stop, "fast")
        async with asyncio.timeout(60):
            async with MemoryWriter(diary, retry_delay=0.05):
                await asyncio.sleep(0)
        await diary.aclose()

    asyncio.run(main())


@pytest.mark.slow
def test_a_turn_whose_model_was_asked_while_the_server_went_is_done_later(own: OwnServer):
    class Slow:
        """A model that answers when the server is away."""

        asked = 0

        async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            self.asked += 1
            if self.asked == 1:
                await asyncio.to_thread(own.stop, "immediate")
            return Extraction((Edit("add", "likes", "love tea"),))

    async def main() -> None:
        diary = Diary(PostgresBackend(own.dsn), agent=Slow(), clock=hurried)
        with pytest.raises(BackendError, match="start the server"):
            await diary.update_memory("ana", "chat", "Tea, please.", "Noted.")
        await asyncio.to_thread(own.start)
        await asyncio.sleep(2.1)  # the lease of a worker nobody heard of any more
        (report,) = await diary.catch_up("ana")
        assert "added likes/tea" in str(report)
        assert await diary.messages.count("ana", "chat") == 2
        await diary.aclose()

    asyncio.run(main())


def test_connections_that_all_broke_are_replaced_in_silence():
    with schema() as name:
        dsn = address(application_name=name)
        diary = SyncDiary(PostgresBackend(dsn, schema=name, connections=8))
        everyone = threading.Barrier(8)

        def put(number: int) -> None:
            everyone.wait(30)
            diary.notes.put(f"user{number}", ("n",), "k", number)

        with ThreadPoolExecutor(8) as pool:
            for _ in range(2):
                list(pool.map(put, range(8)))
                broken = run(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    f"WHERE application_name = '{name}'"
                )
                assert broken
        assert [diary.notes.get(f"user{n}", ("n",), "k").value for n in range(8)] == [*range(8)]
        diary.close()
