"""An edit that can't be used is mended or rejected, and costs no good one."""

from __future__ import annotations

import pytest

from core.extraction.model.answering import JAZZ, LOVE_JAZZ, answer, edit, edits, extract, reasons

FAULTY: dict[str, tuple[object, str]] = {
    "category": (edit("add", "music", "love jazz"), 'the table has no category "music"'),
    "no category": (edit("add", "", "love jazz"), 'the table has no category ""'),
    "action": (edit("upsert", "likes", "love jazz"), 'action "upsert" is none of'),
    "no text": (edit("add", "likes"), "text is empty"),
    "blank text": (edit("add", "likes", " \n"), "text is empty"),
    "text of another type": (edit("add", "likes", text=["jazz"]), "text: Input should be a valid"),
    "no action": ({"category": "likes", "text": "love jazz"}, "action: Field required"),
    "an edit that is a text": ("love jazz", "Input should be a valid dictionary"),
    "an edit that is nothing": (None, "Input should be a valid dictionary"),
    "an invented id": (edit("forget", "likes", id="jazz-1"), 'id "jazz-1" names no line'),
    "no id": (edit("confirm", "likes"), 'id "" names no line'),
    "contexts": (edit("add", "likes", "love jazz", contexts=[{"a": 1}]), "contexts.0"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_edit_is_mended_in_a_second_round(bad: object, reason: str):
    found, model = extract("I love jazz.", answer(bad), LOVE_JAZZ)
    assert [one.text for one in found.edits] == ["love jazz"]
    assert found.rejected == ()
    assert reason in model.prompts[1]


@pytest.mark.parametrize(("bad", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_edit_that_stays_is_rejected_and_costs_no_good_one(bad: object, reason: str):
    both = answer(bad, edit("add", "routines", "listen to jazz daily"))
    found, _ = extract("I love jazz, I listen to it daily.", both, both)
    assert [one.text for one in found.edits] == ["listen to jazz daily"]
    assert len(found.rejected) == 1
    assert reason in found.rejected[0].reason


def test_a_first_answer_with_a_fault_stands_where_the_second_is_no_answer():
    first = answer(edit("add", "music", "hum"), *LOVE_JAZZ["edits"])
    assert edits("I love jazz.", first, "I already told you.") == JAZZ


@pytest.mark.parametrize("action", ["revise", "confirm"])
def test_a_statement_with_an_invented_id_is_a_new_statement(action: str):
    made_up = answer(edit(action, "likes", "love jazz", "pref_123"))
    assert edits("I love jazz.", made_up, made_up) == JAZZ


@pytest.mark.parametrize(
    "named",
    ["likes/black-coffee", "black-coffee", "likes.black-coffee", " [likes/black-coffee] ",
     "`likes/black-coffee`"],
)  # fmt: skip
@pytest.mark.parametrize("category", ["likes", "", "dislikes"])
def test_an_id_is_understood_with_and_without_its_category(named: str, category: str):
    one = answer(edit("forget", category, id=named))
    assert edits("Forget the coffee.", one) == [
        ("forget", "likes", "black-coffee", "love black coffee")
    ]


def test_of_hundreds_of_edits_the_first_are_looked_at_and_the_report_says_so():
    many = answer(*(edit("add", "likes", f"love jazz number {n}") for n in range(500)))
    found, model = extract("I love jazz.", many)
    assert len(found.edits) == 20
    assert "the answer has 500, and 20 are looked at" in reasons(found)
    assert len(model.prompts) == 1
    assert len(edits("I love jazz.", many, max_edits=3)) == 3


def test_the_same_edit_twice_is_one():
    assert edits("I love jazz.", answer(*2 * LOVE_JAZZ["edits"])) == JAZZ


def test_huge_texts_are_rejected_and_never_shown_at_length():
    huge = answer(
        edit("add", "likes", "jazz " * 20_000),
        edit("add", "c" * 50_000, "love jazz"),
        edit("forget", "likes", id="i" * 50_000),
        edit("x" * 50_000, "likes", "love jazz"),
    )
    found, model = extract("I love jazz.", huge, huge)
    assert found.edits == ()
    assert len(found.rejected) == 4
    assert all(len(one.text) <= 200 and len(one.reason) < 400 for one in found.rejected)
    assert len(model.prompts[1]) < 15_000


def test_contexts_are_few_and_short():
    contexts = ["in the evening", "", "x" * 500, *map(str, range(50))]
    found, _ = extract("I love jazz.", answer(edit("add", "likes", "love jazz", contexts=contexts)))
    assert found.edits[0].contexts[0] == "in the evening"
    assert len(found.edits[0].contexts) <= 5
    assert max(map(len, found.edits[0].contexts)) <= 80


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("love R&amp;D", "love R&D"),
        ("love\tR&D\u202e\x00", "love R&D"),
        ("love &lt;R&amp;D&gt;", "love <R&D>"),
        ("love R&D \ud800", "love R&D"),
    ],
)
def test_a_text_is_stored_as_it_was_said(text: str, page: str):
    assert edits("I love R&D <R&D>", answer(edit("add", "likes", text)))[0][3] == page
