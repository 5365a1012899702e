"""What a diary is made of: what doesn't fit is refused, and models that embed may fail."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from diarist import Diary, Message, SyncDiary
from diarist.embedding import BATCH
from diarist.testing import MemoryBackend, ScriptedExtractor

if TYPE_CHECKING:
    from pathlib import Path

NAIVE = datetime(2026, 3, 1, 12)


class Nothing:
    pass


def extract(turn: object, snapshot: object) -> None:
    return None


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"backend": 5}, TypeError, "a server's address or a backend, not int"),
        ({"backend": None}, TypeError, "a server's address or a backend, not NoneType"),
        ({"backend": b"x"}, TypeError, "backend is .* not bytes"),
        ({"backend": MemoryBackend}, TypeError, "backend is .* not the class MemoryBackend"),
        ({"records": 5}, TypeError, "records is a store of records, not int"),
        ({"agent": extract}, TypeError, r"agent is an object with .*extract\(.* not function"),
        ({"agent": Nothing()}, TypeError, "agent is an object with .* not Nothing"),
        ({"agent": ScriptedExtractor}, TypeError, "agent is .* not the class ScriptedExtractor"),
        ({"agent": "gpt"}, TypeError, "agent is an object with a method extract.* not str"),
        ({"embed": 5}, TypeError, "embed= is a callable"),
        ({"clock": NAIVE}, TypeError, "clock is a function that returns a datetime, not datetime"),
        ({"count_tokens": 5}, TypeError, "count_tokens is a function of a text, not int"),
        ({"max_conversations": 1.5}, TypeError, "max_conversations is a whole number, not float"),
        ({"max_prefs_per_category": True}, TypeError, "max_prefs_per_category is a whole number"),
        ({"similarity_threshold": "70"}, TypeError, "similarity_threshold is a whole number"),
    ],
)
@pytest.mark.parametrize("kind", [Diary, SyncDiary])
def test_a_diary_is_made_of_what_fits(
    kind: type[Diary], arguments: dict[str, Any], error: type[Exception], words: str
):
    with pytest.raises(error, match=words):
        kind(**{"backend": MemoryBackend(), **arguments})


def test_a_clock_without_a_zone_is_refused_when_it_is_first_asked():
    diary = SyncDiary(MemoryBackend(), clock=lambda: NAIVE)
    for call in (
        lambda: diary.messages.append("ana", "s", [Message("user", "x")]),
        lambda: diary.notes.put("ana", "n", "k", 1),
        lambda: diary.update_memory("ana", "s", "x", "y"),
        lambda: diary.ensure_session("ana", "s"),
        lambda: diary.recall("ana", "tea"),
    ):
        with pytest.raises(ValueError, match=r"clock\(\)=2026-03-01T12:00:00 has no time zone"):
            call()
    with pytest.raises(TypeError, match=r"clock\(\) is a datetime with a time zone, not float"):
        SyncDiary(MemoryBackend(), clock=time.time).ensure_session("ana", "s")  # pyright: ignore
    assert diary.list_users() == []


# ---------------------------------------------------------------- models that embed


async def embedded(texts: list[str]) -> list[list[float]]:
    await asyncio.sleep(0)
    return [[float("tea" in text), 1.0] for text in texts]


class Partly:
    """A model that fails where it is given one of the texts in `bad`."""

    model = "partly"

    def __init__(self, bad: str) -> None:
        self.bad = bad
        self.calls = 0
        self.lock = threading.Lock()

    def __call__(self, texts: list[str]) -> list[list[float]]:
        with self.lock:
            self.calls += 1
        if self.bad in texts:
            raise TimeoutError("asleep")
        return [[1.0, 0.0] for _ in texts]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_model_that_gives_something_to_await_is_awaited(tmp_path: Path, is_async: bool):
    pytest.importorskip("numpy")
    embed = lambda texts: embedded(texts)  # noqa: E731 - no coroutine function
    texts = [Message("user", "tea please"), Message("user", "something else")]
    if is_async:

        async def main() -> int:
            diary = Diary(tmp_path, embed=embed)
            await diary.messages.append("ana", "s", texts)
            return await diary.reembed("ana")

        assert asyncio.run(main()) == 0
    else:
        diary = SyncDiary(tmp_path, embed=embed)
        diary.messages.append("ana", "s", texts)
        assert diary.reembed("ana") == 0


def test_a_batch_that_fails_costs_the_others_nothing(caplog: pytest.LogCaptureFixture):
    pytest.importorskip("numpy")
    model = Partly(f"t{BATCH}")
    diary = SyncDiary(MemoryBackend(), embed=model)
    texts = [Message("user", f"t{n}") for n in range(2 * BATCH + 5)]
    diary.messages.append("ana", "s", texts)
    assert model.calls == 3
    assert caplog.text.count("stored without vectors") == 1
    assert f"{BATCH} of {2 * BATCH + 5} texts" in caplog.text
    model.bad = ""
    assert diary.reembed("ana") == BATCH


@pytest.mark.parametrize("answer", [1e39, math.nan, "1", b"1", None])
def test_what_no_index_can_hold_is_stored_without_vectors(
    caplog: pytest.LogCaptureFixture, answer: Any
):
    pytest.importorskip("numpy")
    diary = SyncDiary(MemoryBackend(), embed=lambda texts: [[answer, 1.0] for _ in texts])
    diary.messages.append("ana", "s", [Message("user", "tea")])
    assert "stored without vectors" in caplog.text
    assert [hit.text for hit in diary.recall("ana", "tea")] == ["tea"]
