"""A disk that is full or fails, rights that are missing, a lock that is held: what then is said.

Each refusal is one sentence; what was there before stays, and the next call works once the fault
is gone.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Literal

import pytest

from core.records import children
from core.records.children import done, said
from diarist import BackendError, Diary, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from pathlib import Path


def run_under(tool: list[str], task: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a child under another program, such as strace."""
    command = [*tool, sys.executable, children.__file__, task, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def can_run(*command: str) -> bool:
    found = shutil.which(command[0])
    return found is not None and subprocess.run(command, capture_output=True).returncode == 0


needs_strace = pytest.mark.skipif(
    not can_run("strace", "-o", "/dev/null", "true"), reason="strace is missing or not allowed"
)


def texts(diary: SyncDiary) -> list[str]:
    return [message.text for message in diary.messages.read("ana", "chat")]


# ---------------------------------------------------------------- the disk


@pytest.mark.parametrize("part", ["messages", "notes"])
def test_what_was_acknowledged_outlives_a_disk_that_refuses_to_write(tmp_path: Path, part: str):
    lines = done("fill_files", tmp_path, part).splitlines()
    assert lines == [
        f"can't use {tmp_path / user / 'diary.db'}: disk i/o error; look at the disk; nothing was "
        "changed"
        for user in ("ana", "bob")
    ]


@pytest.mark.parametrize("part", ["messages", "notes"])
def test_what_was_acknowledged_outlives_a_full_disk(tmp_path: Path, part: str):
    child = run_under(
        ["unshare", "--user", "--map-root-user", "--mount"], "fill_disk", tmp_path, part
    )
    if "unshare" in child.stderr or child.stdout == "no disk\n":
        pytest.skip("this test may not mount a small disk of its own")
    assert child.returncode == 0, child.stderr
    assert child.stdout.splitlines() == [
        f"can't use {tmp_path / user / 'diary.db'}: database or disk is full; free some space and "
        "try again"
        for user in ("ana", "bob")
    ]


@needs_strace
def test_a_disk_that_can_not_sync_acknowledges_nothing(tmp_path: Path):
    SyncDiary(tmp_path).messages.append("ana", "chat", said("before"))
    tool = ["strace", "-f", "-o", "/dev/null", "-e", "inject=fdatasync,fsync:error=EIO"]
    child = run_under(tool, "append_some", tmp_path, "full", 1)
    assert child.returncode == 1
    assert "BackendError: can't use" in child.stderr
    assert "disk i/o error" in child.stderr
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "chat", said("after"))
    assert texts(diary)[0] == "before"
    assert texts(diary)[-1] == "after"


# ---------------------------------------------------------------- what durability means


def synced(folder: Path, durability: str, count: int) -> list[str]:
    """Return the files below `folder` that are synced while so many messages are appended."""
    trace = folder.with_suffix(".trace")
    tool = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fsync,fdatasync"]
    child = run_under(tool, "append_some", folder, durability, count)
    assert child.returncode == 0, child.stderr
    lines = [line for line in trace.read_text().splitlines() if f"<{folder}" in line]
    return [line.split("<")[1].split(">")[0].removeprefix(str(folder)) for line in lines]


@needs_strace
def test_full_durability_syncs_the_folders_of_a_new_user_and_then_each_append(tmp_path: Path):
    calls = synced(tmp_path / "new", "full", 5)
    assert calls.index("") < calls.index("/ana/diary.db") < calls.index("/ana/diary.db-wal")
    log = calls.index("/ana/diary.db-wal")
    assert "/ana" in calls[calls.index("/ana/diary.db") : log]
    assert "/ana" in calls[log:], "the name of the log"
    more = synced(tmp_path / "more", "full", 25).count("/ana/diary.db-wal")
    assert more - calls.count("/ana/diary.db-wal") == 20


@needs_strace
def test_normal_durability_waits_for_the_disk_only_to_make_a_user(tmp_path: Path):
    calls = synced(tmp_path / "new", "normal", 5)
    assert calls == synced(tmp_path / "more", "normal", 25)
    assert calls.count("/ana/diary.db-wal") <= 1


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_the_connection_in_use_has_the_durability_that_was_asked_for(
    tmp_path: Path, durability: Literal["full", "normal"], level: int
):
    for records in (
        SQLiteRecords(tmp_path / "folder", durability=durability),
        SQLiteRecords.file(tmp_path / "file.db", durability=durability),
    ):
        diary = SyncDiary(MemoryBackend(), records=records)
        diary.messages.append("ana", "chat", said("1"))
        pragmas = [
            records._databases.read(  # pyright: ignore[reportPrivateUsage]
                "ana", lambda connection, name=name: connection.execute(f"PRAGMA {name}").fetchone()
            )
            for name in ("synchronous", "journal_mode", "secure_delete")
        ]
        assert pragmas == [(level,), ("wal",), (1,)]


