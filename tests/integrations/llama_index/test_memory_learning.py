"""A `DiaryMemory` learns when a turn ends, and once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from diarist import Diary, Edit, Extraction
from diarist.testing import AsyncScriptedExtractor, MemoryBackend, ScriptedExtractor
from integrations.llama_index.scripted import TOOL, answer, calling, likes, user
from llama_index_diarist import DiaryMemory

if TYPE_CHECKING:
    from integrations.places import Place

LOVE_TEA = Edit("add", "likes", "love tea")


def test_a_turn_is_learned_when_its_answer_is_stored(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")
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
    assert turn.user_msg == "Hi!"
    assert turn.assistant_msg == '[calls handoff {"to": "Ben"}]\n\nWait.\n\nHello!'


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


def test_each_turn_of_several_that_are_put_at_once_is_learned():
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(MemoryBackend(), agent=extractor), "ana", "chat")
    said = [user("a"), answer("Let me look."), calling("look"), TOOL, answer("b"), user("c")]
    memory.put_messages([*said, answer("d"), user("e")])
    memory.recorder.flush_sync("ana")
    assert [turn.user_msg for turn in extractor.turns] == ["a", "c"]


def test_threads_that_share_a_session_learn_each_of_their_turns(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")

    def work(name: str) -> None:
        for number in range(5):
            memory.put_messages([user(f"I love dish {name}{number}."), answer("Noted.")])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, "abc"))
    assert likes(memory.diary).count("text = ") == 15


def test_a_question_without_an_answer_is_learned_with_the_next(place: Place):
    DiaryMemory.open(place, "ana", "chat").put(user("I love tea."))
    memory = DiaryMemory.open(place, "ana", "chat")
    memory.put_messages([user("I'm allergic to walnuts."), answer("Noted.")])
    assert "love tea" in likes(memory.diary)
    assert "walnuts" in likes(memory.diary)


def test_a_question_whose_run_failed_after_a_call_is_learned_with_the_next(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")
    memory.put_messages([user("I love gin."), answer("Noted.")])
    memory.put_messages([user("I love tea."), calling("handoff", to="Ben"), TOOL])
    memory.put_messages([user("Are you there?"), answer("Yes.")])
    memory.put_messages([user("Good."), answer("Yes.")])
    assert "love tea" in likes(memory.diary)
    turns = asyncio.run(memory.diary.records.turns("ana"))  # type: ignore[union-attr]
    assert [len(turn.messages) for turn in turns] == [2, 5, 2]


@pytest.mark.parametrize("before", [0, 3, 40])
def test_questions_before_many_calls_are_found(before: int, place: Place):
    memory = DiaryMemory.open(place, "ana", "chat")
    for _ in range(before):
        memory.put_messages([user("Hi!"), answer("Hello!")])
    memory.put(user("I love tea."))
    for _ in range(20):
        memory.put_messages([calling("look"), TOOL])
    memory.put_messages([user("And?"), answer("Here.")])
    assert "love tea" in likes(memory.diary)


def test_a_long_turn_is_found_to_its_start():
    extractor = ScriptedExtractor([Extraction()] * 9)
    memory = DiaryMemory.open(Diary(MemoryBackend(), agent=extractor), "ana", "chat")
    memory.put_messages([answer("Welcome!"), user("Look!")])
    for _ in range(150):
        memory.put_messages([calling("look"), TOOL])
    memory.put(answer("Found."))
    memory.recorder.flush_sync("ana")
    assert [turn.user_msg for turn in extractor.turns] == ["Look!"]


def test_learning_can_be_left_out(place: Place):
    memory = DiaryMemory.open(place, "ana", "chat", learn=False)
    memory.put_messages([user("I love tea."), answer("Noted.")])
    assert likes(memory.diary) == ""
    assert asyncio.run(memory.diary.records.turns("ana")) == []  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [ScriptedExtractor, AsyncScriptedExtractor])
def test_a_model_is_asked_in_the_background(kind: Any, place: Place):
    """Nobody waits for it, and its failure leaves the turn to the next."""
    may_answer = threading.Event()
    extractor = kind([lambda *_: may_answer.wait(60) and Extraction((LOVE_TEA,))])
    memory = DiaryMemory.open(Diary(place, agent=extractor), "ana", "chat")
    memory.put_messages([user("I love tea."), answer("Noted.")])
    assert likes(memory.diary) == ""
    may_answer.set()
    memory.recorder.flush_sync("ana")
    assert "love tea" in likes(memory.diary)
