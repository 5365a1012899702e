"""Ends of every kind: a script that closes nothing, a fork, a loop that is over, Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from core.records.children import done, said, start
from diarist import Diary, SyncDiary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flavour", ["blocking", "async"])
def test_a_script_that_closes_nothing_ends_within_a_second(tmp_path: Path, flavour: str):
    child = start("leave", tmp_path, flavour)
    assert child.stdout is not None
    assert child.stdout.readline() == "returned\n"
    begin = time.monotonic()
    assert child.wait(10) == 0
    assert time.monotonic() - begin < 1
    child.communicate()
    diary = SyncDiary(tmp_path)
    assert [message.text for message in diary.messages.read("ana", "chat")] == ["1"]
    assert [note.value for note in diary.notes.list("ana")] == ["v"]


def test_a_child_forked_from_a_diary_in_use_keeps_what_it_writes(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "chat", said("parent 1"))
    told, told_back = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        diary.messages.append("ana", "chat", said("child 1"))
        os.write(told[1], b"x")
        os.read(told_back[0], 1)
        diary.messages.append("ana", "chat", said("child 2"))
        os._exit(0)
    os.read(told[0], 1)
    diary.messages.append("ana", "chat", said("parent 2"))
    diary.close()
    os.write(told_back[1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    for end in (*told, *told_back):
        os.close(end)
    diary.messages.append("ana", "chat", said("parent 3"))
    assert done("read", tmp_path).splitlines() == [
        "parent 1", "child 1", "parent 2", "child 2", "parent 3",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_fork_while_threads_write_harms_neither_side(tmp_path: Path):
    assert done("fork_while_writing", tmp_path, 20).strip() == "all once"


def test_one_diary_serves_one_event_loop_after_another(tmp_path: Path):
    diary = Diary(tmp_path)

    async def write(number: int) -> None:
        await asyncio.gather(
            *(diary.messages.append("ana", "chat", said(f"{number}-{n}")) for n in range(5))
        )

    for number in range(3):
        asyncio.run(write(number))
    texts = [message.text for message in asyncio.run(diary.messages.read("ana", "chat"))]
    assert sorted(texts) == [f"{number}-{n}" for number in range(3) for n in range(5)]


def test_a_loop_that_ends_before_its_writes_leaves_them_to_nobody_else(tmp_path: Path):
    diary = Diary(tmp_path)
    asyncio.run(diary.messages.append("ana", "chat", said("first")))

    async def give_up() -> None:
        for n in range(5):
            asyncio.get_running_loop().create_task(
                diary.messages.append("ana", "chat", said(f"given up {n}"))
            )
        await asyncio.sleep(0)

    for _ in range(5):
        asyncio.run(give_up())
        asyncio.run(asyncio.wait_for(diary.messages.append("ana", "chat", said("next")), 10))
    texts = [message.text for message in asyncio.run(diary.messages.read("ana", "chat"))]
    assert texts.count("next") == 5


def test_a_closed_diary_opens_again_when_it_is_used(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "chat", said("1"))
    diary.close()
    diary.close()
    assert [path.name for path in (tmp_path / "ana").iterdir()] == ["diary.db"]
    diary.messages.append("ana", "chat", said("2"))
    assert diary.messages.count("ana", "chat") == 2


@pytest.mark.slow
def test_ctrl_c_in_a_blocking_call_loses_and_doubles_nothing_of_other_threads(tmp_path: Path):
    assert done("be_interrupted", tmp_path, 20).strip() == "all once"
