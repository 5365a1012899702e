"""A turn in, edits out: fragments that follow a statement, commands, doubts, and hostile input."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.extraction.rules import LIMIT, RuleExtractor
from diarist.models import Extraction, Snapshot, Turn
from diarist.schema import categories
from diarist.tables import DefaultPreferences

EXTRACTOR = RuleExtractor()
DEFAULT = categories(DefaultPreferences)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def turn(message: str, answer: str = "I see.") -> Turn:
    return Turn("chat", message, answer, AT)


def page(**items: dict[str, Any]) -> Snapshot:
    return Snapshot(categories=DEFAULT, preferences=items)


def item(text: str, session: str = "chat", updated: str = "2026-01-01T00:00:00Z") -> dict[str, str]:
    return {"text": text, "_updated": updated, "_updated_by": session}


def extract(message: str, snapshot: Snapshot | None = None) -> Extraction:
    return EXTRACTOR.extract(turn(message), snapshot or page())


WALNUTS = page(allergies={"walnuts": item("allergic to walnuts")})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("to peanuts too", "allergic to peanuts"),
        ("and peanuts", "allergic to peanuts"),
        ("And to Brazil nuts.", "allergic to Brazil nuts"),
        ("not to hazelnuts", "not allergic to hazelnuts"),
        ("but not to hazelnuts", "not allergic to hazelnuts"),
    ],
)
def test_a_fragment_goes_on_with_the_newest_statement(message: str, text: str) -> None:
    (edit,) = extract(message, WALNUTS).edits
    assert (edit.action, edit.category, edit.text) == ("add", "allergies", text)


def test_a_fragment_goes_on_with_a_taste() -> None:
    snapshot = page(likes={"coffee": item("love coffee")})
    assert [edit.text for edit in extract("and tea too", snapshot).edits] == ["love tea"]


def test_the_newest_statement_is_the_one_meant() -> None:
    older, newer = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    snapshot = page(
        allergies={"walnuts": item("allergic to walnuts", updated=older)},
        likes={"coffee": item("love coffee", updated=newer)},
    )
    assert [edit.text for edit in extract("and tea too", snapshot).edits] == ["love tea"]
    assert [edit.text for edit in extract("to cashews too", snapshot).edits] == [
        "allergic to cashews"
    ]


@pytest.mark.parametrize("message", ["and what about cheese?", "and then we went home", "peanuts"])
def test_other_messages_are_no_fragments(message: str) -> None:
    assert extract(message, WALNUTS).edits == ()


def test_another_session_is_no_context_for_a_fragment() -> None:
    other = page(allergies={"walnuts": item("allergic to walnuts", session="other")})
    assert extract("and peanuts", other).edits == ()


def test_a_command_to_forget_names_the_items_it_means() -> None:
    snapshot = page(
        likes={"jazz": item("love jazz"), "tea": item("love tea")},
        biography={"nurse": item("work as a nurse"), "porto": item("live in Porto")},
    )
    assert [edit.id for edit in extract("Forget that I love jazz.", snapshot).edits] == ["jazz"]
    (edit,) = extract("Delete what you know about my job.", snapshot).edits
    assert (edit.action, edit.category, edit.id) == ("forget", "biography", "nurse")


def test_a_doubtful_statement_is_offered_with_its_reason() -> None:
    found = extract("I'd prefer this one. I love it!")
    assert found.edits == ()
    assert [rejected.reason for rejected in found.rejected] == ["what it refers to is not said"]


AT_LENGTH = "My sister visits in May. I like gardens{}. We have a free day. Where should we go?"


def test_what_is_told_in_passing_beside_a_question_is_offered() -> None:
    found = extract(AT_LENGTH.format(""))
    assert found.edits == ()
    (offered,) = found.rejected
    assert (offered.text, offered.category) == ("like gardens", "likes")
    assert offered.reason == "told in passing, beside a question"


@pytest.mark.parametrize("told", [" more than museums", ", but not zoos", " because I can't drive"])
def test_what_is_told_with_weight_is_stored_beside_any_question(told: str) -> None:
    (edit,) = extract(AT_LENGTH.format(told)).edits
    assert edit.text.startswith("like gardens")


@pytest.mark.parametrize(
    "message",
    [
        "I like gardens. Where should we go?",
        "My sister visits in May. I like gardens. We have a free day.",
        "My sister visits in May. I live in Rome. Where should we go?",
        "My sister visits in May. I'm allergic to bees. Where should we go?",
    ],
)
def test_a_short_message_a_plain_telling_and_plain_facts_need_no_weight(message: str) -> None:
    assert len(extract(message).edits) == 1


def test_a_caller_says_how_much_weight_is_needed() -> None:
    message = AT_LENGTH.format(" in any season")
    for weight, stored in ((0, 1), (1, 1), (2, 0)):
        assert len(RuleExtractor(weight=weight).find(message)) == stored


@pytest.mark.parametrize(
    ("known", "told"),
    [("drink coffee", "I switched to tea"), ("get up at six", "I get up at eight these days")],
)
def test_what_changes_something_known_needs_no_weight(known: str, told: str) -> None:
    message = f"My sister visits in May. {told}. We have a free day. Where should we go?"
    assert extract(message).edits == ()
    (edit,) = extract(message, page(routines={"known": item(known)})).edits
    assert edit.replaces == known


def test_the_assistants_words_state_nothing() -> None:
    said = EXTRACTOR.extract(turn("Go on.", "I love jazz. I live in Rome."), page())
    assert (said.edits, said.rejected) == ((), ())


def test_a_foreign_message_is_reported() -> None:
    (rejected,) = extract("Ich esse kein Fleisch und trinke keinen Wein.").rejected
    assert rejected.reason == "no rule pack fits this language"
    assert rejected.text == "[withheld]"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("What's my password? I always use hunter2x.", []),
        ("My password is swordfish. I always use swordfish.", []),
        ("My password is hunter2 and I love tea", ["love tea"]),
        ("My password is hunter2. I'm allergic to walnuts.", ["allergic to walnuts"]),
    ],
)
def test_no_edit_is_a_part_of_a_secret(message: str, kept: list[str]) -> None:
    found = extract(message)
    assert [edit.text for edit in found.edits] == kept
    assert found.rejected[0].text == "[withheld]"
    assert not {"hunter2", "hunter2x", "swordfish"} & set(str(found).split())


def test_what_a_hand_edit_broke_in_the_conversation_is_read_over() -> None:
    snapshot = Snapshot(categories=DEFAULT, conversation={"summary": 5, "keywords": (1, "tea")})
    found = extract("I'm allergic to walnuts.", snapshot)
    assert found.summary == "I'm allergic to walnuts."
    assert set(found.keywords or ()) == {"walnuts", "allergic"}


def test_the_summary_rolls_on() -> None:
    snapshot = Snapshot(
        categories=DEFAULT,
        conversation={"summary": "I live in Porto.", "keywords": ("porto",)},
    )
    found = extract("I'm allergic to walnuts.", snapshot)
    assert found.summary == "I live in Porto. I'm allergic to walnuts."
    assert found.keywords is not None
    assert {"porto", "walnuts"} <= set(found.keywords)


PIECES = st.sampled_from(
    "I |don't |love |really |never |and |because |my |to |, |. |? |: |\"|'|`|\n|- |allergic |me "
    "|always |usually |from |over |x|é|İ".split("|")
)


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.text(max_size=2000), st.lists(PIECES, max_size=400).map("".join)))
def test_any_text_is_read_without_fault(text: str) -> None:
    found = extract(text)
    assert len(found.edits) <= LIMIT
    for edit in found.edits:
        assert edit.text == " ".join(edit.text.split())
        assert edit.span is not None
        assert 0 <= edit.span[0] <= edit.span[1] <= len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "never ",
        "really ",
        "actually ",
        "full-time ",
        "and I ",
        "because I like tea ",
        "I love ",
        "a: ",
        "? ",
        '"',
        "- ",
    ],
)
def test_repetition_does_not_blow_up(unit: str) -> None:
    message = unit * (100_000 // len(unit))
    EXTRACTOR.find(message)
    started = process_time()
    EXTRACTOR.find(message)
    assert process_time() - started < 2
