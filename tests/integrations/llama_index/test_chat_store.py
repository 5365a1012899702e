"""Both chat stores do what LlamaIndex's own do, and keep what those lose."""

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
from llama_index.core.storage.chat_store.base_db import MessageStatus
from workflows.context.serializers import JsonSerializer

from diarist import Diary, Message, UserNotBoundError, bind_user
from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED
KEYS = ["b", "", "a", "../x", "日本/\n", "x" * 10_000, "a#1", "A", " ", "nul\0"]
BAD = ChatMessage("bad", additional_kwargs={"call": lambda: None})


def said(*texts: str) -> list[ChatMessage]:
    return [ChatMessage(text) for text in texts]


def texts(messages: Iterable[ChatMessage] | None) -> list[str | None]:
    assert messages is not None
    return [message.content for message in messages]


class Twice:
    """A `DiaryChatStore` by its sync or by its async methods."""

    def __init__(self, store: DiaryChatStore, flavour: str) -> None:
        self.store, self.is_async = store, flavour == "async"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not self.is_async:
            return getattr(self.store, name)
        method = getattr(self.store, "async_add_message" if name == "add_message" else f"a{name}")
        return lambda *args, **kwargs: asyncio.run(method(*args, **kwargs))


@pytest.fixture(params=["sync", "async"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return Twice(DiaryChatStore(tmp_path, "ana"), request.param)


@pytest.fixture
def queue(tmp_path: Path) -> DiaryAsyncChatStore:
    return DiaryAsyncChatStore(tmp_path, "ana")


# ------------------------------------------------------------ DiaryChatStore


def test_messages_are_listed_as_they_were_added(store: Any):
    assert store.get_messages("chat") == []
    for message in said("a", "b", "c"):
        store.add_message("chat", message)
    store.add_message("other", ChatMessage("d"))
    assert store.get_messages("chat") == said("a", "b", "c")
    assert store.get_messages("chat", initial_token_count=5) == said("a", "b", "c")


def test_a_message_is_added_at_a_position_as_in_a_list(store: Any):
    listed = ["a", "b"]
    store.set_messages("chat", said(*listed))
    for idx, text in [(0, "c"), (2, "d"), (-1, "e"), (99, "f"), (-99, "g")]:
        store.add_message("chat", ChatMessage(text), idx)
        listed.insert(idx, text)
        assert texts(store.get_messages("chat")) == listed


def test_what_is_set_takes_the_place_of_what_was_there(store: Any):
    store.set_messages("chat", said("a", "b"))
    store.set_messages("chat", said("a", "c", "d"))
    assert texts(store.get_messages("chat")) == ["a", "c", "d"]
    store.set_messages("chat", [])
    assert store.get_messages("chat") == []


def test_a_message_is_deleted_by_its_position(store: Any):
    store.set_messages("chat", said("a", "b", "c", "d"))
    assert store.delete_message("chat", 0) == ChatMessage("a")
    assert store.delete_message("chat", 1) == ChatMessage("c")
    assert store.delete_message("chat", -2) == ChatMessage("b")
    assert texts(store.get_messages("chat")) == ["d"]


@pytest.mark.parametrize("idx", [1, 99, -2, -99, 2**70])
def test_where_there_is_no_message_none_is_deleted(store: Any, idx: int):
    store.add_message("chat", ChatMessage("a"))
    assert store.delete_message("chat", idx) is None
    assert store.delete_message("no such chat", 0) is None
    assert texts(store.get_messages("chat")) == ["a"]


def test_the_last_message_is_deleted_until_there_is_none(store: Any):
    assert store.delete_last_message("chat") is None
    store.set_messages("chat", said("a", "b"))
    assert store.delete_last_message("chat") == ChatMessage("b")
    assert store.delete_last_message("chat") == ChatMessage("a")
    assert store.delete_last_message("chat") is None


def test_deleting_all_messages_of_a_key_returns_them(store: Any):
    assert store.delete_messages("chat") is None
    store.set_messages("chat", said("a", "b"))
    store.set_messages("other", said("c"))
    assert store.delete_messages("chat") == said("a", "b")
    assert store.get_messages("chat") == []
    assert store.delete_messages("chat") is None
    assert store.get_keys() == ["other"]
    store.add_message("chat", ChatMessage("d"))
    assert texts(store.get_messages("chat")) == ["d"]


def test_keys_are_any_strings_and_listed_as_they_came(store: Any):
    for number, key in enumerate(KEYS):
        store.add_message(key, ChatMessage(str(number)))
    store.add_message(KEYS[0], ChatMessage("again"))
    assert store.get_keys() == KEYS
    for number, key in enumerate(KEYS[1:], 1):
        assert texts(store.get_messages(key)) == [str(number)]


def test_a_key_is_listed_while_it_has_messages(store: Any):
    store.set_messages("never", [])
    store.set_messages("chat", said("a"))
    assert store.get_keys() == ["chat"]
    store.delete_last_message("chat")
    assert store.get_keys() == []


def test_messages_are_the_callers_own(store: Any):
    mine = said("a")
    store.set_messages("chat", mine)
    mine[0].blocks.clear()
    mine.append(ChatMessage("b"))
    found = store.get_messages("chat")
    found[0].additional_kwargs["session_id"] = "leaked"
    found.clear()
    assert store.get_messages("chat") == said("a")


@pytest.mark.parametrize("stored", [[], ["a", "b"]])
def test_a_bad_message_of_a_batch_leaves_everything_as_it_was(store: Any, stored: list[str]):
    store.set_messages("chat", said(*stored))
    with pytest.raises(TypeError, match=r"additional_kwargs\['call'\]"):
        store.set_messages("chat", [*said("c"), BAD])
    with pytest.raises(TypeError, match=r"additional_kwargs\['call'\]"):
        store.add_message("chat", BAD)
    assert texts(store.get_messages("chat")) == stored


def test_archived_messages_are_left_out_until_all_are_deleted(
    store: Any, queue: DiaryAsyncChatStore
):
    store.set_messages("chat", said("a", "b", "c"))
    asyncio.run(queue.archive_oldest_messages("chat", 2))
    assert texts(store.get_messages("chat")) == ["c"]
    assert store.delete_message("chat", 0) == ChatMessage("c")
    assert store.get_keys() == ["chat"]
    assert texts(store.delete_messages("chat")) == ["a", "b"]
    assert asyncio.run(queue.count_messages("chat", None)) == 0


def test_what_is_set_replaces_archived_messages_too(store: Any, queue: DiaryAsyncChatStore):
    store.set_messages("chat", said("a", "b"))
    asyncio.run(queue.archive_oldest_messages("chat", 1))
    store.set_messages("chat", said("c"))
    assert texts(asyncio.run(queue.get_messages("chat", None))) == ["c"]


# ------------------------------------------------------------ DiaryAsyncChatStore


async def everything(queue: DiaryAsyncChatStore, key: str = "chat") -> list[list[str | None]]:
    """Return the texts of all messages, of the active and of the archived ones."""
    found = [texts(await queue.get_messages(key, status)) for status in (None, ACTIVE, ARCHIVED)]
    counts = [await queue.count_messages(key, status) for status in (None, ACTIVE, ARCHIVED)]
    assert counts == [len(part) for part in found]
    return found


def test_messages_are_added_one_by_one_and_in_batches(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", [])
        assert await queue.get_keys() == await queue.diary.list_users() == []
        await queue.add_message("chat", ChatMessage("a"))
        await queue.add_messages("chat", said("b", "c"))
        await queue.add_messages("chat", [])
        await queue.add_message("chat", ChatMessage("old"), status=ARCHIVED)
        await queue.add_messages("chat", said("older"), ARCHIVED)
        assert await everything(queue) == [
            ["a", "b", "c", "old", "older"], ["a", "b", "c"], ["old", "older"]
        ]  # fmt: skip

    asyncio.run(main())


def test_a_part_is_read_by_limit_offset_or_from_the_end(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said(*"0123456789"))
        await queue.archive_oldest_messages("chat", 3)
        assert texts(await queue.get_messages("chat", limit=2)) == ["3", "4"]
        assert texts(await queue.get_messages("chat", limit=2, offset=5)) == ["8", "9"]
        assert texts(await queue.get_messages("chat", offset=6)) == ["9"]
        assert texts(await queue.get_messages("chat", None, 3, 1)) == ["1", "2", "3"]
        assert texts(await queue.get_messages("chat", ARCHIVED, limit=0)) == []
        assert texts(await queue.tail("chat", 2)) == ["8", "9"]
        assert texts(await queue.tail("chat", 99)) == [*"3456789"]
        assert await queue.tail("no such chat", 2) == []

    asyncio.run(main())


def test_what_is_set_replaces_all_and_has_its_status(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said("a", "b", "c"))
        await queue.archive_oldest_messages("chat", 2)
        await queue.set_messages("chat", said("a", "d"))
        assert await everything(queue) == [["a", "d"], ["a", "d"], []]
        await queue.set_messages("chat", said("a", "e"), status=ARCHIVED)
        assert await everything(queue) == [["a", "e"], [], ["a", "e"]]
        await queue.set_messages("chat", [])
        assert await everything(queue) == [[], [], []]

    asyncio.run(main())


def test_the_oldest_are_archived_and_keep_their_place(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said("a", "b", "c"))
        assert texts(await queue.archive_oldest_messages("chat", 1)) == ["a"]
        assert texts(await queue.archive_oldest_messages("chat", 1)) == ["b"]
        assert await everything(queue) == [["a", "b", "c"], ["c"], ["a", "b"]]
        for n in (0, -1):
            assert await queue.archive_oldest_messages("chat", n) == []
        assert texts(await queue.archive_oldest_messages("chat", 99)) == ["c"]
        assert await queue.archive_oldest_messages("chat", 1) == []
        assert await queue.archive_oldest_messages("no such chat", 1) == []

    asyncio.run(main())


def test_the_oldest_active_ones_are_deleted(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said(*"abcdef"))
        await queue.archive_oldest_messages("chat", 1)
        assert texts(await queue.delete_oldest_messages("chat", 1)) == ["b"]
        assert texts(await queue.delete_oldest_messages("chat", 3)) == ["c", "d", "e"]
        for n in (0, -1):
            assert await queue.delete_oldest_messages("chat", n) == []
        assert texts(await queue.delete_oldest_messages("chat", 10**12)) == ["f"]
        assert await queue.delete_oldest_messages("chat", 1) == []
        assert await everything(queue) == [["a"], [], ["a"]]

    asyncio.run(main())


def test_an_active_message_is_deleted_by_its_position(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said(*"abcd"))
        await queue.archive_oldest_messages("chat", 1)
        assert await queue.delete_message("chat", 0) == ChatMessage("b")
        assert await queue.delete_message("chat", -1) == ChatMessage("d")
        assert await queue.delete_message("chat", 1) is None
        assert await queue.delete_message("chat", -2) is None
        assert await queue.delete_message("no such chat", 0) is None
        assert await everything(queue) == [["a", "c"], ["c"], ["a"]]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "left"),
    [(ACTIVE, [["a"], [], ["a"]]), (ARCHIVED, [["b"], ["b"], []]), (None, [[], [], []])],
)
def test_messages_are_deleted_by_their_status(
    queue: DiaryAsyncChatStore, status: MessageStatus | None, left: list[list[str]]
):
    async def main() -> None:
        await queue.add_messages("chat", said("a", "b"))
        await queue.add_message("other", ChatMessage("c"))
        await queue.archive_oldest_messages("chat", 1)
        await queue.delete_messages("chat", status)
        assert await everything(queue) == left
        assert await queue.get_keys() == (["chat", "other"] if left[0] else ["other"])

    asyncio.run(main())


def test_a_bad_message_of_a_batch_leaves_both_queues_as_they_were(queue: DiaryAsyncChatStore):
    async def main() -> None:
        await queue.add_messages("chat", said("a", "b"))
        await queue.archive_oldest_messages("chat", 1)
        for change in (queue.add_messages, queue.set_messages):
            with pytest.raises(TypeError, match=r"additional_kwargs\['call'\]"):
                await change("chat", [*said("c"), BAD, *said("d")])
        assert await everything(queue) == [["a", "b"], ["b"], ["a"]]

    asyncio.run(main())


def test_keys_of_both_stores_are_the_users_sessions(queue: DiaryAsyncChatStore):
    queue.diary.sync.messages.append("ana", "chat", [Message("assistant", "Hi, Ana.")])
    queue.diary.sync.messages.append("ben", "mine", [Message("user", "Hello!")])
    store = DiaryChatStore(queue.diary, "ana")
    store.add_message("later", ChatMessage("a"))
    assert store.get_keys() == asyncio.run(queue.get_keys()) == ["chat", "later"]
    (found,) = asyncio.run(queue.get_messages("chat"))
    assert found == ChatMessage(role="assistant", content="Hi, Ana.")


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
folder, name = sys.argv[1:]
store, queue = DiaryChatStore(folder, "ana"), DiaryAsyncChatStore(folder, "ana")
for number in range(10):
    store.add_message("chat", ChatMessage(f"{name} {number}"))
    asyncio.run(queue.add_message("chat", ChatMessage(f"{name} {number} later")))
"""


def test_processes_share_a_folder(tmp_path: Path):
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, name]) for name in ("one", "two")
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    found = texts(DiaryChatStore(tmp_path, "ana").get_messages("chat"))
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


def test_a_store_in_a_folder_belongs_to_the_bound_user(tmp_path: Path):
    store, queue = DiaryChatStore(tmp_path), DiaryAsyncChatStore(tmp_path)
    for name in ("ana", "ben"):
        with bind_user(name):
            store.add_message("chat", ChatMessage(name))
            assert texts(asyncio.run(queue.get_messages("chat"))) == [name]
    with pytest.raises(UserNotBoundError, match="bind_user"):
        store.get_messages("chat")
    with pytest.raises(UserNotBoundError, match="bind_user"):
        asyncio.run(queue.add_message("chat", ChatMessage("nobody's")))
    with bind_user("ana"):
        assert texts(DiaryChatStore(Diary(tmp_path), "ben").get_messages("chat")) == ["ben"]


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
@pytest.mark.parametrize("place", ["folder", "memory"])
def test_a_store_that_was_serialized_opens_the_same_messages(
    tmp_path: Path,
    kind: type[DiaryChatStore | DiaryAsyncChatStore],
    again: Callable[[Any], Any],
    place: str,
):
    store = kind(tmp_path, "ana") if place == "folder" else kind()
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


def test_a_memory_buffer_is_loaded_with_its_store(tmp_path: Path):
    store = DiaryChatStore(tmp_path, "ana")
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
