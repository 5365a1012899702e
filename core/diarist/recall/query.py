"""A question, taken apart: the words that say something, the times, what it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarist.recall import dates
from diarist.recall.terms import terms

if TYPE_CHECKING:
    from datetime import datetime

    from diarist.recall.dates import Mention, Span

MOST_WORDS = 64
"""Words of a question that are looked for."""

MOST_LETTERS = 10_000
_CAPITALISED = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
"""A word with a capital inside a sentence is a name, whatever else it means: Will, Don, May."""

STOP_WORDS = frozenset(
    """
    a about after again all also am an and any anybody anyone anything are as at be because been
    before being between both but by can could d did do does doing don during each else ever every
    for from get got had has have having he her here hers herself him himself his how i if in into
    is it its itself just let ll m me mine more most much my myself no nor not of off on once one
    only or other our ours ourselves out over own re s same shall she should so some somebody
    someone something such t than that the their theirs them themselves then there these they
    thing things this those through to too under until up upon us ve very was we were what when
    where whether which while who whom whose why will with would y you your yours yourself
    say says said talk talked tell told
    """.split()
)
"""English words that stand in questions and answers alike."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question.

    Attributes:
        text: as it was asked.
        words: the words to look for, in order, each once; at most 64.
        asks_when: whether it asks for a time.
        times: the times it names.
        spans: the same as stretches of time.
    """

    text: str
    words: tuple[str, ...]
    asks_when: bool
    times: tuple[Mention, ...]
    spans: tuple[Span, ...] = ()


def parse(text: str, now: datetime) -> Query:
    """Take a question apart; any text is one.

    >>> from datetime import UTC, datetime
    >>> parse("When did Ana adopt the cat?", datetime(2024, 1, 1, tzinfo=UTC)).words
    ('ana', 'adopt', 'cat')
    >>> parse("who is it?", datetime(2024, 1, 1, tzinfo=UTC)).words
    ('who', 'is', 'it')
    >>> parse("Where does Will live?", datetime(2024, 1, 1, tzinfo=UTC)).words
    ('will', 'live')
    >>> parse("What did I say last week?", datetime(2024, 1, 1, tzinfo=UTC)).words
    ()
    """
    times = dates.mentions(text, now)
    asked = dates.without_times(text) if times else text
    found = tuple(dict.fromkeys(terms(asked)))
    named = {name.lower() for name in _CAPITALISED.findall(asked[:MOST_LETTERS])}
    telling = tuple(word for word in found if word not in STOP_WORDS or word in named)
    return Query(
        text,
        (telling if telling or times else found)[:MOST_WORDS],
        dates.asks_when(text),
        times,
        dates.spans(times, now),
    )
