"""Whose and where the messages of both chat stores are, and that many may share them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from pickle import dumps, loads
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.async_utils import asyncio_run
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, Memory
from workflows.context.serializers import JsonSerializer

from diarist import Diary, UserNotBoundError, bind_user
from integrations.llama_index.scripted import everything, said, texts
from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from integrations.places import Place


# ------------------------------------------------------------ many at once


def test_first_reads_and_writes_at_once_all_succeed(queue: DiaryAsyncChatStore):
    async def main() -> None:
        found = await asyncio.gather(*(queue.get_messages("chat") for _ in range(5)))
        assert found == [[]] * 5
        await asyncio.gather(*(queue.add_message("chat", m) for m in said(*"abcdefgh")))
        assert sorted(texts(await queue.get_messages("chat"))) == [*"abcdefgh"]

    asyncio.run(main())


def test_event_loops_and_threads_share_a_store(queue: DiaryAsyncChatStore):
    store = DiaryChatStore(queue.diary, "ana")

    def talk(name: int) -> None:
        async def in_a_loop() -> None:
            for n in range(5):
                await queue.add_message("chat", ChatMessage(f"{name} async {n}"))

        asyncio.run(in_a_loop())
        for n in range(5):
            store.add_message("chat", ChatMessage(f"{name} sync {n}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(talk, range(4)))
    found = texts(store.get_messages("chat"))
    assert len(found) == 40
    for name in range(4):
        mine = [text for text in found if text and text.startswith(f"{name} ")]
        assert mine == [f"{name} {flavour} {n}" for flavour in ("async", "sync") for n in range(5)]


def test_sync_calls_work_inside_a_running_loop(queue: DiaryAsyncChatStore):
    store = DiaryChatStore(queue.diary, "ana")
    memory = Memory.from_defaults(session_id="chat", chat_store=queue)

    async def main() -> None:
        store.add_message("chat", ChatMessage("a"))
        asyncio_run(queue.add_message("chat", ChatMessage("b")))
        memory.put(ChatMessage("c"))
        await memory.aput(ChatMessage("d"))
        assert texts(memory.get()) == texts(store.get_messages("chat")) == [*"abcd"]

    asyncio.run(main())


CHILD = """
import asyncio, sys
from llama_index.core.llms import ChatMessage
from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore
address, name = sys.argv[1:]
store, queue = DiaryChatStore(address, "ana"), DiaryAsyncChatStore(address, "ana")
for number in range(10):
    store.add_message("chat", ChatMessage(f"{name} {number}"))
    asyncio.run(queue.add_message("chat", ChatMessage(f"{name} {number} later")))
