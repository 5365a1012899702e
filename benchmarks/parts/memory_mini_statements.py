"""A stand-in for memory-mini 0.1.0, which is on no package index: it does the same work.

None of its code is here; what it does at each call was read in JustinJLeopard/memory-mini @86c4c09,
and is done again with tables and words of our own: as many columns, the same unique index, a
full-text copy of key, namespace and text, SQLite's own settings (rollback journal,
synchronous=FULL), as many statements and commits, and a frozen dataclass of eleven fields for each
row. A put commits twice, for it reads the entry back, and each get writes when the entry was read.
What these figures don't need is left out.

Answers for calls on 100,000 entries; "fill" makes them.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records_material import (
    COMMON,
    COMMONEST,
    NAMESPACES,
    NOTES,
    RARE,
    answer,
    place,
    places,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = """
CREATE TABLE IF NOT EXISTS kept (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, area TEXT NOT NULL, state TEXT NOT NULL,
    words TEXT NOT NULL, extra TEXT NOT NULL, made TEXT NOT NULL, changed TEXT NOT NULL,
    seen TEXT, over TEXT, vector BLOB, model TEXT, size INTEGER, UNIQUE (area, name)
);
CREATE VIRTUAL TABLE IF NOT EXISTS kept_words USING fts5(name, area, words);
"""
PUT = """
INSERT INTO kept (name, area, state, words, extra, made, changed, over, vector, model, size)
VALUES (:name, :area, 'active', :words, :extra, :now, :now, NULL, NULL, NULL, NULL)
ON CONFLICT DO UPDATE SET state = excluded.state, words = excluded.words, extra = excluded.extra,
    changed = excluded.changed, over = excluded.over, vector = excluded.vector,
    model = excluded.model, size = excluded.size
"""
FIND = "SELECT * FROM kept WHERE area = ? AND name = ?"
ACTIVE = "SELECT * FROM kept WHERE state = 'active' ORDER BY area, name"
FITTING = """
SELECT kept.* FROM kept_words JOIN kept ON kept_words.rowid = kept.number
WHERE kept_words MATCH :words AND (:area IS NULL OR kept.area = :area) AND kept.state = 'active'
ORDER BY rank LIMIT :limit
"""
ACTIVE_IN = "SELECT * FROM kept WHERE area = ? AND state = 'active' ORDER BY area, name"


class State(StrEnum):
    ACTIVE = "active"
    DELETED = "deleted"


@dataclass(frozen=True)
class Kept:
    """What a row becomes: texts copied, JSON and times parsed."""

    name: str
    words: str
    area: str
    state: State
    extra: dict[str, Any]
    made: datetime | None
    changed: datetime | None
    seen: datetime | None
    over: datetime | None
    model: str | None
    size: int | None


class Store:
    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(TABLES)

    def write(self, area: str, name: str, words: str) -> None:
        """Do what a put does before its first commit."""
        execute = self.connection.execute
        given = {"name": name, "area": area, "words": words, "extra": json.dumps({}), "now": now()}
        execute(PUT, given)
        number = execute(
            "SELECT number FROM kept WHERE area = ? AND name = ?", (area, name)
        ).fetchone()[0]
        execute("DELETE FROM kept_words WHERE rowid = ?", (number,))
        execute(
            "INSERT INTO kept_words (rowid, name, area, words) VALUES (?, ?, ?, ?)",
            (number, name, area, words),
        )

    def put(self, area: str, name: str, words: str) -> Kept | None:
        self.write(area, name, words)
        self.connection.commit()
        return self.get(area, name)

    def get(self, area: str, name: str) -> Kept | None:
        row = self.connection.execute(FIND, (area, name)).fetchone()
        if row is None or as_kept(row).state is not State.ACTIVE:
            return None
        self.connection.execute(
            "UPDATE kept SET seen = ? WHERE area = ? AND name = ?", (now(), area, name)
        )
        self.connection.commit()
        return as_kept(self.connection.execute(FIND, (area, name)).fetchone())

    def all_of(self, area: str) -> list[Kept]:
        rows = self.connection.execute(ACTIVE_IN, (area,)).fetchall()
        return [kept for kept in map(as_kept, rows) if kept.over is None]

    def beginning(self, prefix: str, limit: int) -> list[Kept]:
        """Return the first entries whose name begins so; it reads every entry there is."""
        rows = self.connection.execute(ACTIVE).fetchall()
        there = [kept for kept in map(as_kept, rows) if kept.over is None]
        return [kept for kept in there if kept.name.startswith(prefix)][:limit]

    def counts(self) -> dict[str, int]:
        rows = self.connection.execute("SELECT state, count(*) FROM kept GROUP BY state")
        return dict(rows)

    def fitting(self, words: str, limit: int, area: str | None = None) -> list[Kept]:
        """Return the entries that have all of the words, best first."""
        given = {"words": words, "area": area, "limit": limit}
        return [as_kept(row) for row in self.connection.execute(FITTING, given)]


def now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def as_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def as_kept(row: sqlite3.Row) -> Kept:
    return Kept(
        name=str(row["name"]),
        words=str(row["words"]),
        area=str(row["area"]),
        state=State(str(row["state"])),
        extra=json.loads(str(row["extra"])),
        **{column: as_time(row[column]) for column in ("made", "changed", "seen", "over")},
        model=row["model"],
        size=row["size"],
    )


def fill(path: Path) -> None:
    """Put 100,000 entries, for once in a single transaction."""
    store = Store(path)
    for number, text in enumerate(texts(NAMESPACES * NOTES, seed=4)):
        store.write(*place(number), text)
    store.connection.commit()


def calls_on(path: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    store, values = Store(path), cycle(texts(1_000, seed=5))
    at, fresh = iter(places(seed=6)), count()  # each once: a second read in a second is no write

    def get() -> None:
        assert store.get(*next(at))

    def put_new() -> None:
        store.put(next(at)[0], f"new-{next(fresh)}", next(values))

    def put_over() -> None:
        store.put(*next(at), next(values))

    def listed() -> None:
        assert len(store.all_of("topic-042")[:10]) == 10

    def by_prefix() -> None:
        assert len(store.beginning("note-00", 10)) == 10

    return {
        "get": get,
        "put new": put_new,
        "put over": put_over,
        "list": listed,
        "prefix": by_prefix,
        "rare word": lambda: store.fitting(RARE, 20),
        "commonest word": lambda: store.fitting(COMMONEST, 20),
        "common word": lambda: store.fitting(COMMON, 20),
        "two words": lambda: store.fitting(f"{COMMON} {RARE}", 20),
        "common word in one": lambda: store.fitting(COMMON, 20, "topic-042"),
        "stats": store.counts,
    }


if __name__ == "__main__":
    file = Path(sys.argv[1]) / "memory-mini.db"
    if sys.argv[2] == "fill":
        fill(file)
    else:
        asyncio.run(answer(calls_on(file)))
