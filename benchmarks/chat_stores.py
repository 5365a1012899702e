"""LlamaIndex's chat stores and ours: a message appended to 10,000, all of them read, and the last.

And a message put into a memory over them: `DiaryMemory`, and LlamaIndex's `Memory`.

All are on disk. The files are filled once; then everybody stays, and they take turns: in each round
each call is made a few times.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from measure import WORK, Part, at_least, median, peer, ratio, table
from records import LLAMA_INDEX

ROUNDS = 5
PART = Path(__file__).parent / "parts" / "llama_index_records.py"
BESIDE = LLAMA_INDEX[:5]
STORES = {
    "diarist": "DiaryChatStore, DiaryAsyncChatStore",
    "sqlalchemy": "SQLAlchemyChatStore",
    "sqlite": "SQLiteChatStore",
    "simple": "SimpleChatStore with persist",
}
WHAT = {"append": 8, "all": 1, "last": 4, "put": 4}
"""What is measured, and how often in each round."""
LACKING = {
    ("sqlalchemy", "sync append"), ("sqlalchemy", "sync all"), ("sqlalchemy", "sync last"),
    ("diarist", "sync last"), ("sqlite", "sync last"),
    ("simple", "append"), ("simple", "all"), ("simple", "last"),
    *((store, "sync put") for store in STORES), ("sqlite", "put"), ("simple", "put"),
}  # fmt: skip


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    python = peer("llama_index", *LLAMA_INDEX)
    calls = [
        (store, flavour + what, times)
        for what, times in WHAT.items()
        for flavour in ("sync ", "")
        for store in STORES
        if (store, flavour + what) not in LACKING
    ]
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        for store in STORES:
            Part(python, PART, store, folder, "fill").close()
        os.sync()
        parts = {store: Part(python, PART, store, folder, "answer") for store in STORES}
        for number in range(rounds + 1):
            for store, call, times in calls:
                seconds = parts[store].ask(call, 1 if store == "simple" else times)
                if number:  # the first round warms up
                    found.setdefault((store, call), []).append(median(seconds) * 1000)
        for part in parts.values():
            part.close()
    medians = {call: median(each) for call, each in found.items()}
    rows: list[tuple[object, ...]] = []
    for store, name in STORES.items():
        for flavour in ("sync ", ""):
            cells: list[str] = []
            for what in WHAT:
                ours = medians.get(("diarist", flavour + what)) or medians["diarist", what]
                ms = medians.get((store, flavour + what))
                cells += [f"{ms:.2f}", ratio(ms, ours)] if ms else ["", ""]
            if any(cells):
                rows.append((name, "sync" if flavour else "async", *cells))
    head = (
        "store",
        "calls",
        "append ms",
        "×",
        "all ms",
        "×",
        "last 20 ms",
        "×",
        "memory aput ms",
        "×",
    )
    return (
        f"### Chat stores of LlamaIndex, 10,000 messages stored (median of {rounds} rounds in "
        f"turn; × is times ours)\n\n{table(head, rows)}"
    )
