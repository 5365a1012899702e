"""Where CrewAI's memory keeps its records: ours beside LanceDB's, and numpy in memory as the floor.

Everybody is filled once for each size and stays, and they take turns: in each round each call is
made a few times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measure import WORK, Part, in_turn, ratio, table

SIZES = (100, 1_000, 10_000)
ROUNDS = 5
PART = Path(__file__).parent / "parts" / "crewai_storage.py"
NAMES = ("DiaryStorage", "LanceDBStorage", "numpy in memory")
CALLS = {
    "save": (5, "save a record"),
    "save 100": (1, "save a hundred records at once"),
    "search": (5, "ten closest of all"),
    "search scope": (5, "ten closest in one scope of fifty"),
    "search saved": (3, "save a record, then the ten closest in its scope"),
    "info saved": (2, "save a record, then information about all scopes"),
    "info": (5, "information about all scopes, nothing saved since"),
    "info scope": (5, "information about one scope"),
    "list": (5, "the newest twenty of a scope"),
    "update": (3, "update a record"),
    "get": (5, "get a record by its id"),
}


def report() -> str:
    """Return a table for each size."""
    return "\n\n".join(map(_compared, SIZES))


def _compared(size: int) -> str:
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        parts = {name: Part(sys.executable, PART, folder, name, size) for name in NAMES}
        for part in parts.values():  # each fills its store before it answers
            part.ask("get", 1)
        os.sync()
        found = in_turn(parts, {call: times for call, (times, _) in CALLS.items()}, ROUNDS)
    rows = [
        (
            words,
            *(f"{found[call, name] * 1e3:,.2f}" for name in NAMES),
            ratio(found[call, NAMES[1]], found[call, NAMES[0]]),
        )
        for call, (_, words) in CALLS.items()
    ]
    title = f"## CrewAI's storage, {size:,} records of 384 dimensions (ms, median)"
    return f"{title}\n\n{table(('call', *NAMES, 'LanceDB / ours'), rows)}"
