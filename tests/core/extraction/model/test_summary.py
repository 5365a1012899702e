"""No secret gets past a model's answer, and its summary is short and of the conversation."""

from __future__ import annotations

import pytest

from core.extraction.model.answering import (
    DEFAULT,
    LOVE_JAZZ,
    Model,
    answer,
    edit,
    extract,
    reasons,
    turn,
)
from diarist import ExtractionError, ModelExtractor, Snapshot, SyncDiary
from diarist.testing import MemoryBackend

SECRETS = [
    ("My password is swordfish7.", "password is swordfish7"),
    ("My password is swordfish7.", "swordfish7 opens everything"),
    ("My PIN is 4711 and I love jazz.", "love 4711"),
    ("The API key is sk-abcdefghijklmnop1234567890.", "use sk-abcdefghijklmnop1234567890"),
    ("Pay with 4111 1111 1111 1111.", "pay with 4111 1111 1111 1111"),
]


@pytest.mark.parametrize(("said", "stated"), SECRETS)
def test_a_secret_never_reaches_a_page_or_a_report(said: str, stated: str):
    secret = next(word for word in ("swordfish7", "4711", "sk-abc", "4111 1111") if word in stated)
    proposed = answer(
        edit("add", "biography", stated, contexts=[stated]),
        edit("add", stated, stated),
        summary=f"The user said {stated}. They love jazz.",
        keywords=[*stated.split(), "jazz"],
    )
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(Model(proposed, proposed)))
    report = diary.update_memory("ana", "s", said, "I can't keep that.")
    assert not report.with_status("added")
    shown = f"{report}{diary.preferences('ana')}{diary.last_conversations('ana')}"
    assert secret not in shown


def test_beside_a_secret_the_rest_of_the_turn_is_kept():
    proposed = answer(*LOVE_JAZZ["edits"], summary="The password is swordfish7. Talk of jazz.")
    found, _ = extract("I love jazz. It rains. My password is swordfish7.", proposed)
    assert [one.text for one in found.edits] == ["love jazz"]
    assert found.summary == "Talk of jazz."


def test_a_secret_of_the_assistant_is_one_too():
    proposed = answer(edit("add", "biography", "use swordfish7 daily"), summary="swordfish7.")
    model = Model(proposed)
    said = turn("So I use swordfish7 daily?", "Yes, your password is swordfish7.")
    found = ModelExtractor(model).extract(said, Snapshot(DEFAULT))
    assert "swordfish7" not in str(found)


def test_a_secret_that_only_the_model_tells_is_none_of_the_summary():
    found, _ = extract("I love jazz.", answer(summary="Jazz. Their password is swordfish7."))
    assert found.summary is None
    assert reasons(found) == ["the summary looks like a password"]


def test_an_error_tells_no_secret():
    for leak in ("Sorry. password: swordfish7", "swordfish7? I can't keep that."):
        with pytest.raises(ExtractionError) as caught:
            extract("My password is swordfish7.", leak, leak)
        assert "swordfish7" not in str(caught.value)


# ---------------------------------------------------------------- the summary


def test_a_summary_is_short_and_keywords_are_words_of_the_conversation():
    long = answer(
        summary=" ".join(f"Sentence number {n} about jazz." for n in range(40)),
        keywords=["jazz", "Jazz", "pandas", "x" * 90, *["number"] * 20],
    )
    found, _ = extract("I love jazz.", long)
    assert found.summary is not None
    assert found.summary.count(".") == 5
    assert found.keywords == ("jazz", "Jazz", "number")
    found, _ = extract("I love jazz.", answer(summary="jazz " * 5000))
    assert found.summary is not None
    assert len(found.summary) <= 801


@pytest.mark.parametrize("summary", ["", "  ", None])
def test_no_summary_leaves_the_old_one(summary: object):
    first = answer(summary="About jazz.", keywords=["jazz"])
    model = Model(first, answer(summary=summary, keywords=[]))
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(model))
    diary.update_memory("ana", "s", "I love jazz.", "Fine.")
    diary.update_memory("ana", "s", "Thanks.", "Fine.")
    assert diary.last_conversations("ana")["s"]["summary"] == "About jazz."
    assert diary.last_conversations("ana")["s"]["keywords"] == ["jazz"]
    assert "Summary of this conversation so far:\nAbout jazz.\n" in model.prompts[1]
