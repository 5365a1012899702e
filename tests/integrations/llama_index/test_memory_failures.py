"""A diary that fails breaks no chat, and loses nothing of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from llama_index.core.storage.chat_store.base_db import MessageStatus

from diarist import BackendError
from integrations.failing import failing_diary
from integrations.llama_index.scripted import answer, texts, user
from llama_index_diarist import DiaryMemory

if TYPE_CHECKING:
    from pathlib import Path

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


def test_what_the_disk_refused_is_stored_with_the_next_message(caplog: pytest.LogCaptureFixture):
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat")
    memory.put(user("one"))
    records.is_failing = True
    memory.put(answer("two"))
    memory.put(user("three"))
    assert "the disk failed" in caplog.text
    assert texts(memory.get()) == ["two", "three"]
    assert texts(DiaryMemory.from_dict(memory.to_dict()).get()) == ["two", "three"]
    records.is_failing = False
    assert texts(memory.get_all()) == ["one"]
    memory.put(answer("four"))
    assert texts(memory.get_all()) == ["one", "two", "three", "four"]
    memory.put(user("five"))
    assert len(memory.get_all()) == 5


def test_a_history_that_the_disk_refused_takes_the_place_later():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", context_tokens=0)
    memory.put(user("old"))
    records.is_failing = True
    memory.put(answer("lost"))
    memory.set([user("new")])
    memory.put(answer("newer"))
    assert texts(memory.get()) == ["new", "newer"]
    records.is_failing = False
    assert texts(memory.get()) == ["new", "newer"]
    memory.put(user("newest"))
    assert texts(memory.get_all()) == ["new", "newer", "newest"]


def test_a_reset_of_what_is_archived_leaves_what_waits():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", context_tokens=0)
    records.is_failing = True
    memory.put(user("waits"))
    records.is_failing = False
    asyncio.run(memory.areset(ARCHIVED))
    assert texts(memory.get()) == ["waits"]
    asyncio.run(memory.areset(ACTIVE))
    assert memory.get() == []
    memory.put(user("anew"))
    assert texts(memory.get_all()) == ["anew"]


def test_a_failure_is_raised_where_that_is_wanted():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", on_error="raise")
    records.is_failing = True
    with pytest.raises(BackendError, match="the disk failed"):
        memory.put(user("one"))
    with pytest.raises(BackendError, match="the disk failed"):
        memory.get()
    with pytest.raises(BackendError, match="the disk failed"):
        DiaryMemory.open(diary, "ana", "chat").reset()


def test_a_broken_page_or_a_failing_extractor_breaks_no_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    memory.put_messages([user("I love tea."), answer("Noted.")])
    page = tmp_path / "ana" / "preferences.toml"
    page.write_text("[likes.tea\n")
    memory.put_messages([user("I love coffee."), answer("Noted.")])
    assert len(memory.get_all()) == 4
    assert memory.get(input="What?")
    assert page.read_text() == "[likes.tea\n"
    assert "a turn of 'ana' waits" in caplog.text
