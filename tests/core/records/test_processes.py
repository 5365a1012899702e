"""Real processes on one folder: nothing acknowledged is lost, doubled, or brought back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from core.records.children import assert_sound, done, finished, said, start
from diarist import SyncDiary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_eight_processes_with_two_hundred_messages_each_lose_none(tmp_path: Path):
    for child in [start("append", tmp_path, name, 200) for name in "abcdefgh"]:
        finished(child)
    texts = [message.text for message in SyncDiary(tmp_path).messages.read("ana", "chat")]
    assert len(texts) == 1600
    for name in "abcdefgh":
        own = [text for text in texts if text.startswith(name)]
        assert own == [f"{name}-{number}" for number in range(200)]
    assert SyncDiary(tmp_path).messages.count("ana", "chat") == 1600
    assert_sound(tmp_path / "ana" / "diary.db")


@pytest.mark.slow
def test_a_writer_killed_fifty_times_keeps_every_promise(tmp_path: Path):
    assert "promises kept" in done("kills", tmp_path, 50, 7)


def test_another_process_that_closes_takes_the_log_from_nobody(tmp_path: Path):
    one, two = SyncDiary(tmp_path), SyncDiary(tmp_path)
    one.messages.append("ana", "chat", said("1"))
    two.messages.append("ana", "chat", said("2"))
    done("append_and_close", tmp_path, "3")
    one.messages.append("ana", "chat", said("4"))
    two.messages.append("ana", "chat", said("5"))
    assert done("read", tmp_path).split() == ["1", "2", "3", "4", "5"]


def test_a_user_deleted_by_another_process_begins_anew_in_a_new_file(tmp_path: Path):
    diary, path = SyncDiary(tmp_path), tmp_path / "ana" / "diary.db"
    diary.messages.append("ana", "chat", said("old"))
    former = path.stat().st_ino
    held = path.open("rb")  # so that its number is not given to the next file
    assert done("delete_user", tmp_path).strip() == "1"
    assert not path.exists()
    assert diary.messages.read("ana", "chat") == []
    assert diary.notes.delete("ana", "n", "k") is False
    assert not path.exists()
    assert [m.number for m in diary.messages.append("ana", "chat", said("new"))] == [1]
    assert path.stat().st_ino != former
    assert done("read", tmp_path).split() == ["new"]
    held.close()


def test_a_folder_that_somebody_removed_is_made_again(tmp_path: Path):
    diary, folder = SyncDiary(tmp_path), tmp_path / "ana"
    diary.messages.append("ana", "chat", said("old"))
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert diary.messages.read("ana", "chat") == []
    diary.notes.put("ana", "n", "k", "v")
    diary.messages.append("ana", "chat", said("new"))
    assert done("read", tmp_path).split() == ["new"]


@pytest.mark.slow
def test_what_is_written_while_another_process_deletes_the_user_is_gone_or_kept_in_order(
    tmp_path: Path,
):
    writers = {name: start("append_until_told", tmp_path, name) for name in "abc"}
    diary, end = SyncDiary(tmp_path), time.monotonic() + 2
    while time.monotonic() < end:
        diary.delete_user("ana")
    written = {name: int(finished(writer, "stop\n")) for name, writer in writers.items()}
    texts = [message.text for message in diary.messages.read("ana", "chat")]
    for name, count in written.items():
        own = [int(text.split("-")[1]) for text in texts if text.startswith(name)]
        assert own == list(range(count - len(own), count))
    assert_sound(tmp_path / "ana" / "diary.db")
