"""The extractor asks any model of Pydantic AI, by a schema or in words."""

from __future__ import annotations

import asyncio
import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_ai import Agent, UnexpectedModelBehavior
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from diarist import Diary, ExtractionError
from diarist.testing import MemoryBackend
from integrations.pydantic_ai.scripted import Script, calls
from pydantic_ai_diarist import DiaryToolset, PydanticAIExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER: dict[str, Any] = {
    "edits": [{"action": "add", "category": "likes", "text": "love tea"}],
    "summary": "Tea.",
    "keywords": ["tea"],
}


def diary_with(model: Any, **options: Any) -> Diary:
    return Diary(MemoryBackend(), agent=PydanticAIExtractor(model, **options))


def learn(diary: Diary) -> str:
    return str(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))


def alearn(diary: Diary) -> str:
    return str(asyncio.run(diary.update_memory("ana", "chat", "I love tea!", "Noted.")))


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_is_held_to_the_schema(ask: Callable[[Diary], str]):
    script = Script(calls("final_result", **ANSWER))
    diary = diary_with(script.model)
    assert ask(diary).endswith("added likes/tea: love tea")
    assert len(script.asked) == 1
    assert "I love tea!" in str(script.asked[0])
    assert diary.sync.last_conversations("ana")["chat"]["summary"] == "Tea."


def test_the_schema_names_the_categories():
    shown: list[AgentInfo] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        shown.append(info)
        return calls(info.output_tools[0].name, **ANSWER)

    learn(diary_with(FunctionModel(answer)))
    assert "likes" in str(shown[0].output_tools[0].parameters_json_schema)
    assert shown[0].function_tools == []


def test_one_that_answers_in_words_instead_is_not_asked_again():
    script = Script(f"Here it is:\n```json\n{json.dumps(ANSWER)}\n```")
    assert learn(diary_with(script.model)).endswith("added likes/tea: love tea")
    assert len(script.asked) == 1


def test_an_answer_that_is_none_is_asked_for_again_and_then_refused():
    script = Script("I'd rather not.")
    with pytest.raises(ExtractionError, match="I'd rather not"):
        learn(diary_with(script.model))
    assert len(script.asked) == 2


def test_one_of_the_wrong_form_is_mended():
    script = Script(calls("final_result", edits="tea"), calls("final_result", **ANSWER))
    assert learn(diary_with(script.model)).endswith("added likes/tea: love tea")
    assert "edits: Input should be a valid list" in str(script.asked[1])


@pytest.mark.parametrize("ask", [learn, alearn])
def test_a_model_that_fails_leaves_the_turn_waiting(ask: Callable[[Diary], str]):
    script = Script(TimeoutError("no answer"), calls("final_result", **ANSWER))
    diary = diary_with(script.model)
    with pytest.raises(TimeoutError, match="no answer"):
        ask(diary)
    assert diary.sync.preferences("ana") == ""
    (report,) = diary.sync.catch_up("ana")
    assert "love tea" in str(report)


def test_what_went_wrong_before_the_model_answered_is_raised():
    script = Script(UnexpectedModelBehavior("the content was filtered"))
    with pytest.raises(UnexpectedModelBehavior, match="the content was filtered"):
        learn(diary_with(script.model))


def test_a_model_may_be_named():
    assert isinstance(PydanticAIExtractor("test").model, TestModel)
    with pytest.raises((UserError, ValueError), match="no-such"):
        PydanticAIExtractor("no-such:model")
    with pytest.raises(TypeError, match="the name of one or an agent is needed, not int"):
        PydanticAIExtractor(5)  # type: ignore[arg-type]


def test_a_prompt_of_ones_own_is_asked():
    script = Script(calls("final_result", **ANSWER))
    prompt = "Mine: {{categories}} {{known}} {{turn}}"
    learn(diary_with(script.model, prompt=prompt))
    assert "Mine: - likes" in str(script.asked[0])


# ---------------------------------------------------------------- behind a run

somebody: ContextVar[str] = ContextVar("somebody", default="nobody")


def test_an_agents_runs_are_learned_from_in_the_background_apart_from_the_run():
    """What is bound in the run, such as its deadline and its trace, binds the extraction not."""
    seen: list[str] = []

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(somebody.get())
        return calls("final_result", **ANSWER)

    memory = DiaryToolset(diary_with(FunctionModel(answer)), "ana", "chat", tools=())
    agent = Agent(
        FunctionModel(lambda messages, info: ModelResponse([TextPart("Noted.")])),
        toolsets=[memory],
    )
    token = somebody.set("ana")
    agent.run_sync("I love tea!")
    somebody.reset(token)
    memory.recorder.flush_sync("ana")
    assert "love tea" in memory.diary.sync.preferences("ana")
    assert seen == ["nobody"]
