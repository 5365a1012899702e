"""`DiaryMemory` is a `Memory` that lasts, and shows what the diary says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import Memory, StaticMemoryBlock
from llama_index.core.storage.chat_store import SimpleChatStore
from llama_index.core.storage.chat_store.base_db import MessageStatus

from diarist import Diary, UserNotBoundError, bind_user
from integrations.llama_index.scripted import Listening, answer, likes, short, texts, user, words
from llama_index_diarist import DiaryAsyncChatStore, DiaryMemory, DiaryMemoryBlock

if TYPE_CHECKING:
    from integrations.places import Place

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


# ------------------------------------------------------------ what a model is shown


def test_the_chat_and_what_the_diary_says_are_shown(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")
    assert memory.get() == []
    memory.put(user("I'm allergic to walnuts."))
    memory.put(answer("Noted."))
    assert texts(memory.get_all()) == ["I'm allergic to walnuts.", "Noted."]
    system, *chat = DiaryMemory.open(place, "ana", "chat").get()
    assert system.role == "system"
    assert "allergies: allergic to walnuts" in (system.content or "")
    assert texts(chat) == ["I'm allergic to walnuts.", "Noted."]
    (other,) = DiaryMemory.open(place, "ana", "other").get(input="Any nuts?")
    assert "walnuts" in (other.content or "")
    assert DiaryMemory.open(place, "ben", "chat").get(initial_token_count=7) == []


def test_all_that_is_known_stands_in_one_system_message(place: Place):
    """The developer's words first; nothing is added by reading again."""
    blocks = [StaticMemoryBlock(name="static", static_content="Be brief.")]
    memory = DiaryMemory.open(place, "ana", "chat", memory_blocks=blocks)
    memory.diary.sync.upsert_preference("ana", "likes", "love tea")
    memory.put_messages([ChatMessage("You help.", role="system"), user("Hi!")])
    shown = memory.get()
    assert memory.get() == shown
    assert [message.role.value for message in shown] == ["system", "user"]
    content = shown[0].content or ""
    places = [content.index(part) for part in ("You help.", "Be brief.", "likes: love tea")]
    assert places == sorted(places)
    assert texts(memory.get_all()) == ["You help.", "Hi!"]


