"""A client of a shared diary: it fills its users' diaries, or makes the calls it is asked for."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from records_material import texts

from diarist import LocalBackend, Message, Note, PostgresBackend, SyncDiary
from diarist.backends.base import blocking_of
from diarist.blocking import finish
from diarist.records import Exported, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarist.records import Vectors

SESSIONS, MESSAGES, NOTES = 50, 20, 20
"""Of each user: sessions, messages in each, notes."""
START = datetime(2026, 1, 1, 9, tzinfo=UTC)


def opened(address: str) -> SyncDiary:
    """Return the diary at an address; both kinds wait until the disk has each commit."""
    is_server = address.startswith("postgresql:")
    backend: Any = PostgresBackend(address, connections=2) if is_server else LocalBackend(address)
    return SyncDiary(backend)


def fill(diary: SyncDiary, users: range) -> None:
    """Store what every user said, and some notes."""
    records = blocking_of(diary.diary.records)
    assert records is not None
    for user in users:
        said = iter(texts(SESSIONS * MESSAGES, seed=7 + user))
        messages: list[Message] = []
        sessions: list[Session] = []
        for number in range(SESSIONS):
            day, name = START + timedelta(days=number), f"session-{number}"
            sessions.append(Session(name, MESSAGES, 0, 0, day, day, MESSAGES))
            messages += [
                Message("user", next(said), at=day, session_id=name, number=place)
                for place in range(1, MESSAGES + 1)
            ]
        notes: list[tuple[Note, Vectors]] = [
            (Note(("topics",), f"note-{number}", {"text": text}, {}, START, START), {})
            for number, text in enumerate(texts(NOTES, seed=user))
        ]
        finish(records.restore(f"user-{user}", Exported(messages, (), notes, sessions)))


def calls(diary: SyncDiary, users: int, seed: int) -> dict[str, Callable[[], object]]:
    """Return what can be asked for; each call is about another user, drawn at random."""
    draw, numbers = random.Random(seed), count()
    questions = texts(200, seed=seed, words=6)

    def user() -> str:
        return f"user-{draw.randrange(users)}"

    def message() -> Message:
        return Message("user", draw.choice(questions), id=f"{seed}-{next(numbers)}")

    return {
        "append": lambda: diary.messages.append(user(), "session-1", [message()]),
        "tail": lambda: diary.messages.read(user(), "session-2", last=20),
        "note put": lambda: diary.notes.put(
            user(), ("topics",), f"note-{draw.randrange(NOTES)}", {"text": draw.choice(questions)}
        ),
        "note get": lambda: diary.notes.get(user(), ("topics",), f"note-{draw.randrange(NOTES)}"),
        "recall": lambda: diary.recall(user(), draw.choice(questions)),
    }


def main(address: str, users: str, seed: str, task: str) -> None:
    """Fill the users from `seed` on in steps of two, or answer until standard input ends."""
    diary = opened(address)
    if task == "fill":
        fill(diary, range(int(seed), int(users), 2))
        return
    known = calls(diary, int(users), int(seed))
    for line in sys.stdin:
        name, times = line.split("\t")
        took: list[float] = []
        for _ in range(int(times)):
            start = perf_counter()
            known[name]()
            took.append(perf_counter() - start)
        print(took, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
