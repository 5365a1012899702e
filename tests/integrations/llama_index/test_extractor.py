"""The extractor asks any model of LlamaIndex: by a schema, by a function, or in words."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata

from diarist import Diary, ExtractionError, Message
from diarist.testing import MemoryBackend
from integrations.llama_index.scripted import ScriptedLLM, answer, calling
from llama_index_diarist import DiaryMemory, LlamaIndexExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.places import Place

ANSWER: dict[str, Any] = {
    "edits": [{"action": "add", "category": "likes", "text": "love tea"}],
    "summary": "Tea.",
    "keywords": ["tea"],
}


class InWords(CustomLLM):
    """A model that knows neither functions nor chats."""

    said: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        assert "I love tea!" in prompt
        return CompletionResponse(text=self.said)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError


class BySchema(InWords):
    """One that has its own way to keep to a schema, when it is in the mood."""

    by_schema: Any

    def structured_predict(
        self, output_cls: Any, prompt: Any, llm_kwargs: Any = None, **prompt_args: Any
    ) -> Any:
        assert "I love tea!" in prompt.format(**prompt_args)
        if isinstance(self.by_schema, Exception):
            raise self.by_schema
        return output_cls.model_validate(self.by_schema)


def diary_with(llm: Any) -> Diary:
    return Diary(MemoryBackend(), agent=LlamaIndexExtractor(llm))


def learn(diary: Diary) -> str:
    return str(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))


def alearn(diary: Diary) -> str:
    return str(asyncio.run(diary.update_memory("ana", "chat", "I love tea!", "Noted.")))


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_that_calls_functions_is_asked_by_one(ask: Callable[[Diary], str]):
    llm = ScriptedLLM(calling("DiaryAnswer", **ANSWER))
    diary = diary_with(llm)
    assert ask(diary).endswith("added likes/tea: love tea")
    assert len(llm.shown) == 1
    (tool,) = llm.tools[0]
    assert "likes" in str(tool.metadata.get_parameters_dict())
    assert diary.sync.last_conversations("ana")["chat"]["summary"] == "Tea."


def test_one_that_answers_in_words_instead_is_not_asked_again():
    llm = ScriptedLLM(answer(f"Here it is:\n```json\n{json.dumps(ANSWER)}\n```"))
    assert learn(diary_with(llm)).endswith("added likes/tea: love tea")
    assert len(llm.shown) == 1


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_without_functions_is_asked_in_words(ask: Callable[[Diary], str]):
    llm = InWords(said=f"Gladly! {json.dumps(ANSWER)}")
    assert ask(diary_with(llm)).endswith("added likes/tea: love tea")


@pytest.mark.parametrize("given", [ANSWER, ValueError("no function was called")])
def test_a_models_own_way_to_keep_to_a_schema_comes_first(given: Any):
    said = json.dumps(ANSWER) if isinstance(given, ValueError) else "not asked"
    llm = BySchema(said=said, by_schema=given)
    assert learn(diary_with(llm)).endswith("added likes/tea: love tea")


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_that_fails_leaves_the_turn_waiting(ask: Callable[[Diary], str]):
    diary = diary_with(ScriptedLLM(TimeoutError("no answer"), calling("DiaryAnswer", **ANSWER)))
    with pytest.raises(TimeoutError, match="no answer"):
        ask(diary)
    assert diary.sync.preferences("ana") == ""
    (report,) = diary.sync.catch_up("ana")
    assert "love tea" in str(report)


def test_an_answer_that_is_none_is_asked_for_again_and_then_refused():
    llm = ScriptedLLM("I'd rather not.", "I'd rather not.")
    with pytest.raises(ExtractionError, match="I'd rather not"):
        learn(diary_with(llm))
    assert len(llm.shown) == 2


def test_only_a_model_is_taken():
    with pytest.raises(TypeError, match="a model of LlamaIndex is needed, not str"):
        LlamaIndexExtractor("gpt-5")  # type: ignore[arg-type]


def test_a_memory_learns_by_it_in_the_background(place: Place):
    llm = ScriptedLLM(calling("DiaryAnswer", **ANSWER))
    memory = DiaryMemory.open(Diary(place, agent=LlamaIndexExtractor(llm)), "ana", "chat")
    memory.put_messages([answer("Hi!"), *_turn()])
    memory.recorder.flush_sync("ana")
    assert "love tea" in memory.diary.sync.preferences("ana")


def _turn() -> list[Any]:
    from llama_index.core.llms import ChatMessage

    return [ChatMessage("I love tea!"), answer("Noted.")]


# ------------------------------------------------------------ embeddings


class Letters(BaseEmbedding):
    """Vectors of the letters in a text."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(text.count(letter)) for letter in "aeiou"]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@pytest.mark.parametrize("name", ["get_text_embedding_batch", "aget_text_embedding_batch"])
def test_any_embedding_model_gives_the_diary_its_vectors(name: str, place: Place):
    """Under its own name, so that another model's vectors are apart."""

    def diary_of(model: str) -> Diary:
        return Diary(place, embed=getattr(Letters(model_name=model), name))

    said = [Message("user", "abba"), Message("user", "ohio")]
    diary_of("small").sync.messages.append("ana", "chat", said)
    hit = diary_of("small").sync.recall("ana", "baab", k=1)[0]
    assert hit.text == "abba"
    assert "meaning" in hit.features
    assert diary_of("small").sync.reembed("ana") == 0
    assert diary_of("large").sync.reembed("ana") == 2
