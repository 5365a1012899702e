"""The classic memory class: a chain's prompt says what was said and what is known."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from langchain_classic.base_memory import BaseMemory
from langchain_classic.chains import ConversationChain, LLMChain
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from pydantic import Field

from diarist import Diary, UserNotBoundError, bind_user
from diarist.testing import MemoryBackend
from langchain_diarist import DiaryChatMessageHistory, DiaryMemory

if TYPE_CHECKING:
    from integrations.places import Place

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CONTEXT = PromptTemplate.from_template("{context}\n{history}\nHuman: {input}\nAI:")


class Model(GenericFakeChatModel):
    """A scripted model that keeps what it was asked."""

    asked: list[str] = Field(default_factory=list)

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.asked.append("\n".join(message.text for message in messages))
        return super()._generate(messages, *args, **kwargs)


def model(*answers: str) -> Model:
    return Model(messages=iter(answers))


@pytest.fixture
def diary(place: Place) -> Diary:
    return Diary(place)


def load(memory: DiaryMemory, way: str, **inputs: Any) -> dict[str, Any]:
    if way == "blocking":
        return memory.load_memory_variables(inputs)
    return asyncio.run(memory.aload_memory_variables(inputs))


def save(memory: DiaryMemory, way: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    if way == "blocking":
        memory.save_context(inputs, outputs)
    else:
        asyncio.run(memory.asave_context(inputs, outputs))


WAYS = pytest.mark.parametrize("way", ["blocking", "async"])


@WAYS
def test_what_was_said_and_what_is_known_are_loaded(diary: Diary, way: str):
    memory = DiaryMemory(diary, "ana", "chat")
    assert load(memory, way) == {"history": "", "context": ""}
    save(memory, way, {"input": "I'm allergic to walnuts."}, {"response": "Noted."})
    loaded = load(memory, way, input="What may I eat?")
    assert loaded["history"] == "Human: I'm allergic to walnuts.\nAI: Noted."
    assert "allergic to walnuts" in loaded["context"]
    other = load(DiaryMemory(diary, "ana", "another"), way, input="What may I eat?")
    assert other["history"] == ""
    assert "allergic to walnuts" in other["context"]
    assert load(DiaryMemory(diary, "ben", "chat"), way, input="Hi.") == {
        "history": "", "context": "",
    }  # fmt: skip


@WAYS
def test_the_context_is_what_fits_the_input(diary: Diary, way: str):
    for number, text in enumerate(["The door code is green.", *["Nice weather."] * 30]):
        diary.sync.update_memory("ana", f"old {number}", text, "Yes.")
    memory = DiaryMemory(diary, "ana", "chat")
    assert "green" in load(memory, way, input="What is the door code?")["context"]
    assert "green" not in load(memory, way, input="Tell me a joke about cats")["context"]


@WAYS
def test_messages_are_loaded_for_a_placeholder(diary: Diary, way: str):
    memory = DiaryMemory(diary, "ana", "chat", return_messages=True, memory_key="said")
    answer = AIMessage("Noted.", id="a1", response_metadata={"model": "x"})
    save(memory, way, {"input": "I love tea."}, {"response": answer})
    assert load(memory, way)["said"] == [HumanMessage("I love tea."), answer]


def test_names_of_speakers_are_the_chains_own(diary: Diary):
    memory = DiaryMemory(diary, "ana", "chat", human_prefix="Ana", ai_prefix="Bot")
    memory.save_context({"input": "Hi."}, {"response": "Hello."})
    assert memory.load_memory_variables({})["history"] == "Ana: Hi.\nBot: Hello."


def test_only_the_newest_whole_turns_that_fit_are_loaded(diary: Diary):
    memory = DiaryMemory(diary, "ana", "chat", max_tokens=30, return_messages=True)
    for number in range(9):
        memory.save_context({"input": f"Question {number}?"}, {"response": f"Answer {number}."})
    said = [message.content for message in memory.load_memory_variables({})["history"]]
    assert 0 < len(said) < 18
    assert (
        said
        == [text for n in range(9) for text in (f"Question {n}?", f"Answer {n}.")][-len(said) :]
    )
    assert said[0].startswith("Question")


def test_what_is_known_has_a_budget_of_its_own(diary: Diary):
    for thing in ("tea", "coffee", "cocoa", "water", "juice"):
        diary.sync.upsert_preference("ana", "likes", f"love {thing}", id="new")
    small, large = (
        DiaryMemory(diary, "ana", "chat", context_tokens=tokens).load_memory_variables({})
        for tokens in (40, 800)
    )
    assert 0 < len(small["context"]) < len(large["context"])


@WAYS
def test_clear_empties_the_session_and_leaves_what_was_learned(diary: Diary, way: str):
    memory = DiaryMemory(diary, "ana", "chat")
    other = DiaryMemory(diary, "ana", "other")
    for each in (memory, other):
        save(each, way, {"input": "I love tea."}, {"response": "Noted."})
    if way == "blocking":
        memory.clear()
    else:
        asyncio.run(memory.aclear())
    assert load(memory, way)["history"] == ""
    assert load(other, way)["history"] != ""
    assert "love tea" in load(memory, way)["context"]


# ---------------------------------------------------------------- which input, which output


def test_the_only_input_and_output_are_taken_whatever_their_names(diary: Diary):
    memory = DiaryMemory(diary, "ana", "chat")
    inputs = {"question": "I love tea.", "history": "x", "context": "y", "stop": ["\n"]}
    memory.save_context(inputs, {"text": "Noted."})
    memory.save_context({"question": "Why?"}, {"output": "So.", "steps": 3})
    assert "Human: Why?\nAI: So." in memory.load_memory_variables(inputs)["history"]


@pytest.mark.parametrize(
    ("inputs", "outputs", "missing"),
    [
        ({"a": "1", "b": "2"}, {"x": "y"}, "input_key="),
        ({}, {"x": "y"}, "input_key="),
        ({"a": "1"}, {"x": "1", "y": "2"}, "output_key="),
        ({"a": "1"}, {}, "output_key="),
    ],
)
def test_where_many_may_be_meant_the_key_is_asked_for(
    diary: Diary, inputs: dict[str, str], outputs: dict[str, str], missing: str
):
    memory = DiaryMemory(diary, "ana", "chat")
    with pytest.raises(ValueError, match=missing):
        memory.save_context(inputs, outputs)
    assert diary.sync.list_users() == []


def test_a_key_says_which_is_meant(diary: Diary):
    memory = DiaryMemory(diary, "ana", "chat", input_key="b", output_key="y")
    inputs = {"a": "1", "b": "I love tea."}
    memory.save_context(inputs, {"x": "1", "y": "Noted."})
    assert memory.load_memory_variables(inputs)["history"] == "Human: I love tea.\nAI: Noted."
    with pytest.raises(ValueError, match="input_key="):
        DiaryMemory(diary, "ana", "chat").load_memory_variables(inputs)


def test_messages_and_other_values_are_taken_too(diary: Diary):
    memory = DiaryMemory(diary, "ana", "chat")
    memory.save_context({"input": [HumanMessage("One."), "Two."]}, {"output": 7})
    assert memory.load_memory_variables({})["history"] == "Human: One.\n\nTwo.\nAI: 7"


# ---------------------------------------------------------------- whose


def test_nobody_bound_is_an_error_and_not_somebody(diary: Diary):
    memory = DiaryMemory(diary)
    for call in (
        lambda: memory.load_memory_variables({}),
        lambda: memory.save_context({"input": "Hi."}, {"output": "Hello."}),
        lambda: memory.clear(),
        lambda: asyncio.run(memory.aload_memory_variables({})),
        lambda: asyncio.run(memory.asave_context({"input": "Hi."}, {"output": "Hello."})),
    ):
        with pytest.raises(UserNotBoundError):
            call()
    assert diary.sync.list_users() == []


def test_the_bound_user_is_taken_at_each_call(diary: Diary):
    memory = DiaryMemory(diary)
    for user in ("ana", "ben"):
        with bind_user(user, "chat"):
            memory.save_context({"input": f"I am {user}."}, {"output": "Hi."})
    for user in ("ana", "ben"):
        with bind_user(user, "chat"):
            assert memory.load_memory_variables({})["history"] == f"Human: I am {user}.\nAI: Hi."


def test_without_a_session_a_memory_has_one_of_its_own(diary: Diary):
    one, other = DiaryMemory(diary, "ana"), DiaryMemory(diary, "ana")
    for _ in range(2):
        one.save_context({"input": "Hi."}, {"output": "Hello."})
    assert one.load_memory_variables({})["history"].count("Hi.") == 2
    assert other.load_memory_variables({})["history"] == ""


def test_a_history_of_the_session_sees_what_the_memory_recorded(diary: Diary):
    DiaryMemory(diary, "ana", "chat").save_context({"input": "Hi."}, {"output": "Hello."})
    history = DiaryChatMessageHistory(diary, "ana", "chat")
    assert history.messages == [HumanMessage("Hi."), AIMessage("Hello.")]


# ---------------------------------------------------------------- in chains


def test_a_conversation_chain_remembers_over_sessions(diary: Diary):
    first = model("Noted.")
    ConversationChain(llm=first, memory=DiaryMemory(diary, "ana", "1"), prompt=CONTEXT).predict(
        input="I'm allergic to walnuts."
    )
    second = model("Not that one.", "No.")
    chain = ConversationChain(llm=second, memory=DiaryMemory(diary, "ana", "2"), prompt=CONTEXT)
    assert chain.predict(input="Is pesto fine?") == "Not that one."
    assert "allergic to walnuts" in second.asked[0]
    chain.predict(input="Sure?")
    assert "Human: Is pesto fine?\nAI: Not that one." in second.asked[1]


def test_the_prompt_that_a_conversation_chain_brings_along_needs_no_context(diary: Diary):
    memory = DiaryMemory(diary, "ana", "1", context_key=None)
    scripted = model("Hello.", "Bye.")
    chain = ConversationChain(llm=scripted, memory=memory)
    asyncio.run(chain.ainvoke({"input": "Hi."}))
    asyncio.run(chain.ainvoke({"input": "See you."}))
    assert "Human: Hi.\nAI: Hello." in scripted.asked[1]
    assert memory.memory_variables == ["history"]


def test_an_llm_chain_takes_messages(diary: Diary):
    prompt = ChatPromptTemplate.from_messages(
        [("system", "{context}"), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    memory = DiaryMemory(diary, "ana", "1", return_messages=True)
    scripted = model("Noted.", "Tea.")
    chain = LLMChain(llm=scripted, prompt=prompt, memory=memory)
    chain.invoke({"question": "I love tea."})
    assert chain.invoke({"question": "What do I love?"})["text"] == "Tea."
    assert scripted.asked[1].endswith("I love tea.\nNoted.\nWhat do I love?")


def test_it_is_one_of_langchains_and_shows_no_secrets():
    memory = DiaryMemory(Diary(MemoryBackend()), "ana")
    assert isinstance(memory, BaseMemory)
    assert "diary" not in memory.model_dump()
    with pytest.raises(TypeError, match="max_token"):
        DiaryMemory(None, "ana", max_token=3)  # pyright: ignore


def test_without_langchain_classic_the_error_names_the_command():
    code = """
import sys
sys.modules["langchain_classic"] = None
import langchain_diarist
langchain_diarist.DiaryChatMessageHistory
try:
    langchain_diarist.DiaryMemory
except ImportError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("MissingExtraError")
    assert "pip install langchain-classic" in done.stdout
