"""Processes that share a session by a `DiaryMemory` each lose nothing, and learn every turn."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from llama_index.core.storage.chat_store.base_db import MessageStatus

from integrations.llama_index.scripted import likes, texts
from llama_index_diarist import DiaryMemory

CHILDREN = Path(__file__).with_name("children.py")


def start(task: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILDREN), task, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_that_share_a_session_lose_nothing_and_archive_the_oldest(address: str):
    talkers = {name: start("chats", address, name, 15) for name in "abc"}
    for talker in talkers.values():
        _, errors = talker.communicate(timeout=120)
        assert talker.returncode == 0, errors
        assert errors == ""
    memory = DiaryMemory.open(address, "ana", "chat")
    said, learned = texts(memory.get_all()), likes(memory.diary)
    for name in talkers:
        own = [text for text in said if text and f" {name}" in text]
        turns = [(f"I love dish {name}{n}.", f"Noted {name}{n}.") for n in range(15)]
        assert own == [text for turn in turns for text in turn]
        assert all(f"love dish {name}{n}" in learned for n in range(15))
    active = texts(memory.get_all(MessageStatus.ACTIVE))
    assert [*texts(memory.get_all(MessageStatus.ARCHIVED)), *active] == said
    assert 0 < sum(len((text or "").split()) for text in active) <= 28


@pytest.mark.slow
def test_the_last_turn_of_a_killed_process_is_there_and_learned(address: str):
    talker = start("dies_at_once", address)
    talker.communicate(timeout=60)
    assert talker.returncode == -signal.SIGKILL
    memory = DiaryMemory.open(address, "ana", "chat", context_tokens=0)
    assert texts(memory.get()) == ["I love tea.", "Noted."]
    assert "love tea" in likes(memory.diary)
