"""`DiaryStorage` under CrewAI's own `Memory`: what LanceDB's storage gets wrong there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from crewai import Agent, Crew, Memory, Task
from crewai.events.event_listener import event_listener
from crewai.llms.base_llm import BaseLLM
from crewai.memory.storage import factory

from crewai_diarist import DiaryStorage, register_diary_scheme
from integrations.crewai.stored import ids, record

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.places import Place


class Scripted(BaseLLM):
    """A model that always says the same."""

    answer: str = "fine"

    def call(self, *args: Any, **kwargs: Any) -> str:
        return self.answer

    def supports_function_calling(self) -> bool:
        return False


def embed(texts: list[str]) -> list[list[float]]:
    """Put all that is said about tea close together."""
    return [[1.0, 0.001 * len(text)] if "tea" in text else [0.0, 1.0] for text in texts]


def memory(storage: Any, answer: str = "fine", **more: Any) -> Memory:
    return Memory(storage=storage, llm=Scripted(model="m", answer=answer), embedder=embed, **more)


@pytest.fixture(autouse=True)
def _quiet_and_unregistered():
    event_listener.formatter.verbose = False
    known = factory._factory
    yield
    factory.set_memory_storage_factory(known)


def told(scope: str, **more: Any) -> dict[str, Any]:
    return {"scope": scope, "categories": ["drinks"], "importance": 0.5} | more


def test_what_is_remembered_is_recalled_after_a_restart(place: Place):
    memory(DiaryStorage(place)).remember("Ana likes tea", **told("/user/ana"))
    again = memory(DiaryStorage(place))
    again.remember("Ben likes rain", **told("/user/ben"))
    for depth in ("shallow", "deep"):
        assert again.recall("tea?", depth=depth)[0].record.content == "Ana likes tea"
        assert [m.record.content for m in again.recall("tea?", scope="/user/ben", depth=depth)] == [
            "Ben likes rain"
        ]
    assert again.tree() == memory(DiaryStorage(place)).tree()
    assert again.forget(scope="/user/an") == 0
    assert again.forget(scope="/user/ana") == 1
    assert [each.content for each in again.list_records()] == ["Ben likes rain"]


def test_a_private_record_stays_private_when_it_is_consolidated(place: Place):
    storage = DiaryStorage(place)
    plan = {
        "actions": [{"action": "update", "record_id": "r1", "new_content": "Ana drinks tea daily"}],
        "insert_new": False,
    }
    mine = memory(storage, json.dumps(plan))
    storage.save([record("r1", "/u", embed(["Ana has tea"])[0], source="ana", private=True)])
    mine.remember("Ana has tea.", **told("/u", source="ana", private=True))
    kept = storage.get_record("r1")
    assert kept is not None
    assert (kept.content, kept.source, kept.private) == ("Ana drinks tea daily", "ana", True)
    assert mine.recall("tea", scope="/u", source="ben", depth="shallow") == []
    assert len(mine.recall("tea", scope="/u", source="ana", depth="shallow")) == 1


def test_an_update_says_what_changes(place: Place):
    mine = memory(DiaryStorage(place))
    first = mine.remember("Ana likes tea", **told("/u", source="ana", metadata={"k": 1}))
    assert first is not None
    mine.update(first.id, scope="/other", importance=0.9)
    kept = mine.list_records()[0]
    assert (kept.scope, kept.importance, kept.source, kept.metadata) == (
        "/other", 0.9, "ana", {"k": 1},
    )  # fmt: skip
    assert kept.embedding == pytest.approx(first.embedding)
    assert kept.created_at == first.created_at
    assert len(mine.list_records()) == 1


def test_a_crew_that_is_kept_here_can_be_made_json_and_found_by_it(address: str):
    agent = Agent(role="r", goal="g", backstory="b", llm=Scripted(model="m"))
    task = Task(description="d", expected_output="e", agent=agent)
    plain = Memory(storage=DiaryStorage(address))  # a function as embedder is no JSON
    crew = Crew(agents=[agent], tasks=[task], memory=plain)
    named = plain.model_dump()["storage"]
    assert named == f"diary:{address}"
    assert named in crew.model_dump_json()
    plain._storage.save([record("a")])
    register_diary_scheme()
    assert ids(Memory(storage=named)._storage) == {"a"}


def test_a_name_stands_for_the_storage_once_it_is_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "crew"))
    other = object()
    factory.set_memory_storage_factory(lambda spec: other if spec == "theirs" else None)
    register_diary_scheme()
    register_diary_scheme()
    storage = Memory(storage=f"diary:{tmp_path / 'here'}")._storage
    assert isinstance(storage, DiaryStorage)
    assert storage.place == str(tmp_path / "here")
    usual = str(tmp_path / "crew" / "diary")
    assert Memory(storage="diary:")._storage.place == DiaryStorage().place == usual
    assert Memory(storage="theirs")._storage is other
    assert factory.resolve_memory_storage("lancedb") is None
    assert not tmp_path.joinpath("here").exists()
