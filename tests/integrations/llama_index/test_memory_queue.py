"""What leaves the chat of a `DiaryMemory`, and how it is counted."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
)
from llama_index.core.storage.chat_store.base_db import MessageStatus

from diarist import Diary, Message
from integrations.llama_index.scripted import (
    TOOL,
    Listening,
    answer,
    calling,
    short,
    texts,
    user,
    words,
)

if TYPE_CHECKING:
    from integrations.places import Place

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


def test_the_oldest_whole_turns_leave_and_system_messages_stay(place: Place):
    memory = short(place)
    memory.put_messages([ChatMessage("Be kind.", role="system"), user("one " * 4), answer("two")])
    memory.put_messages([user("three " * 4), calling("look", a=1), TOOL])
    assert len(memory.get_all(ACTIVE)) == 4
    assert texts(memory.get_all(ARCHIVED)) == ["one " * 4, "two"]
    memory.put(answer("four " * 30))
    assert texts(memory.get())[:2] == ["Be kind.", "three " * 4]
    memory.put(user("five"))
    assert texts(memory.get()) == ["Be kind.", "five"]
    assert len(memory.get_all()) == 8
    assert memory.get_all()[0].role == "system"


def test_questions_that_nobody_answers_leave_too(place: Place):
    memory = short(place)
    for number in range(30):
        memory.put(user(f"question {number}"))
    assert texts(memory.get()) == [f"question {number}" for number in range(23, 30)]
    assert len(memory.get_all()) == 30
    memory.put_messages([calling("look"), TOOL, answer("word " * 30)])
    assert texts(memory.get())[0] == "question 29"
    assert len(memory.get()) == 4


@pytest.mark.parametrize(
    "block",
    [
        ThinkingBlock(content="word " * 30),
        CitableBlock(title="t", source="s", content=[TextBlock(text="word " * 30)]),
        CitationBlock(
            title="t", source="s", cited_content=TextBlock(text="word " * 30),
            additional_location_info={},
        ),
        ImageBlock(url="http://example.org/a.png"),
    ],
    ids=lambda block: block.block_type,
)  # fmt: skip
def test_everything_in_a_message_counts(block: Any, place: Place):
    memory = short(place)
    memory.put_messages([user("a"), ChatMessage(role="assistant", blocks=[block]), user("b")])
    assert texts(memory.get()) == ["b"]


def test_tool_calls_count_by_what_they_are_called_with(place: Place):
    memory = short(place)
    memory.put_messages([user("a"), calling("look", text="word " * 30), TOOL, user("b")])
    assert texts(memory.get()) == ["b"]


def test_blocks_are_handed_what_leaves_each_in_objects_of_its_own(place: Place):
    class Spoiling(Listening):
        async def _aput(self, messages: list[ChatMessage]) -> None:
            await super()._aput(messages)
            for message in messages:
                message.blocks.clear()

    blocks = [Spoiling(name=name, heard=[]) for name in "ab"]
    memory = short(place, memory_blocks=blocks)
    memory.put_messages([user("one " * 10), answer("two " * 10), user("three")])
    assert [block.heard for block in blocks] == [[["one " * 10, "two " * 10]]] * 2
    assert texts(memory.get_all()) == ["one " * 10, "two " * 10, "three"]
    assert all(not message.additional_kwargs for message in memory.get_all())


def test_two_at_the_same_time_keep_both_messages_in_the_chat(place: Place):
    """Where LlamaIndex's own memory archives both; what leaves is handed over once."""
    block = Listening(name="listening", heard=[])
    a, b = [short(diary, memory_blocks=[block]) for diary in (place, Diary(place))]

    async def main() -> None:
        await a.aput_messages([user("old " * 9), answer("older " * 4)])
        await asyncio.gather(a.aput(user("A " * 3)), b.aput(user("B " * 3)))

    asyncio.run(main())
    assert sorted(filter(None, texts(a.get_all(ACTIVE)))) == ["A A A ", "B B B "]
    assert [heard for heard in block.heard if heard] == [["old " * 9, "older " * 4]]


def test_threads_with_loops_of_their_own_lose_nothing(place: Place):
    memory = short(place, limit=40)

    def work(name: str) -> None:
        for number in range(10):
            memory.put_messages([user(f"{name} {number}"), answer("yes")])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory.get_all()) == 60
    active = memory.get_all(ACTIVE)
    assert active[0].role == "user"
    assert sum(len(words(message.content or "")) for message in active) <= 28


def test_a_put_counts_its_own_message_and_those_that_others_wrote(place: Place):
    counted: list[str] = []

    def counting(text: str) -> list[str]:
        counted.append(text)
        return text.split()

    memory = short(place, limit=1000, tokenizer_fn=counting)
    memory.put_messages([user(str(number)) for number in range(100)])
    counted.clear()
    memory.put(user("mine"))
    assert counted == ["mine"]
    Diary(place).sync.messages.append("ana", "chat", [Message("user", "theirs")])
    counted.clear()
    memory.put(user("again"))
    assert counted == ["theirs", "again"]
    again = short(memory.diary, limit=1000, tokenizer_fn=counting)
    memory.diary.sync.messages.delete("ana", "chat", positions=[0])
    counted.clear()
    again.put(user("last"))
    assert counted == ["last"]
    memory.diary.sync.messages.replace("ana", "chat", [])
    counted.clear()
    memory.put_messages([user("new"), user("word " * 800)])
    assert len(memory.get_all()) == 2
