"""A store without names, dates and sessions: the whole table ranks no worse than BM25 alone.

The texts are made from templates and lists of words, by a seeded generator; each question asks for
what one of them says, in part in other words.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from diarist import Message, PutNote, SyncDiary
from diarist.recall.features import WEIGHTS
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = (
    "aunt uncle neighbour teacher plumber baker cousin landlord dentist coach tailor pilot".split()
)
THINGS = (
    "kettle ladder passport violin tent carpet oven scarf lamp bicycle printer suitcase piano "
    "drill mirror camera blanket radio helmet stove sofa freezer guitar compass"
).split()
COLOURS = "red green blue yellow brown grey purple orange silver white".split()
PLACES = (
    "cellar attic garage kitchen hallway balcony shed garden office library bakery harbour station "
    "market chapel museum bridge stadium"
).split()
DEEDS = "lost repaired painted sold borrowed hid cleaned found broke measured".split()
ASIDES = (
    "it took most of the morning and nobody was in a hurry",
    "there was some trouble with the door, as there always is",
    "we laughed about it on the way home and made plans for more of the same",
    "the weather was what it was and the bus came late again",
    "somebody had left the window open, so it was cold in there",
)


class Asked(NamedTuple):
    """A question and the text that answers it."""

    question: str
    answer: str


def corpus(seed: int, size: int, asides: int) -> tuple[list[str], list[Asked]]:
    """Return texts in any order, with up to so many asides each, and a question for some."""
    draw = random.Random(seed)
    texts: list[str] = []
    asked: list[Asked] = []
    while len(texts) < size:
        person, thing, colour, place, deed = map(
            draw.choice, (PEOPLE, THINGS, COLOURS, PLACES, DEEDS)
        )
        said = draw.choice(
            (
                f"the {person} {deed} the {colour} {thing} in the {place}",
                f"in the {place} there is a {colour} {thing} which the {person} {deed}",
                f"{colour} {thing}, {deed} by the {person}, {place}",
            )
        )
        text = "; ".join([said, *draw.choices(ASIDES, k=draw.randint(0, asides))])
        if text in texts:
            continue
        texts.append(text)
        asked.append(
            Asked(
                draw.choice(
                    (
                        f"where is the {thing} of the {person}?",
                        f"who {deed} the {thing} near the {place}, was it in the morning?",
                        f"what about the {colour} one that the {person} {deed}",
                        f"{thing} {place} {draw.choice(COLOURS)}",
                    )
                ),
                text,
            )
        )
    draw.shuffle(texts)
    return texts, draw.sample(asked, 80)


def reciprocal_rank(diary: SyncDiary, asked: list[Asked]) -> float:
    """Return the mean of 1 / the place of the answer, 0 where it is not among the first ten."""
    total = 0.0
    for question, answer in asked:
        found = [hit.text for hit in diary.recall("ana", question)]
        total += 1 / (found.index(answer) + 1) if answer in found else 0.0
    return total / len(asked)


@pytest.fixture
def words_only(weigh: Callable[..., None]) -> Callable[[], None]:
    return lambda: weigh(**(dict.fromkeys(WEIGHTS, 0) | {"words": 1}))


@pytest.mark.parametrize("asides", [0, 1, 3], ids=["short", "mixed", "long"])
def test_messages_in_sessions_of_their_own(words_only: Callable[[], None], asides: int):
    texts, asked = corpus(1, 300, asides)
    diary = SyncDiary(MemoryBackend())
    for number, text in enumerate(texts):
        diary.messages.append("ana", f"s{number}", [Message("user", text)])
    whole = reciprocal_rank(diary, asked)
    words_only()
    alone = reciprocal_rank(diary, asked)
    assert 0.3 < alone < 0.9  # neither hopeless nor too easy to tell
    assert whole >= alone


def test_messages_in_one_session_in_any_order(words_only: Callable[[], None]):
    """What stands beside a message says nothing about it there: that misleads, but not far."""
    texts, asked = corpus(2, 300, 1)
    diary = SyncDiary(MemoryBackend())
    diary.messages.append("ana", "s", [Message("user", text) for text in texts])
    whole = reciprocal_rank(diary, asked)
    words_only()
    assert whole >= 0.9 * reciprocal_rank(diary, asked)


def test_notes(words_only: Callable[[], None]):
    texts, asked = corpus(3, 300, 1)
    diary = SyncDiary(MemoryBackend())
    diary.notes.batch("ana", [PutNote(("n",), str(n), text) for n, text in enumerate(texts)])
    whole = reciprocal_rank(diary, asked)
    words_only()
    assert whole >= reciprocal_rank(diary, asked)
