"""Answers for a message appended to, and the last 20 read from, LlamaIndex's SQLAlchemyChatStore on
a file; "fill" makes it.

The store reads from the start only, so that the end takes a count and an offset.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import sys
from itertools import cycle
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from records_material import BATCH, LAST, STORED, answer, texts


def store(folder: Path) -> SQLAlchemyChatStore:
    return SQLAlchemyChatStore("messages", f"sqlite+aiosqlite:///{folder / 'llama_index.db'}")


async def fill(folder: Path) -> None:
    said = [
        ChatMessage(role="assistant" if number % 2 else "user", content=text)
        for number, text in enumerate(texts(STORED, seed=2))
    ]
    kept = store(folder)
    for start in range(0, STORED, BATCH):
        await kept.add_messages("chat", said[start : start + BATCH])


async def main(folder: Path) -> None:
    kept, values = store(folder), cycle(texts(1_000, seed=3))

    async def append() -> None:
        await kept.add_message("chat", ChatMessage(role="user", content=next(values)))

    async def last() -> None:
        there = await kept.count_messages("chat")
        assert len(await kept.get_messages("chat", limit=LAST, offset=there - LAST)) == LAST

    await answer({"append": append, "last": last})


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(fill(where) if sys.argv[2] == "fill" else main(where))
