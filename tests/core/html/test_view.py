"""A diary as one page: everything is in it, and nothing of it runs; tests/browser opens it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.html.hostile import hostile_diary
from core.html.reading import HOSTILE, Reading
from diarist import DocumentError, Message, SyncDiary
from diarist.testing import MemoryBackend
from six_methods import SixMethods

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = {"a", "article", "b", "bdi", "blockquote", "body", "code", "details", "div", "footer"}
OURS |= {"form", "h1", "h2", "h3", "h4", "head", "header", "html", "i", "input", "label", "li"}
OURS |= {"main", "meta", "nav", "ol", "output", "p", "pre", "q", "rect", "script", "section"}
OURS |= {"span", "style", "summary", "svg", "time", "title", "ul"}


def diary_in(folder: Path) -> SyncDiary:
    return SyncDiary(folder, clock=lambda: NOON)


@pytest.fixture
def diary(tmp_path: Path) -> SyncDiary:
    diary = diary_in(tmp_path)
    may, june = NOON.replace(month=5), NOON.replace(month=6)
    diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted.", at=NOON)
    diary.update_memory("ana", "chat_2", "I love black coffee.", "All right.", at=may)
    diary.update_memory("ana", "chat_3", "I don't like black coffee any more.", "Oh!", at=june)
    diary.notes.put("ana", ("recipes", "soup"), "caldo verde", {"minutes": 40})
    diary.notes.put("ana", ("inbox",), "call", "Call Rui back", ttl=timedelta(days=1))
    diary.notebook("ana").append("- prefers short answers")
    return diary


def text_of(diary: SyncDiary, **limits: int) -> str:
    return Reading(diary.view("ana", **limits)).text


def section(html: str, name: str) -> str:
    return Reading(re.findall(rf'<section id="{name}".*?</section>', html, re.DOTALL)[0]).text


# ---------------------------------------------------------------- what is shown


def test_it_shows_everything_there_is(diary: SyncDiary):
    html = diary.view("ana")
    preferences = section(html, "preferences")
    for fact in (
        "allergic to walnuts",
        "walnuts · 1 Mar 2026 · 1 message",
        "before: love black coffee",
        "I don't like black coffee any more.",
        "chat_3#1",
    ):
        assert fact in preferences
    conversations = section(html, "conversations")
    places = [conversations.index(f"chat_{number}") for number in (3, 2, 1)]
    assert places == sorted(places)
    for fact in ("June 2026", "May 2026", "March 2026", "1 turn", "2 messages", "All right."):
        assert fact in conversations
    notes = section(html, "notes")
    for fact in ("recipes / soup", '"minutes": 40', "Call Rui back", "expires 2 Mar 2026, 12:00"):
        assert fact in notes
    assert "- prefers short answers" in section(html, "notebooks")
    assert diary.preferences("ana") in section(html, "pages")
    for count in ("preferences 2", "conversations 3", "notes 2", "notebooks 1"):
        assert count in Reading(html).text


def test_an_empty_diary_says_so(tmp_path: Path):
    shown = text_of(diary_in(tmp_path))
    assert "Nothing is known yet." in shown
    assert "There was no conversation yet." in shown
    assert "To be mended" not in shown


def test_the_same_diary_gives_the_same_page(diary: SyncDiary, tmp_path: Path):
    assert diary.view("ana") == diary_in(tmp_path).view("ana")
    later = SyncDiary(tmp_path, clock=lambda: NOON + timedelta(minutes=1)).view("ana")
    assert later == diary.view("ana").replace("12:00:00Z", "12:01:00Z", 1).replace(
        "12:00:00 UTC", "12:01:00 UTC", 1
    ).replace("12:00<", "12:01<", 1)


def test_the_diary_for_async_code_gives_the_same_page(diary: SyncDiary):
    assert asyncio.run(diary.diary.view("ana")) == diary.view("ana")


def test_what_is_left_out_is_said(tmp_path: Path):
    diary = diary_in(tmp_path)
    diary.update_memory("ana", "old", "I love tea.", "Ok.", at=NOON)
    said = [Message("user", f"word {n}", at=NOON + timedelta(days=n)) for n in range(1, 31)]
    diary.messages.append("ana", "new", said)
    for number in range(5):
        diary.notes.put("ana", ("n",), f"key {number}", "x", at=NOON + timedelta(number))
    shown = text_of(diary, messages=10, notes=2)
    assert "the newest 10 of 30 messages" in shown
    assert "word 30" in shown
    assert "word 20" not in shown
    assert "2 messages are not on this page" in shown
    assert "I love tea." in shown, "what a preference was learned from is always there"
    assert "3 older notes are not on this page." in shown
    assert "key 4" in shown
    assert "key 2" not in shown
    assert "word 30" not in text_of(diary, messages=0, notes=0)


def test_archived_messages_are_there_and_say_so(diary: SyncDiary):
    diary.messages.archive("ana", "chat_1", 1)
    assert "archived" in section(diary.view("ana"), "conversations")


def test_a_conversation_that_left_the_page_is_there_with_its_messages(tmp_path: Path):
    diary = SyncDiary(tmp_path, max_conversations=1, clock=lambda: NOON)
    diary.update_memory("ana", "first", "I love tea.", "Ok.", at=NOON)
    diary.update_memory("ana", "second", "I love rye.", "Ok.", at=NOON + timedelta(days=2))
    assert list(diary.last_conversations("ana")) == ["second"]
    assert "first" in section(diary.view("ana"), "conversations")


def test_a_message_that_is_not_kept_is_said_to_be_so(diary: SyncDiary):
    diary.messages.clear("ana", "chat_1")
    assert "chat_1#1: this message is not kept" in section(diary.view("ana"), "preferences")


# ---------------------------------------------------------------- what a person wrote


def test_what_a_person_wrote_is_shown_where_it_stands(diary: SyncDiary, tmp_path: Path):
    page = tmp_path / "ana" / "preferences.toml"
    page.write_text(
        "# my own page\n"
        + page.read_text().replace('text = "allergic', '# ask the doctor\ntext = "allergic')
        + '\n[weather.sun]\ntext = "like sun"\nstars = 5 # of five\n\n[likes.odd]\nfoo = 1\n'
    )
    html = diary.view("ana")
    shown = section(html, "preferences")
    for part in ("# my own page", "# ask the doctor", "# of five", "stars = 5", "foo = 1"):
        assert part in shown
    assert "weather not in the table; kept, and not used" in shown
    assert "like sun" in shown
    faults = section(html, "faults")
    assert "the table has no category 'weather'" in faults
    assert re.search(r"preferences, line \d+: likes.odd has no text", faults)


@pytest.mark.parametrize("page", ["preferences", "conversations"])
def test_a_broken_page_is_told_and_shown_as_it_stands(diary: SyncDiary, tmp_path: Path, page: str):
    path = tmp_path / "ana" / f"{page}.toml"
    path.write_text(path.read_text() + "oops <b>\n")
    html = diary_in(tmp_path).view("ana")
    assert f"{page}, line " in section(html, "faults")
    assert "oops <b>" in section(html, "pages")
    assert "Call Rui back" in section(html, "notes")
    assert str(tmp_path) not in html
    assert "chat_2" in section(html, "conversations")


def test_a_page_that_is_no_text_is_told(diary: SyncDiary, tmp_path: Path):
    (tmp_path / "ana" / "preferences.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "ana" / "memory" / "main" / "MEMORY.md").write_bytes(b"\xff\xfe\x00")
    faults = section(diary_in(tmp_path).view("ana"), "faults")
    assert "preferences, line 1" in faults
    assert "the notebook of main, line 1" in faults


def test_a_damaged_database_is_told_and_the_pages_are_shown(diary: SyncDiary, tmp_path: Path):
    diary.close()
    for path in (tmp_path / "ana").glob("diary.db*"):
        path.write_bytes(b"no database" * 1000)
    html = diary_in(tmp_path).view("ana")
    assert "the database is damaged" in section(html, "faults")
    assert "allergic to walnuts" in section(html, "preferences")
    assert "chat_2" in section(html, "conversations")


def test_a_turn_that_waits_is_told_with_the_reason(diary: SyncDiary, tmp_path: Path):
    page = tmp_path / "ana" / "preferences.toml"
    text = page.read_text()
    page.write_text("oops")
    with pytest.raises(DocumentError):
        diary.update_memory("ana", "chat_4", "I love tea.", "Ok.")
    page.write_text(text)
    faults = section(diary_in(tmp_path).view("ana"), "faults")
    assert "conversation chat_4, turn 1: it waits to be learned: " in faults
    diary.catch_up("ana")
    assert "To be mended" not in text_of(diary)


@pytest.mark.parametrize("backend", [MemoryBackend, SixMethods])
def test_it_works_over_any_backend_with_and_without_records(backend: type):
    diary = SyncDiary(backend())
    diary.update_memory("ana", "s", "I love tea.", "Ok.")
    html = diary.view("ana")
    assert "love tea" in section(html, "preferences")
    assert "I love tea." in section(html, "conversations")


# ---------------------------------------------------------------- hostile text


def test_hostile_text_is_text_wherever_it_stands(tmp_path: Path):
    html = hostile_diary(tmp_path, HOSTILE).view("ana")
    shown = Reading(html)
    assert shown.tags <= OURS
    assert not {name for name, _ in shown.attributes if name.startswith("on") or name == "style"}
    assert {name for name, value in shown.attributes if value and "pwned" in value} == set()
    assert html.count("<script") == html.count("</script>") == 1
    assert shown.text.count("pwned=1") > 20


def test_a_hostile_user_id_is_text(tmp_path: Path):
    diary = diary_in(tmp_path)
    diary.upsert_preference(HOSTILE, "likes", "tea")
    shown = Reading(diary.view(HOSTILE))
    assert shown.tags <= OURS
    assert shown.text.startswith(f"\nThe diary of {HOSTILE}")


def test_what_turns_text_around_is_written_out(tmp_path: Path):
    html = hostile_diary(tmp_path, "a\u202eb").view("ana")
    assert "\u202e" not in html
    assert "a\\u202eb" in html


def test_only_its_own_style_and_script_may_run_and_nothing_be_loaded(diary: SyncDiary):
    html = diary.view("ana")
    policy = dict(Reading(html).attributes)["content"]
    policies = {value for name, value in Reading(html).attributes if name == "content"}
    (policy,) = (value for value in policies if value and "default-src" in value)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name in ("style", "script"):
        (own,) = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    assert not re.search(r'(?:src|href)="(?!#)', html)
