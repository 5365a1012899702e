"""What the parts about records share: the words they store, and how they are asked for figures.

It runs in the environments of the peers too, so it needs nothing but Python.
"""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from inspect import isawaitable
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STORED = 10_000
"""Messages there are before the first is appended."""
LENGTHS = (100, STORED, 100_000)
"""Messages of the sessions whose end is read."""
LAST = 20
NAMESPACES = 100
NOTES = 1_000
"""Notes in each namespace."""
BATCH = 1_000
"""How many are stored at once where the parts fill their databases."""
RARE, COMMON, COMMONEST = "beveti", "pervuro", "niso"
"""Words that 86, 24,120 and 94,686 of the notes have."""
ROLES = ("user", "assistant")


@cache
def _words() -> tuple[list[str], list[float]]:
    """Return 5,000 words, and how often each comes, which is as uneven as in a language."""
    draw = random.Random(1)
    parts = [one + two for one in "bcdfglmnprstv" for two in ("a", "e", "i", "o", "u", "an", "er")]
    words = ["".join(draw.choices(parts, k=draw.choice((1, 2, 2, 3)))) for _ in range(5_000)]
    return words, list(accumulate(1 / rank for rank in range(1, 5_001)))


def texts(count: int, *, seed: int, words: int = 25) -> list[str]:
    """Return so many texts of 25 words, the same for each peer."""
    draw = random.Random(seed)
    vocabulary, often = _words()
    drawn = draw.choices(vocabulary, cum_weights=often, k=count * words)
    return [" ".join(drawn[at : at + words]) for at in range(0, count * words, words)]


def place(number: int) -> tuple[str, str]:
    """Return namespace and key of a note."""
    return f"topic-{number // NOTES:03}", f"note-{number % NOTES:04}"


def places(*, seed: int) -> list[tuple[str, str]]:
    """Return namespace and key of all notes, in any order."""
    numbers = random.Random(seed).sample(range(NAMESPACES * NOTES), NAMESPACES * NOTES)
    return [place(number) for number in numbers]


async def answer(calls: Mapping[str, Callable[[], object]]) -> None:
    """Do what the lines of the input ask for, a call's name and how often; print the seconds.

    A call that gives an awaitable takes until that is done.
    """
    for line in sys.stdin:
        name, times = line.split("\t")
        call = calls[name]
        seconds: list[float] = []
        for _ in range(int(times)):
            start = perf_counter()
            result = call()
            if isawaitable(result):
                await result
            seconds.append(perf_counter() - start)
        print(json.dumps(seconds), flush=True)
