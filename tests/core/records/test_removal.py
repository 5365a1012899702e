"""What is removed is gone: its words stand in no file of the folder; neighbours keep theirs."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.records.children import assert_sound, done, said
from diarist import BackendError, Diary, PutNote, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from pathlib import Path

FIND = """
import pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file():
        raw = path.read_bytes().lower()
        for word in sys.argv[2:]:
            for form in (word.encode(), word.encode("utf-16-le")):
                if form in raw:
                    print(path.name, word)
"""


def found(folder: Path, *words: str) -> list[str]:
    """Return where words stand in the bytes of any file.

    In another process: a file that is closed here loses the locks that SQLite holds on it.
    """
    command = [sys.executable, "-c", FIND, str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def words_of(seed: str, count: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=12)) for _ in range(count)]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("neighbours", [0, 300])
def test_the_words_of_deleted_and_expired_notes_are_gone_after_a_cleanup(
    tmp_path: Path, clock: FrozenClock, neighbours: int
):
    diary = SyncDiary(tmp_path, clock=clock)
    stays, deleted, expired, former = words_of("stays deleted expired former", 4)
    rest = words_of("rest", neighbours)
    diary.notes.batch("ana", [PutNote(("n",), word, {"text": word}) for word in rest])
    diary.notes.put("ana", "n", "stays", {"text": former})
    diary.notes.put("ana", "n", "stays", {"text": stays})
    diary.notes.put("ana", deleted, deleted, {deleted: deleted}, metadata={"m": deleted})
    diary.notes.put("ana", "n", expired, expired, ttl=timedelta(hours=1))
    assert found(tmp_path, stays) != []
    assert found(tmp_path, deleted) != []
    diary.notes.delete("ana", deleted, deleted)
    clock.advance(timedelta(hours=2))
    assert diary.notes.cleanup("ana", timedelta(0)) == 2
    assert found(tmp_path, deleted, expired, former) == []
    assert found(tmp_path, stays) == [f"diary.db {stays}"]
    assert [hit.note and hit.note.key for hit in diary.notes.search("ana", query=stays)] == [
        "stays"
    ]
    for word in rest[::50]:
        assert [hit.source for hit in diary.notes.search("ana", query=word)] == [f"n/{word}"]
    assert_sound(tmp_path / "ana" / "diary.db")


@pytest.mark.parametrize("neighbours", [0, 300])
def test_the_words_of_removed_messages_are_gone_after_a_cleanup(tmp_path: Path, neighbours: int):
    diary = SyncDiary(tmp_path)
    rest, gone = words_of("rest", neighbours), words_of("gone", 40)
    diary.messages.append("ana", "chat", [message for word in rest for message in said(word)])
    for word in gone:
        diary.messages.append("ana", "chat", said(f"{word} and more"))
    diary.messages.append("ana", "talk", [message for word in gone for message in said(word)])
    assert len(found(tmp_path, *gone)) >= 40
    diary.messages.delete("ana", "chat", positions=range(-40, 0))
    diary.messages.archive("ana", "talk", 10)
    diary.messages.clear("ana", "talk")
    diary.notes.cleanup("ana")
    assert found(tmp_path, *gone) == []
    assert diary.messages.count("ana", "chat") == neighbours
    assert_sound(tmp_path / "ana" / "diary.db")


def test_a_cleanup_reaches_what_another_process_wrote_and_has_open(tmp_path: Path):
    other, diary = SyncDiary(tmp_path), SyncDiary(tmp_path)
    (word,) = words_of("word", 1)
    done("append_and_close", tmp_path, word)
    other.messages.append("ana", "chat", said(f"{word} again"))
    diary.messages.clear("ana", "chat")
    diary.notes.cleanup("ana")
    assert found(tmp_path, word) == []
    other.messages.append("ana", "chat", said("new"))
    assert done("read", tmp_path).split() == ["new"]


def test_a_cleanup_makes_nobody_and_may_be_repeated(tmp_path: Path):
    diary = SyncDiary(tmp_path / "memories")
    assert diary.notes.cleanup("ghost", timedelta(0)) == 0
    assert not (tmp_path / "memories").exists()
    diary.notes.put("ana", "n", "k", "v")
    for _ in range(3):
        assert diary.notes.cleanup("ana", timedelta(0)) == 0
    assert diary.notes.list("ana")[0].value == "v"


def test_the_space_of_what_was_removed_is_given_back(tmp_path: Path):
    diary, path = SyncDiary(tmp_path), tmp_path / "ana" / "diary.db"
    diary.messages.append("ana", "chat", said("x" * 3_000_000))
    diary.notes.cleanup("ana")
    assert path.stat().st_size > 3_000_000
    diary.messages.clear("ana", "chat")
    diary.notes.cleanup("ana")
    assert sum(each.stat().st_size for each in path.parent.iterdir()) < 400_000


@pytest.mark.parametrize("held", [True, False])
def test_no_word_of_a_deleted_user_is_left_and_the_others_keep_theirs(tmp_path: Path, held: bool):
    hers, his = words_of("hers his", 2)
    diary = SyncDiary(tmp_path)
    for user, word in (("ana", hers), ("bob", his)):
        diary.update_memory(user, word, f"I'm allergic to {word}.", "Noted.")
        diary.messages.append(user, "chat", said(word))
        diary.notes.put(user, word, word, word, metadata={word: word})
        diary.notes.put(user, "n", word, word)
        diary.notes.delete(user, "n", word)
    other = SyncDiary(tmp_path)
    if held:
        assert other.messages.count("ana", "chat") == 1
    assert diary.delete_user("ana").notes == 2
    assert found(tmp_path, hers) == []
    assert len(found(tmp_path, his)) > 1
    assert other.messages.read("ana", "chat") == []
    other.messages.append("ana", "chat", said("new"))
    assert found(tmp_path, hers) == []
    assert diary.list_users() == ["ana", "bob"]


def test_what_a_killed_deletion_left_goes_with_the_next_one(tmp_path: Path):
    (word,) = words_of("word", 1)
    diary = SyncDiary(MemoryBackend(), records=SQLiteRecords(tmp_path))
    diary.messages.append("ana", "chat", said(word))
    diary.close()
    (tmp_path / "ana" / "diary.db").rename(tmp_path / "ana" / "diary.db-wal")
    assert diary.delete_user("ana").messages == 0
    assert found(tmp_path, word) == []
    diary.messages.append("ana", "chat", said("new"))
    assert done("read", tmp_path).split() == ["new"]


def test_a_cleanup_that_a_reader_holds_up_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diarist.backends.database.BUSY_TIMEOUT", 0.2)
    (word,) = words_of("word", 1)
    diary = Diary(tmp_path)
    asyncio.run(diary.messages.append("ana", "chat", said(word)))
    reader = sqlite3.connect(tmp_path / "ana" / "diary.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    asyncio.run(diary.messages.clear("ana", "chat"))
    with pytest.raises(BackendError, match=r"diary.db-wal, which another program reads; clean up"):
        asyncio.run(diary.notes.cleanup("ana"))
    reader.execute("ROLLBACK")
    reader.close()
    asyncio.run(diary.notes.cleanup("ana"))
    assert found(tmp_path, word) == []
