"""A diary inside LlamaIndex's own `Memory`, over any chat store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.memory import InsertMethod, Memory

from diarist import Diary, SyncDiary, UserNotBoundError, bind_user
from integrations.failing import failing_diary
from integrations.llama_index.scripted import answer, calling, texts, user
from llama_index_diarist import DiaryAsyncChatStore, DiaryMemory, DiaryMemoryBlock

if TYPE_CHECKING:
    from integrations.places import Place


def words(text: str) -> list[str]:
    return text.split()


def memory_with(block: DiaryMemoryBlock, store: Any = None, **settings: Any) -> Memory:
    """Return LlamaIndex's memory, whose chat has room for seven words."""
    settings = {"token_limit": 10, "token_flush_size": 1, "tokenizer_fn": words, **settings}
    return Memory.from_defaults("chat", memory_blocks=[block], chat_store=store, **settings)


def ask(block: DiaryMemoryBlock, text: str = "What?", **kwargs: Any) -> str:
    return asyncio.run(block.aget([user(text)], **kwargs))


@pytest.fixture
def diary(place: Place) -> SyncDiary:
    diary = SyncDiary(place)
    for text in ("love tea", "love rye bread", "love </memory> rice"):
        diary.upsert_preference("ana", "likes", text, id="new")
    return diary


# ------------------------------------------------------------ what it says


@pytest.mark.parametrize("method", list(InsertMethod))
def test_a_memory_shows_what_the_diary_says(method: InsertMethod, diary: SyncDiary):
    memory = memory_with(DiaryMemoryBlock(diary, "ana"), token_limit=1000, insert_method=method)
    memory.put(user("What?"))
    for _ in range(3):
        shown = memory.get(input="What?")
        content = shown[0].content or ""
        assert content.count("likes: love tea") == 1
        assert "love &lt;/memory&gt; rice" in content
        assert len(shown) == (2 if method is InsertMethod.SYSTEM else 1)


def test_an_empty_diary_says_nothing(place: Place):
    block = DiaryMemoryBlock(place, "ana")
    assert ask(block, session_id="chat", initial_token_count=3) == ""
    assert asyncio.run(block.aget()) == ""
    memory = memory_with(block)
    memory.put(user("What?"))
    assert texts(memory.get()) == ["What?"]


def test_it_keeps_to_its_budget_and_leaves_out_what_helps_least(diary: SyncDiary):
    block = DiaryMemoryBlock(diary, "ana", priority=1)
    whole = ask(block, "Which bread?")
    count = diary.diary.count_tokens(whole)
    less = asyncio.run(block.atruncate(whole, 10)) or ""
    assert "rye bread" in less
    assert 0 < diary.diary.count_tokens(less) <= count - 10
    assert asyncio.run(block.atruncate(whole, count)) is None
    assert asyncio.run(block.atruncate("somebody else's", 1)) is None
    assert diary.diary.count_tokens(ask(DiaryMemoryBlock(diary, "ana", max_tokens=45))) <= 45


def test_a_memory_may_shorten_it(diary: SyncDiary):
    """By as much as it is over its limit, where the block says that it may."""
    block = DiaryMemoryBlock(diary, "ana", priority=1)

    def counted(text: str) -> list[int]:
        return [0] * diary.diary.count_tokens(text)

    roomy, tight = (
        memory_with(block, token_limit=limit, tokenizer_fn=counted) for limit in (1000, 52)
    )
    for memory in (roomy, tight):
        memory.put(user("Which bread?"))
    assert "rice" in (roomy.get()[0].content or "")
    system, question = tight.get()
    assert "rye bread" in (system.content or "")
    assert "rice" not in (system.content or "")
    assert question.content == "Which bread?"


# ------------------------------------------------------------ what it learns


