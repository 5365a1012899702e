"""The extractor asks any chat model of LangChain: by its schema where that works, else in words."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from diarist import Diary, ExtractionError, Message
from diarist.testing import MemoryBackend
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import LangChainExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.places import Place

ANSWER: dict[str, Any] = {
    "edits": [{"action": "add", "category": "likes", "text": "love tea"}],
    "summary": "Tea.",
    "keywords": ["tea"],
}


def diary_with(*lines: Any, **kwargs: Any) -> tuple[Diary, ScriptedChatModel]:
    model = ScriptedChatModel(lines=list(lines))
    return Diary(MemoryBackend(), agent=LangChainExtractor(model, **kwargs)), model


def learn(diary: Diary) -> str:
    return str(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))


def alearn(diary: Diary) -> str:
    return str(asyncio.run(diary.update_memory("ana", "chat", "I love tea!", "Noted.")))


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_with_structured_output_is_held_to_the_schema(ask: Callable[[Diary], str]):
    diary, model = diary_with(lambda prompt: answered(model))

    def answered(model: ScriptedChatModel) -> AIMessage:
        schema = model.tools[-1][0]
        assert "likes" in str(schema.model_json_schema())
        call = {"name": schema.__name__, "args": ANSWER, "id": "1"}
        return AIMessage("", tool_calls=[call])

    assert ask(diary).endswith("added likes/tea: love tea")
    assert len(model.prompts) == 1
    assert diary.sync.last_conversations("ana")["chat"]["summary"] == "Tea."


@pytest.mark.parametrize(
    "answer",
    [
        AIMessage(f"Here it is:\n```json\n{json.dumps(ANSWER)}\n```"),
        AIMessage("", tool_calls=[{"name": "Other", "args": ANSWER, "id": "1"}]),
        AIMessage(
            "",
            invalid_tool_calls=[
                {
                    "name": "Answer",
                    "args": json.dumps(ANSWER) + "!",
                    "id": "1",
                    "error": "not JSON",
                    "type": "invalid_tool_call",
                }
            ],
        ),
    ],
    ids=["words", "another tool", "broken JSON"],
)
def test_one_that_does_not_keep_to_it_is_understood_all_the_same(answer: AIMessage):
    diary, model = diary_with(answer)
    assert learn(diary).endswith("added likes/tea: love tea")
    assert len(model.prompts) == 1


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_without_tools_is_asked_in_words(ask: Callable[[Diary], str]):
    model = FakeListChatModel(responses=[f"Gladly! {json.dumps(ANSWER)}"])
    diary = Diary(MemoryBackend(), agent=LangChainExtractor(model))
    assert ask(diary).endswith("added likes/tea: love tea")


def test_the_method_is_yours_to_choose():
    diary, model = diary_with(json.dumps(ANSWER), method="text")
    learn(diary)
    assert model.tools == []
    chosen: list[Any] = []

    class Choosing(ScriptedChatModel):
        def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
            chosen.append(kwargs)
            return super().with_structured_output(schema, include_raw=True)

    model = Choosing(lines=[json.dumps(ANSWER)])
    learn(Diary(MemoryBackend(), agent=LangChainExtractor(model, method="json_schema")))
    assert chosen == [{"include_raw": True, "method": "json_schema"}]


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_that_fails_leaves_the_turn_waiting(ask: Callable[[Diary], str]):
    diary, _ = diary_with(TimeoutError("no answer"), json.dumps(ANSWER))
    with pytest.raises(TimeoutError, match="no answer"):
        ask(diary)
    assert diary.sync.preferences("ana") == ""
    (report,) = diary.sync.catch_up("ana")
    assert "love tea" in str(report)


def test_an_answer_that_is_none_is_asked_for_again_and_then_refused():
    diary, model = diary_with("I'd rather not.")
    with pytest.raises(ExtractionError, match="I'd rather not"):
        learn(diary)
    assert len(model.prompts) == 2


def test_a_model_is_named_or_given(monkeypatch: pytest.MonkeyPatch):
    made: list[str] = []

    def init_chat_model(name: str) -> ScriptedChatModel:
        made.append(name)
        return ScriptedChatModel(lines=[json.dumps(ANSWER)])

    monkeypatch.setattr("langchain.chat_models.init_chat_model", init_chat_model)
    diary = Diary(MemoryBackend(), agent=LangChainExtractor("anthropic:some-model"))
    assert "love tea" in learn(diary)
    assert made == ["anthropic:some-model"]
    with pytest.raises(TypeError, match="a chat model or its name is needed, not int"):
        LangChainExtractor(3)  # type: ignore[arg-type]


def test_a_tool_that_has_the_diary_learn_does_not_show_it_in_the_stream_of_an_agent():
    diary, reader = diary_with(json.dumps(ANSWER))

    @tool
    def remember() -> str:
        """Remember what was said."""
        return learn(diary)

    agent = create_agent(ScriptedChatModel(lines=[calling("remember"), "Done."]), [remember])
    shown = list(agent.stream(asking("I love tea!"), stream_mode="messages"))
    assert len(reader.prompts) == 1
    assert "added likes/tea" in str(shown)
    assert "edits" not in str(shown)


class Counting(Embeddings):
    """Vectors of the letters in a text."""

    def __init__(self, model: str) -> None:
        self.model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(text.count(letter)) for letter in "aeiou"] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize("name", ["embed_documents", "aembed_documents"])
def test_any_embeddings_give_the_diary_its_vectors(name: str, place: Place):
    def diary_of(model: str) -> Diary:
        return Diary(place, embed=getattr(Counting(model), name))

    said = [Message("user", "abba"), Message("user", "ohio")]
    diary_of("small").sync.messages.append("ana", "chat", said)
    hit = diary_of("small").sync.recall("ana", "baab", k=1)[0]
    assert hit.text == "abba"
    assert "meaning" in hit.features
    assert diary_of("small").sync.reembed("ana") == 0
    assert diary_of("large").sync.reembed("ana") == 2
