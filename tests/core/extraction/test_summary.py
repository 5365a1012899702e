"""The rolling summary: what was said, in the words it was said in, within its bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.extraction.sentences import sentences
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


def test_old_sentences_make_room_for_new_ones_the_first_last() -> None:
    previous = " ".join(f"We talked about topic number {n}." for n in range(5))
    said = after("I'm flying to Oslo with Clara on 3 May 2026.", previous=previous)
    assert said.text.endswith("I'm flying to Oslo with Clara on 3 May 2026.")
    assert "number 1" not in said.text
    assert "number 0" in said.text


def test_keywords_are_telling_words_of_the_summary_and_roll_on() -> None:
    said = after(
        "I need a risotto recipe today.", previous="No walnuts.", keywords=("walnuts", "x")
    )
    assert set(said.keywords) == {"risotto", "recipe", "walnuts"}


# ---------------------------------------------------------------- a whole conversation


def conversation(
    *turns: tuple[str, str], start: datetime = datetime(2026, 11, 21, 9, tzinfo=UTC)
) -> Summary:
    """Return the summary after turns, one a day."""
    text, keywords = "", ()
    for number, (user, assistant) in enumerate(turns):
        turn = Turn("s", user, assistant, start + timedelta(days=number))
        text, keywords = summarise(
            text, turn, keywords=keywords, is_secret=lambda text: bool(find_secret(text))
        )
    return Summary(text, keywords)


THIRTY = (
    ("Hi there!", "Hello! How can I help you today?"),
    ("I'm planning my wedding with Clara in Sintra for 120 guests.", "How lovely! When is it?"),
    *[(f"What about topic {word}?", "It depends on what you like.") for word in ("food", "wine")],
    ("Our budget is 18,000 euros at Quinta do Bispo.", "Noted, that is a good start."),
    *[("Tell me more about flowers.", "There are many kinds of flowers.")] * 6,
    *[("And how would that look?", "It would look fine.")] * 6,
    *[("Thanks, that's great!", "You're welcome!")] * 6,
    ("What music do people like?", "Jazz is popular."),
    ("Do you know any bands?", "There are a few local ones."),
    ("Ok, sounds good.", "Great!"),
    ("My brother Paulo plays the saxophone and brings 3 friends.", "Nice touch."),
    ("How should I write to guests?", "Keep it short."),
    ("Can it be funny?", "Of course."),
    ("We booked the band Fado Novo for 21:00.", "Perfect."),
)


def test_facts_with_names_and_numbers_outlast_thirty_turns_of_talk() -> None:
    assert len(THIRTY) == 30
    said = conversation(*THIRTY)
    facts = [user for user, _ in THIRTY if user.startswith(("I'm", "Our", "My", "We"))]
    assert [fact for fact in facts if fact in said.text] == facts
    assert said.text.endswith("We booked the band Fado Novo for 21:00.")
    assert {"clara", "paulo", "fado"} <= set(said.keywords)


def test_of_equal_facts_the_newest_are_kept() -> None:
    towns = ("Oslo", "Porto", "Leeds", "Turin", "Ghent", "Basel", "Malmö", "Sofia")
    said = conversation(*[(f"I lived in {town} for 3 years with Ana.", "") for town in towns])
    assert said.text.endswith("I lived in Sofia for 3 years with Ana.")
    assert [town for town in towns if town in said.text][-4:] == list(towns[-4:])
    assert said.text.count(".") == MAX_SENTENCES


def test_times_are_counted_from_the_day_on_which_they_were_said_and_only_once() -> None:
    said = conversation(
        ("My exam is next Friday.", "I'll ask you about it next week."),
        ("My visa expires tomorrow.", ""),
        ("We moved here two years ago.", ""),
    )
    assert said.text == (
        "My exam is on Friday 2026-11-27. My visa expires on 2026-11-23. We moved here in 2024."
    )


def test_quotations_and_titles_keep_their_times() -> None:
    said = after('My sister sings "Yesterday" tomorrow.')
    assert said.text == 'My sister sings "Yesterday" on 2026-01-02.'


def test_code_and_pasted_texts_are_left_out() -> None:
    code = (
        "My parser crashes:\n```python\ndef total(xs):\n    return sum(xs)\n```\nI use Python 3.12."
    )
    assert after(code).text == "My parser crashes. I use Python 3.12."
    pasted = "Translate this to French: I moved to Oslo last week. My dog is called Rex."
    assert "Rex" not in after(pasted).text


def test_a_list_is_one_sentence_and_an_address_is_cut() -> None:
    said = after("My fridge has:\n- eggs\n- feta\n- 2 leeks\n\nhttps://shop.example/" + 60 * "x")
    assert said.text.startswith("My fridge has: eggs, feta, 2 leeks. https://shop.example/xxx")
    assert len(said.text) < 100


@pytest.mark.parametrize(
    "parts",
    [
        ("Dr. Smith, e.g. at St. Mary's, said 3.5 km.", "I ran it at 5 p.m. on foot!"),
        ("My tutor is J. R. Novak.", "She lives at no. 5, etc.", "No."),
        ("I told Ana no.", "I have 2 cats."),
        ("我对花生过敏。", "我的女儿今年8岁！"),
        ("私は医者です。", "彼は「東京へ行く。」と言った。", "猫がいます｡"),
        ("Ich heiße Jürgen Müßig.", "Meine Katze heißt Šárka."),
    ],
)
def test_sentences_are_kept_whole(parts: tuple[str, ...]) -> None:
    text = ("" if parts[0] > "\u2e80" else " ").join(parts)
    found = [text[start:end] for start, end in sentences(text)]
    assert tuple(found) == tuple(part for part in parts if len(part) > 3)
    assert after(text).text == " ".join(part for part in parts if part != "No.")


@pytest.mark.parametrize(
    "answer", ["I'm fine!", "How many guests?", "You're welcome.", "I love it."]
)
def test_what_the_assistant_says_of_itself_is_not_told_as_the_users(answer: str) -> None:
    assert after("My cat is called Tom.", answer).text == "My cat is called Tom."


def test_a_no_that_tells_something_is_no_small_talk() -> None:
    assert after("No, my flight is on Monday 2026-03-02.").text.startswith("No, my flight")
    assert after("Yes, that one. No thanks. Another!").text == ""


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300), st.text(max_size=300))
def test_every_keyword_stands_in_the_summary(user: str, assistant: str) -> None:
    said = after(user, assistant, "My cat Tom eats fish.", ("tom", "cat", "dog"))
    assert all(word.casefold() in said.text.casefold() for word in said.keywords)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=500), st.text(max_size=500), st.text(max_size=500))
def test_the_bounds_hold(user: str, assistant: str, previous: str) -> None:
    said = after(user, assistant, previous)
    assert len(said.text) <= MAX_CHARACTERS + MAX_SENTENCES
    assert len(said.keywords) <= MAX_KEYWORDS
