"""Answers for records with diarist and with bare `sqlite3`; "fill" makes the databases.

A call's name begins with whose it is: "raw" is bare `sqlite3`, "store" is the record store under
the diary, blocking, "blocking" is `SyncDiary` and "async" is `Diary`.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING

from raw_records import RawMessages, RawNotes
from records_material import (
    BATCH,
    LAST,
    LENGTHS,
    NAMESPACES,
    NOTES,
    ROLES,
    STORED,
    answer,
    place,
    places,
    texts,
)

from diarist import Diary, GetNote, Message, PutNote, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.blocking import finish

if TYPE_CHECKING:
    from collections.abc import Callable

Calls = dict[str, "Callable[[], object]"]

CALLERS = 64
EACH = 10
"""Messages of each caller."""
CROWD = CALLERS * EACH
PREFIX, LISTED = "topic-042", 10


def messages_of(said: list[str]) -> list[Message]:
    return [Message(ROLES[number % 2], text) for number, text in enumerate(said)]


def opened(folder: Path) -> SyncDiary:
    return SyncDiary(folder / "diarist")  # pyright: ignore[reportArgumentType] - wraps `__init__`


def fill(folder: Path) -> None:
    """Make all databases: messages for each length and way to append, and 100,000 notes."""
    said = texts(max(LENGTHS), seed=2)
    with opened(folder) as diary:
        sizes = {f"last-{length}": length for length in LENGTHS}
        sizes |= dict.fromkeys(("store", "blocking", "async", "alone", "crowd"), STORED)
        for user, size in sizes.items():
            for start in range(0, size, BATCH):
                batch = messages_of(said[start : min(start + BATCH, size)])
                diary.messages.append(user, "chat", batch)
        notes = [(*place(n), text) for n, text in enumerate(texts(NAMESPACES * NOTES, seed=4))]
        for start in range(0, len(notes), BATCH):
            puts = [PutNote((area,), key, text) for area, key, text in notes[start : start + BATCH]]
            diary.notes.batch("notes", puts)
    raw = {f"last-{length}": length for length in LENGTHS} | {"append": STORED, "alone": STORED}
    for name, size in raw.items():
        RawMessages(folder / f"{name}.db").fill(
            (ROLES[number % 2], text) for number, text in enumerate(said[:size])
        )
    RawNotes(folder / "notes.db").fill(notes)


class Measured:
    """What is measured on the databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = opened(folder)
        self.later = Diary(folder / "diarist")
        self.store = SQLiteRecords(folder / "diarist").blocking
        self.values = cycle(texts(1_000, seed=3))

    def calls(self) -> Calls:
        calls = self.appends() | self.crowds() | self.gets() | self.lists() | self.puts()
        for length in LENGTHS:
            calls |= self.lasts(length)
        return calls

    def said(self) -> list[Message]:
        return [Message("user", next(self.values))]

    def appends(self) -> Calls:
        raw, store = RawMessages(self.folder / "append.db"), self.store
        return {
            "raw append": lambda: raw.append("user", next(self.values)),
            "store append": lambda: finish(
                store.append("store", "chat", self.said(), now=datetime.now(UTC))
            ),
            "blocking append": lambda: self.now.messages.append("blocking", "chat", self.said()),
            "async append": lambda: self.later.messages.append("async", "chat", self.said()),
        }

    def crowds(self) -> Calls:
        """Return what appends 640 messages, one after the other or for 64 callers at once."""
        raw = RawMessages(self.folder / "alone.db")

        async def caller(user: str, times: int) -> None:
            for _ in range(times):
                await self.later.messages.append(user, "chat", self.said())

        def one_by_one() -> None:
            for _ in range(CROWD):
                raw.append("user", next(self.values))

        return {
            "raw alone": one_by_one,
            "async alone": lambda: caller("alone", CROWD),
            "async crowd": lambda: asyncio.gather(*(caller("crowd", EACH) for _ in range(CALLERS))),
        }

    def lasts(self, length: int) -> Calls:
        raw, user = RawMessages(self.folder / f"last-{length}.db"), f"last-{length}"
        assert len(self.now.messages.read(user, "chat", last=LAST)) == len(raw.last(LAST)) == LAST
        return {
            f"raw last {length}": lambda: raw.last(LAST),
            f"blocking last {length}": lambda: self.now.messages.read(user, "chat", last=LAST),
            f"async last {length}": lambda: self.later.messages.read(user, "chat", last=LAST),
        }

    def gets(self) -> Calls:
        raw, at = RawNotes(self.folder / "notes.db"), cycle(places(seed=6))
        area, key = place(0)
        assert self.now.notes.get("notes", area, key) is not None
        assert raw.get(area, key) is not None

        def get() -> GetNote:
            area, key = next(at)
            return GetNote((area,), key)

        return {
            "raw get": lambda: raw.get(*next(at)),
            "store get": lambda: finish(self.store.notes("notes", [get()], now=datetime.now(UTC))),
            "blocking get": lambda: self.now.notes.get("notes", *next(at)),
            "async get": lambda: self.later.notes.get("notes", *next(at)),
        }

    def lists(self) -> Calls:
        raw = RawNotes(self.folder / "notes.db")
        there = self.now.notes.list("notes", PREFIX, limit=LISTED)
        assert len(there) == len(raw.below(PREFIX, LISTED)) == LISTED
        return {
            "raw list": lambda: raw.below(PREFIX, LISTED),
            "blocking list": lambda: self.now.notes.list("notes", PREFIX, limit=LISTED),
            "async list": lambda: self.later.notes.list("notes", PREFIX, limit=LISTED),
            "blocking list all": lambda: self.now.notes.list("notes", PREFIX, limit=NOTES),
        }

    def puts(self) -> Calls:
        raw, at, fresh = RawNotes(self.folder / "notes.db"), cycle(places(seed=6)), count()

        def new() -> tuple[str, str]:
            return next(at)[0], f"new-{next(fresh)}"

        return {
            "raw put new": lambda: raw.put(*new(), next(self.values)),
            "blocking put new": lambda: self.now.notes.put("notes", *new(), next(self.values)),
            "async put new": lambda: self.later.notes.put("notes", *new(), next(self.values)),
            "raw put over": lambda: raw.put(*next(at), next(self.values)),
            "blocking put over": lambda: self.now.notes.put("notes", *next(at), next(self.values)),
            "async put over": lambda: self.later.notes.put("notes", *next(at), next(self.values)),
        }


async def main(folder: Path) -> None:
    await answer(Measured(folder).calls())


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "fill":
        fill(where)
    else:
        asyncio.run(main(where))
