"""An edit is taken as far as the turn supports it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from core.extraction.model.answering import (
    DEFAULT,
    LOVE_JAZZ,
    Model,
    answer,
    edit,
    edits,
    extract,
    reasons,
    turn,
)
from diarist import Extraction, ModelExtractor, PreferenceItem, Snapshot, SyncDiary
from diarist.extraction import support
from diarist.testing import MemoryBackend


@pytest.mark.parametrize(
    ("said", "proposed", "decided"),
    [
        ("I moved to Porto.", edit("revise", "biography", "live in Porto", "biography/leeds"),
         ("revise", "biography", "leeds", "live in Porto")),
        ("Only decaf coffee for me now.", edit("revise", "likes", "love decaf coffee",
                                               "likes/tea"),
         ("add", "likes", None, "love decaf coffee")),
        ("I love strong black coffee.", edit("revise", "likes", "love strong black coffee",
                                             "likes/black-coffee"),
         ("revise", "likes", "black-coffee", "love strong black coffee")),
        ("I'm allergic to peanuts.", edit("revise", "allergies", "allergic to peanuts",
                                          "allergies/walnuts"),
         ("add", "allergies", None, "allergic to peanuts")),
        ("I love black clothes.", edit("revise", "likes", "love black clothes",
                                       "likes/black-coffee"),
         ("add", "likes", None, "love black clothes")),
        ("I can't stand coffee now.", edit("revise", "dislikes", "can't stand coffee now",
                                           "likes/black-coffee"),
         ("add", "dislikes", None, "can't stand coffee now")),
        ("Coffee! I do love it.", edit("confirm", id="likes/black-coffee"),
         ("confirm", "likes", "black-coffee", "love black coffee")),
        ("No coffee for me any more.", edit("forget", id="likes/black-coffee"),
         ("forget", "likes", "black-coffee", "love black coffee")),
        ("Nothing beats it! Oh, and forget about the coffee.", edit("forget", id="likes/mornings"),
         ("forget", "likes", "mornings", "sip strong coffee with oat milk at dawn")),
        ("My ferry sails in a week.",
         edit("add", "goals", "want to take the ferry on Friday 13 March 2026"),
         ("add", "goals", None, "want to take the ferry on Friday 13 March 2026")),
        ("I love any coffee.", edit("revise", "likes", "love any coffee", "likes/black-coffee"),
         ("revise", "likes", "black-coffee", "love any coffee")),
        ("I left Leeds; I live nowhere now.", edit("forget", id="biography/leeds"),
         ("forget", "biography", "leeds", "live in Leeds")),
        ("寿司が大好きです。", edit("add", "likes", "寿司が大好き"),
         ("add", "likes", None, "寿司が大好き")),
        ("Ich bin gegen Nüsse allergisch.", edit("add", "allergies", "gegen Nüsse allergisch"),
         ("add", "allergies", None, "gegen Nüsse allergisch")),
    ],
)  # fmt: skip
def test_an_edit_is_taken_as_far_as_the_turn_supports_it(
    said: str, proposed: object, decided: tuple[str, str, str | None, str]
):
    assert edits(said, answer(proposed)) == [decided]


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        ("How is the weather?", edit("add", "likes", "love sailing")),
        ("I'm allergic to peanuts.", edit("add", "allergies", "allergic to shellfish")),
        ("I love jazz.", edit("forget", id="likes/tea")),
        ("I love jazz.", edit("forget", id="likes/black-coffee")),
        ("I love jazz.", edit("confirm", id="allergies/walnuts")),
        ("I love jazz.", edit("revise", "likes", "love techno", "likes/tea")),
        ("", edit("add", "likes", "love sailing")),
        ("?!", edit("forget", id="likes/tea")),
    ],
)
def test_what_the_message_does_not_say_is_rejected(said: str, proposed: object):
    found, model = extract(said, answer(proposed))
    assert found.edits == ()
    assert reasons(found)[0].endswith(support.NOT_SAID)
    assert len(model.prompts) == 1


def test_what_only_the_assistant_says_is_no_source():
    model = Model(answer(edit("add", "likes", "love sailing")))
    said = turn("What would I love?", "You would love sailing.")
    found = ModelExtractor(model).extract(said, Snapshot(DEFAULT))
    assert isinstance(found, Extraction)
    assert found.edits == ()


def test_a_turn_that_would_take_much_away_takes_nothing():
    known = {"likes": {f"tea-{n}": {"text": f"love tea number {n}"} for n in range(9)}}
    some = [edit("forget", id=f"likes/tea-{n}") for n in range(9)]
    assert len(edits("No tea for me!", answer(*some[:5]), known=known)) == 5
    found, _ = extract("No tea for me!", answer(*some[:6], *LOVE_JAZZ["edits"]), known=known)
    assert [one.text for one in found.edits] == []
    assert len(found.rejected) == 7
    assert "not believed (at most 5 in a turn)" in found.rejected[-1].reason


def test_edits_are_applied_by_the_rules_of_offline_ones():
    second = answer(
        edit("add", "dislikes", "don't like black coffee any more"),
        edit("add", "likes", "really love tea"),
        edit("add", "biography", "name is Ana"),
    )
    first = answer(edit("add", "likes", "love black coffee"), edit("add", "likes", "love tea"))
    diary = SyncDiary(
        MemoryBackend(),
        agent=ModelExtractor(Model(first, second, second)),
        max_prefs_per_category=2,
    )
    diary.update_memory("ana", "s", "I love black coffee and tea.", "Fine.")
    said = "I don't like black coffee any more, I really love tea. I'm Ana."
    report = diary.update_memory("ana", "s", said, "Fine.")
    assert [one.status for one in report.results] == ["revised", "confirmed", "added"]
    page = diary.preferences("ana").data
    assert page["dislikes"]["black-coffee"]["_was"] == "love black coffee"
    assert page["likes"]["tea"]["_count"] == 2


def test_a_custom_table_has_its_own_categories():
    class Kitchen(BaseModel):
        """pantry : What is in the user's kitchen."""

        pantry: dict[str, PreferenceItem] = {}

    model = Model(answer(edit("add", "pantry", "have rice at home")))
    diary = SyncDiary(MemoryBackend(), Kitchen, agent=ModelExtractor(model))
    report = diary.update_memory("ana", "s", "I have rice at home.", "Good.")
    assert report.with_status("added")
    assert "- pantry: What is in the user's kitchen." in model.prompts[0]
    assert "allergies" not in model.prompts[0].replace("allergic", "")
