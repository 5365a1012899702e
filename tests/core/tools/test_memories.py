"""Conversations, a search over everything, the notebook and notes, as a model sees them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.tools.desk import NOON, WAYS, Desk, blocking, make
from diarist import Edit, Extraction
from diarist.testing import ScriptedExtractor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_conversations_are_listed_newest_first(ask: Desk):
    assert ask("conversation_summary") == "There are no conversations yet."
    turns = [("chat_0", "I love jazz."), ("chat 1", "I love tea."), ("chat_1", "I love figs.")]
    for session_id, said in turns:
        asyncio.run(ask.diary.update_memory("ana", session_id, said, "Ok.", at=NOON))
    rows = ask("conversation_summary", last=2).splitlines()
    assert rows[0].startswith('- chat_1 (2026-03-01, 1 turn, this conversation): "')
    assert "keywords: " in rows[0]
    assert rows[1].startswith('- "chat 1" (2026-03-01, 1 turn): "')
    assert len(rows) == 2
    assert ask("conversation_summary", session_id="chat_0").startswith("- chat_0 (")
    assert ask("conversation_summary", session_id="nope") == (
        "Error: there is no conversation nope."
    )


def test_a_conversation_without_a_summary_says_so(ask: Desk):
    asyncio.run(ask.diary.ensure_session("ana", "chat_1", at=NOON))
    assert ask("conversation_summary") == (
        "- chat_1 (2026-03-01, 0 turns, this conversation): no summary yet"
    )


@pytest.mark.parametrize("answer", WAYS)
def test_everything_is_searched_and_each_hit_has_its_source_and_date(
    tmp_path: Path, answer: Callable[..., str]
):
    learned = Extraction(
        (Edit("add", "allergies", "allergic to walnuts"),), "Planned a trip to the walnuts' harvest"
    )
    ask = Desk(make(tmp_path, agent=ScriptedExtractor([learned])), answer)
    said = "Where do walnuts grow in Portugal?"
    asyncio.run(ask.diary.update_memory("ana", "chat_1", said, "Ok.", at=NOON))
    ask("put_note", key="cake", text="walnuts and honey", namespace="recipes/sweet")
    ask("append_to_notebook", text="- no walnuts, ever")
    found = ask("search_memory", query="walnuts", k=10)
    for part in (
        '"allergic to walnuts" (preference allergies/walnuts, 2026-03-01)',
        '"Planned a trip to the walnuts\' harvest" (conversation chat_1, 2026-03-01)',
        '"Where do walnuts grow in Portugal?" (message chat_1#1 by user, 2026-03-01)',
        '"walnuts and honey" (note cake in recipes/sweet, 2026-03-01)',
        '"- no walnuts, ever" (notebook main:1, no date)',
    ):
        assert part in found
    rows = found.splitlines()
    assert [row.partition(". ")[0] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert len(ask("search_memory", query="walnuts", k=1).splitlines()) == 1


def test_nothing_found_is_said(ask: Desk):
    assert ask("search_memory", query="submarines") == "Nothing was found."


def test_the_notebook_is_read_extended_and_changed(ask: Desk):
    assert ask("read_notebook") == "The notebook is empty."
    assert ask("append_to_notebook", text="# Ana\n- tea") == (
        "Added; the notebook now has 2 lines."
    )
    assert ask("replace_in_notebook", old="tea", new="green tea").startswith("Replaced; ")
    assert ask("read_notebook") == "1| # Ana\n2| - green tea"
    assert ask("replace_in_notebook", old="coffee", new="") == (
        "Error: 'coffee' is found 0 times, in none of the 2 lines; "
        "read the notebook again and give the text exactly as it stands there."
    )
    ask("append_to_notebook", text="green grass")
    assert ask("replace_in_notebook", old="green", new="red").startswith(
        "Error: 'green' is found 2 times, in lines 2, 4;"
    )
    assert ask("append_to_notebook", text=" ").startswith("Error: there is nothing to append")


def test_a_long_notebook_shows_what_is_pinned_and_the_end(ask: Desk):
    ask("append_to_notebook", text="pinned\n<!-- pin-end -->\n" + "\n".join("abcdefgh"))
    assert ask("read_notebook", max_lines=3) == "1| pinned\n[7 lines left out]\n9| g\n10| h"
    assert ask("read_notebook", max_lines=1) == "1| pinned\n[9 lines left out]"
    assert len(ask("read_notebook", max_lines=10).splitlines()) == 10


def test_another_agent_has_another_notebook(tmp_path: Path):
    diary = make(tmp_path)
    Desk(diary, blocking).tools["append_to_notebook"].call(text="mine")
    other = Desk(diary, blocking, agent_name="Web Search")
    assert other("read_notebook") == "The notebook is empty."


def test_notes_are_kept_replaced_read_listed_and_deleted(ask: Desk):
    assert ask("put_note", key="caldo verde", text="Kale") == (
        'Stored note "caldo verde" in notes.'
    )
    assert ask("put_note", key="caldo verde", text="Kale\nand potatoes") == (
        'Replaced note "caldo verde" in notes (was "Kale").'
    )
    assert ask("get_note", key="caldo verde") == (
        'Note "caldo verde" in notes (2026-03-01): "Kale\\nand potatoes"'
    )
    ask("put_note", key="call", text="Ana", namespace="inbox/today")
    assert ask("list_notes", prefix="inbox") == '- call in inbox/today (2026-03-01): "Ana"'
    assert ask("list_notes", limit=1).splitlines()[1:] == [
        "[there are more: name a namespace, or give a greater limit]"
    ]
    assert ask("list_notes", prefix="nowhere") == "There are no notes here."
    assert ask("delete_note", key="caldo verde") == 'Deleted note "caldo verde" in notes.'
    gone = 'Error: there is no note "caldo verde" in notes.'
    assert ask("get_note", key="caldo verde") == gone
    assert ask("delete_note", key="caldo verde") == gone


def test_a_note_is_reached_by_the_namespace_that_the_list_shows(ask: Desk):
    notes = ask.diary.notes
    asyncio.run(notes.put("ana", ("a/b", "c~1"), "k", {"stars": 5}))
    assert ask("list_notes") == '- k in a~1b/c~01 (2026-03-01): "{\\"stars\\": 5}"'
    assert '"stars' in ask("get_note", key="k", namespace="a~1b/c~01").replace("\\", "")


def test_a_long_text_is_cut_and_says_so(ask: Desk):
    ask("put_note", key="long", text="x" * 30_000)
    assert ask("get_note", key="long").endswith('x"… (20,000 of 30,000 characters)')
    assert ask("list_notes").endswith('x"… (200 of 30,000 characters)')
    ask("append_to_notebook", text="y" * 3000)
    assert ask("read_notebook").endswith("y… (1,000 of 3,000 characters)")
