"""LangGraph's stores, 10,000 items each: ours beside InMemoryStore and SqliteStore.

Everybody is filled once and stays, and they take turns: in each round each call is made a few
times.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from measure import WORK, Part, at_least, in_turn, table

ROUNDS = 9
PART = Path(__file__).parent / "parts" / "langgraph_store.py"
BESIDE = ("langgraph-checkpoint", "langgraph-checkpoint-sqlite")
PLAIN = (
    "DiaryStore normal",
    "DiaryStore full",
    "InMemoryStore",
    "SqliteStore",
    "SqliteStore WAL normal",
    "SqliteStore WAL full",
)
EMBEDDED = tuple(
    f"{name} embedded" for name in PLAIN if name not in {"DiaryStore full", "SqliteStore WAL full"}
)
CALLS = {
    "put": 10,
    "put over": 10,
    "get": 100,
    "search": 3,
    "filter": 2,
    "needle": 2,
    "query": 2,
    "query of one user": 5,
    "namespaces": 3,
}
WORDS = {
    "put": "put a new item",
    "put over": "put over an item",
    "get": "get an item",
    "search": "ten of all, no question",
    "filter": "filter: a kind, and a number above half",
    "needle": "filter: one number",
    "query": "ten that fit four words",
    "query of one user": "the same, of a hundred items",
    "namespaces": "list the namespaces",
}


def report(share: float = 1.0) -> str:
    """Return the tables; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    tables = [_compared("### LangGraph's stores, 10,000 items, no embedder", PLAIN, rounds)]
    names = EMBEDDED
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        names = tuple(name for name in names if "Sqlite" not in name)
    tables.append(_compared("### The same with an embedder of 64 numbers", names, rounds))
    return "\n\n".join(tables)


def _compared(title: str, names: tuple[str, ...], rounds: int) -> str:
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        parts = {name: Part(sys.executable, PART, folder, name) for name in names}
        for part in parts.values():  # each fills its store before it answers
            part.ask("get", 1)
        os.sync()
        found = in_turn(parts, CALLS, rounds)
    rows = [
        (words, *(f"{found[call, name] * 1e6:,.0f}" for name in names))
        for call, words in WORDS.items()
    ]
    return f"{title} (µs, median of {rounds} rounds in turn)\n\n{table(('call', *names), rows)}"
