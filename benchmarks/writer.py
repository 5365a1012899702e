"""Turns a second through `MemoryWriter`, beside TOMLDiary 0.9.0's, without extraction.

Both have eight workers and the same callers, who submit one turn after the other. diarist says
that a turn is taken in when it is on the disk; TOMLDiary says so when it is in memory, and has it
on the disk when it is drained: that is what "durable" compares. The pages are counted at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from measure import at_least, child, median, peer, ratio, table

SIZES = ((0, 0), (10, 10), (100, 50))
USERS = (1, 100)
TURNS = 600
CALLERS = 16
WORKERS = 8
ROUNDS = 2
BESIDE = ("tomldiary==0.9.0",)
PARTS = Path(__file__).parent / "parts"


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    theirs = peer("tomldiary", *BESIDE, "httpx")
    rows: list[tuple[object, ...]] = []
    for preferences, conversations in SIZES:
        for users in USERS:
            ours_found: dict[str, list[float]] = {}
            peer_found: dict[str, list[float]] = {}
            for _ in range(rounds):
                for python, part, found in (
                    (theirs, "tomldiary_writer.py", peer_found),
                    (sys.executable, "diarist_writer.py", ours_found),
                ):
                    arguments = (users, TURNS, CALLERS, WORKERS, preferences, conversations)
                    for name, figure in child(python, PARTS / part, *arguments).items():
                        found.setdefault(name, []).append(figure)
            ours = {name: median(figures) for name, figures in ours_found.items()}
            base = {name: median(figures) for name, figures in peer_found.items()}
            rows.append(
                (
                    f"{preferences}x{conversations}",
                    users,
                    f"{ours['acknowledged']:.0f}",
                    f"{base['acknowledged']:.0f}",
                    ratio(ours["acknowledged"], base["drained"]),
                    f"{ours['drained']:.0f}",
                    f"{base['drained']:.0f}",
                    ratio(ours["drained"], base["drained"]),
                    f"{ours['kept']:.0f}",
                    f"{base['kept']:.0f}",
                )
            )
    head = (
        "preferences x conversations", "users", "diarist acknowledged/s",
        "TOMLDiary acknowledged/s, in memory", "durable, times (aim 20×)", "diarist drained/s",
        "TOMLDiary drained/s", "drained, times (aim 3×)", "diarist kept", "TOMLDiary kept",
    )  # fmt: skip
    return (
        f"### MemoryWriter, {TURNS} turns of {CALLERS} callers (median of {rounds} rounds in turn)"
        f"\n\n{table(head, rows)}"
    )
