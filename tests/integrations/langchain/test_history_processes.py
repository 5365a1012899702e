"""Processes that share a session lose nothing of what was added, however they end."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from langchain_diarist import DiaryChatMessageHistory

CHILDREN = Path(__file__).with_name("children.py")


def start(task: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILDREN), task, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def contents(address: str) -> list[str]:
    return [str(m.content) for m in DiaryChatMessageHistory(address, "ana", "chat").messages]


@pytest.mark.slow
def test_three_processes_add_to_one_session_and_nothing_is_lost(address: str):
    writers = {name: start("adds", address, name, 60) for name in "abc"}
    for writer in writers.values():
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    kept = contents(address)
    for name in writers:  # each in its own order
        own = [content for content in kept if content.startswith(name)]
        assert own == [f"{name} {number}" for number in range(60)]
    assert len(kept) == 180


@pytest.mark.slow
@pytest.mark.parametrize("promised", [1, 7, 40])
def test_what_was_added_before_a_kill_is_there_and_nothing_half(address: str, promised: int):
    writer = start("adds_until_killed", address)
    assert writer.stdout is not None
    for _ in range(promised):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    more, _ = writer.communicate(timeout=60)
    told = promised + more.count("\n")
    kept = contents(address)
    assert kept[: 2 * told] == [f"{number} {half}" for number in range(told) for half in "ab"]
    assert len(kept) % 2 == 0


def test_the_last_words_of_a_killed_process_are_there(address: str):
    writer = start("dies_at_once", address)
    writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    assert contents(address) == ["the last words"]


def test_threads_that_share_a_history_lose_nothing(address: str):
    history = DiaryChatMessageHistory(address, "ana", "chat")

    def add(name: str) -> None:
        for number in range(25):
            history.add_user_message(f"{name} {number}")
            assert f"{name} {number}" in [message.content for message in history.messages]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, "abcd"))
    assert len(contents(address)) == len(history) == len(history.messages) == 100
