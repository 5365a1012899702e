"""Answers for one of LlamaIndex's chat stores, ours too: messages appended and read; "fill" makes
the files.

It runs in the environment of the peers, so that all have the same Pydantic. Where a store has no
way to read the end, that takes a count and an offset, or all of it.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import sys
from itertools import cycle
from pathlib import Path

from llama_index.core.llms import ChatMessage
from records_material import BATCH, LAST, STORED, answer, texts

ROOT = Path(__file__).parents[2]
ROOMY = 10**8  # tokens: nothing leaves the chat


def diarist(folder: Path):
    from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore, DiaryMemory

    later = DiaryAsyncChatStore(folder / "diarist", "ana")
    now = DiaryChatStore(later.diary, "ana")
    memory = DiaryMemory.open(later.diary, "ana", "chat", token_limit=ROOMY)
    return {
        "fill": lambda batch: later.add_messages("chat", batch),
        "sync append": lambda message: now.add_message("chat", message),
        "append": lambda message: later.add_message("chat", message),
        "sync all": lambda: now.get_messages("chat"),
        "all": lambda: later.get_messages("chat"),
        "last": lambda: later.tail("chat", LAST),
        "put": memory.aput,
    }


def sqlalchemy(folder: Path):
    from llama_index.core.memory import Memory
    from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore

    store = SQLAlchemyChatStore("messages", f"sqlite+aiosqlite:///{folder / 'sqlalchemy.db'}")

    memory = Memory.from_defaults("chat", chat_store=store, token_limit=ROOMY)

    async def last():
        there = await store.count_messages("chat")
        return await store.get_messages("chat", limit=LAST, offset=there - LAST)

    return {
        "fill": lambda batch: store.add_messages("chat", batch),
        "append": lambda message: store.add_message("chat", message),
        "all": lambda: store.get_messages("chat"),
        "last": last,
        "put": memory.aput,
    }


def sqlite(folder: Path):
    from llama_index.storage.chat_store.sqlite import SQLiteChatStore

    store = SQLiteChatStore.from_params(str(folder / "sqlite.db"))

    async def last():
        return (await store.aget_messages("chat"))[-LAST:]

    return {
        "fill": lambda batch: store.aset_messages("chat", batch),  # it adds them
        "sync append": lambda message: store.add_message("chat", message),
        "append": lambda message: store.async_add_message("chat", message),
        "sync all": lambda: store.get_messages("chat"),
        "all": lambda: store.aget_messages("chat"),
        "last": last,
    }


def simple(folder: Path):
    from llama_index.core.storage.chat_store import SimpleChatStore

    path = str(folder / "simple.json")
    kept = SimpleChatStore.from_persist_path(path)

    def append(messages):
        for message in messages:
            kept.add_message("chat", message)
        kept.persist(path)

    async def fill(batch):
        append(batch)

    def read():
        return SimpleChatStore.from_persist_path(path).get_messages("chat")

    return {
        "fill": fill,
        "sync append": lambda message: append([message]),
        "sync all": read,
        "sync last": lambda: read()[-LAST:],
    }


async def fill(store) -> None:
    said = [
        ChatMessage(role="assistant" if number % 2 else "user", content=text)
        for number, text in enumerate(texts(STORED, seed=2))
    ]
    for start in range(0, STORED, BATCH):
        await store["fill"](said[start : start + BATCH])


async def main(store) -> None:
    values = cycle(texts(1_000, seed=3))
    calls = {
        name: (lambda call=call: call(ChatMessage(role="user", content=next(values))))
        if "append" in name or name == "put"
        else call
        for name, call in store.items()
    }
    await answer(calls)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "core"), str(ROOT / "integrations")]
    made = globals()[sys.argv[1]](Path(sys.argv[2]))
    asyncio.run(fill(made) if sys.argv[3] == "fill" else main(made))
