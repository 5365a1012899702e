"""Recall in small and large stores, beside the bare FTS5 query of the same words.

`python benchmarks/recall.py 0.1` takes stores of a tenth of the size.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from measure import WORK, at_least, median, table
from parts.records_material import texts

from diarist import Message, SyncDiary
from diarist.backends.local import LocalBackend
from diarist.recall.query import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BESIDE = ()
SMALL, LARGE, USERS, EACH = 600, 100_000, 1_000, 1_000
"""Messages of a user who talks a little and a lot; users of a shared store, messages of each."""
SESSION = 20
"""Messages of a session."""
QUESTIONS = 60
OPEN = 10
"""Users who are asked about again and again."""
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
SPEAKERS = ("Ana", "Bruno")
FTS = (
    "SELECT rowid FROM message_terms WHERE message_terms MATCH ? "
    "ORDER BY bm25(message_terms) LIMIT 10"
)


class Took(NamedTuple):
    """Milliseconds of each question: by `recall` of everything, of messages, and by FTS5."""

    everything: list[float]
    messages: list[float]
    bare: list[float]


def report(share: float = 1.0) -> str:
    """Return the tables; `share` makes the stores smaller."""
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        small = _one_user(Path(folder) / "small", SMALL)
        large_size = int(LARGE * share)
        large = _one_user(Path(folder) / "large", large_size)
        users = _users(Path(folder), at_least(2, share, USERS))
    return "\n\n".join(
        (
            _beside(f"{SMALL} messages of one user", small),
            _beside(f"{large_size:,} messages of one user", large),
            _shared(users),
        )
    )


# ---------------------------------------------------------------- what is measured


def _one_user(folder: Path, size: int) -> dict[str, Took]:
    with _opened(folder) as diary:
        _fill(diary, "ana", size, seed=5)
        return {
            what: _took(diary, folder, asked)
            for what, asked in (
                ("three words of middling rank", _questions(3, seed=11, low=50, high=1000)),
                ("six words as they come", _questions(6, seed=12)),
                ("twelve words as they come", _questions(12, seed=13)),
                ("three of the commonest words", _questions(3, seed=14, low=0, high=12)),
            )
        }


def _users(folder: Path, users: int) -> dict[str, list[float]]:
    """Return the milliseconds of questions to a lone user, to some of many, and to all in turn."""
    asked = _questions(6, seed=12)
    lone, some, any_one = (list[float](), list[float](), list[float]())
    with _opened(folder / "few") as few, _opened(folder / "many") as many:
        _fill(few, "user-0", EACH, seed=7)
        for number in range(users):
            _fill(many, f"user-{number}", EACH, seed=7 + number)
        for number in range(4):
            for place, question in enumerate(asked):
                near, far = place % OPEN, (OPEN + number * QUESTIONS + place) % users
                calls: tuple[tuple[list[float], SyncDiary, str], ...] = (
                    (lone, few, "user-0"),
                    (some, many, f"user-{near}"),
                    (any_one, many, f"user-{far}"),
                )
                for found, diary, user in calls:
                    ms = _ms(lambda d=diary, u=user, q=question: d.recall(u, q))
                    if number:  # the first round warms up
                        found.append(ms)
    return {
        f"{EACH:,} messages of one user": lone,
        f"{users * EACH:,} messages of {users:,} users, {OPEN} of them asked again and again": some,
        f"{users * EACH:,} messages of {users:,} users, each asked once": any_one,
    }


def _took(diary: SyncDiary, folder: Path, asked: list[str]) -> Took:
    took = Took([], [], [])
    (path,) = folder.glob("*/diary.db")
    with closing(sqlite3.connect(path)) as bare:
        for number in range(3):
            for question in asked:
                match = " OR ".join(f'"{word}"' for word in parse(question, START).words)
                calls: tuple[Callable[[], object], ...] = (
                    lambda q=question: diary.recall("ana", q),
                    lambda q=question: diary.recall("ana", q, kinds=("messages",)),
                    lambda m=match: bare.execute(FTS, (m,)).fetchall(),
                )
                for call, found in zip(calls, took, strict=True):
                    ms = _ms(call)
                    if number:  # the first round warms up
                        found.append(ms)
    return took


def _ms(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return (perf_counter() - start) * 1000


# ---------------------------------------------------------------- what is stored and asked


def _opened(folder: Path) -> SyncDiary:
    backend = LocalBackend(folder, durability="normal")
    return SyncDiary(backend)  # pyright: ignore[reportArgumentType] - wraps `__init__`


def _fill(diary: SyncDiary, user: str, size: int, *, seed: int) -> None:
    """Store messages of two speakers in sessions of 20, a session a day."""
    said = texts(size, seed=seed)
    for session, start in enumerate(range(0, size, SESSION)):
        day = START + timedelta(days=session % 365)
        diary.messages.append(
            user,
            f"session-{session}",
            [
                Message("user", text, SPEAKERS[n % 2], at=day + timedelta(minutes=n))
                for n, text in enumerate(said[start : start + SESSION])
            ],
        )


def _questions(words: int, *, seed: int, low: int = 0, high: int | None = None) -> list[str]:
    """Return questions of so many words, as common as in what is said, or of some ranks only."""
    if high is None:
        return texts(QUESTIONS, seed=seed, words=words)
    draw = random.Random(seed)
    ranks = list(dict.fromkeys(_ranked()))[low:high]
    return [" ".join(draw.sample(ranks, words)) for _ in range(QUESTIONS)]


def _ranked() -> Iterator[str]:
    """Yield words, the commonest first, that are no stop words."""
    count: dict[str, int] = {}
    for text in texts(10_000, seed=9):
        for word in text.split():
            count[word] = count.get(word, 0) + 1
    for word in sorted(count, key=lambda word: -count[word]):
        if parse(word, START).words == (word,):
            yield word


# ---------------------------------------------------------------- the tables


def _beside(title: str, found: dict[str, Took]) -> str:
    rows = [
        (
            what,
            *(f"{each(ms):.1f}" for ms in took for each in (median, _p95)),
            f"{median(took.everything) / median(took.bare):.2f}×",
        )
        for what, took in found.items()
    ]
    head = (
        "question", "recall p50 ms", "p95", "of messages p50", "p95", "FTS5 p50", "p95",
        "recall times FTS5",
    )  # fmt: skip
    return f"### Recall, {title}\n\n{table(head, rows)}"


def _shared(found: dict[str, list[float]]) -> str:
    rows = [(store, f"{median(ms):.1f}", f"{_p95(ms):.1f}") for store, ms in found.items()]
    return f"### Recall, many users\n\n{table(('store', 'p50 ms', 'p95 ms'), rows)}"


def _p95(ms: list[float]) -> float:
    return sorted(ms)[int(len(ms) * 0.95)]


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
