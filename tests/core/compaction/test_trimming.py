"""The offline pass over summaries: what says nothing goes, no fact does."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.extraction.trimming import trimmed

from .conftest import Make, newer, talk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("summary", "left"),
    [
        ("Hi! I live in Porto. Thanks a lot!", "I live in Porto."),
        ("I love tea. Noted. I love tea.", "I love tea."),
        ("I love tea. I love tea, and I hate coffee.", "I love tea, and I hate coffee."),
        ("Which bread recipe? A bread recipe was found.", "A bread recipe was found."),
        ("Planned a trip. How are you?", "Planned a trip."),
    ],
)
def test_what_says_nothing_goes(summary: str, left: str):
    assert trimmed(summary) == left


@pytest.mark.parametrize(
    "summary",
    [
        "Thanks, Ana! See you in Rome.",
        "Great, on 5 May. We meet there.",
        "Do you smoke? No. Asked about sports.",
        "Any allergies? None. Allergies run in the family.",
        "How was the new job? Great. Talked about jobs.",
        "I eat meat. I doubt that I eat meat.",
        "Likes tea. Nobody likes tea.",
        "I like salt. I like salt and vinegar crisps.",
        "I met Capt. Smith in town. I saw Capt. Smith in town.",
        "A risotto recipe? It was hard to find.",
        "Hello there!",
        "在东京工作。谢谢。",
        "",
    ],
)
def test_what_may_say_something_stays(summary: str):
    assert trimmed(summary) == summary


NAMES = st.sampled_from(["Ana", "Rui", "Porto", "Rome", "May", "Monday", "Dr. Lee"])
NUMBERS = st.sampled_from(["3", "2026", "5.5", "10%", "7th"])
TALK = st.sampled_from(
    ["Hi!", "Thanks a lot.", "Ok.", "No.", "Yes!", "Great.", "How are you?", "Noted.", "bye"]
)
FACTS = st.builds(
    "{} {}{}{}".format,
    st.sampled_from(["I love", "my sister met", "We live near", "I'm not with", "never saw"]),
    st.one_of(NAMES, NUMBERS, st.sampled_from(["tea", "walnuts", "the sea"])),
    st.sampled_from(["", ", and I hate coffee", " and milk", ", but rarely", ", also on Friday"]),
    st.sampled_from([".", "!", "?", "...", ""]),
)
QUESTIONS = st.builds(
    "{} {}?".format,
    st.sampled_from(["What about", "A recipe with", "Is it", "tea or"]),
    st.one_of(NAMES, NUMBERS, st.sampled_from(["tea", "walnuts", "that"])),
)
SUMMARIES = st.lists(st.one_of(FACTS, FACTS, TALK, QUESTIONS), max_size=9).map(" ".join)


def facts_of(summary: str) -> set[str]:
    """Return the names, the numbers and the first-person statements of a summary."""
    names = set(re.findall(r"(?<=\w )[A-Z]\w+", summary))
    numbers = set(re.findall(r"\d[\d.,]*%?", summary))
    said = re.findall(r"\b(?:I|I'm|my|We)\b[^.!?]*", summary)
    return {one.strip(" .,") for one in (*names, *numbers, *said)} - {""}


@settings(max_examples=600, deadline=None)
@given(st.one_of(SUMMARIES, st.text(max_size=120)))
def test_no_fact_is_lost_and_twice_is_once(summary: str):
    left = trimmed(summary)
    assert trimmed(left) == left
    missing = [fact for fact in facts_of(summary) if fact not in left]
    assert not missing, (summary, left, missing)
    rest = iter(summary)
    assert all(letter in rest for letter in left), "it is no longer the text it was"


def test_old_conversations_are_trimmed_and_the_newest_three_are_not(make: Make):
    chatty = "Hello! I live in Porto."
    diary = make(
        conversations=talk("old", chatty, 1)
        + talk("a", chatty, 2)
        + talk("b", chatty, 3)
        + talk("c", chatty, 4)
    )
    report = diary.compact("ana")
    talks = diary.last_conversations("ana", None)
    assert {session: one["summary"] for session, one in talks.items()} == {
        "old": "I live in Porto.",
        "a": chatty,
        "b": chatty,
        "c": chatty,
    }
    assert talks["old"]["_updated"] == "2020-01-01T00:00:00Z"
    assert str(report) == (
        "ana:\n  trimmed conversations old, 23 to 16 characters: I live in Porto."
    )


def test_a_conversation_that_a_person_laid_out_keeps_its_bytes(make: Make, tmp_path: Path):
    mine = talk("old", "Hello! I live in Porto.").replace("summary", "mood = 5\nsummary")
    diary = make(conversations=mine + newer())
    assert "a person laid it out" in str(diary.compact("ana"))
    assert mine in (tmp_path / "ana" / "conversations.toml").read_text()


def test_a_compacted_page_is_valid_and_has_only_that_change(make: Make, tmp_path: Path):
    diary = make(conversations=talk("old", "Hello! I live in Porto.") + newer())
    path = tmp_path / "ana" / "conversations.toml"
    before = path.read_text()
    diary.compact("ana")
    assert tomllib.loads(path.read_text())
    assert path.read_text() == before.replace("Hello! ", "")
