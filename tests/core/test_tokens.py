"""The estimate of tokens, beside what tiktoken's cl100k_base counts."""

from __future__ import annotations

import pytest

from diarist.tokens import estimate

COUNTED = {  # by tiktoken 0.14, cl100k_base
    "": 0,
    "Hello there!": 3,
    "I went to the market this morning and bought apples, pears and a loaf of rye bread.": 21,
    "My appointment with the orthodontist was rescheduled to Thursday afternoon.": 14,
    "The flight LH1174 leaves at 14:35 from gate B22; boarding begins 40 minutes earlier.": 23,
    "She said: \"Don't wait for me - I'll be late, as usual...\"": 18,
    "Transcontinental telecommunications infrastructure remains extraordinarily expensive.": 8,
}


@pytest.mark.parametrize(("text", "tokens"), COUNTED.items())
def test_english_is_hardly_ever_counted_too_short(text: str, tokens: int):
    assert estimate(text) >= min(0.9 * tokens, tokens - 1)
    assert estimate(text) <= 2.5 * tokens


def test_scripts_without_spaces_count_by_the_character():
    assert estimate("寿司が好きです") == 7
    assert estimate("🦊") == 2


def test_a_long_text_costs_little_time():
    assert estimate("word " * 200_000) == 200_000
