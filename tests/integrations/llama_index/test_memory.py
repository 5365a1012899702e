"""`DiaryMemory` is a `Memory` that lasts, learns when a turn ends, and counts in full."""

from __future__ import annotations

import asyncio
import logging
import threading
from copy import copy, deepcopy
from pickle import dumps, loads
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
from llama_index.core.memory import BaseMemoryBlock, Memory, StaticMemoryBlock
from llama_index.core.storage.chat_store import SimpleChatStore
from llama_index.core.storage.chat_store.base_db import MessageStatus
from workflows.context.serializers import JsonSerializer

from diarist import (
    BackendError,
    Diary,
    Edit,
    Extraction,
    Message,
    UserNotBoundError,
    bind_user,
)
from diarist.testing import AsyncScriptedExtractor, MemoryBackend, ScriptedExtractor
from integrations.llama_index.scripted import answer, calling, failing_diary, texts, user
from llama_index_diarist import DiaryAsyncChatStore, DiaryMemory, DiaryMemoryBlock

if TYPE_CHECKING:
    from pathlib import Path

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED
LOVE_TEA = Edit("add", "likes", "love tea")
TOOL = ChatMessage("42 °C, walnuts", role="tool", additional_kwargs={"tool_call_id": "call_look"})


def words(text: str) -> list[str]:
    return text.split()


def short(diary: Any, limit: int = 20, **settings: Any) -> DiaryMemory:
    """Return a memory whose chat has room for 0.7 * limit words."""
    settings = {"tokenizer_fn": words, "token_flush_size": 1, "context_tokens": 0, **settings}
    return DiaryMemory.open(diary, "ana", "chat", token_limit=limit, **settings)


def likes(diary: Diary) -> str:
    return diary.sync.preferences("ana", skip_metadata=True)


class Listening(BaseMemoryBlock[str]):
    """Keeps what it is handed, and says one thing."""

    said: str = ""
    heard: list[Any]

    async def _aget(self, messages: Any = None, **block_kwargs: Any) -> str:
        self.heard.append((texts(messages or []), block_kwargs))
        return self.said

    async def _aput(self, messages: list[ChatMessage]) -> None:
        self.heard.append(texts(messages))


# ------------------------------------------------------------ what a model is shown


