"""A model's operations are taken where they keep every fact; anything else is reported."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from diarist.compaction import ModelCompactor

from .conftest import Make, always, item, talk

if TYPE_CHECKING:
    from pathlib import Path

    from diarist import CompactionReport

LONG = (
    "Ana really wants to visit Porto in May 2026. Then the weather came up for a while, and it was "
    "not bad. My sister is not coming along. There was some small talk about trains, buses and "
    "other ways of going around."
)


class Model:
    """Answers what it was told to, one answer after the other, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []

    def __call__(self, prompt: str, schema: type) -> Any:
        self.prompts.append(prompt)
        answer = self.answers.pop(0) if self.answers else {"operations": []}
        if isinstance(answer, BaseException):
            raise answer
        return answer


def rewrite(block: str, text: str) -> dict[str, Any]:
    return {"action": "rewrite", "block": block, "text": text}


def delete(block: str, into: str = "") -> dict[str, Any]:
    return {"action": "delete", "block": block, "into": into}


def answer(*operations: object) -> dict[str, Any]:
    return {"operations": list(operations)}


class Compact:
    """Compacts pages with a model; keeps the report and what is on the page then."""

    def __init__(self, make: Make, folder: Path) -> None:
        self._make, self._folder = make, folder

    def __call__(
        self, preferences: str, model: Model, conversations: str = "", **options: Any
    ) -> CompactionReport:
        compactor = ModelCompactor(model, **options)
        diary = self._make(
            preferences, conversations, compaction_config=always(compactor=compactor)
        )
        return diary.compact("ana")

    def texts(self) -> dict[str, str]:
        page = tomllib.loads((self._folder / "ana" / "preferences.toml").read_text())
        return {
            f"{category}/{id}": one["text"]
            for category, table in page.items()
            if category != "_meta"
            for id, one in table.items()
        }

    def summary(self, session: str) -> str:
        page = tomllib.loads((self._folder / "ana" / "conversations.toml").read_text())
        return page["conversations"][session]["summary"]


@pytest.fixture
def compact(make: Make, tmp_path: Path) -> Compact:
    return Compact(make, tmp_path)


def test_words_that_say_nothing_are_left_out(compact: Compact):
    model = Model(answer(rewrite("likes/tea", "love green tea in the morning")))
    report = compact(item("likes.tea", "really just love the green tea in the morning"), model)
    assert compact.texts() == {"likes/tea": "love green tea in the morning"}
    assert [one.status for one in report.changes] == ["rewritten"]
    assert "- likes/tea: really just love the green tea in the morning" in model.prompts[0]


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("really love green tea", "love tea"),
        ("really love green tea", "love green coffee"),
        ("really do not love green tea", "love green tea"),
        ("am allergic to walnuts and to 3 other nuts", "allergic to walnuts and other nuts"),
        ("really love tea but hate coffee", "love coffee but hate tea"),
        ("really love the tea of Porto", "love tea"),
        ("love tea", "love tea"),
        ("really love tea only at home", "love tea at home"),
        ("really love tea", ""),
    ],
)
def test_a_text_that_leaves_out_or_brings_in_something_is_refused(
    compact: Compact, text: str, shorter: str
):
    report = compact(item("likes.a", text), Model(answer(rewrite("likes/a", shorter))))
    assert compact.texts() == {"likes/a": text}
    assert [(one.status, one.block) for one in report.changes] == [("skipped", "likes/a")]


def test_a_block_goes_into_one_that_says_the_same_with_its_counts(compact: Compact):
    page = item("likes.a", "love coffee") + item("likes.b", "really enjoy coffee", _count="4")
    report = compact(page, Model(answer(delete("likes/b", "likes/a"))))
    assert compact.texts() == {"likes/a": "love coffee"}
    assert [(one.status, one.into) for one in report.changes] == [("merged", "likes/a")]


@pytest.mark.parametrize(
    ("gone", "into"),
    [
        ("allergic to nuts", "allergic to pine nuts"),
        ("allergic to pine nuts", "allergic to nuts"),
        ("severely allergic to nuts", "allergic to nuts"),
        ("not allergic to nuts", "allergic to nuts"),
        ("love jazz", "love jazz, but only live"),
        ("live in Leeds", "live in Porto"),
    ],
)
def test_a_block_whose_fact_no_other_carries_is_not_deleted(compact: Compact, gone: str, into: str):
    page = item("likes.a", into) + item("likes.b", gone)
    report = compact(page, Model(answer(delete("likes/b", "likes/a"))))
    assert compact.texts() == {"likes/a": into, "likes/b": gone}
    assert "does not say the same" in str(report)


@pytest.mark.parametrize("into", ["", "likes/b", "likes/nothing", "likes/b]"])
def test_a_deletion_without_another_block_is_refused(compact: Compact, into: str):
    page = item("likes.a", "love tea") + item("likes.b", "love jazz")
    compact(page, Model(answer(delete("likes/b", into))))
    assert len(compact.texts()) == 2


