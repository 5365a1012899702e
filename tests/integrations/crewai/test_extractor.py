"""The extractor asks any model of CrewAI: by a schema, or in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from crewai.llms.base_llm import BaseLLM

from crewai_diarist import CrewAIExtractor
from diarist import Diary, ExtractionError
from diarist.testing import MemoryBackend
from integrations.crewai.scripted import ScriptedLLM

ANSWER: dict[str, Any] = {
    "edits": [{"action": "add", "category": "likes", "text": "love tea"}],
    "summary": "Tea.",
    "keywords": ["tea"],
}


class BySchema(ScriptedLLM):
    """A model that calls functions, and streams."""

    stream: bool = True
    schemas: list[Any] = []  # noqa: RUF012 - Pydantic copies it

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        assert not self.stream
        self.schemas.append(kwargs["response_model"])
        return super().call(messages)

    def supports_function_calling(self) -> bool:
        return True


class Plain(BaseLLM):
    """A model of the least that CrewAI asks for."""

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return json.dumps(ANSWER)


def learn(llm: Any) -> str:
    diary = Diary(MemoryBackend(), agent=CrewAIExtractor(llm))
    return str(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))


@pytest.mark.parametrize("answered", [json.dumps(ANSWER), ANSWER])
def test_a_model_that_calls_functions_is_held_to_the_schema(answered: Any):
    llm = BySchema(answered)
    assert learn(llm).endswith("added likes/tea: love tea")
    (schema,) = llm.schemas
    assert "edits" in schema.model_fields
    assert llm.stream


def test_any_other_is_asked_in_words():
    llm = ScriptedLLM(f"Gladly!\n```json\n{json.dumps(ANSWER)}\n```")
    assert learn(llm).endswith("added likes/tea: love tea")
    assert "I love tea!" in llm.prompts[0]
    assert learn(Plain(model="plain")).endswith("added likes/tea: love tea")


def test_a_model_that_fails_leaves_the_turn_waiting():
    diary = Diary(
        MemoryBackend(),
        agent=CrewAIExtractor(ScriptedLLM(TimeoutError("no answer"), json.dumps(ANSWER))),
    )
    with pytest.raises(TimeoutError, match="no answer"):
        diary.sync.update_memory("ana", "chat", "I love tea!", "Noted.")
    (report,) = diary.sync.catch_up("ana")
    assert "love tea" in str(report)


def test_an_answer_that_is_none_is_asked_for_again_and_then_refused():
    llm = ScriptedLLM("I'd rather not.")
    with pytest.raises(ExtractionError, match="I'd rather not"):
        learn(llm)
    assert len(llm.prompts) == 2


def test_a_model_may_be_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert CrewAIExtractor("gpt-5.4-mini").llm.model == "gpt-5.4-mini"
    with pytest.raises(TypeError, match="a model of CrewAI or its name is needed, not int"):
        CrewAIExtractor(7)  # type: ignore[arg-type]