"""


def test_processes_share_a_place(address: str):
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, address, name]) for name in ("one", "two")
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    found = texts(DiaryChatStore(address, "ana").get_messages("chat"))
    for name in ("one", "two"):
        mine = [text for text in found if text and text.startswith(name)]
        assert mine == [f"{name} {n}{end}" for n in range(10) for end in ("", " later")]


# ------------------------------------------------------------ whose, and where


def test_a_store_of_its_own_in_memory_has_one_owner():
    store, other = DiaryChatStore(), DiaryChatStore()
    store.add_message("chat", ChatMessage("a"))
    assert texts(store.get_messages("chat")) == ["a"]
    assert other.get_messages("chat") == []
    assert store.diary.sync.list_users() == ["llama_index"]
    assert asyncio.run(DiaryAsyncChatStore().get_keys()) == []


def test_a_store_somewhere_belongs_to_the_bound_user(place: Place):
    store, queue = DiaryChatStore(place), DiaryAsyncChatStore(place)
    for name in ("ana", "ben"):
        with bind_user(name):
            store.add_message("chat", ChatMessage(name))
            assert texts(asyncio.run(queue.get_messages("chat"))) == [name]
    with pytest.raises(UserNotBoundError, match="bind_user"):
        store.get_messages("chat")
    with pytest.raises(UserNotBoundError, match="bind_user"):
        asyncio.run(queue.add_message("chat", ChatMessage("nobody's")))
    with bind_user("ana"):
        assert texts(DiaryChatStore(Diary(place), "ben").get_messages("chat")) == ["ben"]


AGAIN: dict[str, Callable[[Any], Any]] = {
    "from_dict": lambda store: type(store).from_dict(store.to_dict()),
    "from_json": lambda store: type(store).from_json(store.to_json()),
    "arguments": lambda store: type(store)(**store.model_dump()),
    "model_validate": lambda store: type(store).model_validate(store.model_dump()),
    "model_validate_json": lambda store: type(store).model_validate_json(store.model_dump_json()),
    "a context": lambda store: JsonSerializer().deserialize(JsonSerializer().serialize(store)),
    "pickle": lambda store: loads(dumps(store)),
    "copy": copy,
    "deepcopy": deepcopy,
    "model_copy": lambda store: store.model_copy(deep=True),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("kind", [DiaryChatStore, DiaryAsyncChatStore])
@pytest.mark.parametrize("in_memory", [False, True])
def test_a_store_that_was_serialized_opens_the_same_messages(
    address: str,
    kind: type[DiaryChatStore | DiaryAsyncChatStore],
    again: Callable[[Any], Any],
    in_memory: bool,
):
    store = kind() if in_memory else kind(address, "ana")
    opened = again(store)
    assert type(opened) is kind
    assert opened.user_id == store.user_id
    DiaryChatStore(store.diary, store.user_id).add_message("chat", ChatMessage("a"))
    assert texts(DiaryChatStore(opened.diary, opened.user_id).get_messages("chat")) == ["a"]


def test_a_serialized_store_says_where_messages_are_and_none_of_them(tmp_path: Path):
    store = DiaryChatStore(tmp_path, "ana")
    store.add_message("chat", ChatMessage("secret"))
    assert json.loads(store.to_json()) == {
        "class_name": "DiaryChatStore",
        "diary": {"folder": str(tmp_path)},
        "user_id": "ana",
    }


def test_a_memory_buffer_is_loaded_with_its_store(place: Place):
    store = DiaryChatStore(place, "ana")
    buffer = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key="chat")
    buffer.put(ChatMessage("a"))
    assert texts(ChatMemoryBuffer.from_string(buffer.to_string()).get()) == ["a"]


def test_a_memory_over_the_store_archives_and_starts_anew(queue: DiaryAsyncChatStore):
    async def main() -> None:
        def memory() -> Memory:
            return Memory.from_defaults(
                session_id="chat", chat_store=queue, token_limit=40, token_flush_size=10,
                tokenizer_fn=lambda text: text.split(),
            )  # fmt: skip

        await memory().aput_messages([ChatMessage(f"{n} " + "word " * 8) for n in range(6)])
        all_, active, archived = await everything(queue)
        assert len(all_) == 6
        assert archived
        assert all_ == archived + active
        assert texts(await memory().aget()) == active
        await memory().areset()
        assert await everything(queue) == [[], [], []]

    asyncio.run(main())


@pytest.mark.parametrize(
    "call",
    [
        lambda queue: queue.get_messages(3),
        lambda queue: queue.get_messages("chat", "lost"),
        lambda queue: queue.get_messages("chat", limit=-1),
        lambda queue: queue.add_messages("chat", "Hello!"),
        lambda queue: queue.add_messages("chat", ChatMessage("a")),
        lambda queue: queue.delete_message("chat", 0.5),
    ],
)
def test_wrong_arguments_are_refused(
    queue: DiaryAsyncChatStore, call: Callable[[DiaryAsyncChatStore], Awaitable[object]]
):
    async def main() -> None:
        await queue.add_message("chat", ChatMessage("a"))
        with pytest.raises((TypeError, ValueError)):
            await call(queue)
        assert await everything(queue) == [["a"], ["a"], []]

    asyncio.run(main())
