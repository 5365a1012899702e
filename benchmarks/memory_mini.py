"""memory-mini's `Store` over a diary beside memory-mini, 100,000 entries, all durable.

Both are filled once and stay, and they take turns: in each round each call is made a few times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measure import WORK, Part, at_least, in_turn, ratio, table

ROUNDS = 5
BESIDE = ()
PARTS = Path(__file__).parent / "parts"
NAMES = ("diarist_memory_mini", "memory_mini_statements")
CALLS = {
    "get": (20, "get an entry", "20×"),
    "prefix": (1, "ten whose key begins so, of all", "20×"),
    "put new": (10, "store a new entry", "4×"),
    "put over": (10, "store over an entry", "4×"),
    "commonest word": (2, "a word of nearly all entries", "5×"),
    "common word in one": (2, "a word of one in four entries, in a namespace", "5×"),
    "common word": (2, "the same in all", "5×"),
    "rare word": (5, "a word of one in a thousand, in all", "5×"),
    "two words": (2, "both words, in all", "5×"),
    "list": (2, "list a namespace of 1,000", ""),
    "stats": (2, "count by status", ""),
}


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        for name in NAMES:
            Part(sys.executable, PARTS / f"{name}.py", folder, "fill").close()
        os.sync()  # or the disk would still be busy with that in the first round
        parts = {
            name: Part(sys.executable, PARTS / f"{name}.py", folder, "answer") for name in NAMES
        }
        found = in_turn(parts, {call: times for call, (times, _, _) in CALLS.items()}, rounds)
    rows: list[tuple[object, ...]] = []
    for call, (_, what, aim) in CALLS.items():
        mine, other = (found[call, name] * 1e3 for name in NAMES)
        rows.append((what, f"{mine:.3f}", f"{other:.2f}", ratio(other, mine), aim))
    head = ("call", "`Store` over a diary ms", "memory-mini ms", "less", "aim")
    title = f"### memory-mini's Store, 100,000 entries (median of {rounds} rounds in turn)"
    return f"{title}\n\n{table(head, rows)}"
