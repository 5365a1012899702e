"""A `DiaryAsyncChatStore` has active and archived messages, for `Memory`."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.storage.chat_store.base_db import MessageStatus

from diarist import Message
from integrations.llama_index.scripted import BAD, everything, said, texts
from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


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
