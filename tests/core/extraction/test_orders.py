"""A task for an agent is an order: only what somebody says of themselves in it is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarist import Diary, Edit, Extraction, Message, SyncDiary
from diarist.records import ORDER
from diarist.testing import AsyncScriptedExtractor, MemoryBackend, ScriptedExtractor

if TYPE_CHECKING:
    from collections.abc import Mapping

HOW = "Research the best coffee in Porto. Always cite your sources. Prefer primary sources."


def told(
    text: str, agent: Any = None, *, metadata: Mapping[str, Any] = ORDER
) -> tuple[list[str], list[str]]:
    """Return what is learned from a message, and what is rejected."""
    diary = SyncDiary(MemoryBackend(), agent=agent)
    said = [Message("user", text, metadata=metadata), Message("assistant", "Done.")]
    diary.record_turn("ana", "crew", said)
    (report,) = diary.catch_up("ana")
    rejected = [result.text for result in report.with_status("rejected")]
    return [result.text for result in report.results if result.id], rejected


def test_how_the_work_shall_be_done_is_no_preference():
    learned, rejected = told(HOW)
    assert learned == []
    assert "Prefer primary sources" in rejected
    assert "Prefer primary sources" in told(HOW, metadata={})[0]


@pytest.mark.parametrize(
    ("text", "learned"),
    [
        (f"I'm allergic to walnuts. {HOW}", ["allergic to walnuts"]),
        ("Plan a breakfast. I love tea. Always answer in French.", ["love tea"]),
        ("My name is Rui. Never use jargon.", ["name is Rui"]),
        ("Write an ad. The narrator says: I love tea.", []),
        ("Always answer in French.", []),
    ],
)
def test_what_somebody_says_of_themselves_is_learned(text: str, learned: list[str]):
    assert told(text)[0] == learned


EDITS = Extraction((Edit("add", "instructions", "cite sources"), Edit("add", "likes", "love tea")))


@pytest.mark.parametrize("extractor", [ScriptedExtractor, AsyncScriptedExtractor])
def test_whatever_a_model_takes_from_an_order_is_judged_so(extractor: Any):
    learned, rejected = told("Always cite sources. I love tea.", extractor([EDITS]))
    assert (learned, rejected) == (["love tea"], ["cite sources"])


def test_an_order_takes_nothing_away():
    diary = Diary(MemoryBackend()).sync
    diary.upsert_preference("ana", "likes", "love coffee")
    said = [Message("user", "Forget coffee.", metadata=ORDER), Message("assistant", "Done.")]
    diary.record_turn("ana", "crew", said)
    diary.catch_up("ana")
    assert "love coffee" in diary.preferences("ana")


def test_an_order_is_summarised_like_any_other_message():
    diary = SyncDiary(MemoryBackend())
    said = [Message("user", "Plan a trip to Lisbon in 5 days.", metadata=ORDER)]
    diary.record_turn("ana", "crew", said)
    diary.catch_up("ana")
    assert "Lisbon" in diary.last_conversations("ana")["crew"]["summary"]
