"""What makes a message the one that is meant: features from 0 to 1, weighed by a table.

The weights are small whole numbers, each with its reason; none is fitted to any data. What the
features buy was measured on long conversations with dated sessions (see `docs/decisions.md`), and
that stores without names, dates and sessions rank no worse than BM25 alone.
"""

from __future__ import annotations

from math import log1p
from typing import TYPE_CHECKING

from diarist.recall import dates
from diarist.recall.candidates import ASKS, SHIFT, TELLS_WHEN, bm25
from diarist.recall.terms import terms, without_accents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diarist.recall.candidates import Found
    from diarist.recall.query import Query

WEIGHTS: dict[str, int] = {
    "words": 4,  # its own words fit: the best single sign, so it and what equals it weigh most
    "meaning": 4,  # its vector fits: says what the words say, of texts that share none
    "time": 4,  # said at the time the question names: as telling as the words, and rarely chance
    "session": 3,  # the whole conversation is about it: less than the message itself
    "length": 3,  # it is long enough to say something: "Sure!" answers nothing
    "speaker": 2,  # said by the one who is named; others talk about them too, so half of the words
    "before": 2,  # the message before fits: half of the message itself
    "answer": 2,  # and that one asked: what comes next is the answer
    "when": 2,  # the question asks for a time, and it names one
    "near": 1,  # the next one or one two away fits: half of the message before
    "asks": -1,  # it asks itself: questions hold the words, answers the facts
}
LONG = 4.0
"""log(1 + words) of a message long enough: about 55 words."""


def features(found: Found, query: Query, closest: float = 0.0) -> dict[int, dict[str, float]]:
    """Return the features of every candidate, by key; those that are 0 are left out.

    BM25 is divided by the best of the question, so that 1 is the best there is, and the likeness
    of vectors by `closest`, the best of all kinds.
    """
    named = {without_accents(word) for word in query.words if word in found.names}
    fits = {
        key: bm25(found.masks[key], found.weights, row.words / (found.mean_words or 1))
        for key, row in found.rows.items()
        if key in found.masks
    }
    top = max(fits.values(), default=0.0) or 1.0
    closest = max([closest, *found.cosines.values()]) or 1.0
    speakers = _speakers({found.rows[key].name for key in found.chosen}, named)
    scored: dict[int, dict[str, float]] = {}

    for key in found.chosen:
        row, session = found.rows[key], key >> SHIFT

        def fit(step: int, key: int = key, session: int = session) -> float:
            near = key + step
            return fits.get(near, 0.0) / top if near >> SHIFT == session else 0.0

        before = fit(-1)
        asked = before and found.rows[key - 1].marks & ASKS
        seen = {
            "words": fit(0),
            "meaning": max(found.cosines.get(key, 0.0), 0.0) / closest,
            "time": dates.fit(query.times, row.at) if query.times else 0.0,
            "session": found.sessions.get(session, 0.0),
            "length": min(1.0, log1p(row.words) / LONG),
            "speaker": speakers[row.name],
            "before": before,
            "answer": before if asked else 0.0,
            "when": float(query.asks_when and bool(row.marks & TELLS_WHEN)),
            "near": max(fit(1), fit(-2), fit(2)),
            "asks": float(bool(row.marks & ASKS)),
        }
        scored[key] = {name: value for name, value in seen.items() if value}
    return scored


def _speakers(names: Iterable[str | None], named: set[str]) -> dict[str | None, float]:
    """Return for each name how much of it was said, 1 for the one of which most was."""
    said = {name: len(named & set(map(without_accents, terms(name or "")))) for name in names}
    most = max(said.values(), default=0) or 1
    return {name: count / most for name, count in said.items()}


def total(seen: Mapping[str, float]) -> float:
    """Return the features weighed, from 0 to about 1.

    >>> total({"words": 1.0, "session": 1.0}) > total({"words": 1.0})
    True
    """
    return sum(WEIGHTS[name] * value for name, value in seen.items()) / _HIGHEST


_HIGHEST = sum(weight for weight in WEIGHTS.values() if weight > 0)


def by_name(features: Mapping[str, float]) -> str:
    """Return features for a person to read.

    >>> by_name({"words": 1.0, "asks": 1.0})
    'words 1.00, asks 1.00'
    """
    return ", ".join(f"{name} {value:.2f}" for name, value in features.items())
