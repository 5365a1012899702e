"""A turn is logged first, worked on by one, applied once, and never lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from diarist import (
    Diary,
    DocumentError,
    Edit,
    Extraction,
    LocalBackend,
    Message,
    Snapshot,
    SyncDiary,
    Turn,
    UnsupportedError,
)
from diarist.testing import FrozenClock
from six_methods import SixMethods

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def likes(text: str) -> Extraction:
    return Extraction((Edit("add", "likes", text),), summary=f"Said: {text}.")


class Echo:
    """Finds that the user loves whatever they say; what is in `broken` it can't read."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.seen: list[str] = []

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.seen.append(turn.user_msg)
        if turn.user_msg in self.broken:
            raise TimeoutError("the model is asleep")
        return likes(f"love {turn.user_msg}")


def page(diary: Diary, user: str = "ana") -> dict[str, int]:
    found = asyncio.run(diary.preferences(user)).data.get("likes", {})
    return {item["text"]: item["_count"] for item in found.values()}


def turns_of(diary: Diary, session: str = "s") -> int:
    return asyncio.run(diary.last_conversations("ana"))[session]["_turns"]


def test_a_turn_that_failed_is_done_later_and_once(tmp_path: Path):
    agent = Echo("four")
    diary = Diary(tmp_path, agent=agent)
    for said in ("one", "two", "three"):
        asyncio.run(diary.update_memory("ana", "s", said, "ok"))
    with pytest.raises(TimeoutError, match="asleep"):
        asyncio.run(diary.update_memory("ana", "s", "four", "ok"))
    report = asyncio.run(diary.update_memory("ana", "s", "five", "ok"))
    assert report.turn == 5
    assert "love four" not in page(diary)
    (waiting,) = asyncio.run(diary.records.turns("ana", "pending"))
    assert (waiting.number, waiting.attempts) == (4, 2)
    assert "asleep" in waiting.reason
    agent.broken.clear()
    (caught_up,) = asyncio.run(diary.catch_up("ana"))
    assert caught_up.turn == 4
    assert asyncio.run(diary.catch_up("ana")) == []
    assert page(diary) == {f"love {n}": 1 for n in ("one", "two", "three", "five", "four")}
    assert turns_of(diary) == 5


def test_the_next_turn_brings_those_that_wait(tmp_path: Path):
    agent = Echo("one")
    diary = Diary(tmp_path, agent=agent)
    with pytest.raises(TimeoutError):
        asyncio.run(diary.update_memory("ana", "s", "one", "ok"))
    agent.broken.clear()
    asyncio.run(diary.update_memory("ana", "s", "two", "ok"))
    assert page(diary) == {"love one": 1, "love two": 1}
    assert turns_of(diary) == 2


@pytest.mark.parametrize("kind", ["preferences", "conversations"])
def test_a_turn_during_a_broken_page_waits_and_is_applied_when_it_is_mended(
    tmp_path: Path, kind: str
):
    diary = Diary(tmp_path, agent=Echo())
    asyncio.run(diary.update_memory("ana", "s", "tea", "ok"))
    path = Path(diary.backend.locate("ana", kind))
    whole = path.read_text()
    path.write_text(whole + "\nthis is = = not TOML\n")
    with pytest.raises(DocumentError, match=r"line \d+"):
        asyncio.run(diary.update_memory("ana", "s", "cake", "ok"))
    path.write_text(whole)
    (report,) = asyncio.run(diary.catch_up("ana"))
    assert report.turn == 2
    assert page(diary) == {"love tea": 1, "love cake": 1}
    assert turns_of(diary) == 2


def test_a_replay_doubles_nothing_and_brings_nothing_back(tmp_path: Path):
    """The process dies after the pages are written and before the turn is done."""
    clock = FrozenClock(NOON)
    diary = Diary(tmp_path, agent=Echo(), clock=clock)
    asyncio.run(diary.update_memory("ana", "s", "tea", "ok"))

    class Dying(type(diary.records)):
        async def finish(self, *args: object, **kwargs: object) -> None:
            raise SystemExit

    backend = LocalBackend(tmp_path, records=Dying(tmp_path))
    for said in ("tea", "cake"):
        with pytest.raises(SystemExit):
            asyncio.run(
                Diary(backend, agent=Echo(), clock=clock).update_memory("ana", "s", said, "ok")
            )
    assert page(diary) == {"love tea": 2, "love cake": 1}
    asyncio.run(diary.forget_preference("ana", "likes", "cake"))
    clock.advance(timedelta(minutes=5))
    asyncio.run(diary.catch_up("ana"))
    assert turns_of(diary) == 3
    assert page(diary)["love tea"] == 2
    assert asyncio.run(diary.catch_up("ana")) == []


