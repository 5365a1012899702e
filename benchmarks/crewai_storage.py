"""Where CrewAI's memory keeps its records: ours beside LanceDB's, and numpy in memory as the floor.

Everybody is filled once for each size and stays, and they take turns: in each round each call is
made a few times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measure import WORK, Part, at_least, in_turn, ratio, table

SIZES = (100, 1_000, 10_000)
ROUNDS = 5
BESIDE = ("crewai", "lancedb")
PART = Path(__file__).parent / "parts" / "crewai_storage.py"
NAMES = ("DiaryStorage", "LanceDBStorage", "numpy in memory")
CALLS = {  # how often in each round, what it is, how many times less than LanceDB
    "save": (5, "save a record", "3×"),
    "save 100": (1, "save a hundred records at once", ""),
    "search": (5, "ten closest of all", "2×"),
    "search scope": (5, "ten closest in one scope of fifty", "5×"),
    "search saved": (3, "save a record, then the ten closest in its scope", ""),
    "info saved": (2, "save a record, then information about all scopes", "20×"),
    "info": (5, "information about all scopes, nothing saved since", "20×"),
    "info scope": (5, "information about one scope", "20×"),
    "list": (5, "the newest twenty of a scope", ""),
    "update": (3, "update a record", ""),
    "get": (5, "get a record by its id", ""),
}


def report(share: float = 1.0) -> str:
    """Return a table for each size; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    return "\n\n".join(_compared(size, rounds) for size in SIZES)


def _compared(size: int, rounds: int) -> str:
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        parts = {name: Part(sys.executable, PART, folder, name, size) for name in NAMES}
        for part in parts.values():  # each fills its store before it answers
            part.ask("get", 1)
        os.sync()
        found = in_turn(parts, {call: times for call, (times, _, _) in CALLS.items()}, rounds)
    rows = [
        (
            words,
            *(f"{found[call, name] * 1e3:,.2f}" for name in NAMES),
            ratio(found[call, NAMES[1]], found[call, NAMES[0]]),
            aim,
        )
        for call, (_, words, aim) in CALLS.items()
    ]
    title = f"### CrewAI's storage, {size:,} records (ms, median of {rounds} rounds in turn)"
    return f"{title}\n\n{table(('call', *NAMES, 'LanceDB / ours', 'aim'), rows)}"