@pytest.mark.parametrize("chat", ["its own", "the diary's"])
def test_it_learns_from_what_leaves_the_chat_once(chat: str, place: Place):
    """Where the chat is kept in the diary, nothing is kept twice."""
    diary = SyncDiary(place)
    store = DiaryAsyncChatStore(diary, "ana") if chat == "the diary's" else None
    memory = memory_with(DiaryMemoryBlock(diary, "ana"), store)
    memory.put_messages([user("I love tea."), calling("look", text="I love beer."), answer("Ok.")])
    assert diary.preferences("ana") == ""
    memory.put_messages([user("I love rye bread."), answer("Ok."), user("Why so?")])
    memory.put(answer("Because it is so and not otherwise."))
    assert "love tea" in diary.preferences("ana")
    assert "rye bread" in diary.preferences("ana")
    assert "beer" not in diary.preferences("ana")
    kept = diary.messages.read("ana", "chat", status=None)
    assert [m.text for m in kept[:5]] == [
        "I love tea.",
        '[calls look {"text": "I love beer."}]',
        "Ok.",
        "I love rye bread.",
        "Ok.",
    ]
    assert len(kept) == (7 if store else 5)
    assert texts(memory.get_all())[-1] == "Because it is so and not otherwise."
    assert len(memory.get_all()) == 7


def test_nothing_is_kept_twice_where_a_memory_is_put_to_by_several_at_once(place: Place):
    """LlamaIndex's own hands over some messages twice then, and others not at all."""
    memory = memory_with(DiaryMemoryBlock(place, "ana"), DiaryAsyncChatStore(place, "ana"))

    async def main() -> None:
        for number in range(6):
            question, answered = user(f"I love dish {number} a lot."), answer("Noted it is.")
            await asyncio.gather(memory.aput(question), memory.aput(answered))

    asyncio.run(main())
    assert len(memory.get_all()) == 12


def test_in_a_diary_memory_it_learns_nothing_twice(place: Place):
    block = DiaryMemoryBlock(place, "ana")
    memory = DiaryMemory.open(
        place, "ana", "chat", memory_blocks=[block], token_limit=10, token_flush_size=1,
        tokenizer_fn=words,
    )  # fmt: skip
    for _ in range(4):
        memory.put_messages([user("I love tea."), answer("So do I, so do I.")])
        memory.put_messages([user("Good."), answer("Yes.")])
    assert len(memory.get_all()) == 16
    assert len(asyncio.run(memory.diary.records.turns("ana"))) == 8  # type: ignore[union-attr]


def test_what_it_is_handed_stays_as_it_is(place: Place):
    block = DiaryMemoryBlock(place, "ana")
    given = [user("I love tea."), answer("Noted.")]
    asyncio.run(block.aput(given, session_id="chat"))
    assert texts(given) == ["I love tea.", "Noted."]
    assert [one.id for one in SyncDiary(place).messages.sessions("ana")] == ["chat"]
    assert SyncDiary(place).messages.read("ana", "chat") == []
    (first, _) = SyncDiary(place).messages.read("ana", "chat", status="archived")
    assert first.payload is None
    asyncio.run(DiaryMemoryBlock(place, "ben", learn=False).aput(given))
    assert SyncDiary(place).list_users() == ["ana"]


def test_outside_of_a_memory_the_session_is_the_bound_one(place: Place):
    with bind_user("ana", ""):
        asyncio.run(DiaryMemoryBlock(place).aput([user("I love tea."), answer("Noted.")]))
    assert [one.id for one in SyncDiary(place).messages.sessions("ana")] == [""]


# ------------------------------------------------------------ whose, failures


def test_whose_diary_it_is_is_settled_at_each_call(diary: SyncDiary):
    block = DiaryMemoryBlock(diary)
    with bind_user("ana"):
        assert "love tea" in ask(block)
    with bind_user("ben"):
        assert ask(block) == ""
    with pytest.raises(UserNotBoundError):
        ask(block)
    with pytest.raises(UserNotBoundError):
        asyncio.run(block.aput([user("I love tea."), answer("Noted.")]))


def test_a_failure_is_logged_and_the_chat_goes_on(caplog: pytest.LogCaptureFixture):
    diary, records = failing_diary()
    block = DiaryMemoryBlock(diary, "ana")
    memory = memory_with(block)
    records.is_failing = True
    memory.put_messages([user("I love tea. " * 3), answer("Noted."), user("b")])
    assert texts(memory.get()) == ["b"]
    assert caplog.text.count("the disk failed") == 2


def test_it_serializes_to_where_its_diary_is(place: Place):
    block = DiaryMemoryBlock(Diary(place), "ana", name="mine", max_tokens=70, priority=2)
    SyncDiary(place).upsert_preference("ana", "likes", "love tea")
    again = DiaryMemoryBlock.model_validate_json(block.model_dump_json())
    assert (again.name, again.max_tokens, again.priority) == ("mine", 70, 2)
    assert ask(again) == ask(block) != ""
