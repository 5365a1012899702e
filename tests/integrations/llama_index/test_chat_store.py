"""A `DiaryChatStore` does what LlamaIndex's own do, and keeps what those lose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.llms import ChatMessage

from integrations.llama_index.scripted import BAD, said, texts
from llama_index_diarist import DiaryAsyncChatStore, DiaryChatStore

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = ["b", "", "a", "../x", "日本/\n", "x" * 10_000, "a#1", "A", " ", "nul\0"]


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
def store(request: pytest.FixtureRequest, queue: DiaryAsyncChatStore) -> Any:
    return Twice(DiaryChatStore(queue.diary, "ana"), request.param)


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
