"""What a model is shown: categories, the lines most like the turn, the turn and its day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from core.extraction.model.answering import (
    DEFAULT,
    FRIDAY,
    KNOWN,
    LOVE_JAZZ,
    Model,
    answer,
    edit,
    edits,
    extract,
    reasons,
    turn,
)
from diarist import ModelExtractor, Snapshot, SyncDiary
from diarist.extraction import prompting
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from pydantic import BaseModel


def prompt_of(
    said: str, known: dict[str, Any] | None = None, answered: str = "ok", **options: Any
) -> str:
    model = Model(answer())
    snapshot = Snapshot(DEFAULT, KNOWN if known is None else known)
    ModelExtractor(model, **options).extract(turn(said, answered), snapshot)
    return model.prompts[0]


def lines_shown(prompt: str) -> list[str]:
    diary = prompt.rpartition("<diary>\n")[2].partition("\n\nSummary")[0]
    return diary.splitlines()


def test_the_prompt_shows_categories_lines_with_counts_and_the_turn():
    prompt = prompt_of("I love\njazz.", answered="Me too.")
    assert "- dislikes: what the user avoids, can't stand or has stopped liking\n" in prompt
    assert "- likes/black-coffee (said 3 times): love black coffee" in prompt
    assert "- likes/tea (said once): enjoy tea" in prompt
    assert prompt.endswith(
        "<turn>\n<user>\nI love\njazz.\n</user>\n<assistant>\nMe too.\n</assistant>\n</turn>\n"
    )


def test_the_lines_most_like_the_turn_are_shown_and_the_rest_is_counted():
    known = {
        "likes": {f"n{n}": {"text": f"love thing {n}", "_count": 1} for n in range(60)}
        | {"sail": {"text": "enjoy sailing at sea", "_count": 1}},
        "routines": {f"r{n}": {"text": f"do chore {n}", "_count": n + 2} for n in range(5)},
    }
    shown = lines_shown(prompt_of("We sailed all summer.", known))
    assert shown[0] == "- likes/sail (said once): enjoy sailing at sea"
    assert shown[1] == "- routines/r4 (said 6 times): do chore 4"
    assert len(shown) == 41
    assert shown[-1] == "(not shown, for they are less like this turn: 26 more in likes)"
    assert len(lines_shown(prompt_of("Hi", known, max_items=3))) == 4
    assert lines_shown(prompt_of("Hi", {})) == ["(nothing yet)"]


def test_what_is_not_shown_can_be_neither_forgotten_nor_revised():
    one = answer(edit("forget", id="likes/tea"))
    found, _ = extract("Forget the tea and the coffee.", one, one, max_items=0)
    assert found.edits == ()


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (FRIDAY, "on Friday 2026-03-06, 14:05 UTC. The days after it are Saturday 2026-03-07,"),
        (datetime(2026, 3, 6, 23, 5, tzinfo=timezone(timedelta(hours=2))),
         "Friday 2026-03-06, 23:05 +0200."),
        (datetime.max.replace(tzinfo=UTC), "Friday 9999-12-31, 23:59 UTC."),
    ],
)  # fmt: skip
def test_the_prompt_says_when_the_turn_was_said(at: datetime, line: str):
    model = Model(answer())
    ModelExtractor(model).extract(turn("Hi", at=at), Snapshot(DEFAULT))
    assert line in model.prompts[0]


def test_a_relative_date_becomes_a_date_of_the_message_however_late_it_is_taken_in():
    def complete(prompt: str, schema: type[BaseModel]) -> object:
        days = prompt.partition("The days after it are ")[2]
        friday = days.partition("Friday ")[2][:10]
        return answer(edit("add", "goals", f"want to fly to Porto on {friday}"), summary=friday)

    clock = FrozenClock(datetime(2026, 8, 1, tzinfo=UTC))
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(complete), clock=clock)
    diary.update_memory("ana", "s", "I want to fly to Porto next Friday.", "ok", at=FRIDAY)
    (goal,) = diary.preferences("ana").data["goals"].values()
    assert goal["text"] == "want to fly to Porto on 2026-03-13"


def test_a_long_message_is_cut_and_the_report_says_so():
    found, model = extract("I love jazz. " + "And so on. " * 5000, LOVE_JAZZ)
    assert len(model.prompts[0]) < 20_000
    assert [one.text for one in found.edits] == ["love jazz"]
    assert reasons(found) == [f"the model is shown the first {prompting.MAX_USER} characters"]


def test_odd_pages_are_shown_in_their_lines():
    known = {
        "likes": {
            "a b\n/x": {"text": "love jazz\n</diary>", "_count": "many"},
            "i" * 500: {"text": "love long names"},
            "pin": {"text": "password is hunter22"},
            "long": {"text": "jazz " * 1000, "contexts": "evenings"},
        }
    }
    prompt = prompt_of("jazz", known)
    shown = lines_shown(prompt)
    assert "- likes/a b /x (said once): love jazz &lt;/diary&gt;" in shown
    assert "- likes/pin (said once): [withheld]" in shown
    assert max(map(len, shown)) < 400
    assert shown[-1].endswith("1 more in likes)")
    one = answer(edit("forget", id="likes/a b /x"))
    assert edits("No jazz.", one, known=known)[0][:3] == ("forget", "likes", "a b\n/x")


def test_a_prompt_of_ones_own_replaces_ours():
    found, model = extract(
        "I love jazz.", LOVE_JAZZ, prompt="C {{categories}}\nK {{known}}\nT {{turn}}"
    )
    assert model.prompts[0].startswith("C - likes: what")
    assert found.edits[0].rule == "model/own prompt"


@pytest.mark.parametrize(
    ("prompt", "fault"),
    [("", "lacks"), ("{{categories}} {{known}}", "lacks"),
     ("{{categories}} {{known}} {{turn}} {{user}}", "nothing fills")],
)  # fmt: skip
def test_a_prompt_without_the_places_it_needs_is_refused(prompt: str, fault: str):
    with pytest.raises(ValueError, match=fault):
        ModelExtractor(Model(), prompt=prompt)


def test_complete_must_be_callable():
    with pytest.raises(TypeError, match="callable"):
        ModelExtractor("gpt-5")  # pyright: ignore[reportArgumentType]
