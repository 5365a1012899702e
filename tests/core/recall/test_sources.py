"""Hits name their source; all five kinds are found, as they are at the moment of the question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from diarist import Message, SyncDiary

if TYPE_CHECKING:
    from pathlib import Path

    from core.recall.conftest import Sources
    from diarist.testing import FrozenClock

KINDS = ("preferences", "conversations", "messages", "notes", "notebook")


@pytest.fixture
def full(diary: SyncDiary, tmp_path: Path) -> SyncDiary:
    """A diary in which every kind knows something about walnuts."""
    diary.update_memory("ana", "chat", "I'm allergic to walnuts, sadly.", "No walnuts, then.")
    (page,) = tmp_path.glob("*/conversations.toml")
    page.write_text(page.read_text().replace("summary =", 'summary = "Walnuts and what to eat" #'))
    diary.messages.append("ana", "log", [Message("user", "Walnut bread smells good", id="m-7")])
    diary.notes.put("ana", ("recipes", "cakes"), "torte", {"text": "a torte with walnuts"})
    diary.notebook("ana", "Cook").write("# Allergies\n\n- walnuts, see the doctor's letter\n")
    return diary


def test_each_kind_is_found_under_its_own_name(full: SyncDiary):
    found = {(hit.kind, hit.source) for hit in full.recall("ana", "walnuts", 20)}
    assert found == {
        ("preferences", "allergies.walnuts"),
        ("conversations", "chat"),
        ("messages", "chat#1"),
        ("messages", "chat#2"),
        ("messages", "m-7"),
        ("notes", "recipes/cakes/torte"),
        ("notebook", "Cook:3"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_say_where_to_look(full: SyncDiary, kind: str):
    found = full.recall("ana", "walnuts", kinds=[kind])
    assert {hit.kind for hit in found} == {kind}
    assert full.recall("ana", "walnuts", kinds=[]) == []


def test_a_hit_leads_back_to_what_it_was_found_in(full: SyncDiary):
    for hit in full.recall("ana", "walnuts", 20):
        assert hit.user_id == "ana"
        if hit.kind == "messages":
            assert hit.message is not None
            assert hit.source in (hit.message.id, hit.message.source)
            assert hit.text == hit.message.text
            assert (hit.session_id, hit.at) == (hit.message.session_id, hit.message.at)
        elif hit.kind == "notes":
            assert hit.note is not None
            assert (*hit.note.namespace, hit.note.key) == ("recipes", "cakes", "torte")
            assert hit.text == "a torte with walnuts"
        elif hit.kind == "notebook":
            assert (hit.metadata["agent_name"], hit.metadata["line"]) == ("Cook", 3)
        elif hit.kind == "preferences":
            assert (hit.metadata["category"], hit.metadata["id"]) == ("allergies", "walnuts")
            assert hit.session_id == "chat"
        else:
            assert hit.session_id == hit.source == "chat"


def test_a_hit_says_why_it_was_found(full: SyncDiary):
    hits = full.recall("ana", "walnuts", 4)
    assert all(hit.features["words"] > 0 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_hand_edit_is_found_by_the_next_question(
    full: SyncDiary, sources: Sources, tmp_path: Path
):
    pages = ("preferences", "notebook")
    assert sources("kiwi durian papaya", kinds=pages) == []
    (page,) = tmp_path.glob("*/preferences.toml")
    text = page.read_text().replace("allergic to walnuts", "allergic to kiwi")
    page.write_text(text + '\n[likes.durian]\ntext = "love durian"\n_count = 1\n')
    (notebook,) = tmp_path.glob("*/memory/*/MEMORY.md")
    notebook.write_text("papaya\n")
    assert sources("kiwi", kinds=pages) == ["allergies.walnuts"]
    assert sources("durian", kinds=pages) == ["likes.durian"]
    assert sources("papaya", kinds=pages) == ["Cook:1"]
    assert sources("doctor's letter", kinds=pages) == []


def test_a_preference_is_found_by_its_category_and_contexts(diary: SyncDiary, sources: Sources):
    diary.upsert_preference("ana", "likes", "love tea", contexts=["after a swim"])
    diary.upsert_preference("ana", "allergies", "allergic to dust")
    assert sources("what about swimming?") == ["likes.tea"]
    assert sources("any allergy?") == ["allergies.dust"]


def test_a_line_is_found_by_the_heading_above_it(diary: SyncDiary, sources: Sources):
    diary.notebook("ana", "Cook").write("# Deadlines\n- the tax form\n\n# Pets\n- a cat\n")
    assert set(sources("which deadline?")) == {"Cook:1", "Cook:2"}


# ---------------------------------------------------------------- what is gone is not found


def test_what_is_deleted_is_never_found(diary: SyncDiary, sources: Sources):
    said = [Message("user", text, id=text) for text in ("red tea", "blue tea", "green tea")]
    diary.messages.append("ana", "s", said)
    diary.messages.delete("ana", "s", ids=["blue tea"])
    assert set(sources("tea")) == {"red tea", "green tea"}
    diary.messages.replace("ana", "s", [said[0], Message("user", "white tea", id="white tea")])
    assert set(sources("tea")) == {"red tea", "white tea"}
    assert sources("green tea blue") == sources("tea")
    diary.messages.clear("ana", "s")
    assert sources("tea") == []
    diary.messages.append("ana", "s", [said[2]])
    assert sources("tea") == ["green tea"]


def test_archived_messages_are_found(diary: SyncDiary, sources: Sources):
    diary.messages.append("ana", "s", [Message("user", f"tea {n}", id=f"{n}") for n in range(4)])
    diary.messages.archive("ana", "s", 2)
    assert set(sources("tea")) == {"0", "1", "2", "3"}


def test_deleted_and_expired_notes_are_never_found(
    diary: SyncDiary, sources: Sources, clock: FrozenClock
):
    diary.notes.put("ana", "n", "kept", "oat milk")
    diary.notes.put("ana", "n", "deleted", "oat cake")
    diary.notes.put("ana", "n", "short", "oat bread", ttl=timedelta(hours=1))
    assert len(sources("oat")) == 3
    diary.notes.delete("ana", "n", "deleted")
    clock.advance(timedelta(hours=2))
    assert sources("oat") == ["n/kept"]
    diary.notes.restore("ana", "n", "deleted")
    assert set(sources("oat")) == {"n/kept", "n/deleted"}
    diary.notes.put("ana", "n", "kept", "rye bread")
    assert sources("oat") == ["n/deleted"]


def test_two_users_never_meet(full: SyncDiary):
    full.messages.append("Ana", "chat", [Message("user", "walnuts for the other Ana")])
    full.notes.put("an", "n", "k", "walnuts")
    assert [hit.text for hit in full.recall("Ana", "walnuts")] == ["walnuts for the other Ana"]
    assert [hit.source for hit in full.recall("an", "walnuts")] == ["n/k"]
    assert full.recall("bea", "walnuts") == []
    assert full.list_users() == ["Ana", "an", "ana"]


def test_nothing_is_left_of_a_deleted_user(full: SyncDiary, sources: Sources):
    full.delete_user("ana")
    assert sources("walnuts") == []
    full.messages.append("ana", "new", [Message("user", "walnuts again")])
    assert sources("walnuts") == ["new#1"]


def test_an_imported_diary_finds_what_the_exported_one_found(
    full: SyncDiary, sources: Sources, tmp_path: Path
):
    full.messages.append("ana", "log", [Message("user", f"walnut {n}") for n in range(3)])
    full.messages.delete("ana", "log", positions=[1])
    full.export_user("ana", tmp_path / "out.zip")
    before = [(hit.kind, hit.source, hit.text) for hit in full.recall("ana", "walnuts", 50)]
    full.import_user("bea", tmp_path / "out.zip")
    after = [(hit.kind, hit.source, hit.text) for hit in full.recall("bea", "walnuts", 50)]
    assert len(before) == 9
    assert sorted(after) == sorted(before)


def test_a_note_is_found_by_its_key_and_a_speaker_by_a_name_without_spaces(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.notes.put("ana", "home", "wifi password hint", "the bridge")
    assert diary.recall("ana", "wifi")[0].text == "the bridge"
    said = [
        ("田中さん", "昨日は雨でした"),
        ("佐藤さん", "今日は晴れです"),
        ("田中さん", "そうですね"),
    ]
    messages = [Message("user", text, name=name) for name, text in said]
    diary.messages.append("ben", "chat", messages)
    hit = diary.recall("ben", "佐藤さんは何と言った", kinds=("messages",))[0]
    assert (hit.text, hit.features["speaker"]) == ("今日は晴れです", 1.0)


def test_messages_without_text_and_times_at_the_end_of_the_calendar(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "s", [Message("user", "tea"), Message("assistant", " ")])
    first = datetime.min.replace(tzinfo=UTC)
    assert [hit.text for hit in diary.recall("ana", "tea", since=first)] == ["tea"]
    beyond = datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))
    with pytest.raises(ValueError, match="beyond the calendar"):
        diary.recall("ana", "tea", since=beyond)
