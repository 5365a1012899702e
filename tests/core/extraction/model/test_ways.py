"""An answer is found in whatever it is wrapped, and a model is called in whatever way it wants."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import Any

import pytest
from pydantic import BaseModel

from core.extraction.model.answering import (
    DEFAULT,
    JAZZ,
    LOVE_JAZZ,
    Model,
    answer,
    async_function,
    edit,
    extract,
    turn,
)
from diarist import Diary, Extraction, ModelExtractor, Snapshot, SyncDiary
from diarist.testing import MemoryBackend


@pytest.mark.parametrize(
    "wrapped",
    [
        LOVE_JAZZ,
        json.dumps(LOVE_JAZZ),
        json.dumps(LOVE_JAZZ, indent=2),
        f"```json\n{json.dumps(LOVE_JAZZ)}\n```",
        f"Sure! Here is the JSON you asked for:\n\n{json.dumps(LOVE_JAZZ)}\n\nAnything else?",
        f"<think>edits: {{'a': 1}}, or {{\"edits\": []}}?</think>\n{json.dumps(LOVE_JAZZ)}",
        f"I set {{}} aside. {json.dumps(LOVE_JAZZ)}",
        f"{json.dumps(LOVE_JAZZ)}\n{json.dumps(LOVE_JAZZ)}",
        "\ufeff" + json.dumps(LOVE_JAZZ),
        {**LOVE_JAZZ, "reasoning": "they said so", "confidence": 0.9},
        answer({**LOVE_JAZZ["edits"][0], "certainty": "high", "id": None, "contexts": None}),
        answer(edit(" ADD ", "Likes", "love\n jazz")),
        {"edits": LOVE_JAZZ["edits"], "summary": None, "keywords": None},
        {"edits": LOVE_JAZZ["edits"], "summary": "Jazz.", "keywords": "jazz, music"},
    ],
    ids=range(14),
)
def test_an_answer_is_found_in_whatever_it_is_wrapped(wrapped: object):
    found, model = extract("I love jazz.", wrapped)
    assert [(one.action, one.category, one.id, one.text) for one in found.edits] == JAZZ
    assert found.edits[0].rule == "model/extract-2"
    assert len(model.prompts) == 1


def test_an_answer_may_be_an_instance_of_the_schema_or_of_another_model():
    class Other(BaseModel):
        edits: list[dict[str, str]]
        summary: str

    def of_the_schema(prompt: str, schema: type[BaseModel]) -> BaseModel:
        return schema.model_validate(LOVE_JAZZ)

    snapshot = Snapshot(DEFAULT)
    for complete in (of_the_schema, lambda prompt, schema: Other(**LOVE_JAZZ)):
        found = ModelExtractor(complete).extract(turn("I love jazz."), snapshot)
        assert isinstance(found, Extraction)
        assert found.edits[0].text == "love jazz"


def test_the_schema_names_the_categories_for_models_that_are_held_to_it():
    _, model = extract("Hi", answer())
    schema = model.schemas[0].model_json_schema()
    proposed = schema["$defs"]["DiaryEdit"]["properties"]
    assert proposed["category"]["enum"] == list(DEFAULT)
    assert proposed["action"]["enum"] == ["add", "revise", "confirm", "forget"]
    assert schema["required"] == ["edits", "summary"]


def async_object(model: Model) -> Any:
    class Client:
        async def __call__(self, prompt: str, schema: type[BaseModel]) -> object:
            return model(prompt, schema)

    return Client()


WAYS: list[Any] = [
    lambda model: model,
    async_function,
    async_object,
    lambda model: functools.partial(async_function(model)),
    lambda model: lambda prompt, schema: async_function(model)(prompt, schema),
]


@pytest.mark.parametrize("way", WAYS, ids=["sync", "async", "object", "partial", "lambda"])
def test_both_diaries_take_a_complete_of_any_kind(way: Any):
    model = Model("no JSON", json.dumps(LOVE_JAZZ), json.dumps(LOVE_JAZZ))
    diary = Diary(MemoryBackend(), agent=ModelExtractor(way(model)))
    report = asyncio.run(diary.update_memory("ana", "s", "I love jazz.", "Noted."))
    assert str(report.results[0]) == "added likes/jazz: love jazz"
    blocking = SyncDiary(MemoryBackend(), agent=ModelExtractor(way(model)))
    report = blocking.update_memory("ana", "s", "I love jazz.", "Noted.")
    assert str(report.results[0]) == "added likes/jazz: love jazz"
    assert blocking.last_conversations("ana")["s"]["keywords"] == ["jazz"]
