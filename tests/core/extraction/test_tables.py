"""Where statements go in a table that a user has made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diarist.extraction.rules import RuleExtractor
from diarist.models import Snapshot, Turn

EXTRACTOR = RuleExtractor()
PROFILE = {
    "dietary": "Food preferences and restrictions",
    "medical": "Health conditions and medications",
    "interests": "Hobbies and topics of interest",
    "goals": "Personal objectives and aspirations",
    "family": "Family members and relationships",
    "work": "Professional information",
}
README = {
    "likes": "What the user likes",
    "dislikes": "What the user dislikes",
    "allergies": "Allergies and intolerances",
    "routines": "Habits",
    "biography": "Facts about the user",
}


@pytest.mark.parametrize(
    ("message", "categories"),
    [
        ("I'm allergic to penicillin", {"medical"}),
        ("I'm vegetarian", {"dietary"}),
        ("I'm allergic to walnuts", {"dietary", "medical"}),
        ("My wife's name is Clara", {"family"}),
        ("I work as a nurse", {"work"}),
        ("I love hiking", {"interests"}),
        ("I want to run a marathon", {"goals"}),
        ("I hate mushrooms", {"dietary"}),
        ("I have asthma", {"medical"}),
    ],
)
def test_meanings_decide_in_a_table_with_other_names(message: str, categories: set[str]) -> None:
    (edit,) = EXTRACTOR.find(message, PROFILE)
    assert edit.category in categories


def test_equal_names_win() -> None:
    found = EXTRACTOR.find("I love jazz. I'm allergic to nuts. I live in Porto.", README)
    assert [edit.category for edit in found] == ["likes", "allergies", "biography"]


def test_what_fits_no_category_is_offered_not_stored() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    turn = Turn("s", "I want to learn Portuguese.", "Good luck!", at)
    found = EXTRACTOR.extract(turn, Snapshot(categories=README))
    assert found.edits == ()
    (rejected,) = found.rejected
    assert rejected.reason == "fits no category of this table"
