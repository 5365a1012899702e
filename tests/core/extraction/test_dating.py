"""What is said of a time "next month" or "two years ago" stands on the pages with its date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from diarist import Extraction, ModelExtractor, Snapshot, SyncDiary, Turn
from diarist.extraction.rules import RuleExtractor
from diarist.schema import categories
from diarist.tables import DefaultPreferences
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from pydantic import BaseModel

SATURDAY = datetime(2026, 11, 21, 18, tzinfo=UTC)
LATER = datetime(2027, 4, 1, tzinfo=UTC)
TABLE = categories(DefaultPreferences)

STATED = {
    "I'm moving to Porto in two weeks.": "moving to Porto around 2026-12-05",
    "I moved to Porto last month.": "moved to Porto in October 2026",
    "I want to visit Japan next summer.": "want to visit Japan in the summer of 2027",
    "I'd like to run a marathon in March.": "would like to run a marathon in March 2027",
    "My goal is to lose 5 kg by the end of the year.": "goal is to lose 5 kg by the end of 2026",
    "I gave up smoking two years ago.": "gave up smoking in 2024",
    "I've been vegan since last year.": "been vegan since 2025",
    "I never eat meat on Fridays.": "never eat meat on Fridays",
    "I don't eat meat on Friday.": "don't eat meat on Friday",
    "I go to the gym on Monday and Friday.": "go to the gym on Monday and Friday",
}


@pytest.mark.parametrize(("said", "stated"), STATED.items())
def test_the_rules_date_what_they_find(said: str, stated: str) -> None:
    (edit,) = RuleExtractor().extract(Turn("s", said, "", SATURDAY), Snapshot(TABLE)).edits
    assert edit.text == stated


def test_find_knows_no_day_and_a_span_names_the_users_words() -> None:
    said = "Hi! I want to visit Japan next summer."
    (edit,) = RuleExtractor().extract(Turn("s", said, "", SATURDAY), Snapshot(TABLE)).edits
    assert edit.span is not None
    assert said[slice(*edit.span)] == "want to visit Japan next summer"
    assert RuleExtractor().find(said)[0].text == "want to visit Japan next summer"


def test_contexts_are_dated_too() -> None:
    said = "I'm saving up for a house, because my lease ends next June."
    (edit,) = RuleExtractor().extract(Turn("s", said, "", SATURDAY), Snapshot(TABLE)).edits
    assert edit.contexts == ("because my lease ends in June 2027",)


def test_the_same_year_said_on_two_days_is_one_goal() -> None:
    diary = SyncDiary(MemoryBackend())
    for day in (21, 25):
        at = SATURDAY.replace(day=day)
        diary.update_memory("ana", f"s{day}", "I want to visit Japan next year.", "ok", at=at)
    (goal,) = diary.preferences("ana").data["goals"].values()
    assert (goal["text"], goal["_count"]) == ("want to visit Japan in 2027", 2)


def test_a_later_turn_leaves_the_dates_of_a_summary() -> None:
    diary = SyncDiary(MemoryBackend())
    diary.update_memory("ana", "s", "My exam is next Friday.", "Good luck!", at=SATURDAY)
    diary.update_memory("ana", "s", "I passed last month!", "Great!", at=LATER)
    summary = diary.last_conversations("ana")["s"]["summary"]
    assert summary == "My exam is on Friday 2026-11-27. I passed in March 2027!"


# ---------------------------------------------------------------- by a model


def taken(said: str, stated: str, summary: str, before: str = "") -> tuple[str, str | None]:
    """Return the text and the summary that are taken of a model's answer."""

    def complete(prompt: str, schema: type[BaseModel]) -> object:
        del prompt, schema
        edits = [{"action": "add", "category": "goals", "text": stated}]
        return {"edits": edits, "summary": summary}

    snapshot = Snapshot(TABLE, conversation={"summary": before})
    found = ModelExtractor(complete).extract(Turn("s", said, "", SATURDAY), snapshot)
    assert isinstance(found, Extraction)
    return found.edits[0].text, found.summary


def test_what_a_model_leaves_relative_becomes_a_date() -> None:
    text, summary = taken(
        "I want to move to Porto next Friday.",
        "want to move to Porto next Friday",
        "Moves tomorrow.",
    )
    assert text == "want to move to Porto on Friday 2026-11-27"
    assert summary == "Moves on 2026-11-22."


@pytest.mark.parametrize(
    ("said", "stated"),
    [
        ("Gym next week, I promise.", "gym in the week of 2026-11-23"),
        ("Porto tonight!", "Porto on the evening of 2026-11-21"),
        ("Japan next summer!", "Japan in the summer of 2027"),
        ("Japan next year!", "Japan in 2027"),
    ],
)
def test_a_date_that_a_model_worked_out_is_not_an_invention(said: str, stated: str) -> None:
    assert taken(said, stated, "Plans.")[0] == stated


def test_what_stands_in_the_summary_so_far_is_not_dated_again() -> None:
    before = "Met Ana yesterday."
    _, summary = taken(
        "I want to move to Porto.", "want to move to Porto", f"{before} Left today.", before
    )
    assert summary == "Met Ana yesterday. Left on 2026-11-21."


def test_the_prompt_asks_for_dates_and_names_the_day() -> None:
    prompts: list[str] = []

    def complete(prompt: str, schema: type[BaseModel]) -> object:
        del schema
        prompts.append(prompt)
        return {"edits": [], "summary": ""}

    ModelExtractor(complete).extract(Turn("s", "Hi", "", SATURDAY), Snapshot(TABLE))
    assert "said on Saturday 2026-11-21" in prompts[0]
    assert "becomes a date" in prompts[0]
