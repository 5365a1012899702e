"""How much weight a statement has that is told in passing, by the signs of `rules/weight.toml`.

Who asks for something at length tells the background, too: much of it is true and little of it is
worth a line on a page. What has too little weight is offered, not stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from diarist.extraction.packs import read_table
from diarist.extraction.sentences import pattern, sentences

LIGHT = "told in passing, beside a question"
"""Why something of too little weight is not stored."""

NEEDED = 2
"""The least weight of what is stored though it is told in passing."""

SENTENCES = 3
"""From so many sentences on what is told beside a question is told in passing."""

_SENTENCE = r"(?:\W*\w[\w'’-]*){3}"
"""Less than three words ("Hi there!") are no sentence."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What gives a statement weight.

    Attributes:
        name: its name.
        points: the weight.
        source: the regular expression, searched for in the text of the statement.
        kinds: the kinds of statement it counts for, empty for all.
        examples: statements that have it.
    """

    name: str
    points: int
    source: str
    kinds: frozenset[str] = frozenset()
    examples: tuple[str, ...] = ()


def is_passing(text: str) -> bool:
    """Say whether a message asks for something and says much else.

    >>> is_passing("I love hiking. Any trails near Bern?")
    False
    >>> is_passing("I retired in May. I love hiking and my dog. Any trails near Bern?")
    True
    """
    if "?" not in text:
        return False
    said = sum(bool(pattern(_SENTENCE).match(text, *place)) for place in sentences(text))
    return said >= SENTENCES


def is_light(text: str, kind: str, needed: int = NEEDED) -> bool:
    """Say whether a statement told in passing weighs less than is `needed` to store it.

    >>> is_light("like a good read", "taste"), is_light("like books more than films", "taste")
    (True, False)
    """
    return kind in _kinds() and weight(text, kind) < needed


def weight(text: str, kind: str) -> int:
    """Return the points of all signs that a statement has."""
    said = text.lower().replace("’", "'")
    return sum(
        sign.points
        for sign in own_signs()
        if (not sign.kinds or kind in sign.kinds) and pattern(sign.source).search(said)
    )


@cache
def own_signs() -> tuple[Sign, ...]:
    """Return the signs."""
    return tuple(
        Sign(
            name=row["name"],
            points=row["points"],
            source=re.sub(r"\n\s*", "", row["pattern"]),
            kinds=frozenset(row.get("kinds", ())),
            examples=tuple(row["examples"]),
        )
        for row in read_table("weight")["sign"]
    )


@cache
def _kinds() -> frozenset[str]:
    return frozenset(read_table("weight")["kinds"])
