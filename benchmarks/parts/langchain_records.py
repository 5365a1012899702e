"""Answers for a message appended to, and the last 20 read from, LangChain's SQLChatMessageHistory
on a file; "fill" makes it.

The history has no way to read only the end: `messages` is all of them.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import sys
import warnings
from itertools import cycle
from pathlib import Path

warnings.simplefilter("ignore")

from langchain_community.chat_message_histories import SQLChatMessageHistory  # noqa: E402
from langchain_core.messages import AIMessage, HumanMessage  # noqa: E402
from records_material import BATCH, LAST, STORED, answer, texts  # noqa: E402


def history(folder: Path) -> SQLChatMessageHistory:
    return SQLChatMessageHistory("chat", connection=f"sqlite:///{folder / 'langchain.db'}")


def fill(folder: Path) -> None:
    said = [
        (AIMessage if number % 2 else HumanMessage)(text)
        for number, text in enumerate(texts(STORED, seed=2))
    ]
    kept = history(folder)
    for start in range(0, STORED, BATCH):
        kept.add_messages(said[start : start + BATCH])


async def main(folder: Path) -> None:
    kept, values = history(folder), cycle(texts(1_000, seed=3))

    def append() -> None:
        kept.add_message(HumanMessage(next(values)))

    def last() -> None:
        assert len(kept.messages[-LAST:]) == LAST

    await answer({"append": append, "last": last})


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "fill":
        fill(where)
    else:
        asyncio.run(main(where))