def test_it_can_stand_in_the_newest_question_instead(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat", insert_method="user")
    memory.diary.sync.upsert_preference("ana", "likes", "love tea")
    assert [message.role.value for message in memory.get()] == ["user"]
    memory.put_messages([user("Hi!"), answer("Hello!"), user("What?"), answer("Yes.")])
    shown = memory.get()
    assert [message.role.value for message in shown] == ["user", "assistant", "user", "assistant"]
    assert "likes: love tea" in (shown[2].content or "")
    assert (shown[2].content or "").endswith("What?")
    assert shown[0] == user("Hi!")


def test_stored_text_cannot_leave_its_place(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")
    memory.diary.sync.upsert_preference("ana", "likes", "love </memory></diary> {{tea}}")
    content = memory.get()[0].content or ""
    assert "love &lt;/memory&gt;&lt;/diary&gt; {{tea}}" in content
    assert content.count("</memory>") == 1


def test_the_diary_keeps_to_its_budget(place: Place):
    diary = Diary(place)
    for number in range(50):
        diary.sync.upsert_preference("ana", "likes", f"love dish number {number}", id="new")
    long = DiaryMemory.open(diary, "ana", "chat").get()[0].content or ""
    brief = DiaryMemory.open(diary, "ana", "chat", context_tokens=100).get()[0].content or ""
    assert 10 < brief.count("\n") < long.count("\n")
    assert DiaryMemory.open(diary, "ana", "chat", context_tokens=0).get() == []
    memory = DiaryMemory.open(diary, "ana", "chat", token_limit=120, tokenizer_fn=words)
    memory.put(user("word " * 80))
    assert len(words(" ".join(filter(None, texts(memory.get()))))) <= 120


def test_blocks_are_asked_with_the_session_and_the_question_once():
    block = Listening(name="listening", said="heard", heard=[])
    memory = DiaryMemory.open(None, "ana", "chat", memory_blocks=[block])
    memory.put(user("Hi!"))
    memory.get(input="Hi!", initial_token_count=3)
    memory.get(input=user("And?"))
    known = {"session_id": "chat"}
    assert block.heard == [
        (["Hi!"], {**known, "initial_token_count": 3}),
        (["Hi!", "And?"], known),
    ]


# ------------------------------------------------------------ set, reset


def test_a_history_replaces_what_was_there_at_once(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat", context_tokens=0)
    memory.put_messages([user("I love tea."), answer("Noted.")])
    memory.set([user("a"), answer("b"), user("I love coffee.")])
    assert texts(memory.get_all()) == ["a", "b", "I love coffee."]
    bad = ChatMessage("x", additional_kwargs={"call": lambda: None})
    with pytest.raises(TypeError, match="additional_kwargs"):
        memory.set([user("c"), bad])
    with pytest.raises(TypeError, match="additional_kwargs"):
        memory.put_messages([user("c"), bad])
    assert texts(memory.get_all()) == ["a", "b", "I love coffee."]
    memory.put(answer("Noted."))
    assert "coffee" in likes(memory.diary)
    given = DiaryMemory.open(place, "ana", "chat", chat_history=[user("new")])
    assert texts(given.get_all()) == ["new"]


def test_a_reset_clears_the_chat_alone(place: Place):
    memory = short(place)
    memory.put_messages([user("I love tea. " * 9), answer("Noted."), user("b")])
    other = DiaryMemory.open(place, "ana", "other")
    other.put(user("stays"))
    asyncio.run(memory.areset(ARCHIVED))
    assert texts(memory.get_all()) == ["b"]
    memory.put_messages([user("I love coffee."), answer("Noted.")])
    memory.reset()
    assert memory.get_all() == []
    assert texts(other.get_all()) == ["stays"]
    assert "coffee" in likes(memory.diary)
    memory.put(user("anew"))
    assert texts(memory.get()) == ["anew"]


# ------------------------------------------------------------ whose


def test_user_and_session_are_the_arguments_else_the_bound_ones(place: Place):
    memory = DiaryMemory.open(place, context_tokens=0)
    with pytest.raises(UserNotBoundError):
        memory.put(user("nobody's"))
    with pytest.raises(UserNotBoundError):
        memory.get()
    for who, session in [("ana", "a"), ("ana", "b"), ("ben", "a")]:
        with bind_user(who, session):
            memory.put(user(f"{who} {session}"))
    with bind_user("ana"):
        assert memory.get() == []
        memory.put(user("her own"))
        assert texts(memory.get()) == ["her own"]
    with bind_user("ana", "b"):
        assert texts(memory.get()) == ["ana b"]
        assert texts(DiaryMemory.open(place, session_id="a", context_tokens=0).get()) == ["ana a"]


@pytest.mark.parametrize("session", ["", "../x", "日本/\n", "x" * 10_000])
def test_any_text_names_a_session(session: str, place: Place):
    DiaryMemory.open(place, "ana", session).put(user("here"))
    assert texts(DiaryMemory.open(place, "ana", session).get_all()) == ["here"]
    assert [one.id for one in Diary(place).sync.messages.sessions("ana")] == [session]


def test_without_a_diary_it_is_a_memory_of_its_own():
    memory = DiaryMemory()
    memory.put(user("Hi!"))
    assert texts(memory.get_all()) == ["Hi!"]
    assert DiaryMemory().get_all() == []


def test_it_is_made_as_a_memory_is(place: Place):
    store = DiaryAsyncChatStore(place, "ana")
    memory = DiaryMemory.from_defaults("chat", [user("a")], 1000, chat_store=store)
    assert isinstance(memory, Memory)
    assert (memory.token_limit, texts(memory.get())) == (1000, ["a"])
    assert texts(asyncio.run(store.get_messages("chat"))) == ["a"]
    with pytest.raises(TypeError, match="keeps the chat in its diary"):
        DiaryMemory.from_defaults(chat_store=SimpleChatStore())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unique names"):
        DiaryMemory(None, memory_blocks=[DiaryMemoryBlock(None, "a"), DiaryMemoryBlock(None, "a")])
