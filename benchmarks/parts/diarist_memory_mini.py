"""memory-mini's `Store` over a diary: answers for calls on 100,000 entries; "fill" makes them."""

from __future__ import annotations

import asyncio
import sys
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING

from records_material import (
    BATCH,
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

from diarist import PutNote
from diarist_compat.memory_mini import Store

if TYPE_CHECKING:
    from collections.abc import Callable


def fill(path: Path) -> None:
    """Put 100,000 entries, in batches of the diary below."""
    notes = [(*place(n), text) for n, text in enumerate(texts(NAMESPACES * NOTES, seed=4))]
    with Store(path) as store:
        for start in range(0, len(notes), BATCH):
            puts = [PutNote((area,), key, text) for area, key, text in notes[start : start + BATCH]]
            store.diary.sync.notes.batch("memory-mini", puts)


def calls_on(path: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name; memory-mini's stand-in has the same names."""
    store, values = Store(path), cycle(texts(1_000, seed=5))
    at, fresh = iter(places(seed=6)), count()

    def get() -> None:
        area, key = next(at)
        assert store.get(key, area)

    def put_new() -> None:
        store.store(f"new-{next(fresh)}", next(values), next(at)[0])

    def put_over() -> None:
        area, key = next(at)
        store.store(key, next(values), area)

    def by_prefix() -> None:
        assert len(store.search("note-00", limit=10)) == 10

    return {
        "get": get,
        "put new": put_new,
        "put over": put_over,
        "list": lambda: store.list("topic-042"),
        "prefix": by_prefix,
        "rare word": lambda: store.search(RARE, mode="fts"),
        "commonest word": lambda: store.search(COMMONEST, mode="fts"),
        "common word": lambda: store.search(COMMON, mode="fts"),
        "two words": lambda: store.search(f"{COMMON} {RARE}", mode="fts"),
        "common word in one": lambda: store.search(COMMON, "topic-042", mode="fts"),
        "stats": store.stats,
    }


if __name__ == "__main__":
    file = Path(sys.argv[1]) / "store.db"
    if sys.argv[2] == "fill":
        fill(file)
    else:
        asyncio.run(answer(calls_on(file)))
