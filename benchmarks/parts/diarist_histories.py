"""Answers for `DiaryChatMessageHistory` and for the floors; "fill" makes them.

"full" and "normal" are the two levels of durability, blocking; "async" is the first of them. The
floors keep LangChain's own form of each message as a line of text and know nothing else: "raw full"
and "raw normal" a table of bare `sqlite3`, "lines" a file of JSON lines that is not synced.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_material import calls, pairs, questions, talk
from raw_records import connected
from records_material import BATCH, LAST, STORED, answer

from diarist import Diary, LocalBackend
from langchain_diarist import DiaryChatMessageHistory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    Durability = Literal["full", "normal"]


class RawHistory:
    """A table of messages in LangChain's own form."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self._connection = connected(path)
        self._connection.execute(f"PRAGMA synchronous = {durability}").fetchall()
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS messages (key INTEGER PRIMARY KEY, message TEXT NOT NULL)"
        )

    @property
    def messages(self) -> list[BaseMessage]:
        return self._built("SELECT message FROM messages ORDER BY key")

    def last(self, count: int) -> list[BaseMessage]:
        newest = f"SELECT message FROM messages ORDER BY key DESC LIMIT {count}"
        return self._built(newest)[::-1]

    def _built(self, query: str) -> list[BaseMessage]:
        rows = self._connection.execute(query).fetchall()
        return messages_from_dict([json.loads(row[0]) for row in rows])

    def add_message(self, message: BaseMessage) -> None:
        self.add_messages([message])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT INTO messages (message) VALUES (?)",
            [(json.dumps(message_to_dict(message)),) for message in messages],
        )
        self._connection.execute("COMMIT")


class Lines:
    """A file of messages in LangChain's own form; nobody waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def messages(self) -> list[BaseMessage]:
        return messages_from_dict([json.loads(line) for line in self._path.open()])

    def last(self, count: int) -> list[BaseMessage]:
        return self.messages[-count:]

    def add_message(self, message: BaseMessage) -> None:
        self.add_messages([message])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        with self._path.open("a") as file:
            file.writelines(json.dumps(message_to_dict(message)) + "\n" for message in messages)


def diary(folder: Path, durability: Durability) -> Diary:
    return Diary(LocalBackend(folder / f"diary-{durability}", durability=durability))


def fill(folder: Path) -> None:
    said = talk(STORED, seed=2)
    kept = [
        *(DiaryChatMessageHistory(diary(folder, level), who, "chat") for level, who in OURS),
        RawHistory(folder / "raw-full.db", "full"),
        RawHistory(folder / "raw-normal.db", "normal"),
        Lines(folder / "lines.jsonl"),
    ]
    for history in kept:
        for start in range(0, STORED, BATCH):
            history.add_messages(said[start : start + BATCH])


OURS: tuple[tuple[Durability, str], ...] = (
    ("full", "blocking"),
    ("full", "async"),
    ("normal", "blocking"),
)


def awaited(kept: Diary) -> dict[str, Any]:
    """Return the same calls, awaited."""

    def opened() -> DiaryChatMessageHistory:
        return DiaryChatMessageHistory(kept, "async", "chat")

    history, said, talks = opened(), questions(), pairs()

    async def run() -> None:
        new = opened()
        assert (await new.aget_messages()).copy()
        assert await new.aget_messages()
        await new.aadd_messages(next(talks))

    return {
        "async append": lambda: history.aadd_message(next(said)),
        "async pair": lambda: history.aadd_messages(next(talks)),
        "async last": lambda: history.aget_messages(last=LAST),
        "async all": lambda: opened().aget_messages(),
        "async again": lambda: history.aget_messages(),
        "async run": run,
    }


async def main(folder: Path) -> None:
    full, normal = diary(folder, "full"), diary(folder, "normal")

    def of(kept: Diary) -> DiaryChatMessageHistory:
        return DiaryChatMessageHistory(kept, "blocking", "chat")

    def newest(history: DiaryChatMessageHistory) -> None:
        assert len(history.get_messages(last=LAST)) == LAST

    def end(history: RawHistory | Lines) -> None:
        assert len(history.last(LAST)) == LAST

    raw = {level: RawHistory(folder / f"raw-{level}.db", level) for level in ("full", "normal")}
    lines = Lines(folder / "lines.jsonl")
    await answer(
        calls("full", lambda: of(full), newest)
        | calls("normal", lambda: of(normal), newest)
        | awaited(full)
        | calls("raw full", lambda: raw["full"], end)
        | calls("raw normal", lambda: raw["normal"], end)
        | calls("lines", lambda: lines, end)
    )


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "fill":
        fill(where)
    else:
        asyncio.run(main(where))
