"""`diarist copy`: whole, again and again, and never over anything."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from diarist import BackendError, Diary, LocalBackend, Message, UserExistsError
from diarist.backends import ABSENT
from diarist.copying import copy_user
from diarist.testing import MemoryBackend
from diarist.testing.whole import everything, fill
from six_methods import SixMethods


@pytest.fixture
def users(home: Path) -> list[str]:
    """Three users in `memories` with something of everything."""

    async def make() -> None:
        diary = Diary(home)
        assert diary.records is not None
        for user in ("ana", "bob", "a/b"):
            await diary.update_memory(user, "hello", f"I'm allergic to {user[0]}nuts.", "Noted.")
            await diary.notebook(user, "Web Search").append("é\u2028look twice")
            await diary.messages.append(user, "odd", [Message("user", "line\u2028line\x85\n\0")])
            await fill(diary.records, user)

    asyncio.run(make())
    return ["a/b", "ana", "bob"]


def whole(folder: str | Path, user: str) -> Any:
    """Return all there is of a user."""

    async def read() -> Any:
        backend = LocalBackend(folder)
        assert backend.records is not None
        pages = {kind: await backend.load(user, kind) for kind in await backend.kinds(user)}
        return pages, await everything(backend.records, user)

    return asyncio.run(read())


def test_everything_of_everybody_arrives(run, home: Path, users: list[str]):
    result = run("copy", "memories", "copy")
    assert result.stdout == (
        "3 users copied: 9 pages, 30 messages, 12 turns, 9 notes; each compared\n"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    for user in users:
        assert whole("copy", user) == whole(home, user)


def test_one_user_goes_alone(run, users: list[str]):
    told = json.loads(run("copy", "memories", "copy", "--user", "a/b", "--json").stdout)
    (copied,) = told["copied"]
    assert (copied["user_id"], copied["pages"], copied["was_there"]) == ("a/b", 3, False)
    assert told["failed"] == {}
    assert run("users", "--diary", "copy").stdout == "a/b\n"


def test_a_second_copy_compares_and_writes_nothing(run, home: Path, users: list[str]):
    first = json.loads(run("copy", "memories", "copy", "--json").stdout)
    before = {path: path.stat().st_mtime_ns for path in Path("copy").rglob("*.toml")}
    second = json.loads(run("copy", "memories", "copy", "--json").stdout)
    assert [each["digest"] for each in second["copied"]] == [
        each["digest"] for each in first["copied"]
    ]
    assert [each["was_there"] for each in second["copied"]] == [True] * 3
    assert {path: path.stat().st_mtime_ns for path in Path("copy").rglob("*.toml")} == before
    assert "3 users copied, 3 of them there before:" in run("copy", "memories", "copy").stdout


def test_a_copy_that_was_stopped_goes_on_where_it_was(run, home: Path, users: list[str]):
    run("copy", "memories", "copy")
    (Path("copy") / "ana" / "preferences.toml").unlink()
    shutil.rmtree(Path("copy") / "ana" / "memory")
    shutil.rmtree(Path("copy") / "bob")
    told = json.loads(run("copy", "memories", "copy", "--json").stdout)
    assert [each["was_there"] for each in told["copied"]] == [True, False, False]
    for user in users:
        assert whole("copy", user) == whole(home, user)


@pytest.mark.slow
def test_a_killed_copy_is_completed_by_the_next(run, home: Path):
    async def make() -> None:
        for number in range(60):
            await Diary(home).update_memory(f"user{number}", "chat", "I like tea.", "Good.")

    asyncio.run(make())
    command = [sys.executable, "-m", "diarist.cli", "copy", "memories", "copy"]
    with subprocess.Popen(command) as child:
        until = time.monotonic() + 60
        while not any(Path("copy").glob("user*/*.toml")) and time.monotonic() < until:
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    assert 0 < len(list(Path("copy").glob("user*/*.toml"))) < 120
    result = run("copy", "memories", "copy")
    assert result.stdout.startswith("60 users copied")
    assert result.stdout.endswith(": 120 pages, 120 messages, 60 turns, 0 notes; each compared\n")


def test_where_a_person_looks_on_it_shows_how_far_it_is(home: Path, users: list[str]):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "diarist.cli", "copy", "memories", "copy"]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(
        command, stderr=theirs, stdout=subprocess.PIPE, env=environment, timeout=60, check=True
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "copying" in shown
    assert re.search(r"3/3.* users", shown)
    assert done.stdout.startswith(b"3 users copied")


def test_who_is_there_with_something_else_is_left_alone(run, home: Path, users: list[str]):
    run("ingest", "ana", "-", "--diary", "copy", input='{"role": "user", "content": "Hello."}')
    before = whole("copy", "ana")
    result = run("copy", "memories", "copy")
    assert result.exit_code == 1
    assert result.stderr == (
        "diarist: 'ana' is there already, with another conversations, messages.jsonl, "
        "sessions.jsonl, turns.jsonl; delete the user there to copy anew. Nothing was copied\n"
    )
    assert result.stdout.startswith("2 users copied: ")
    assert whole("copy", "ana") == before
    assert whole("copy", "bob") == whole(home, "bob")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["nowhere", "copy"], "nowhere has no users; is it the right place?"),
        (["memories", "copy", "--user", "eve"], "memories has no user 'eve'"),
        (["memories", "s3://bucket"], "s3:// is no backend's address"),
        (["memories", "firestore://p/users"], "an even number of parts"),
        (["memories", "firestore://p/a/b?key=x"], "'key' is none of database, credentials"),
        (["memories", "firestore://p/a/b?records=s3://x"], "s3:// keeps no records"),
        (["memories", "firestore://p/a/b"], "keeps no messages or notes; add ?records=FOLDER"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_can_not_be_copied_is_one_line(run, users: list[str], args: list[str], reason: str):
    result = run("copy", *args)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr
    assert not Path("copy").exists()


# ---------------------------------------------------------------- any backend


class Translating(MemoryBackend):
    """A store that changes line ends."""

    async def put(self, user_id: str, kind: str, content: str, **wanted: Any) -> str:
        return await super().put(user_id, kind, content.replace("\n", "\r\n"), **wanted)


def test_a_backend_of_six_methods_is_a_source_and_a_target():
    six, back = Diary(SixMethods()), Diary(MemoryBackend())
    asyncio.run(six.update_memory("ana", "chat", "I'm allergic to walnuts.", "Noted."))
    copied = asyncio.run(copy_user(six, back, "ana"))
    assert (copied.pages, copied.messages, copied.was_there) == (2, 0, False)
    again = Diary(SixMethods())
    assert asyncio.run(copy_user(back, again, "ana")).digest == copied.digest
    assert asyncio.run(again.preferences("ana")) == asyncio.run(six.preferences("ana"))


def test_what_does_not_arrive_as_it_was_sent_is_told():
    given, wanted = Diary(MemoryBackend()), Diary(Translating())
    asyncio.run(given.upsert_preference("ana", "likes", "love tea"))
    with pytest.raises(BackendError, match="what arrived of preferences is not what was sent"):
        asyncio.run(copy_user(given, wanted, "ana"))


def test_a_page_of_the_target_that_the_source_lacks_is_kept():
    given, wanted = MemoryBackend(), MemoryBackend()
    asyncio.run(given.put("ana", "preferences", "", expect=ABSENT))
    asyncio.run(wanted.put("ana", "conversations", "", expect=ABSENT))
    with pytest.raises(UserExistsError, match="with another conversations"):
        asyncio.run(copy_user(Diary(given), Diary(wanted), "ana"))
    assert asyncio.run(wanted.kinds("ana")) == ["conversations"]