def test_the_chat_and_what_the_diary_says_are_shown(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    assert memory.get() == []
    memory.put(user("I'm allergic to walnuts."))
    memory.put(answer("Noted."))
    assert texts(memory.get_all()) == ["I'm allergic to walnuts.", "Noted."]
    system, *chat = DiaryMemory.open(tmp_path, "ana", "chat").get()
    assert system.role == "system"
    assert "allergies: allergic to walnuts" in (system.content or "")
    assert texts(chat) == ["I'm allergic to walnuts.", "Noted."]
    (other,) = DiaryMemory.open(tmp_path, "ana", "other").get(input="Any nuts?")
    assert "walnuts" in (other.content or "")
    assert DiaryMemory.open(tmp_path, "ben", "chat").get(initial_token_count=7) == []


def test_all_that_is_known_stands_in_one_system_message(tmp_path: Path):
    """The developer's words first; nothing is added by reading again."""
    blocks = [StaticMemoryBlock(name="static", static_content="Be brief.")]
    memory = DiaryMemory.open(tmp_path, "ana", "chat", memory_blocks=blocks)
    memory.diary.sync.upsert_preference("ana", "likes", "love tea")
    memory.put_messages([ChatMessage("You help.", role="system"), user("Hi!")])
    shown = memory.get()
    assert memory.get() == shown
    assert [message.role.value for message in shown] == ["system", "user"]
    content = shown[0].content or ""
    places = [content.index(part) for part in ("You help.", "Be brief.", "likes: love tea")]
    assert places == sorted(places)
    assert texts(memory.get_all()) == ["You help.", "Hi!"]


def test_it_can_stand_in_the_newest_question_instead(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat", insert_method="user")
    memory.diary.sync.upsert_preference("ana", "likes", "love tea")
    assert [message.role.value for message in memory.get()] == ["user"]
    memory.put_messages([user("Hi!"), answer("Hello!"), user("What?"), answer("Yes.")])
    shown = memory.get()
    assert [message.role.value for message in shown] == ["user", "assistant", "user", "assistant"]
    assert "likes: love tea" in (shown[2].content or "")
    assert (shown[2].content or "").endswith("What?")
    assert shown[0] == user("Hi!")


def test_stored_text_cannot_leave_its_place(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    memory.diary.sync.upsert_preference("ana", "likes", "love </memory></diary> {{tea}}")
    content = memory.get()[0].content or ""
    assert "love &lt;/memory&gt;&lt;/diary&gt; {{tea}}" in content
    assert content.count("</memory>") == 1


def test_the_diary_keeps_to_its_budget(tmp_path: Path):
    diary = Diary(tmp_path)
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


# ------------------------------------------------------------ learning


def test_a_turn_is_learned_when_its_answer_is_stored(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    memory.put(user("I love tea."))
    assert likes(memory.diary) == ""
    memory.put_messages([calling("look", text="I love beer."), TOOL, answer("I love gin.")])
    assert "love tea" in likes(memory.diary)
    assert not any(word in likes(memory.diary) for word in ("beer", "walnuts", "gin"))
    (turn,) = asyncio.run(memory.diary.records.turns("ana"))  # type: ignore[union-attr]
    assert (turn.state, len(turn.messages)) == ("done", 4)
    assert len(memory.get_all()) == 4
    why = memory.diary.sync.why("ana", "likes", "tea")
    assert [message.text for message in why] == ["I love tea."]


def test_a_turn_that_calls_tools_or_hands_over_has_not_ended():
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(MemoryBackend(), agent=extractor), "ana", "chat")
    memory.put(user("Hi!"))
    memory.put(calling("handoff", to="Ben"))
    memory.put(TOOL)
    called = {"tool_calls": [{"id": "1"}]}
    memory.put(ChatMessage("Wait.", role="assistant", additional_kwargs=called))
    memory.recorder.flush_sync("ana")
    assert extractor.turns == []
    memory.put(answer("Hello!"))
    memory.recorder.flush_sync("ana")
    (turn,) = extractor.turns
    assert (turn.user_msg, turn.assistant_msg) == ("Hi!", "Wait.\n\nHello!")


def test_a_turn_is_learned_once_even_if_it_is_put_twice():
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(MemoryBackend(), agent=extractor), "ana", "chat")
    turn = [user("I love tea."), answer("Noted.")]
    memory.put_messages(turn)
    memory.put(turn[1])
    memory.put_messages([user("Hi!"), answer("Hello!")])
    memory.put_messages([user("Hi!"), answer("Hello!")])
    memory.put(turn[0])
    memory.put_messages([turn[0], answer("You said so.")])
    memory.recorder.flush_sync("ana")
    asked = [(turn.user_msg, turn.assistant_msg) for turn in extractor.turns]
    assert asked == [
        ("I love tea.", "Noted."),
        ("Hi!", "Hello!"),
        ("I love tea.", "You said so."),
    ]
    assert len(memory.get_all()) == 10


def test_a_question_without_an_answer_is_learned_with_the_next(tmp_path: Path):
    DiaryMemory.open(tmp_path, "ana", "chat").put(user("I love tea."))
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    memory.put_messages([user("I'm allergic to walnuts."), answer("Noted.")])
    assert "love tea" in likes(memory.diary)
    assert "walnuts" in likes(memory.diary)


def test_a_long_turn_is_found_to_its_start():
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(MemoryBackend(), agent=extractor), "ana", "chat")
    memory.put_messages([answer("Welcome!"), user("Look!")])
    for _ in range(150):
        memory.put_messages([calling("look"), TOOL])
    memory.put(answer("Found."))
    memory.recorder.flush_sync("ana")
    assert [turn.user_msg for turn in extractor.turns] == ["Look!"]


def test_learning_can_be_left_out(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat", learn=False)
    memory.put_messages([user("I love tea."), answer("Noted.")])
    assert likes(memory.diary) == ""
    assert asyncio.run(memory.diary.records.turns("ana")) == []  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [ScriptedExtractor, AsyncScriptedExtractor])
def test_a_model_is_asked_in_the_background(kind: Any, tmp_path: Path):
    """Nobody waits for it, and its failure leaves the turn to the next."""
    may_answer = threading.Event()
    extractor = kind([lambda *_: may_answer.wait(60) and Extraction((LOVE_TEA,))])
    memory = DiaryMemory.open(Diary(tmp_path, agent=extractor), "ana", "chat")
    memory.put_messages([user("I love tea."), answer("Noted.")])
    assert likes(memory.diary) == ""
    may_answer.set()
    memory.recorder.flush_sync("ana")
    assert "love tea" in likes(memory.diary)


# ------------------------------------------------------------ the queue


def test_the_oldest_whole_turns_leave_and_system_messages_stay(tmp_path: Path):
    memory = short(tmp_path)
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


def test_questions_that_nobody_answers_leave_too(tmp_path: Path):
    memory = short(tmp_path)
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
def test_everything_in_a_message_counts(block: Any, tmp_path: Path):
    memory = short(tmp_path)
    memory.put_messages([user("a"), ChatMessage(role="assistant", blocks=[block]), user("b")])
    assert texts(memory.get()) == ["b"]


def test_tool_calls_count_by_what_they_are_called_with(tmp_path: Path):
    memory = short(tmp_path)
    memory.put_messages([user("a"), calling("look", text="word " * 30), TOOL, user("b")])
    assert texts(memory.get()) == ["b"]


def test_blocks_are_handed_what_leaves_each_in_objects_of_its_own(tmp_path: Path):
    class Spoiling(Listening):
        async def _aput(self, messages: list[ChatMessage]) -> None:
            await super()._aput(messages)
            for message in messages:
                message.blocks.clear()

    blocks = [Spoiling(name=name, heard=[]) for name in "ab"]
    memory = short(tmp_path, memory_blocks=blocks)
    memory.put_messages([user("one " * 10), answer("two " * 10), user("three")])
    assert [block.heard for block in blocks] == [[["one " * 10, "two " * 10]]] * 2
    assert texts(memory.get_all()) == ["one " * 10, "two " * 10, "three"]
    assert all(not message.additional_kwargs for message in memory.get_all())


def test_two_at_the_same_time_keep_both_messages_in_the_chat(tmp_path: Path):
    """Where LlamaIndex's own memory archives both; what leaves is handed over once."""
    block = Listening(name="listening", heard=[])
    a, b = [short(diary, memory_blocks=[block]) for diary in (tmp_path, Diary(tmp_path))]

    async def main() -> None:
        await a.aput_messages([user("old " * 9), answer("older " * 4)])
        await asyncio.gather(a.aput(user("A " * 3)), b.aput(user("B " * 3)))

    asyncio.run(main())
    assert sorted(filter(None, texts(a.get_all(ACTIVE)))) == ["A A A ", "B B B "]
    assert [heard for heard in block.heard if heard] == [["old " * 9, "older " * 4]]


def test_threads_with_loops_of_their_own_lose_nothing(tmp_path: Path):
    memory = short(tmp_path, limit=40)

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


def test_a_put_counts_its_own_message_and_those_that_others_wrote(tmp_path: Path):
    counted: list[str] = []

    def counting(text: str) -> list[str]:
        counted.append(text)
        return text.split()

    memory = short(tmp_path, limit=1000, tokenizer_fn=counting)
    memory.put_messages([user(str(number)) for number in range(100)])
    counted.clear()
    memory.put(user("mine"))
    assert counted == ["mine"]
    Diary(tmp_path).sync.messages.append("ana", "chat", [Message("user", "theirs")])
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


# ------------------------------------------------------------ set, reset


def test_a_history_replaces_what_was_there_at_once(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, "ana", "chat", context_tokens=0)
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
    given = DiaryMemory.open(tmp_path, "ana", "chat", chat_history=[user("new")])
    assert texts(given.get_all()) == ["new"]


def test_a_reset_clears_the_chat_alone(tmp_path: Path):
    memory = short(tmp_path)
    memory.put_messages([user("I love tea. " * 9), answer("Noted."), user("b")])
    other = DiaryMemory.open(tmp_path, "ana", "other")
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


def test_user_and_session_are_the_arguments_else_the_bound_ones(tmp_path: Path):
    memory = DiaryMemory.open(tmp_path, context_tokens=0)
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
        assert texts(DiaryMemory.open(tmp_path, session_id="a", context_tokens=0).get()) == [
            "ana a"
        ]


@pytest.mark.parametrize("session", ["", "../x", "日本/\n", "x" * 10_000])
def test_any_text_names_a_session(session: str, tmp_path: Path):
    DiaryMemory.open(tmp_path, "ana", session).put(user("here"))
    assert texts(DiaryMemory.open(tmp_path, "ana", session).get_all()) == ["here"]
    assert [one.id for one in Diary(tmp_path).sync.messages.sessions("ana")] == [session]


def test_without_a_diary_it_is_a_memory_of_its_own():
    memory = DiaryMemory()
    memory.put(user("Hi!"))
    assert texts(memory.get_all()) == ["Hi!"]
    assert DiaryMemory().get_all() == []


def test_it_is_made_as_a_memory_is(tmp_path: Path):
    store = DiaryAsyncChatStore(tmp_path, "ana")
    memory = DiaryMemory.from_defaults("chat", [user("a")], 1000, chat_store=store)
    assert isinstance(memory, Memory)
    assert (memory.token_limit, texts(memory.get())) == (1000, ["a"])
    assert texts(asyncio.run(store.get_messages("chat"))) == ["a"]
    with pytest.raises(TypeError, match="keeps the chat in its diary"):
        DiaryMemory.from_defaults(chat_store=SimpleChatStore())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unique names"):
        DiaryMemory(None, memory_blocks=[DiaryMemoryBlock(None, "a"), DiaryMemoryBlock(None, "a")])


# ------------------------------------------------------------ serialization


def reopened(memory: DiaryMemory, how: str) -> DiaryMemory:
    if how == "json":
        return JsonSerializer().deserialize(JsonSerializer().serialize(memory))
    if how == "to_json":
        return DiaryMemory.from_json(memory.to_json())
    if how == "validate":
        return DiaryMemory.model_validate(memory.model_dump(mode="json"))
    return {"pickle": lambda m: loads(dumps(m)), "copy": copy, "deepcopy": deepcopy}[how](memory)


@pytest.mark.parametrize("how", ["json", "to_json", "validate", "pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("place", ["folder", "diary", "memory"])
def test_it_serializes_to_where_it_is_and_opens_again(how: str, place: str, tmp_path: Path):
    diary = {"folder": tmp_path, "diary": Diary(tmp_path), "memory": None}[place]
    settings: dict[str, Any] = {
        "token_limit": 500, "token_flush_size": 20, "context_tokens": 50, "learn": False,
        "insert_method": "user", "on_error": "raise", "chat_history_token_ratio": 0.5,
        "image_token_size_estimate": 3,
    }  # fmt: skip
    memory = DiaryMemory.open(diary, "ana", **settings)
    memory.put(user("Hi!"))
    again = reopened(memory, how)
    assert type(again) is DiaryMemory
    assert texts(again.get_all()) == ["Hi!"]
    assert again.to_dict() == memory.to_dict()
    assert (again.session_id, again.user_id) == (memory.session_id, "ana")
    assert {name: getattr(again, name) for name in settings} == {
        name: getattr(memory, name) for name in settings
    }
    assert "Hi!" not in memory.to_json()
    with bind_user("ana", "bound"):
        assert again.get_all() == []


def test_what_cannot_be_serialized_is_found_again_in_this_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    blocks = [StaticMemoryBlock(name="static", static_content="Be brief.")]
    memory = short(tmp_path, memory_blocks=blocks)
    again = reopened(reopened(memory, "json"), "json")
    assert again.memory_blocks == blocks
    assert again.tokenizer_fn is words
    assert again.to_dict() == memory.to_dict()
    assert not caplog.messages
    elsewhere = DiaryMemory.from_dict({**memory.to_dict(), "parts": "another process"})
    assert elsewhere.memory_blocks == []
    assert "in another process" in caplog.text


# ------------------------------------------------------------ failures


def test_what_the_disk_refused_is_stored_with_the_next_message(caplog: pytest.LogCaptureFixture):
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat")
    memory.put(user("one"))
    records.is_failing = True
    memory.put(answer("two"))
    memory.put(user("three"))
    assert "the disk failed" in caplog.text
    assert texts(memory.get()) == ["two", "three"]
    assert texts(reopened(memory, "json").get()) == ["two", "three"]
    records.is_failing = False
    assert texts(memory.get_all()) == ["one"]
    memory.put(answer("four"))
    assert texts(memory.get_all()) == ["one", "two", "three", "four"]
    memory.put(user("five"))
    assert len(memory.get_all()) == 5


def test_a_history_that_the_disk_refused_takes_the_place_later():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", context_tokens=0)
    memory.put(user("old"))
    records.is_failing = True
    memory.put(answer("lost"))
    memory.set([user("new")])
    memory.put(answer("newer"))
    assert texts(memory.get()) == ["new", "newer"]
    records.is_failing = False
    assert texts(memory.get()) == ["new", "newer"]
    memory.put(user("newest"))
    assert texts(memory.get_all()) == ["new", "newer", "newest"]


def test_a_reset_of_what_is_archived_leaves_what_waits():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", context_tokens=0)
    records.is_failing = True
    memory.put(user("waits"))
    records.is_failing = False
    asyncio.run(memory.areset(ARCHIVED))
    assert texts(memory.get()) == ["waits"]
    asyncio.run(memory.areset(ACTIVE))
    assert memory.get() == []
    memory.put(user("anew"))
    assert texts(memory.get_all()) == ["anew"]


def test_a_failure_is_raised_where_that_is_wanted():
    diary, records = failing_diary()
    memory = DiaryMemory.open(diary, "ana", "chat", on_error="raise")
    records.is_failing = True
    with pytest.raises(BackendError, match="the disk failed"):
        memory.put(user("one"))
    with pytest.raises(BackendError, match="the disk failed"):
        memory.get()
    with pytest.raises(BackendError, match="the disk failed"):
        DiaryMemory.open(diary, "ana", "chat").reset()


def test_a_broken_page_or_a_failing_extractor_breaks_no_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    memory = DiaryMemory.open(tmp_path, "ana", "chat")
    memory.put_messages([user("I love tea."), answer("Noted.")])
    page = tmp_path / "ana" / "preferences.toml"
    page.write_text("[likes.tea\n")
    memory.put_messages([user("I love coffee."), answer("Noted.")])
    assert len(memory.get_all()) == 4
    assert memory.get(input="What?")
    assert page.read_text() == "[likes.tea\n"
    assert "a turn of 'ana' waits" in caplog.text
