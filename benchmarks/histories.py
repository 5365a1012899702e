"""Chat histories beside those of LangChain, with 10,000 messages in the session, and their floors.

They are filled once; then everybody stays, and they take turns: in each round each call is made a
few times. Where a figure is of messages that are read, they are LangChain's own, ready to use.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TypeAlias

from measure import WORK, Part, at_least, median, peer, ratio, table
from records import LANGCHAIN, PARTS

ROUNDS = 5
BESIDE = LANGCHAIN
OURS = ("full", "async", "normal")
PEERS = ("SQL", "File", "InMemory")
FLOORS = ("raw full", "raw normal", "lines")
CALLS = {
    "append": ("add a message", 10),
    "pair": ("add a question and its answer", 5),
    "last": ("the last 20", 3),
    "all": ("all, the first time", 1),
    "again": ("all, where nothing is new", 1),
    "run": ("one run of a chain", 1),
}
"""Call -> what it does, how often in each round."""
AIMS = {"append": 10, "pair": 10, "last": 10, "all": 1, "again": 1, "run": 1}
"""How many times less than each durable peer."""

Medians: TypeAlias = dict[tuple[str, str], float]
"""By whose it is and call: milliseconds."""


def report(share: float = 1.0) -> str:
    """Return the tables; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    commands = {
        OURS + FLOORS: (sys.executable, PARTS / "diarist_histories.py"),
        PEERS: (peer("langchain", *LANGCHAIN), PARTS / "langchain_histories.py"),
    }
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        for command in commands.values():
            Part(*command, folder, "fill").close()
        os.sync()  # or the disk would still be busy with that in the first round
        parts = {names: Part(*command, folder, "answer") for names, command in commands.items()}
        for number in range(rounds + 1):
            for call, (_, times) in CALLS.items():
                for names, part in parts.items():
                    for name in names:
                        seconds = part.ask(f"{name} {call}", 1 if name == "File" else times)
                        if number:  # the first round warms up
                            found.setdefault((name, call), []).append(median(seconds) * 1000)
        for part in parts.values():
            part.close()
    medians = {key: median(each) for key, each in found.items()}
    return "\n\n".join((_times(medians, rounds), _less(medians)))


def _times(ms: Medians, rounds: int) -> str:
    rows = [
        (what, *(f"{ms[name, call]:.3f}" for name in OURS + PEERS + FLOORS))
        for call, (what, _) in CALLS.items()
    ]
    head = ("ms", "blocking", "async", "blocking, normal", *PEERS, "`sqlite3`", "`sqlite3`, normal",
            "JSON lines")  # fmt: skip
    return (
        f"### Chat histories with 10,000 messages (median of {rounds} rounds in turn)\n\n"
        f"{table(head, rows)}"
    )


def _less(ms: Medians) -> str:
    rows = [
        (
            what,
            *(ratio(ms[other, call], ms[name, call]) for name in OURS for other in ("SQL", "File")),
            f"{AIMS[call]}×",
        )
        for call, (what, _) in CALLS.items()
    ]
    head = (
        "times less than", "SQL", "File", "SQL, async", "File, async", "SQL, normal",
        "File, normal", "aim",
    )  # fmt: skip
    return f"### Beside the durable peers\n\n{table(head, rows)}"
