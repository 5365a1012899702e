"""The rolling summary: what was said, in the words it was said in, within its bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.extraction.summary import (
    MAX_CHARACTERS,
    MAX_KEYWORDS,
    MAX_SENTENCES,
    Summary,
    summarise,
)
from diarist.models import Turn
from diarist.pages.secrets import find_secret


def after(
    user: str, assistant: str = "", previous: str | None = None, keywords: tuple[str, ...] = ()
) -> Summary:
    turn = Turn("s", user, assistant, datetime(2026, 1, 1, tzinfo=UTC))
    return summarise(previous, turn, keywords=keywords, is_secret=lambda text: "hunter2" in text)


def test_small_talk_is_left_out() -> None:
    said = after("Hi there! Thanks a lot. I'm allergic to walnuts.", "You're welcome!")
    assert said.text == "I'm allergic to walnuts."


def test_the_user_comes_before_the_assistant() -> None:
    facts = " ".join(f"I visited Town{n} in 20{n} with my cousin." for n in range(10, 16))
    said = after(facts, "Towns are large settlements with many inhabitants.")
    assert "settlements" not in said.text


def test_the_same_turn_twice_is_the_same_as_once() -> None:
    first = after("I live in Porto. I want to learn Portuguese.", "Sure, here is a plan.")
    second = after(
        "I live in Porto. I want to learn Portuguese.", "Sure, here is a plan.", first.text
    )
    assert second.text == first.text


def test_secrets_are_left_out_of_both() -> None:
    said = after("I live in Porto. My password is hunter2. It's new. I like jazz.", "Oh, hunter2!")
    assert said.text == "I live in Porto. I like jazz."
    assert "hunter2" not in said.keywords


PEM = """\
-----BEGIN PRIVATE KEY-----
wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12
hunter2x
-----END PRIVATE KEY-----
"""
SPREAD = (
    ("my password:\nhunter2x", ""),
    ("Here is my password.\nhunter2x", ""),
    ("What's my password? hunter2x.", "All right."),
    ("wifi: HomeNet\npassword:\nhunter2x", "Noted: hunter2x."),
    ("My password is hunter2x. I live in Porto. Is hunter2x a good one?", "Yes, hunter2x is."),
    ("my pin is 4821. My password:\nhunter2x\nI live in Porto.", ""),
    ("Is it hunter2x?", "Yes, your password is hunter2x."),
    ("Seed phrase:\n1. hunter2x\n2. witch hunter2x", ""),
    (PEM, ""),
)


@pytest.mark.parametrize(("user", "assistant"), SPREAD)
def test_a_secret_over_several_sentences_is_left_out(user: str, assistant: str) -> None:
    turn = Turn("s", user, assistant, datetime(2026, 1, 1, tzinfo=UTC))
    said = summarise(
        "We met.",
        turn,
        keywords=("hunter2x", "met"),
        is_secret=lambda text: bool(find_secret(text)),
    )
    assert "hunter2x" not in said.text
    assert "hunter2x" not in said.keywords
    assert said.text.startswith("We met.")


def test_a_secret_that_two_turns_tell_together_is_left_out() -> None:
    turn = Turn("s", "hunter2x", "Thanks!", datetime(2026, 1, 1, tzinfo=UTC))
    said = summarise("Here is my password.", turn, is_secret=lambda text: bool(find_secret(text)))
    assert (said.text, said.keywords) == ("Here is my password.", ())


def test_old_sentences_make_room_for_new_ones() -> None:
    previous = " ".join(f"We talked about topic number {n}." for n in range(5))
    said = after("I'm flying to Oslo with Clara on 3 May.", previous=previous)
    assert said.text.endswith("I'm flying to Oslo with Clara on 3 May.")
    assert "number 0" not in said.text


def test_keywords_are_content_words_and_roll_on() -> None:
    said = after("I need a risotto recipe without mushrooms.", keywords=("walnuts",))
    assert {"risotto", "mushrooms", "walnuts"} <= set(said.keywords)
    assert not {"i", "a", "without", "need"} & set(said.keywords)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=500), st.text(max_size=500), st.text(max_size=500))
def test_the_bounds_hold(user: str, assistant: str, previous: str) -> None:
    said = after(user, assistant, previous)
    assert len(said.text) <= MAX_CHARACTERS + MAX_SENTENCES
    assert len(said.keywords) <= MAX_KEYWORDS