# ---------------------------------------------------------------- rights


@pytest.mark.parametrize(
    ("place", "rights", "words"),
    [
        ("ana/diary.db", 0o400, "permission denied"),
        ("ana/diary.db", 0, "permission denied"),
        ("ana", 0o500, "attempt to write a readonly database; make it and its folder"),
        ("ana", 0, "permission denied"),
        (".locks", 0o500, "permission denied"),
    ],
)
def test_missing_rights_are_told_and_nothing_is_lost(
    unprivileged: Path, place: str, rights: int, words: str
):
    with SyncDiary(unprivileged) as diary:
        diary.messages.append("ana", "chat", said("1"))
    path = unprivileged / place
    former = path.stat().st_mode
    for lock in (unprivileged / ".locks").iterdir():
        lock.unlink()
    path.chmod(rights)
    diary = SyncDiary(unprivileged)
    for call in (diary.messages.append, diary.messages.append):
        with pytest.raises(BackendError, match=f"^can't .*{words}") as caught:
            call("ana", "chat", said("2"))
        assert str(unprivileged) in str(caught.value)
        assert "\n" not in str(caught.value)
    path.chmod(former)
    diary.messages.append("ana", "chat", said("3"))
    assert texts(diary) == ["1", "3"]


def test_a_folder_that_may_not_be_written_to_makes_no_user(unprivileged: Path):
    diary = SyncDiary(unprivileged / "memories")
    unprivileged.chmod(0o500)
    with pytest.raises(BackendError, match=r"can't make the folder .*permission denied"):
        diary.notes.put("ana", "n", "k", "v")
    unprivileged.chmod(0o700)
    diary.notes.put("ana", "n", "k", "v")
    assert [note.value for note in diary.notes.list("ana")] == ["v"]


def test_a_symbolic_link_in_the_place_of_a_database_is_not_followed(tmp_path: Path):
    (tmp_path / "ana").mkdir()
    (tmp_path / "elsewhere.db").write_bytes(b"")
    (tmp_path / "ana" / "diary.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(BackendError, match=r"ana/diary.db: it is a symbolic link"):
        SyncDiary(tmp_path).messages.append("ana", "chat", said("1"))
    assert (tmp_path / "elsewhere.db").read_bytes() == b""


# ---------------------------------------------------------------- locks


@pytest.mark.parametrize("is_open", [True, False])
def test_a_database_that_another_program_holds_is_told_and_read_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_open: bool
):
    monkeypatch.setattr("diarist.backends.database.BUSY_TIMEOUT", 0.1)
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "chat", said("1"))
    if not is_open:
        diary.close()
    other = sqlite3.connect(tmp_path / "ana" / "diary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for write in (
        lambda: diary.messages.append("ana", "chat", said("2")),
        lambda: diary.notes.put("ana", "n", "k", "v"),
        lambda: asyncio.run(diary.diary.messages.clear("ana", "chat")),
        lambda: diary.delete_user("ana"),
    ):
        with pytest.raises(BackendError, match=r"ana/diary.db: database is locked; another prog"):
            write()
    assert texts(diary) == ["1"]
    other.execute("ROLLBACK")
    other.close()
    diary.messages.append("ana", "chat", said("3"))
    assert texts(diary) == ["1", "3"]


def test_a_writer_waits_for_another_program_that_is_quick(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "chat", said("1"))
    other = sqlite3.connect(
        tmp_path / "ana" / "diary.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.execute, ("ROLLBACK",))
    timer.start()
    diary.messages.append("ana", "chat", said("2"))
    timer.join()
    other.close()
    assert texts(diary) == ["1", "2"]


def test_a_refusal_reaches_everyone_who_shares_the_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diarist.backends.database.BUSY_TIMEOUT", 0.1)
    diary = Diary(tmp_path)
    asyncio.run(diary.messages.append("ana", "chat", said("1")))

    async def write_many() -> list[object]:
        return await asyncio.gather(
            *(diary.messages.append("ana", "chat", said(f"many {n}")) for n in range(10)),
            return_exceptions=True,
        )

    other = sqlite3.connect(tmp_path / "ana" / "diary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert all(isinstance(outcome, BackendError) for outcome in asyncio.run(write_many()))
    other.execute("ROLLBACK")
    other.close()
    assert not any(isinstance(outcome, Exception) for outcome in asyncio.run(write_many()))
    assert len(texts(SyncDiary(tmp_path))) == 11
