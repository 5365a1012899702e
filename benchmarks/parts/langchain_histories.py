"""Answers for the chat histories of LangChain itself; "fill" makes them.

None has a way to read only the end: `messages` is all of it.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from langchain_community.chat_message_histories import (  # noqa: E402
    FileChatMessageHistory,
    SQLChatMessageHistory,
)
from langchain_core.chat_history import InMemoryChatMessageHistory  # noqa: E402
from langchain_core.messages import messages_to_dict  # noqa: E402
from langchain_material import calls, talk  # noqa: E402
from records_material import BATCH, LAST, STORED, answer  # noqa: E402

SQL, FILE = "langchain.db", "langchain.json"


def sql(folder: Path) -> SQLChatMessageHistory:
    return SQLChatMessageHistory("chat", connection=f"sqlite:///{folder / SQL}")


def fill(folder: Path) -> None:
    said = talk(STORED, seed=2)
    kept = sql(folder)
    for start in range(0, STORED, BATCH):
        kept.add_messages(said[start : start + BATCH])
    # as `FileChatMessageHistory` writes it, which for each message writes the whole file
    (folder / FILE).write_text(json.dumps(messages_to_dict(said)))


async def main(folder: Path) -> None:
    def last(history) -> None:
        assert len(history.messages[-LAST:]) == LAST

    in_memory = InMemoryChatMessageHistory(messages=talk(STORED, seed=2))
    kept = sql(folder)  # one engine, as a server has
    await answer(
        calls("SQL", lambda: kept, last)
        | calls("File", lambda: FileChatMessageHistory(str(folder / FILE)), last)
        | calls("InMemory", lambda: in_memory, last)
    )


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "fill":
        fill(where)
    else:
        asyncio.run(main(where))
