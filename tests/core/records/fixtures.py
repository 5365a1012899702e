"""Databases as each version of the schema wrote them: `python tests/core/records/fixtures.py`.

It writes `data/v<N>.db` with the schema of today. A database of a version that was released is
never written again: later versions must be able to open it.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from diarist import Message, Payload
from diarist.backends.sqlite import SQLiteRecords
from diarist.backends.statements import schema
from diarist.records import DeleteNote, NewTurn, PutNote

DATA = Path(__file__).parent / "data"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODEL = "model/3"


async def fill(records: SQLiteRecords) -> None:
    """Give Ana some of everything."""
    call = {"tool_calls": [{"id": "call_1", "args": {"n": 1.5}}]}
    said = [
        Message("user", "Where is the café?", id="m1"),
        Message("assistant", "", payload=Payload("langchain/1", call)),
        Message("tool", "Rua das Flores", name="maps", metadata={"stars": 4}),
        Message("assistant", "日本料理 is next to it.", at=NOON - HOUR),
        Message("user", "deleted"),
    ]
    await records.append("ana", "chat", said, now=NOON)
    await records.archive("ana", "chat", 1)
    await records.delete("ana", "chat", ids=[5])
    for number, state in enumerate(("done", "failed", "pending"), 1):
        at = NOON + number * HOUR
        turn = NewTurn(floor=4, owner="worker", lease=at + HOUR)
        await records.record("ana", "talk", [Message("user", f"turn {number}")], turn, now=at)
        if state == "done":
            await records.finish("ana", "talk", 5, "done")
        elif state == "failed":
            await records.finish("ana", "talk", 6, "failed", "TimeoutError: too slow")
        else:
            await records.release("ana", "talk", 7, owner="worker", reason="not yet")
    puts = [
        PutNote(("recipes", "soup"), "verde", {"text": "caldo verde"}, {"by": "ana"}),
        PutNote(("recipes",), "bolo", "bolo de arroz", ttl=1000 * HOUR),
        PutNote(("recipes",), "old", "forgotten soup", vectors={MODEL: [0.0, 0.0, 1.0]}),
        PutNote((), "", [1, None], vectors={MODEL: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]]}),
    ]
    await records.notes("ana", puts, now=NOON)
    await records.notes("ana", [DeleteNote(("recipes",), "old")], now=NOON + HOUR)


async def write_records(folder: str) -> None:
    records = SQLiteRecords(folder)
    await fill(records)
    await records.cleanup("ana", now=NOON, retention=HOUR)
    await records.aclose()


def write(path: Path) -> None:
    """Write the database of today's schema, with no log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(write_records(folder))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((Path(folder) / "ana" / "diary.db").read_bytes())


if __name__ == "__main__":
    write(DATA / f"v{schema.VERSION}.db")