def test_the_first_logged_turn_goes_on_from_what_the_page_counts(tmp_path: Path):
    pages_only = Diary(LocalBackend(tmp_path, records=False), agent=Echo())
    for said in ("one", "two"):
        asyncio.run(pages_only.update_memory("ana", "s", said, "ok"))
    diary = Diary(tmp_path, agent=Echo())
    assert asyncio.run(diary.update_memory("ana", "s", "three", "ok")).turn == 3
    assert turns_of(diary) == 3


def test_a_recorded_turn_waits_and_is_taken_once_however_often_it_is_recorded(tmp_path: Path):
    diary = Diary(tmp_path, agent=Echo())
    said = [
        Message("user", "tea", id="m1"),
        Message("tool", "21 degrees", id="m2"),
        Message("assistant", "ok", id="m3"),
    ]
    numbers = {asyncio.run(diary.record_turn("ana", "s", said)).number for _ in range(3)}
    assert numbers == {1}
    assert page(diary) == {}
    assert len(asyncio.run(diary.catch_up("ana"))) == 1
    asyncio.run(diary.record_turn("ana", "s", said))
    assert asyncio.run(diary.catch_up("ana")) == []
    assert page(diary) == {"love tea": 1}


def test_tomorrow_is_the_day_after_where_it_was_said_however_late_it_is_learned(tmp_path: Path):
    evening = datetime(2026, 3, 1, 20, tzinfo=timezone(timedelta(hours=-8)))  # the 2nd in UTC
    said = [Message("user", "I'm moving to Porto tomorrow.")]

    def learned(diary: SyncDiary, user: str) -> tuple[str, str]:
        diary.catch_up(user)
        talk = diary.last_conversations(user)["chat"]
        return talk["summary"], talk["_updated"]

    at_once = SyncDiary(tmp_path)
    at_once.update_memory("ana", "chat", said[0].text, "Good luck!", at=evening)
    at_once.record_turn("ben", "chat", said, at=evening)
    at_once.record_turn("cleo", "chat", said, at=evening)
    at_once.export_user("cleo", tmp_path / "cleo.zip")
    elsewhere = SyncDiary(tmp_path / "elsewhere", clock=lambda: evening)
    elsewhere.import_user("cleo", tmp_path / "cleo.zip")
    elsewhere.update_memory("dan", "chat", said[0].text, "Good luck!")
    for diary, users in ((at_once, ("ana", "ben")), (elsewhere, ("cleo", "dan"))):
        for user in users:
            summary, updated = learned(diary, user)
            assert "2026-03-02" in summary, user
            assert updated == "2026-03-02T04:00:00Z", user


def test_messages_appended_make_no_turn(tmp_path: Path):
    diary = Diary(tmp_path, agent=Echo())
    asyncio.run(diary.messages.append("ana", "s", [Message("user", "tea")]))
    assert asyncio.run(diary.catch_up("ana")) == []


