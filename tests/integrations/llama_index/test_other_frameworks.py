"""One session of several frameworks: each reads what the others wrote, and its own exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from diarist import Message
from integrations.llama_index.scripted import TOOL, answer, calling, likes, short, texts, user
from langchain_diarist import DiaryChatMessageHistory
from llama_index_diarist import DiaryChatStore, DiaryMemory

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from integrations.places import Place

LANGCHAIN: list[BaseMessage] = [
    SystemMessage("Be kind."),
    HumanMessage("Who sells tea?", name="Ana", id="q1"),
    AIMessage("Let me look.", tool_calls=[{"name": "look", "args": {"q": "tea"}, "id": "c1"}]),
    ToolMessage("3 shops", tool_call_id="c1"),
    AIMessage([{"type": "text", "text": "Three shops."}]),
]
CALL = '[calls look {"q": "tea"}]'


@pytest.fixture
def history(place: Place) -> DiaryChatMessageHistory:
    return DiaryChatMessageHistory(place, "ana", "chat")


@pytest.fixture
def memory(place: Place) -> DiaryMemory:
    return DiaryMemory.open(place, "ana", "chat", context_tokens=0)


def test_a_chat_of_langchain_goes_on_in_llama_index(
    history: DiaryChatMessageHistory, memory: DiaryMemory, place: Place
):
    history.add_messages(LANGCHAIN)
    said = ["Be kind.", "Who sells tea?", f"Let me look.\n{CALL}", "3 shops", "Three shops."]
    assert texts(memory.get()) == texts(memory.get_all()) == said
    stored = DiaryChatStore(place, "ana").get_messages("chat")
    assert [message.role.value for message in stored] == [
        "system", "user", "assistant", "tool", "assistant"
    ]  # fmt: skip
    memory.put_messages([user("I love tea."), answer("Noted.")])
    assert "love tea" in likes(memory.diary)
    assert history.messages[:5] == LANGCHAIN


def test_no_model_is_shown_a_result_without_its_call(
    history: DiaryChatMessageHistory, memory: DiaryMemory
):
    """Providers refuse it; LlamaIndex's own results keep their calls."""
    history.add_messages(LANGCHAIN)
    memory.put_messages([user("And?"), calling("look"), TOOL, answer("Here.")])
    shown = memory.get()
    assert [message.role.value for message in shown[1:5]] == ["user", *["assistant"] * 3]
    assert shown[6:8] == [calling("look"), TOOL]


def test_a_chat_of_llama_index_goes_on_in_langchain(
    history: DiaryChatMessageHistory, memory: DiaryMemory
):
    picture = ChatMessage(
        blocks=[TextBlock(text="This?"), ImageBlock(url="http://example.org/a.png")]
    )
    memory.put_messages([picture, calling("look", q="tea"), TOOL, answer("Yes.")])
    found = history.messages
    assert [message.type for message in found] == ["human", "ai", "ai", "ai"]
    assert [message.text for message in found] == ["This?\n[image]", CALL, "42 °C, walnuts", "Yes."]
    history.add_messages([HumanMessage("Good.")])
    assert memory.get()[0] == picture
    assert texts(memory.get())[-1] == "Good."


def test_a_question_to_langchain_that_llama_index_answers_is_learned(
    history: DiaryChatMessageHistory, memory: DiaryMemory
):
    history.add_messages([HumanMessage("I love tea.")])
    memory.put(answer("Noted."))
    assert "love tea" in likes(memory.diary)


def test_what_langchain_wrote_counts_and_leaves_the_chat(
    history: DiaryChatMessageHistory, place: Place
):
    history.add_messages([HumanMessage("one " * 10), AIMessage("two " * 10)])
    memory = short(place)
    memory.put(user("three"))
    assert texts(memory.get()) == ["three"]
    assert [message.text for message in history.messages] == ["three"]


@pytest.mark.parametrize("role", ["critic", "developer", ""])
def test_a_role_that_llama_index_does_not_know_is_a_users(role: str, memory: DiaryMemory):
    memory.diary.sync.messages.append("ana", "chat", [Message(role, "Hm.")])
    assert memory.get() == [user("Hm.")]
