"""Messages and notes beside LangChain's, LlamaIndex's and memory-mini's, and bare `sqlite3`.

Everything is on disk and durable: all wait until the disk has each commit. The databases are filled
once; then everybody stays, and they take turns: in each round each call is made a few times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

from measure import WORK, Part, at_least, median, peer, ratio, table

ROUNDS = 9
PARTS = Path(__file__).parent / "parts"
SQLALCHEMY = "sqlalchemy[asyncio]==2.1.9"
LANGCHAIN = ("langchain-community==0.4.2", SQLALCHEMY)
LLAMA_INDEX = (
    "llama-index-core==0.14.25",
    "llama-index-storage-chat-store-sqlite==0.4.0",
    SQLALCHEMY,
    "aiosqlite==0.21.0",
    "pydantic==2.13.5",  # with 2.14 `SimpleChatStore.persist` raises
    "tomlkit",
    "rapidfuzz",
)
BESIDE = (*LANGCHAIN, *LLAMA_INDEX[:2])
CROWD = 640
"""Messages that a crowd appends; see the part."""
FLAVOURS = ("raw", "blocking", "async")
LENGTHS = (100, 10_000, 100_000)

Call: TypeAlias = tuple[str, str]
Medians: TypeAlias = dict[Call, float]
"""By peer and call: milliseconds."""


def calls() -> list[tuple[Call, int]]:
    """Return whose call is made how often in each round, in turn."""
    ours = [
        *((f"{flavour} append", 20) for flavour in ("raw", "store", "blocking", "async")),
        *((f"{flavour} get", 100) for flavour in ("raw", "store", "blocking", "async")),
        *((f"{flavour} last {length}", 20) for length in LENGTHS for flavour in FLAVOURS),
        *((f"{flavour} list", 30) for flavour in FLAVOURS),
        ("blocking list all", 3),
        *((f"{flavour} put {what}", 10) for what in ("new", "over") for flavour in FLAVOURS),
        *((name, 1) for name in ("raw alone", "async alone", "async crowd")),
    ]
    theirs = [
        (("LangChain", "SQL append"), 5),
        (("LangChain", "SQL last"), 1),
        (("LlamaIndex", "append"), 5),
        (("LlamaIndex", "last"), 3),
        (("memory-mini", "get"), 10),
        (("memory-mini", "put new"), 10),
        (("memory-mini", "put over"), 10),
        (("memory-mini", "list"), 3),
        (("memory-mini", "prefix"), 1),
    ]
    return [*((("diarist", name), times) for name, times in ours), *theirs]


def report(share: float = 1.0) -> str:
    """Return the tables; `share` takes fewer rounds."""
    rounds = at_least(1, share, ROUNDS)
    with_sqlalchemy = {
        "LangChain": peer("langchain", *LANGCHAIN),
        "LlamaIndex": peer("llama_index", *LLAMA_INDEX),
    }
    commands = {
        "diarist": (sys.executable, PARTS / "diarist_records.py"),
        "memory-mini": (sys.executable, PARTS / "memory_mini_statements.py"),
        "LangChain": (with_sqlalchemy["LangChain"], PARTS / "langchain_histories.py"),
        "LlamaIndex": (
            with_sqlalchemy["LlamaIndex"],
            PARTS / "llama_index_records.py",
            "sqlalchemy",
        ),
    }
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        for command in commands.values():
            Part(*command, folder, "fill").close()
        os.sync()  # or the disk would still be busy with that in the first round
        parts = {name: Part(*command, folder, "answer") for name, command in commands.items()}
        found: dict[Call, list[float]] = {}
        for number in range(rounds + 1):
            for call, times in calls():
                seconds = parts[call[0]].ask(call[1], times)
                if number:  # the first round warms up
                    found.setdefault(call, []).append(median(seconds) * 1000)
        for part in parts.values():
            part.close()
    medians = {call: median(each) for call, each in found.items()}
    beside = f"Medians of {rounds} rounds in turn; everybody waits until the disk has each commit."
    sections = (beside, _peers(medians), _floors(medians), _lasts(medians), _crowd(medians))
    return "\n\n".join(sections)


def _peers(ms: Medians) -> str:
    rows: list[tuple[object, ...]] = []
    for what, call, peer_call, aim in (
        ("append a message, 10,000 stored", "append", ("LangChain", "SQL append"), 10),
        ("append a message, 10,000 stored", "append", ("LlamaIndex", "append"), 10),
        ("last 20 of 10,000", "last 10000", ("LangChain", "SQL last"), None),
        ("last 20 of 10,000", "last 10000", ("LlamaIndex", "last"), None),
        ("get a note of 100,000", "get", ("memory-mini", "get"), 50),
        ("list ten below a prefix", "list", ("memory-mini", "prefix"), 50),
        ("list ten of a namespace of 1,000", "list", ("memory-mini", "list"), 50),
        ("put a new note", "put new", ("memory-mini", "put new"), 5),
        ("put over a note", "put over", ("memory-mini", "put over"), 5),
    ):
        ours, later, theirs = (
            ms["diarist", f"blocking {call}"],
            ms["diarist", f"async {call}"],
            ms[peer_call],
        )
        less = (ratio(theirs, ours), ratio(theirs, later), f"{aim}×" if aim else "")
        rows.append((what, f"{ours:.3f}", f"{later:.3f}", peer_call[0], f"{theirs:.2f}", *less))
    ours, theirs = ms["diarist", "blocking list all"], ms["memory-mini", "list"]
    times = (f"{ours:.3f}", "", "memory-mini", f"{theirs:.2f}", ratio(theirs, ours), "", "")
    rows.append(("list all 1,000 of a namespace", *times))
    head = (
        "what", "blocking ms", "async ms", "peer", "peer ms", "blocking less", "async less", "aim",
    )  # fmt: skip
    return f"### Records beside the peers\n\n{table(head, rows)}"


def _floors(ms: Medians) -> str:
    rows: list[tuple[object, ...]] = []
    for what, call, aims in (
        ("append a message", "append", ("≤ 1.5×", "≤ 2×")),
        ("get a note", "get", ("≤ 2.5×", "≤ 5×")),
        ("put a new note", "put new", ("", "")),
        ("put over a note", "put over", ("", "")),
        ("list ten notes", "list", ("", "")),
    ):
        raw, *ours = (ms["diarist", f"{flavour} {call}"] for flavour in FLAVOURS)
        store = ms.get(("diarist", f"store {call}"))
        under = ("", "") if store is None else (f"{store * 1000:.0f}", _times(store, raw))
        cells = [
            cell
            for each, aim in zip(ours, aims, strict=True)
            for cell in (f"{each * 1000:.0f}", _times(each, raw), aim)
        ]
        rows.append((what, f"{raw * 1000:.0f}", *under, *cells))
    head = (
        "call", "`sqlite3` µs", "store µs", "times", "blocking µs", "times", "aim", "async µs",
        "times", "aim",
    )  # fmt: skip
    return f"### Times bare `sqlite3`, which gives rows and checks nothing\n\n{table(head, rows)}"


def _lasts(ms: Medians) -> str:
    rows = [
        (
            f"{length:,}",
            *(f"{ms['diarist', f'{flavour} last {length}']:.3f}" for flavour in FLAVOURS),
            "< 1",
        )
        for length in LENGTHS
    ]
    head = ("messages in the session", "`sqlite3` ms", "blocking ms", "async ms", "aim")
    return f"### The last 20 messages of a session\n\n{table(head, rows)}"


def _crowd(ms: Medians) -> str:
    names = ("raw alone", "async alone", "async crowd")
    raw, alone, crowd = (CROWD * 1000 / ms["diarist", name] for name in names)
    rows = [
        ("`sqlite3`, one after the other", f"{raw:,.0f}", _times(raw, alone), ""),
        ("async, one after the other", f"{alone:,.0f}", _times(alone, alone), ""),
        ("async, 64 callers at once", f"{crowd:,.0f}", _times(crowd, alone), "≥ 3×"),
    ]
    head = ("durable appends of one message", "a second", "times one caller", "aim")
    return f"### 64 callers at once\n\n{table(head, rows)}"


def _times(one: float, other: float) -> str:
    return f"{one / other:.2f}×"
