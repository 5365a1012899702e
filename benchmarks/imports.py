"""How long the import takes, beside that of Pydantic's BaseModel, in fresh processes."""

from __future__ import annotations

import sys

from measure import at_least, child, median, table

ROUNDS = 15
BESIDE = ("pydantic",)
STATEMENTS = (
    "from pydantic import BaseModel",
    "from diarist import Diary",
    "import diarist",
)
SCRIPT = "import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer rounds."""
    rounds = at_least(2, share, ROUNDS)
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(rounds):
        for statement in STATEMENTS:
            seconds = child(sys.executable, "-c", SCRIPT.format(statement=statement))
            times[statement].append(seconds * 1000)
    floor = times[STATEMENTS[0]]
    rows = [
        (
            f"`{statement}`",
            f"{median(found):.0f}",
            f"{min(found):.0f}",
            f"{median(found) / median(floor):.2f}",
        )
        for statement, found in times.items()
    ]
    head = ("import", "median ms", "min ms", "times BaseModel")
    return f"### Import ({rounds} fresh processes each, in turn)\n\n{table(head, rows)}"
