"""Where a statement belongs in a table that a user has made.

A category of that name wins. Otherwise words decide: those of the statement, of its kind and of
the fields of life it touches are compared, as stems, with each category's name and meaning. Below
a threshold nothing is chosen: "undecided" beats a guess.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from diarist.extraction.packs import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OWN_WORDS, _KIND, _DOMAIN, _NAME, _SORT = 3.0, 1.0, 2.0, 1.5, 2.5
_THRESHOLD, _NEAR = 1.5, 0.9
_CLEAR = 0.6
"""A score below the threshold counts where the second best is below this share of it."""
_WHERE = r"\b(?:at|from) (?:home|work|school)\b"
"""Where something is done, not what it is."""
_ENDINGS = (
    "ied", "ations", "ation", "ingly", "ments", "ment", "ities", "ness", "ings", "ions", "ies",
    "ing", "ion", "ity", "ers", "ed", "es", "er", "ly", "al", "s", "y", "e",
)  # fmt: skip
_EMPTY = frozenset(
    "the and for are was who what when how does from with that this have has his her its you your "
    "user can not don't about into over such like any all other things stuff own they them more "
    "been being is in on at to of or a an i my we our it as by be do".split()
)


def choose(category: str, kind: str, text: str, categories: Mapping[str, str]) -> str | None:
    """Return the category of the table for a statement, None where none fits.

    `category` is the default table's, `kind` the sort of statement.

    >>> table = {"diet": "Food preferences and restrictions", "medical": "Health and medication"}
    >>> choose("allergies", "allergy", "allergic to penicillin", table)
    'medical'
    >>> choose("biography", "home", "live in Porto", table) is None
    True
    """
    if category in categories:
        return category
    said = stems(re.sub(_WHERE, " ", text))
    scores = {name: _score(said, kind, category, name, words) for name, words in categories.items()}
    second, first = sorted([0.0, 0.0, *scores.values()])[-2:]
    clear = first >= _NEAR and second < _CLEAR * first
    return max(scores, key=scores.__getitem__) if clear or first >= _THRESHOLD else None


def nearest(text: str, categories: Mapping[str, str]) -> str | None:
    """Return the category that the words of a subject are nearest to, None if none is near."""
    said = stems(text)
    scores = {name: _score(said, "", "", name, meaning) for name, meaning in categories.items()}
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] >= _NEAR else None


def _score(said: frozenset[str], kind: str, category: str, name: str, meaning: str) -> float:
    named, described = stems(name.replace("_", " ")), stems(meaning)
    whole = named | described
    score = _OWN_WORDS * len(said & whole) + _KIND * min(2, len(_kinds().get(kind, _NONE) & whole))
    score += _SORT * bool(stems(kind) & whole)
    score += _NAME * bool((_kinds().get(kind, _NONE) | stems(category)) & named)
    for domain in _domains():
        touches = len(domain & whole)
        if touches and (shared := said & domain):
            score += _DOMAIN * min(2, len(shared)) * min(2, touches) / 2
            score += 0.5 * bool(domain & named)
    return score


_NONE: frozenset[str] = frozenset()


def stems(text: str) -> frozenset[str]:
    """Return the stems of the content words of `text`.

    >>> sorted(stems("Hobbies and hiking"))
    ['hik', 'hobb']
    """
    words = re.findall(r"[^\W\d_]{2,}", text.lower())
    return frozenset(stem(word) for word in words if word not in _EMPTY)


@cache
def stem(word: str) -> str:
    """Return `word` without its usual endings, at least three letters of it.

    >>> stem("medications"), stem("medication"), stem("eat")
    ('medic', 'medic', 'eat')
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@cache
def _kinds() -> dict[str, frozenset[str]]:
    return {name: stems(words) for name, words in read_table("domains")["kinds"].items()}


@cache
def _domains() -> tuple[frozenset[str], ...]:
    fields: Iterable[str] = read_table("domains")["domains"].values()
    return tuple(stems(words) for words in fields)


def same_field(subject: str, text: str) -> bool:
    """Say whether `text` uses a word of a field of life that `subject` names.

    >>> same_field("my job", "work as a nurse"), same_field("my job", "live in Porto")
    (True, False)
    """
    named, said = stems(subject), stems(text)
    return any(named & domain and said & domain for domain in _domains())
