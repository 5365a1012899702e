"""Vectors: stored with the record, fused with the words, and never in the way of a memory."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from diarist import Diary, Message, MissingExtraError, SyncDiary, UnsupportedError
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEANINGS = (("car", "automobile", "engine"), ("sad", "unhappy"), ("sea", "beach", "ocean"))


def embed(texts: list[str]) -> list[list[float]]:
    """Stand for a model: one dimension for each group of words that mean the like."""
    return [
        [0.1, *(float(any(word in text.lower() for word in group)) for group in MEANINGS)]
        for text in texts
    ]


async def embed_async(texts: list[str]) -> list[list[float]]:
    await asyncio.sleep(0)
    return embed(texts)


class Model:
    """A model with a name."""

    model_name = "toy"

    def __init__(self, length: int = 4) -> None:
        self.length = length
        self.calls: list[list[str]] = []
        self.error: Exception | None = None

    def __call__(self, texts: list[str]) -> list[list[float]]:
        if self.error:
            raise self.error
        self.calls.append(texts)
        return [vector[: self.length] for vector in embed(texts)]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self(texts)


def said(*texts: str) -> list[Message]:
    return [Message("user", text) for text in texts]


CARS = said("My automobile broke down.", "I like tea.", "The ocean was cold.", "Long day.")


@pytest.mark.parametrize("model", [embed, embed_async])
def test_what_means_the_like_is_found_by_both_diaries(tmp_path: Path, model: Callable[..., Any]):
    async def main() -> None:
        diary = Diary(tmp_path / "async", embed=model)
        await diary.messages.append("ana", "s", CARS)
        await diary.notes.put("ana", "n", "trip", "We drove to the beach")
        await diary.update_memory("ana", "t", "I was unhappy there.", "Oh.")
        assert (await diary.recall("ana", "car"))[0].text == "My automobile broke down."
        kinds = ("notes",)
        assert (await diary.recall("ana", "sea", kinds=kinds))[0].text == "We drove to the beach"
        assert (await diary.recall("ana", "sad"))[0].source == "t#1"
        assert "automobile" in await diary.context("ana", "car")

    asyncio.run(main())
    sync = SyncDiary(tmp_path / "sync", embed=model)
    sync.messages.append("ana", "s", CARS)
    sync.notes.put("ana", "n", "trip", "We drove to the beach")
    sync.update_memory("ana", "t", "I was unhappy there.", "Oh.")
    assert sync.recall("ana", "car")[0].text == "My automobile broke down."
    assert sync.recall("ana", "car")[0].features["meaning"] == 1.0
    assert sync.recall("ana", "sea", kinds=("notes",))[0].text == "We drove to the beach"
    assert sync.recall("ana", "sad")[0].source == "t#1"


def test_words_still_count_beside_meaning(tmp_path: Path):
    diary = SyncDiary(tmp_path, embed=embed)
    diary.messages.append(
        "ana", "s", said("The engine of my boat", "My car is red", "The car wash")
    )
    assert diary.recall("ana", "red car")[0].text == "My car is red"


def test_a_model_that_fails_costs_no_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    model = Model()
    diary = SyncDiary(tmp_path, embed=model)
    model.error = TimeoutError("no answer, key sk-abcdefghijklmnopqrstuvwxyz123456")
    with caplog.at_level(logging.WARNING, "diarist"):
        diary.messages.append("ana", "s", CARS)
        diary.notes.put("ana", "n", "trip", "We drove to the beach")
        diary.update_memory("ana", "t", "I love tea.", "Ok.")
        assert diary.recall("ana", "automobile")[0].text == "My automobile broke down."
    assert "stored without vectors, until reembed" in caplog.text
    assert "recalled by words alone" in caplog.text
    assert "abcdefghijkl" not in caplog.text
    model.error = None
    assert diary.reembed("ana") == 7
    assert diary.reembed("ana") == 0
    assert diary.recall("ana", "car")[0].text == "My automobile broke down."


@pytest.mark.parametrize(
    "answer", [None, [], [[1.0]], [[], [], [], []], [[float("nan")]] * 4, [[1.0], [1.0, 2.0]] * 2]
)
def test_a_wrong_answer_is_a_failure(tmp_path: Path, answer: Any, caplog: pytest.LogCaptureFixture):
    diary = SyncDiary(tmp_path, embed=lambda _: answer)
    diary.messages.append("ana", "s", CARS)
    assert diary.messages.count("ana", "s") == 4
    assert "stored without vectors" in caplog.text


def test_another_model_has_its_own_index_beside_the_old_one(tmp_path: Path):
    SyncDiary(tmp_path, embed=Model()).messages.append("ana", "s", CARS)
    small = SyncDiary(tmp_path, embed=Model(3))
    assert "meaning" not in small.recall("ana", "sad ocean")[0].features
    assert small.reembed("ana") == 4
    assert SyncDiary(tmp_path, embed=Model()).reembed("ana") == 0
    assert SyncDiary(tmp_path, embed=Model()).recall("ana", "car")[0].features["meaning"] == 1.0


def test_a_method_is_named_after_the_model_of_its_object(tmp_path: Path):
    """As frameworks have it: `embeddings.embed_documents`."""
    model = Model()
    SyncDiary(tmp_path, embed=model).messages.append("ana", "s", CARS)
    assert SyncDiary(tmp_path, embed=model.embed_documents).reembed("ana") == 0
    model.model_name = "another"
    assert SyncDiary(tmp_path, embed=model.embed_documents).reembed("ana") == 4


class Documents:
    """A model as frameworks have them: what is asked is embedded in another way."""

    model_name = "two-ways"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float("brother" in text), 1.0] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.asked.append(text)
        return [1.0, 0.0]


@pytest.mark.parametrize("given", ["the model", "its method"])
def test_a_model_object_embeds_texts_and_questions_each_in_its_way(tmp_path: Path, given: str):
    model = Documents()
    diary = SyncDiary(tmp_path, embed=model if given == "the model" else model.embed_documents)
    said = [Message("user", "I saw a film."), Message("user", "My brother has a boat.")]
    diary.messages.append("ana", "chat", said)
    hits = diary.recall("ana", "siblings?", k=1, kinds=("messages",))
    assert [hit.text for hit in hits] == ["My brother has a boat."]
    assert model.asked == ["siblings?"]


def test_reembed_goes_on_where_it_failed(tmp_path: Path):
    SyncDiary(tmp_path).messages.append("ana", "s", said(*(f"car {n}" for n in range(600)), " "))
    model = Model()
    diary = SyncDiary(tmp_path, embed=model)
    real = model.__call__

    calls = 0

    def failing(texts: list[str]) -> list[list[float]]:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise TimeoutError("no answer")
        return real(texts)

    failing.model_name = "toy"  # type: ignore[attr-defined]
    with pytest.raises(TimeoutError):
        SyncDiary(tmp_path, embed=failing).reembed("ana")
    assert 0 < diary.reembed("ana") < 600
    assert diary.reembed("ana") == 0


def test_what_is_deleted_or_changed_is_found_no_more(tmp_path: Path):
    diary = SyncDiary(tmp_path, embed=embed)
    diary.messages.append(
        "ana", "s", [Message("user", "My automobile", id="a"), *said("An engine")]
    )
    assert len(diary.recall("ana", "car", kinds=("messages",), k=4)) == 2
    diary.messages.delete("ana", "s", ids=["a"])
    found = diary.recall("ana", "car", kinds=("messages",), k=4)
    assert [hit.text for hit in found] == ["An engine"]
    diary.messages.replace("ana", "s", said("The beach"))
    assert [hit.text for hit in diary.recall("ana", "car", k=4)] == ["The beach"]
    diary.notes.put("ana", "n", "k", "an automobile")
    diary.notes.put("ana", "n", "k", "a beach")
    assert diary.recall("ana", "sea", kinds=("notes",))[0].features["meaning"] == 1.0
    diary.delete_user("ana")
    diary.messages.append("ana", "s", said("My engine"))
    assert [hit.text for hit in diary.recall("ana", "car")] == ["My engine"]


def test_blank_messages_and_known_ones_ask_no_model():
    model = Model()
    diary = SyncDiary(MemoryBackend(), embed=model)
    diary.messages.append("ana", "s", [Message("assistant", ""), Message("tool", "  ")])
    assert model.calls == []
    diary.recall("ana", "   ")
    assert model.calls == []


def test_a_message_may_bring_its_own_vector(tmp_path: Path):
    model = Model()
    diary = SyncDiary(tmp_path, embed=model)
    mine = Message("user", "something", vectors={"toy:4": [0.0, 1.0, 0.0, 0.0]})
    diary.messages.append("ana", "s", [mine])
    assert diary.messages.read("ana", "s")[0].vectors == {}
    assert diary.recall("ana", "car")[0].features["meaning"] == 1.0


def test_a_message_keeps_its_vector_when_others_are_put_before_it():
    model = Model()
    diary = SyncDiary(MemoryBackend(), embed=model)
    diary.messages.append("ana", "s", said("The beach", "My automobile", "An engine"))
    asked = len(model.calls)
    diary.messages.insert("ana", "s", 1, said("A song"))
    assert len(model.calls) == asked + 1
    found = diary.recall("ana", "car", kinds=("messages",), k=8)
    near = {hit.text for hit in found if hit.features["meaning"] == 1.0}
    assert near == {"My automobile", "An engine"}
    assert diary.reembed("ana") == 0


def test_reembed_needs_a_model():
    with pytest.raises(UnsupportedError, match="embed="):
        SyncDiary(MemoryBackend()).reembed("ana")
    with pytest.raises(TypeError, match="callable"):
        SyncDiary(MemoryBackend(), embed="all-MiniLM")  # type: ignore[arg-type]


def test_a_model_without_numpy_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"diarist\[vectors\]"):
        SyncDiary(MemoryBackend(), embed=embed)


def test_many_vectors_are_read_once_and_then_only_what_is_new(tmp_path: Path):
    writer, reader = SyncDiary(tmp_path, embed=embed), SyncDiary(tmp_path, embed=embed)
    for number in range(5):
        writer.messages.append("ana", f"s{number}", said(f"automobile {number}", "tea"))
        found = reader.recall("ana", "car", k=20, kinds=("messages",))
        alike = {hit.text for hit in found if hit.features.get("meaning") == 1.0}
        assert alike == {f"automobile {n}" for n in range(number + 1)}


def test_a_turn_is_logged_before_any_model_is_asked(tmp_path: Path):
    async def hang(texts: list[str]) -> list[list[float]]:
        await asyncio.sleep(60)
        return embed(texts)

    async def main() -> None:
        diary = Diary(tmp_path, embed=hang)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(diary.update_memory("ana", "s", "I love jam.", "Ok."), 0.5)
        assert await diary.messages.count("ana", "s") == 2
        assert "jam" in (await diary.preferences("ana")).data["likes"]
        assert await SyncDiary(tmp_path, embed=embed).diary.reembed("ana") == 2

    asyncio.run(main())


def test_recorded_turns_are_embedded_when_they_are_taken_in(tmp_path: Path):
    diary = SyncDiary(tmp_path, embed=embed)
    diary.record_turn("ana", "s", said("My automobile broke down."))
    assert len(diary.catch_up("ana")) == 1
    assert diary.recall("ana", "car")[0].features["meaning"] == 1.0
    assert diary.reembed("ana") == 0


def test_a_turn_that_waited_has_its_vectors_once_the_next_one_took_it_in(tmp_path: Path):
    diary = SyncDiary(tmp_path, embed=embed)
    diary.record_turn("ana", "s", said("My automobile broke down."))
    diary.update_memory("ana", "s", "I love tea.", "Ok.")
    assert diary.recall("ana", "car")[0].features["meaning"] == 1.0
    assert diary.reembed("ana") == 0
