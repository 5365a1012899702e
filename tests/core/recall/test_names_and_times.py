"""Questions that name a person or a time and share no word with the answer; other scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from diarist import Message, SyncDiary
from diarist.testing import FrozenClock

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)  # a Friday


@pytest.fixture
def diary(tmp_path: Path) -> SyncDiary:
    diary = SyncDiary(tmp_path, clock=FrozenClock(NOW))
    canal = Message("user", "The dentist wants a root canal.", at=datetime(2026, 3, 10, tzinfo=UTC))
    diary.messages.append("ana", "march", [canal])
    old = Message("user", "The dentist found nothing.", at=datetime(2024, 3, 10, tzinfo=UTC))
    diary.messages.append("ana", "old", [old])
    for number in range(12):
        diary.messages.append("ana", f"s{number}", [Message("user", f"small talk about x{number}")])
    return diary


@pytest.mark.parametrize(
    "question",
    [
        "What did I say last week?",
        "what did we discuss ten days ago?",
        "What was it on March 10?",
        "And on 2026-03-10?",
    ],
)
def test_a_question_that_is_only_about_a_time_finds_what_was_said_then(
    diary: SyncDiary, question: str
):
    assert diary.recall("ana", question, k=4)[0].text == "The dentist wants a root canal."


def test_words_that_name_the_time_are_not_looked_for(diary: SyncDiary):
    diary.messages.append("ana", "s", [Message("user", "Last week is a week long.")])
    assert "root canal" in diary.recall("ana", "What did I do last week?", k=4)[0].text


def test_a_speaker_is_found_who_says_it_in_other_words(diary: SyncDiary):
    said = [Message("user", "I bake bread at dawn", name="Leo"), Message("user", "Oh", name="Mia")]
    diary.messages.append("ana", "bread", said)
    diary.messages.append("ana", "later", [Message("user", "They say it rains")] * 3)
    for question in ("What did Leo say?", "Leo"):
        assert diary.recall("ana", question, k=4)[0].text == "I bake bread at dawn"


def test_a_name_that_is_a_common_word_is_looked_for(diary: SyncDiary):
    diary.messages.append("ana", "s", [Message("user", "Will just moved to Oslo.")])
    assert diary.recall("ana", "Where does Will live?", k=4)[0].text == "Will just moved to Oslo."


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("猫を飼っています。", "猫"),
        ("猫を飼っています。", "猫の名前"),
        ("我有一条狗", "狗"),
        ("ฉันทำงานที่ธนาคารในเชียงใหม่", "ธนาคาร"),
        ("저는 서울에 살아요", "서울"),
    ],
)
def test_scripts_without_spaces_are_found_by_a_part(diary: SyncDiary, text: str, question: str):
    diary.messages.append("ana", "s", [Message("user", text)])
    diary.messages.append("ana", "t", [Message("user", f"filler {n}") for n in range(5)])
    hit = diary.recall("ana", question, k=4)[0]
    assert (hit.text, "words" in hit.features) == (text, True)
