"""CrewAI's memory: ours beside CrewAI's own on LanceDB, with a model that answers at once.

Everybody is filled once and stays, and they take turns: in each round each call is made a few
times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measure import WORK, Part, at_least, child, in_turn, ratio, table

ROUNDS = 7
BESIDE = ("crewai", "lancedb")
PART = Path(__file__).parent / "parts" / "crewai_memory.py"
NAMES = ("DiaryMemory", "Memory")
CALLS = {
    "remember": (5, "remember a text, its scope and categories given"),
    "recall": (3, "ten that fit a question"),
    "recall scope": (3, "ten that fit it, in one scope of fifty"),
    "list": (3, "the newest twenty of a scope"),
    "info": (3, "information about all scopes"),
    "task": (1, "a kickoff of one task, whose model answers at once"),
}


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        asked = {name: child(sys.executable, PART, folder, f"{name} asked") for name in NAMES}
        parts = {name: Part(sys.executable, PART, folder, name) for name in NAMES}
        for part in parts.values():  # each fills its memory before it answers
            part.ask("list", 1)
        os.sync()
        found = in_turn(parts, {call: times for call, (times, _) in CALLS.items()}, rounds)
    rows = [
        (
            words,
            *(f"{found[call, name] * 1e3:,.1f}" for name in NAMES),
            ratio(found[call, NAMES[1]], found[call, NAMES[0]]),
        )
        for call, (_, words) in CALLS.items()
    ]
    calls = ("calls of the model for a task that tells four facts", *(asked[n] for n in NAMES), "")
    title = f"### CrewAI's memory, 1,000 records in 50 scopes (ms, median of {rounds} rounds)"
    return f"{title}\n\n{table(('call', *NAMES, 'theirs / ours'), [*rows, calls])}"