def test_a_fact_names_the_messages_behind_it(tmp_path: Path):
    diary = Diary(tmp_path)
    asyncio.run(diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted."))
    asyncio.run(diary.update_memory("ana", "t", "Did I say I'm allergic to walnuts?", "Yes."))
    asyncio.run(diary.update_memory("ana", "t", "I'm allergic to walnuts!", "I know."))
    found = asyncio.run(diary.why("ana", "allergies", "walnuts"))
    assert [(m.session_id, m.number, m.text) for m in found] == [
        ("s", 1, "I'm allergic to walnuts."),
        ("t", 3, "I'm allergic to walnuts!"),
    ]


def test_without_records_a_turn_stays_with_the_caller(tmp_path: Path):
    diary = Diary(LocalBackend(tmp_path, records=False), agent=Echo("one"))
    with pytest.raises(TimeoutError):
        asyncio.run(diary.update_memory("ana", "s", "one", "ok"))
    assert asyncio.run(diary.catch_up("ana")) == []
    with pytest.raises(UnsupportedError, match="records="):
        asyncio.run(diary.record_turn("ana", "s", [Message("user", "x")]))
    with pytest.raises(UnsupportedError, match="records="):
        asyncio.run(diary.messages.read("ana", "s"))
    assert not list(tmp_path.rglob("diary.db"))


CATCH_UP = """
import asyncio, sys, time
from pathlib import Path
from diarist import Diary, Edit, Extraction

class Slow:
    def extract(self, turn, snapshot):
        with open(sys.argv[2], "a") as file:
            file.write(turn.user_msg + "\\n")
        time.sleep(0.05)
        return Extraction((Edit("add", "likes", "love " + turn.user_msg),))

asyncio.run(Diary(sys.argv[1], agent=Slow()).catch_up("ana"))
"""


@pytest.mark.slow
def test_two_processes_never_extract_the_same_turn(tmp_path: Path):
    diary, seen = Diary(tmp_path / "memories"), tmp_path / "seen"
    for n in range(20):
        asyncio.run(diary.record_turn("ana", "s", [Message("user", f"thing{n}", id=str(n))]))
    command = [sys.executable, "-c", CATCH_UP, str(tmp_path / "memories"), str(seen)]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert sorted(seen.read_text().split()) == sorted(f"thing{n}" for n in range(20))
    assert page(diary) == {f"love thing{n}": 1 for n in range(20)}
    assert turns_of(diary) == 20


def test_a_lease_is_renewed_while_the_extractor_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diarist.learning.LEASE", timedelta(seconds=0.3))
    monkeypatch.setattr("diarist.learning._RENEW", 0.1)

    class Slow(Echo):
        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            time.sleep(1)
            return super().extract(turn, snapshot)

    agent, other = Slow(), Echo()

    async def main() -> None:
        turn = asyncio.create_task(Diary(tmp_path, agent=agent).update_memory("ana", "s", "a", "b"))
        for _ in range(4):
            await asyncio.sleep(0.2)
            await Diary(tmp_path, agent=other).catch_up("ana")
        await turn

    asyncio.run(main())
    assert (agent.seen, other.seen) == (["a"], [])


def test_deleting_a_user_holds_against_a_turn_on_its_way(tmp_path: Path):
    extracting, go_on = threading.Event(), threading.Event()

    class Slow(Echo):
        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            extracting.set()
            go_on.wait(10)
            return super().extract(turn, snapshot)

    async def main() -> None:
        diary = Diary(tmp_path, agent=Slow())
        turn = asyncio.create_task(diary.update_memory("ana", "s", "tea", "ok"))
        await asyncio.to_thread(extracting.wait, 10)
        report = await diary.delete_user("ana")
        assert (report.messages, report.turns) == (2, 1)
        go_on.set()
        assert (await turn).results == ()

    asyncio.run(main())
    assert "ana" not in asyncio.run(Diary(tmp_path).list_users())
    assert not list((tmp_path / "ana").rglob("*.toml"))


# ---------------------------------------------------------------- kinds of extractors


class Async(Echo):
    async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        await asyncio.sleep(0)
        await asyncio.to_thread(lambda: None)
        return super().extract(turn, snapshot)


class Wrapped(Async):
    def extract(self, turn: Turn, snapshot: Snapshot):  # a plain function that gives a coroutine
        return super().extract(turn, snapshot)


@pytest.mark.parametrize("kind", [Echo, Async, Wrapped])
@pytest.mark.parametrize("where", ["local", "six methods"])
def test_any_kind_of_extractor_works_over_any_backend_many_at_once(
    tmp_path: Path, kind: type[Echo], where: str
):
    async def main() -> dict[str, int]:
        diary = Diary(tmp_path if where == "local" else SixMethods(), agent=kind())
        turns = [diary.update_memory(f"u{n}", "s", "tea", "ok") for n in range(80)]
        await asyncio.wait_for(asyncio.gather(*turns), 30)
        users = await diary.list_users()
        assert users == sorted(f"u{n}" for n in range(80))
        page = (await diary.preferences("u7")).data["likes"]
        return {item["text"]: item["_count"] for item in page.values()}

    assert asyncio.run(main()) == {"love tea": 1}


@pytest.mark.parametrize("backend", ["local", "six methods"])
def test_a_plain_extractor_never_blocks_the_loop(tmp_path: Path, backend: str):
    names: list[str] = []

    class Named(Echo):
        def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
            names.append(threading.current_thread().name)
            return super().extract(turn, snapshot)

    diary = Diary(tmp_path if backend == "local" else SixMethods(), agent=Named())
    asyncio.run(diary.update_memory("ana", "s", "tea", "ok"))
    assert names != ["MainThread"]


def test_settings_changed_later_count(tmp_path: Path):
    diary = Diary(tmp_path)
    diary.extractor = Echo()
    diary.max_conversations = 1
    for session in ("one", "two"):
        asyncio.run(diary.update_memory("ana", session, session, "ok"))
    assert page(diary) == {"love one": 1, "love two": 1}
    assert list(asyncio.run(diary.last_conversations("ana"))) == ["two"]


@pytest.mark.parametrize("answer", [None, {"edits": []}, "nothing"])
def test_an_extractor_that_returns_something_else_is_told_and_the_turn_waits(
    tmp_path: Path, answer: object
):
    class Wrong:
        def extract(self, turn: Turn, snapshot: Snapshot) -> object:
            return answer

    diary = SyncDiary(tmp_path, agent=Wrong())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"returns an Extraction, not {type(answer).__name__}"):
        diary.update_memory("ana", "s", "I love tea.", "Ok.")
    assert len(SyncDiary(tmp_path).catch_up("ana")) == 1
