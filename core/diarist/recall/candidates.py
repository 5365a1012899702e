"""What a store finds for a question, and which of it is worth a closer look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import nlargest
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

SHIFT = 32
"""A message's key is its session's number in the upper bits and its own number in the lower 32."""

TELLS_WHEN, ASKS = 1, 2
"""Marks of a message: it names a time; it asks something."""

CLOSER_LOOK = 200
"""How many of the best messages are looked at closer (recall rises little beyond)."""
NEWEST = 50
"""How many messages of a speaker who is named, or of a time that is, are looked at."""
BEST_SESSIONS, WHOLE_SESSION = 5, 100
"""Of so many sessions the messages are looked at, of each the newest so many."""
REACH = 2
"""How far before and after a message its neighbours count."""

SATURATION, LENGTH_SHARE = 1.2, 0.5
"""BM25's k1 (Robertson and Zaragoza, 2009) and b; b is halfway, for long and short turns mix."""
TEXT_LENGTH_SHARE, LEAST_WEIGHT = 0.75, 1e-6
"""BM25's b for texts that may be long, and what the commonest word weighs: as in SQLite's FTS5."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for among the messages of a user.

    Attributes:
        words: folded words, as `terms` makes them.
        session_id: only in this session.
        since: only what was said then or later.
        until: only what was said before.
        vector: what similar meaning is measured by.
        index: which vectors.
        times: what was said in one of these stretches of time is looked at, too.
    """

    words: tuple[str, ...]
    session_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    vector: tuple[float, ...] | None = None
    index: str | None = None
    times: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A message as far as ranking needs it.

    Attributes:
        words: how many words it has.
        marks: `TELLS_WHEN`, `ASKS`.
        at: when it was said.
        name: the speaker's name.
    """

    words: int
    marks: int
    at: datetime
    name: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a store knows about a question.

    Attributes:
        rows: the candidates and their neighbours, by key.
        chosen: the keys of the candidates.
        masks: which of the words that are looked for a message has, as bits, by key.
        weights: how much each word says (its inverse document frequency).
        mean_words: how long a message is.
        sessions: how well each session fits, from 0 to 1, by its number.
        names: those of the words that are a speaker's name; who is spoken to is called by it, so
            it is not looked for in what is said unless there are no other words.
        cosines: the similarity of meaning, by key.
    """

    rows: Mapping[int, Row]
    chosen: Sequence[int]
    masks: Mapping[int, int]
    weights: Sequence[float]
    mean_words: float
    sessions: Mapping[int, float]
    names: frozenset[str] = frozenset()
    cosines: Mapping[int, float] = field(default_factory=dict[int, float])


def rarity(having: int, of: int) -> float:
    """Return what a word says that `having` of `of` texts have: BM25's inverse document frequency.

    >>> rarity(1, 100) > rarity(50, 100) > 0
    True
    """
    return log(1 + (of - having + 0.5) / (having + 0.5))


def mass(mask: int, weights: Sequence[float]) -> float:
    """Return the weights of the words in `mask`, summed."""
    total = 0.0
    while mask:
        lowest = mask & -mask
        total += weights[lowest.bit_length() - 1]
        mask ^= lowest
    return total


def bm25(mask: int, weights: Sequence[float], length: float) -> float:
    """Return BM25 of a short text, in which a word stands once; `length` is 1 for the mean."""
    grown = 1 - LENGTH_SHARE + LENGTH_SHARE * length
    return mass(mask, weights) * (SATURATION + 1) / (1 + SATURATION * grown)


def rarity_of_text(having: int, of: int) -> float:
    """Return what a word says that `having` of `of` longer texts have, as FTS5 weighs it.

    A word that half of them have says nothing.

    >>> rarity_of_text(1, 100) > rarity_of_text(50, 100) == 0
    True
    """
    return max(log((of - having + 0.5) / (having + 0.5)), 0.0)


def bm25_of_text(words: Sequence[str], weights: Mapping[str, float], mean: float) -> float:
    """Return BM25 of a longer text, in which a word may stand more than once, as FTS5 counts it.

    Args:
        words: the text.
        weights: what each word that is looked for says.
        mean: how many words such a text has.

    >>> one, two = "tea and cake".split(), "tea and tea".split()
    >>> bm25_of_text(two, {"tea": 1.0}, 3) > bm25_of_text(one, {"tea": 1.0}, 3)
    True
    """
    grown = 1 - TEXT_LENGTH_SHARE + TEXT_LENGTH_SHARE * len(words) / (mean or 1)
    counts = Counter(word for word in words if word in weights)
    return sum(
        max(weights[word], LEAST_WEIGHT) * count * (SATURATION + 1) / (count + SATURATION * grown)
        for word, count in counts.items()
    )


def masks_of(postings: Iterable[Iterable[int]]) -> dict[int, int]:
    """Return which words a text has, as bits, from the keys of the texts that have each word.

    >>> masks_of([[7, 8], [8]])
    {7: 1, 8: 3}
    """
    masks: dict[int, int] = {}
    for number, keys in enumerate(postings):
        bit = 1 << number
        for key in keys:
            masks[key] = masks.get(key, 0) | bit
    return masks


def best(masks: Mapping[int, int], weights: Sequence[float], most: int = CLOSER_LOOK) -> list[int]:
    """Return the keys whose words say most, the newest of equals."""
    having = Counter(masks.values())
    known = {mask: mass(mask, weights) for mask in having}
    least, missing = 0.0, most
    for mask in sorted(having, key=lambda mask: -known[mask]):
        least = known[mask]
        missing -= having[mask]
        if missing <= 0:
            break
    keys = [key for key, mask in masks.items() if known[mask] >= least]
    return nlargest(most, keys, key=lambda key: (known[masks[key]], key))


def session_scores(
    postings: Sequence[Sequence[int]], lengths: Mapping[int, int]
) -> dict[int, float]:
    """Return how well each session fits as a whole: BM25 with the session as the text, at most 1.

    Args:
        postings: the keys of the messages that have each word.
        lengths: how many words each session has.
    """
    counts = [Counter([key >> SHIFT for key in keys]) for keys in postings]
    mean = sum(lengths.values()) / len(lengths) if lengths else 1
    scores: dict[int, float] = {}
    for having in counts:
        weight = rarity(len(having), len(lengths))
        for session, count in having.items():
            grown = 1 - LENGTH_SHARE + LENGTH_SHARE * lengths.get(session, 0) / (mean or 1)
            gain = weight * count * (SATURATION + 1) / (count + SATURATION * grown)
            scores[session] = scores.get(session, 0.0) + gain
    top = max(scores.values(), default=0.0)
    return {session: score / top for session, score in scores.items()} if top else scores


def neighbours(key: int) -> range:
    """Return the keys near a message in its session, its own too."""
    first = max(key - REACH, key >> SHIFT << SHIFT | 1)
    return range(first, key + REACH + 1)
