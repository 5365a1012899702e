"""CPU per `update_memory` without a model, beside TOMLDiary 0.9.0, on pages of three sizes.

TOMLDiary runs with an agent that does nothing, which is its least work: it reads and writes both
pages at every turn. diarist runs as it comes, with its offline rules; "no extraction" is diarist
with an extractor that does nothing either. All of them keep pages only, as TOMLDiary does; "logged"
is the same turn with its two messages and its row in the log, durable before the pages are written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from measure import at_least, child, median, peer, ratio, table

SIZES = ((10, 10), (100, 50), (500, 500))
ROUNDS = 3
TURNS = 30
KINDS = (
    "no extraction",
    "session only",
    "session only, logged",
    "adds",
    "confirms",
    "revises",
    "file floor",
)
BESIDE = ("tomldiary==0.9.0",)
AIMS = {
    "100x50": {"session only": 25, "adds": 15, "confirms": 15, "revises": 15},
    "500x500": {"session only": 100, "adds": 60, "confirms": 60, "revises": 60},
}
"""How many times less than TOMLDiary's, by size and kind of turn."""
PARTS = Path(__file__).parent / "parts"


def report(share: float = 1.0) -> str:
    """Return the tables; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    theirs = peer("tomldiary", *BESIDE, "httpx")
    warm: list[tuple[object, ...]] = []
    cold: list[tuple[object, ...]] = []
    for preferences, conversations in SIZES:
        size = f"{preferences}x{conversations}"
        ours_found: dict[str, list[float]] = {}
        peer_found: dict[str, list[float]] = {}
        for _ in range(rounds):
            for python, part, found in (
                (theirs, "tomldiary_turns.py", peer_found),
                (sys.executable, "diarist_turns.py", ours_found),
            ):
                for name, ms in child(
                    python, PARTS / part, preferences, conversations, TURNS
                ).items():
                    found.setdefault(name, []).append(ms)
        base = median(peer_found["turn"])
        for name in KINDS:
            ours = median(ours_found[name])
            aim = AIMS.get(size, {}).get(name)
            less = (ratio(base, ours), f"{aim}×" if aim else "")
            warm.append((size, name, f"{ours:.2f}", f"{base:.1f}", *less))
        ours, base = median(ours_found["first"]), median(peer_found["first"])
        cold.append((size, f"{ours:.0f}", f"{base:.0f}", ratio(base, ours)))
    head = ("preferences x conversations", "turn", "diarist ms", "TOMLDiary ms", "less", "aim")
    cold_head = ("preferences x conversations", "diarist ms", "TOMLDiary ms", "less")
    return (
        f"### CPU per `update_memory`, warm (median of {TURNS} turns, median of {rounds} rounds in "
        f"turn)\n\n{table(head, warm)}\n\n"
        f"### The first turn of a process, after the import\n\n{table(cold_head, cold)}"
    )
