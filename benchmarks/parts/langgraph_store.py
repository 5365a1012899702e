"""Answers for LangGraph's stores: ours, in memory, and over SQLite, each with 10,000 items.

The store's name is the second argument; one that ends in " embedded" has an index of 64 numbers.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

from langgraph.store.base import BaseStore, PutOp
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore
from records_material import answer, texts

from diarist import Diary, LocalBackend
from langchain_diarist import DiaryStore

ITEMS, NAMESPACES, BATCH, DIMS = 10_000, 100, 500, 64


def embed(given: list[str]) -> list[list[float]]:
    """Return a vector for each text that depends on its words, and costs little."""
    found: list[list[float]] = []
    for text in given:
        vector = [0.1] * DIMS
        for word in text.split():
            vector[crc32(word.encode()) % DIMS] += 1.0
        found.append(vector)
    return found


def place(number: int) -> tuple[str, ...]:
    return ("users", f"user-{number % NAMESPACES:02}", "memories")


def opened(name: str, folder: Path) -> BaseStore:
    index: Any = {"dims": DIMS, "embed": embed, "fields": ["text"]}
    kind = name.removesuffix(" embedded")
    index = index if name.endswith(" embedded") else None
    if kind == "InMemoryStore":
        return InMemoryStore(index=index)
    if kind.startswith("DiaryStore"):
        durability: Any = kind.removeprefix("DiaryStore ")
        diary = Diary(LocalBackend(folder / name, durability=durability))
        return DiaryStore(diary=diary, index=index)
    path = folder / f"{name}.db"
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    if "WAL" in kind:
        connection.execute("PRAGMA journal_mode = WAL")
        full = kind.endswith("full")
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
    store = SqliteStore(connection, index=index)
    store.setup()
    return store


def fill(store: BaseStore, values: list[dict[str, Any]]) -> None:
    puts = [PutOp(place(n), f"item-{n}", value) for n, value in enumerate(values)]
    for start in range(0, ITEMS, BATCH):
        store.batch(puts[start : start + BATCH])


def main(folder: Path, name: str) -> None:
    said = texts(ITEMS, seed=7, words=15)
    values = [
        {"kind": "note" if n % 2 else "recipe", "n": n, "text": text} for n, text in enumerate(said)
    ]
    store = opened(name, folder)
    fill(store, values)
    draw, numbers = random.Random(11), count(ITEMS)
    words = texts(200, seed=9, words=4)
    half = {"kind": "note", "n": {"$gt": ITEMS // 2}}

    def put() -> None:
        number = next(numbers)
        store.put(place(number), f"new-{number}", values[number % ITEMS])

    def over() -> None:
        number = draw.randrange(ITEMS)
        store.put(place(number), f"item-{number}", values[number])

    def get() -> None:
        number = draw.randrange(ITEMS)
        assert store.get(place(number), f"item-{number}")

    def query() -> None:
        assert len(store.search(("users",), query=draw.choice(words))) == 10

    def one_user() -> None:
        assert store.search(place(draw.randrange(NAMESPACES)), query=draw.choice(words))

    calls = {
        "put": put,
        "put over": over,
        "get": get,
        "search": lambda: store.search(("users",)),
        "filter": lambda: store.search(("users",), filter=half),
        "needle": lambda: store.search(("users",), filter={"n": draw.randrange(ITEMS)}),
        "query": query,
        "query of one user": one_user,
        "namespaces": store.list_namespaces,
    }
    asyncio.run(answer(calls))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