def test_two_that_go_into_each_other_leave_one(compact: Compact):
    page = item("likes.a", "love coffee") + item("likes.b", "like coffee")
    compact(page, Model(answer(delete("likes/a", "likes/b"), delete("likes/b", "likes/a"))))
    assert len(compact.texts()) == 1


def test_a_summary_may_lose_sentences_that_are_about_nobody(compact: Compact):
    shorter = (
        "Ana wants to visit Porto in May 2026. Then the weather not bad. My sister is not "
        "coming along. There was some small talk about trains."
    )
    model = Model(answer(rewrite("conversation 1", shorter)))
    compact("", model, talk("old", LONG))
    assert compact.summary("old") == shorter


@pytest.mark.parametrize(
    "shorter",
    [
        "Ana wants to visit Porto in May. My sister is not coming along.",
        "Ana wants to visit Porto in May 2026. My sister is coming along.",
        "Ana wants to visit Porto in May 2026.",
        "Ana wants to visit Porto in May 2026. Then weather bad. My sister is not coming along.",
        "Ana wants to visit Rome in May 2026. My sister is not coming along.",
        "",
    ],
)
def test_a_summary_that_loses_a_fact_stays_as_it_is(compact: Compact, shorter: str):
    report = compact("", Model(answer(rewrite("conversation 1", shorter))), talk("old", LONG))
    assert compact.summary("old") == LONG
    assert [one.status for one in report.changes] == ["skipped"]


def test_a_conversation_is_not_deleted(compact: Compact):
    model = Model(answer(delete("conversation 1", "conversation 2")))
    compact("", model, talk("a", LONG) + talk("b", LONG))
    assert compact.summary("a") == LONG


@pytest.mark.parametrize(
    "bad", ["", "I can't do that.", '{"operations": [{"act', "[]", {"edits": []}, 5, None]
)
def test_an_answer_that_is_garbage_twice_leaves_the_page_and_is_reported(
    compact: Compact, bad: object
):
    model = Model(bad, bad)
    report = compact(item("likes.a", "really love tea"), model)
    assert compact.texts() == {"likes/a": "really love tea"}
    assert len(model.prompts) == 2
    assert "An earlier answer to this could not be used" in model.prompts[1]
    assert [one.status for one in report.changes] == ["skipped"]
    assert "the model gave no answer that can be used" in str(report)


def test_a_bad_answer_is_mended_once(compact: Compact):
    good = f"Here:\n```json\n{json.dumps(answer(rewrite('likes/a', 'love tea')))}\n```"
    compact(item("likes.a", "really love tea"), Model("nonsense", good))
    assert compact.texts() == {"likes/a": "love tea"}


def test_garbage_fails_no_turn(make: Make):
    config = always(compactor=ModelCompactor(Model(*["nonsense"] * 9)))
    diary = make(item("likes.a", "really love tea"), compaction_config=config)
    assert diary.update_memory("ana", "s", "I'm allergic to milk.", "Noted.").with_status("added")


def test_unknown_names_and_actions_are_reported(compact: Compact):
    operations = answer(
        rewrite("likes/z", "love tea"), {"action": "burn", "block": "likes/a"}, "what?"
    )
    report = compact(item("likes.a", "really love tea"), Model(operations, operations))
    assert compact.texts() == {"likes/a": "really love tea"}
    assert len(report.with_status("skipped")) == 3


def test_every_block_is_shown_some_at_a_time(compact: Compact):
    page = "".join(item(f"likes.x{n}", f"love thing{n}") for n in range(7))
    model = Model()
    compact(page, model, max_blocks=3)
    assert [prompt.count("\n- likes/x") for prompt in model.prompts] == [3, 3, 1]


def test_stored_text_closes_no_fence_and_a_secret_is_not_shown(compact: Compact):
    page = item("likes.a", "love </blocks> and tea") + item("likes.b", "my password is hunter2")
    model = Model()
    compact(page, model)
    assert model.prompts[0].count("</blocks>") == 1
    assert "hunter2" not in model.prompts[0]


def test_the_offline_pass_comes_first(compact: Compact):
    model = Model()
    compact(item("likes.a", "love tea") + item("likes.b", "love tea"), model)
    assert model.prompts[0].count("love tea") == 1


def test_what_a_person_laid_out_keeps_its_bytes(compact: Compact):
    page = item("likes.a", "really love tea") + "# mine\n"
    model = Model(answer(rewrite("likes/a", "love tea")))
    report = compact(page, model)
    assert compact.texts() == {"likes/a": "really love tea"}
    assert "a person laid it out" in str(report)


def test_what_can_never_work_is_refused_when_it_is_made():
    with pytest.raises(TypeError, match="complete is a callable"):
        ModelCompactor("gpt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"lacks \['blocks'\]; its places are written {{blocks}}"):
        ModelCompactor(Model(), prompt="Shorten!")
    with pytest.raises(ValueError, match="max_blocks must be at least 1"):
        ModelCompactor(Model(), max_blocks=0)
