"""What a notebook shows of a diary: all of it, as text, in any theme, any number of times."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.html.reading import HOSTILE, Reading, toml
from diarist import (
    CompactionReport,
    Context,
    Diary,
    EditResult,
    Hit,
    Match,
    MemoryFile,
    Message,
    Note,
    Page,
    Payload,
    Receipt,
    ReceiptItem,
    Session,
    SyncDiary,
    UpdateReport,
)
from diarist.compaction import BlockChange
from diarist.html.elements import resource

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = {"b", "bdi", "code", "details", "div", "h4", "i", "li", "p", "pre", "q", "span", "style"}
OURS |= {"summary", "time", "ul"}


@pytest.fixture
def diary(tmp_path: Path) -> SyncDiary:
    diary = SyncDiary(tmp_path, clock=lambda: NOON)
    diary.update_memory("ana", "chat_1", "I'm allergic to walnuts. I love black coffee.", "Noted.")
    diary.update_memory("ana", "chat_2", "I don't like black coffee any more.", "Oh!")
    diary.notes.put("ana", ("recipes", "soup"), "caldo verde", {"minutes": 40}, metadata={"by": 7})
    diary.notebook("ana").append("- prefers short answers")
    return diary


def read(value: Any) -> Reading:
    return Reading(value._repr_html_())


# ---------------------------------------------------------------- what is shown


def test_preferences_are_shown_by_category_with_their_facts(diary: SyncDiary):
    diary.upsert_preference("ana", "likes", "green tea", contexts=["morning"])
    shown = read(diary.preferences("ana")).text
    for fact in (
        "allergies",
        "allergic to walnuts",
        "from chat_1#1",
        "1 Mar 2026",
        "don't like black coffee any more",
        "before: love black coffee",
        "said 2 times",
        "morning",
    ):
        assert fact in shown
    assert "schema_name" not in shown


def test_a_page_shows_what_diarist_has_no_use_for(tmp_path: Path):
    page = Page(
        'loose = 1\n[likes.tea]\ntext = "love tea"\nstars = 5\n_count = "often"\n'
        "[likes.mate]\nnothing = true\n[weather]\nsun = 3\n"
    )
    shown = read(page).text
    for line in ("loose = 1", "stars = 5", '_count = "often"', "nothing = true", "sun = 3"):
        assert line in shown
    assert "(no text)" in shown


def test_a_page_of_an_older_layout_is_shown_like_todays():
    shown = read(Page('[preferences.likes.pref001]\ntext = "love tea"\n')).text
    assert shown == "likeslove teapref001"


def test_a_broken_page_is_shown_with_what_is_wrong_and_as_it_stands():
    shown = read(Page('[likes.tea]\ntext = "love tea\n')).text
    assert "line 2" in shown
    assert 'text = "love tea' in shown


def test_an_empty_diary_says_so(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    assert read(diary.preferences("ana")).text == "no preferences yet"
    assert read(diary.last_conversations("ana")).text == "no conversations yet"
    assert read(diary.recall("ana", "tea")).text == "nothing"
    assert read(diary.context("ana")).text.startswith("nothing to say")


def test_conversations_are_shown_newest_first(diary: SyncDiary):
    conversations = diary.last_conversations("ana")
    shown = read(conversations).text
    assert shown.index("chat_2") < shown.index("chat_1")
    assert conversations["chat_1"]["summary"] in shown
    assert "1 turn" in shown


def test_a_page_of_conversations_is_shown_as_one(diary: SyncDiary, tmp_path: Path):
    page = Page((tmp_path / "ana" / "conversations.toml").read_text())
    assert page._repr_html_() == diary.last_conversations("ana")._repr_html_()  # type: ignore[attr-defined]


def test_hits_are_shown_with_score_source_and_why(diary: SyncDiary):
    hits = diary.recall("ana", "Who is allergic to walnuts?", k=4)
    shown = read(hits).text
    for hit in hits:
        assert f"{hit.score:.2f} · {hit.kind} · {hit.source}" in shown
        assert hit.text in shown
        assert read(hit).text in shown
    assert "words 1.00" in shown


def test_a_context_is_shown_with_its_receipt(diary: SyncDiary):
    context = diary.context("ana", "coffee?", max_tokens=100)
    shown = read(context).text
    assert context in shown
    assert f"{context.receipt.tokens} of 100 tokens" in shown
    for item in context.receipt.items:
        assert f"{item.kind} · {item.source} · {item.tokens} tokens" in shown
    assert "tokens · used" in shown
    assert "tokens · left out, " in shown


def test_reports_say_what_became_of_each_statement(diary: SyncDiary):
    report = diary.update_memory("ana", "chat_3", "I love black coffee again.", "Good.")
    shown = read(report).text
    assert "ana, chat_3, turn 1" in shown
    for result in report.results:
        assert result.status in shown
        assert result.text in shown
    similar = read(diary.upsert_preference("ana", "allergies", "allergic to all walnuts")).text
    assert "resembles allergies/walnuts: allergic to walnuts" in similar
    assert read(diary.compact("ana", dry_run=True)).text == (
        "ana, nothing written: nothing to compact"
    )


def test_messages_sessions_notes_and_notebooks_are_shown(diary: SyncDiary):
    said = read(diary.messages.read("ana", "chat_1")).text
    assert "user · 1 Mar 2026, 12:00 · chat_1#1" in said
    assert said == read(diary.messages.window("ana", "chat_1", 1000)).text
    assert "I'm allergic to walnuts." in read(diary.why("ana", "allergies", "walnuts")).text
    assert "2 messages · 1 turn" in read(diary.messages.sessions("ana")).text
    noted = read(diary.notes.list("ana")).text
    for part in ("recipes / soup", "caldo verde", '"minutes": 40', '"by": 7'):
        assert part in noted
    assert "recipes/soup/caldo verde" in read(diary.notes.search("ana", query="caldo")).text
    assert "- prefers short answers" in read(diary.notebook("ana").load()).text
    diary.record_turn("ana", "chat_9", [Message("user", "I love tea.")])
    assert "ana, chat_9, turn 1" in read(diary.catch_up("ana")).text


def test_a_long_list_and_a_long_text_are_cut_and_say_so(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.messages.append("ana", "s", [Message("user", "x" * 2500)] * 250)
    shown = read(diary.messages.read("ana", "s")).text
    assert "and 50 more" in shown
    assert "… and 500 more characters" in shown


# ---------------------------------------------------------------- what stays as it was


def test_what_is_returned_is_a_list_or_dict_in_every_other_way(diary: SyncDiary):
    for value in (
        diary.recall("ana", "coffee"),
        diary.messages.read("ana", "chat_1"),
        diary.last_conversations("ana"),
    ):
        plain = dict(value) if isinstance(value, dict) else list(value)
        assert isinstance(value, type(plain))
        assert (value, repr(value), str(value)) == (plain, repr(plain), str(plain))
        assert copy.copy(value) == plain
    listed = diary.messages.read("ana", "chat_1")
    listed.append(listed[0])
    assert len(listed) == 3
    assert json.loads(json.dumps(diary.last_conversations("ana"))).keys() == {"chat_1", "chat_2"}
    page = diary.preferences("ana")
    assert pickle.loads(pickle.dumps(page)) == page
    assert pickle.loads(pickle.dumps(diary.last_conversations("ana"))) is not None


def test_the_diary_for_async_code_returns_the_same(diary: SyncDiary):
    async def recalled() -> Any:
        return await diary.diary.recall("ana", "coffee")

    assert isinstance(diary.diary, Diary)
    assert asyncio.run(recalled())._repr_html_() == diary.recall("ana", "coffee")._repr_html_()  # type: ignore[attr-defined]


def test_nothing_of_it_is_loaded_before_a_notebook_asks():
    code = "from diarist import Diary, Hit, Page; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "diarist.showing" in loaded.split()
    assert not {"html", "diarist.html", "diarist.html.fragments"} & set(loaded.split())


# ---------------------------------------------------------------- hostile text


def everything_with(text: str) -> dict[str, Any]:
    """Return a value of each kind with a text wherever there can be one."""
    item = toml(text)
    note = Note((text, text), text, {text: [text]}, {text: text}, NOON, NOON, NOON, deleted_at=NOON)
    message = Message(text, text, text, text, NOON, {text: text}, session_id=text, number=1)
    result = EditResult("similar", text, text, text, text, text, (Match(text, text, text, 90),))
    change = BlockChange("merged", text, text, text, text, text, text)
    receipt = Receipt(1, 2, (ReceiptItem("notes", text, 1, used=False, reason=text),), (text,))
    session = {"summary": text, "keywords": [text], "_created": text, text: text, "_turns": text}
    values: list[Any] = [
        Page(
            f"[{item}.{item}]\ntext = {item}\n_was = {item}\n_sources = [{item}]\n"
            f"contexts = [{item}]\n{item} = {item}\n_created = {item}\n_updated_by = {item}\n"
        ),
        Page(f"[conversations.{item}]\nsummary = {item}\nkeywords = [{item}]\n{item} = 1\n"),
        Page(text),
        Hit("notes", text, 1.0, text, text, text, NOON, note=note, features={"words": 1.0}),
        Hit("messages", text, 1.0, text, text, message=message),
        message,
        Message(text, "", payload=Payload(text, text)),
        note,
        Note((), text, text, {}, NOON, NOON, ttl=timedelta(1)),
        Session(text, 1, 1, 1, NOON, NOON),
        Context(text, receipt),
        UpdateReport(text, text, 1, (result,)),
        CompactionReport(text, (change,)),
        MemoryFile(text, text, text),
    ]
    found = {f"{type(value).__name__}-{number}": value for number, value in enumerate(values)}
    from diarist.showing import Conversations, Listing

    return found | {
        "listing": Listing(values),
        "conversations": Conversations({text: session}),
        "other": Listing([text]),
    }


@pytest.mark.parametrize("kind", everything_with("x"))
def test_hostile_text_is_text_wherever_it_stands(kind: str):
    html = everything_with(HOSTILE)[kind]._repr_html_()
    shown = Reading(html)
    assert shown.tags <= OURS
    assert {name for name, _ in shown.attributes} <= {"class", "datetime", "dir", "title"}
    assert shown.silent == resource("parts.css")
    assert HOSTILE in shown.text or json.dumps(HOSTILE) in shown.text or kind == "other"
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("kind", everything_with("x"))
def test_what_turns_text_around_or_fits_no_file_is_written_out(kind: str):
    if kind.startswith(("Page", "conversations")):
        text = "a\u202eb\u2066c"
    else:
        text = "a\u202eb\u2066c\ud800\x00\x1b[2J"
    html = everything_with(text)[kind]._repr_html_()
    assert not set("\u202e\u2066\ud800\x00\x1b") & set(html)
    html.encode()
    assert "\\u202e" in html


def test_line_ends_of_windows_are_line_ends():
    shown = read(MemoryFile("main", "MEMORY.md", "- one\r\n- two\r\n")).text
    assert "- one\n- two\n" in shown
