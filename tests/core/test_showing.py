"""In a list, a notebook or a debugger, a value says what it is in few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from diarist import Diary, Hit, LocalBackend, Message, SyncDiary

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_value_shows_what_is_not_as_usual():
    assert repr(Message("user", "Hello!")) == "Message(role='user', text='Hello!')"
    named = Message("user", "Hello!", name="Ana", status="archived", metadata={"tone": "warm"})
    assert repr(named) == (
        "Message(role='user', text='Hello!', name='Ana', metadata={'tone': 'warm'}, "
        "status='archived')"
    )


def test_times_are_to_the_second_in_their_own_zone():
    assert repr(Message("user", "Hi", at=NOON)).endswith("at=2026-03-02T12:00:00Z)")
    local = NOON.astimezone(timezone(timedelta(hours=1)))
    assert repr(Message("user", "Hi", at=local)).endswith("at=2026-03-02T13:00:00+01:00)")


def test_a_hit_is_short_and_its_parts_are_still_there(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "monday", [Message("user", "Walnuts, please.", at=NOON)])
    [hit] = diary.recall("ana", "walnuts")
    assert repr([hit]) == (
        f"[Hit(kind='messages', text='Walnuts, please.', score={hit.score:.3g}, user_id='ana', "
        "source='monday#1', session_id='monday', at=2026-03-02T12:00:00Z)]"
    )
    assert isinstance(hit, Hit)
    assert hit.message is not None
    assert hit.features["words"] == 1.0


def test_what_a_turn_did_is_short_too(tmp_path: Path):
    report = SyncDiary(tmp_path).update_memory("ana", "monday", "I love tea.", "Noted.", at=NOON)
    assert repr(report.results) == (
        "(EditResult(status='added', category='likes', text='love tea', id='tea'),)"
    )


def test_a_diary_says_where_it_is():
    assert repr(Diary(LocalBackend("diary"))) == "Diary(LocalBackend('diary'))"
    assert repr(SyncDiary("diary")) == "SyncDiary(LocalBackend('diary'))"
    notebook = SyncDiary("diary").notebook("ana", "cook")
    assert repr(notebook) == "SyncNotebook(LocalBackend('diary'), 'ana', 'cook')"
