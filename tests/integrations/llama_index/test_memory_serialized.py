"""A `DiaryMemory` serializes to where it is."""

from __future__ import annotations

from copy import copy, deepcopy
from pickle import dumps, loads
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.memory import StaticMemoryBlock
from workflows.context.serializers import JsonSerializer

from diarist import Diary, bind_user
from integrations.llama_index.scripted import short, texts, user, words
from llama_index_diarist import DiaryMemory

if TYPE_CHECKING:
    from integrations.places import Place


def reopened(memory: DiaryMemory, how: str) -> DiaryMemory:
    if how == "json":
        return JsonSerializer().deserialize(JsonSerializer().serialize(memory))
    if how == "to_json":
        return DiaryMemory.from_json(memory.to_json())
    if how == "validate":
        return DiaryMemory.model_validate(memory.model_dump(mode="json"))
    return {"pickle": lambda m: loads(dumps(m)), "copy": copy, "deepcopy": deepcopy}[how](memory)


@pytest.mark.parametrize("how", ["json", "to_json", "validate", "pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("kind", ["a diary", "its address", "memory"])
def test_it_serializes_to_where_it_is_and_opens_again(
    how: str, kind: str, place: Place, address: str
):
    diary = {"a diary": Diary(place), "its address": address, "memory": None}[kind]
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
    place: Place, caplog: pytest.LogCaptureFixture
):
    blocks = [StaticMemoryBlock(name="static", static_content="Be brief.")]
    memory = short(place, memory_blocks=blocks)
    again = reopened(reopened(memory, "json"), "json")
    assert again.memory_blocks == blocks
    assert again.tokenizer_fn is words
    assert again.to_dict() == memory.to_dict()
    assert not caplog.messages
    elsewhere = DiaryMemory.from_dict({**memory.to_dict(), "parts": "another process"})
    assert elsewhere.memory_blocks == []
    assert "in another process" in caplog.text
