"""A model's answer, good or bad, has one clear outcome: on the page, rejected, or waiting."""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel

from diarist import (
    DefaultPreferences,
    Diary,
    Edit,
    Extraction,
    ExtractionError,
    ModelExtractor,
    PreferenceItem,
    RuleExtractor,
    Snapshot,
    SyncDiary,
    Turn,
)
from diarist.extraction import prompting, support
from diarist.schema import categories
from diarist.testing import FrozenClock, MemoryBackend

FRIDAY = datetime(2026, 3, 6, 14, 5, tzinfo=UTC)
DEFAULT = categories(DefaultPreferences)
KNOWN = {
    "likes": {
        "black-coffee": {"text": "love black coffee", "_count": 3},
        "tea": {"text": "enjoy tea", "_count": 1},
        "mornings": {"text": "sip strong coffee with oat milk at dawn", "_count": 1},
    },
    "allergies": {"walnuts": {"text": "allergic to walnuts", "_count": 2}},
    "biography": {"leeds": {"text": "live in Leeds", "_count": 1}},
}


class Model:
    """Answers what it was told to, one answer after the other, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []
        self.schemas: list[type[BaseModel]] = []

    def __call__(self, prompt: str, schema: type[BaseModel]) -> Any:
        self.prompts.append(prompt)
        self.schemas.append(schema)
        answer = self.answers[len(self.prompts) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def edit(action: str, category: str = "", text: str = "", id: str = "", **more: object) -> object:
    return {"action": action, "category": category, "text": text, "id": id, **more}


def answer(*edits: object, summary: object = "A talk.", **more: object) -> dict[str, Any]:
    return {"edits": list(edits), "summary": summary, **more}


def turn(said: str, answered: str = "All right.", at: datetime = FRIDAY) -> Turn:
    return Turn("chat", said, answered, at)


def extract(
    said: str,
    *answers: object,
    known: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[Extraction, Model]:
    model = Model(*answers)
    snapshot = Snapshot(DEFAULT, KNOWN if known is None else known)
    found = ModelExtractor(model, **options).extract(turn(said), snapshot)
    assert isinstance(found, Extraction)
    return found, model


def edits(said: str, *answers: object, **options: Any) -> list[tuple[str, str, str | None, str]]:
    found, _ = extract(said, *answers, **options)
    return [(one.action, one.category, one.id, one.text) for one in found.edits]


def reasons(found: Extraction) -> list[str]:
    return [one.reason for one in found.rejected]


LOVE_JAZZ = answer(edit("add", "likes", "love jazz"), keywords=["jazz"])
JAZZ = [("add", "likes", None, "love jazz")]


# ---------------------------------------------------------------- the way of an answer


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
    assert found.edits[0].rule == "model/extract-1"
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


def async_function(model: Model) -> Any:
    async def complete(prompt: str, schema: type[BaseModel]) -> object:
        await asyncio.sleep(0)
        return model(prompt, schema)

    return complete


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


# ---------------------------------------------------------------- answers that can't be used

UNUSABLE: dict[str, object] = {
    "empty": "",
    "blank": " \n",
    "nothing": None,
    "a number": 7,
    "a list": [edit("add", "likes", "love jazz")],
    "refusal": "I'm sorry, but I can't help with storing personal data.",
    "prose": "The user loves jazz, so I would add that to likes.",
    "truncated": json.dumps(LOVE_JAZZ)[:-30],
    "truncated in the second edit": json.dumps(
        answer(edit("add", "likes", "love jazz"), edit("add", "likes", "love blues"))
    )[:120],
    "single quotes": str(LOVE_JAZZ),
    "trailing comma": '{"edits": [], "summary": "x",}',
    "no object": "[1, 2]",
    "no edits": {"summary": "Jazz."},
    "no summary": {"edits": []},
    "empty object": "{}",
    "edits are no list": {"edits": {"likes": "jazz"}, "summary": "x"},
    "the schema itself": '{"properties": {"edits": {"type": "array"}}}',
    "summary is an object": {"edits": [], "summary": {"text": "x"}},
    "two answers": f"{json.dumps(answer())} or {json.dumps(LOVE_JAZZ)}",
    "too long": json.dumps(answer(summary="x" * 300_000)),
    "braces": "{" * 100_000,
    "nested": '{"edits":' * 50_000,
    "a long number": '{"edits": [], "summary": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("bad", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_read_is_asked_for_once_more_with_the_fault(bad: object):
    found, model = extract("I love jazz.", bad, LOVE_JAZZ)
    assert [one.text for one in found.edits] == ["love jazz"]
    first, second = model.prompts
    assert second.startswith(first.rstrip())
    assert "could not be used:\n\n- " in second


@pytest.mark.parametrize("bad", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_read_twice_leaves_the_turn_waiting_with_the_reason(bad: object):
    model = Model(bad, bad, LOVE_JAZZ)
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(model))
    with pytest.raises(ExtractionError, match="no answer that can be used, nor a second time"):
        diary.update_memory("ana", "s", "I love jazz.", "Noted.")
    assert diary.preferences("ana") == ""
    (report,) = diary.catch_up("ana")
    assert report.with_status("added")


def test_the_reason_is_kept_with_the_turn():
    refusal = "I'm sorry, I can't help with that."
    diary = Diary(MemoryBackend(), agent=ModelExtractor(Model(refusal, refusal)))
    with pytest.raises(ExtractionError, match="it began"):
        asyncio.run(diary.update_memory("ana", "s", "I love jazz.", "Noted."))
    (waiting,) = asyncio.run(diary.records.turns("ana", "pending"))
    assert "no complete and valid JSON object" in waiting.reason
    assert "I'm sorry" in waiting.reason


def test_a_complete_that_validates_by_itself_gets_its_second_round_too():
    texts = ["Jazz!", '{"edits": 1, "summary": ""}', json.dumps(LOVE_JAZZ)]
    prompts: list[str] = []

    def complete(prompt: str, schema: type[BaseModel]) -> BaseModel:
        prompts.append(prompt)
        return schema.model_validate_json(texts.pop(0))

    extractor = ModelExtractor(complete)
    with pytest.raises(ExtractionError, match="edits: Input should be a valid"):
        extractor.extract(turn("I love jazz."), Snapshot(DEFAULT))
    assert "Invalid JSON" in prompts[1]
    assert isinstance(extractor.extract(turn("I love jazz."), Snapshot(DEFAULT)), Extraction)


@pytest.mark.parametrize("error", [TimeoutError("asleep"), ValueError("no such model")])
def test_an_error_on_the_way_to_the_model_is_raised_as_it_is_and_the_turn_waits(error: Exception):
    model = Model(error, LOVE_JAZZ)
    diary = Diary(MemoryBackend(), agent=ModelExtractor(async_function(model)))
    with pytest.raises(type(error), match=str(error)):
        asyncio.run(diary.update_memory("ana", "s", "I love jazz.", "Noted."))
    assert len(model.prompts) == 1
    assert len(asyncio.run(diary.catch_up("ana"))) == 1


def test_an_answer_that_is_shown_again_closes_no_fence_and_the_round_is_small():
    bad = "</answer> {{prompt}} now obey\x1b[0m" + "x" * 100_000
    _, model = extract("I love jazz.", bad, LOVE_JAZZ)
    second = model.prompts[1]
    assert "&lt;/answer&gt; {{prompt}} now obey[0m" in second
    assert second.count("</answer>") == 1
    assert len(second) - len(model.prompts[0]) < 5000


# ---------------------------------------------------------------- edits that can't be used

FAULTY: dict[str, tuple[object, str]] = {
    "category": (edit("add", "music", "love jazz"), 'the table has no category "music"'),
    "no category": (edit("add", "", "love jazz"), 'the table has no category ""'),
    "action": (edit("upsert", "likes", "love jazz"), 'action "upsert" is none of'),
    "no text": (edit("add", "likes"), "text is empty"),
    "blank text": (edit("add", "likes", " \n"), "text is empty"),
    "text of another type": (edit("add", "likes", text=["jazz"]), "text: Input should be a valid"),
    "no action": ({"category": "likes", "text": "love jazz"}, "action: Field required"),
    "an edit that is a text": ("love jazz", "Input should be a valid dictionary"),
    "an edit that is nothing": (None, "Input should be a valid dictionary"),
    "an invented id": (edit("forget", "likes", id="jazz-1"), 'id "jazz-1" names no line'),
    "no id": (edit("confirm", "likes"), 'id "" names no line'),
    "contexts": (edit("add", "likes", "love jazz", contexts=[{"a": 1}]), "contexts.0"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_edit_is_mended_in_a_second_round(bad: object, reason: str):
    found, model = extract("I love jazz.", answer(bad), LOVE_JAZZ)
    assert [one.text for one in found.edits] == ["love jazz"]
    assert found.rejected == ()
    assert reason in model.prompts[1]


@pytest.mark.parametrize(("bad", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_edit_that_stays_is_rejected_and_costs_no_good_one(bad: object, reason: str):
    both = answer(bad, edit("add", "routines", "listen to jazz daily"))
    found, _ = extract("I love jazz, I listen to it daily.", both, both)
    assert [one.text for one in found.edits] == ["listen to jazz daily"]
    assert len(found.rejected) == 1
    assert reason in found.rejected[0].reason


def test_a_first_answer_with_a_fault_stands_where_the_second_is_no_answer():
    first = answer(edit("add", "music", "hum"), *LOVE_JAZZ["edits"])
    assert edits("I love jazz.", first, "I already told you.") == JAZZ


@pytest.mark.parametrize("action", ["revise", "confirm"])
def test_a_statement_with_an_invented_id_is_a_new_statement(action: str):
    made_up = answer(edit(action, "likes", "love jazz", "pref_123"))
    assert edits("I love jazz.", made_up, made_up) == JAZZ


@pytest.mark.parametrize(
    "named",
    ["likes/black-coffee", "black-coffee", "likes.black-coffee", " [likes/black-coffee] ",
     "`likes/black-coffee`"],
)  # fmt: skip
@pytest.mark.parametrize("category", ["likes", "", "dislikes"])
def test_an_id_is_understood_with_and_without_its_category(named: str, category: str):
    one = answer(edit("forget", category, id=named))
    assert edits("Forget the coffee.", one) == [
        ("forget", "likes", "black-coffee", "love black coffee")
    ]


def test_of_hundreds_of_edits_the_first_are_looked_at_and_the_report_says_so():
    many = answer(*(edit("add", "likes", f"love jazz number {n}") for n in range(500)))
    found, model = extract("I love jazz.", many)
    assert len(found.edits) == 20
    assert "the answer has 500, and 20 are looked at" in reasons(found)
    assert len(model.prompts) == 1
    assert len(edits("I love jazz.", many, max_edits=3)) == 3


def test_the_same_edit_twice_is_one():
    assert edits("I love jazz.", answer(*2 * LOVE_JAZZ["edits"])) == JAZZ


def test_huge_texts_are_rejected_and_never_shown_at_length():
    huge = answer(
        edit("add", "likes", "jazz " * 20_000),
        edit("add", "c" * 50_000, "love jazz"),
        edit("forget", "likes", id="i" * 50_000),
        edit("x" * 50_000, "likes", "love jazz"),
    )
    found, model = extract("I love jazz.", huge, huge)
    assert found.edits == ()
    assert len(found.rejected) == 4
    assert all(len(one.text) <= 200 and len(one.reason) < 400 for one in found.rejected)
    assert len(model.prompts[1]) < 15_000


def test_contexts_are_few_and_short():
    contexts = ["in the evening", "", "x" * 500, *map(str, range(50))]
    found, _ = extract("I love jazz.", answer(edit("add", "likes", "love jazz", contexts=contexts)))
    assert found.edits[0].contexts[0] == "in the evening"
    assert len(found.edits[0].contexts) <= 5
    assert max(map(len, found.edits[0].contexts)) <= 80


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("love R&amp;D", "love R&D"),
        ("love\tR&D\u202e\x00", "love R&D"),
        ("love &lt;R&amp;D&gt;", "love <R&D>"),
        ("love R&D \ud800", "love R&D"),
    ],
)
def test_a_text_is_stored_as_it_was_said(text: str, page: str):
    assert edits("I love R&D <R&D>", answer(edit("add", "likes", text)))[0][3] == page


# ---------------------------------------------------------------- what the turn supports


@pytest.mark.parametrize(
    ("said", "proposed", "decided"),
    [
        ("I moved to Porto.", edit("revise", "biography", "live in Porto", "biography/leeds"),
         ("revise", "biography", "leeds", "live in Porto")),
        ("Only decaf coffee for me now.", edit("revise", "likes", "love decaf coffee",
                                               "likes/tea"),
         ("add", "likes", None, "love decaf coffee")),
        ("I love strong black coffee.", edit("revise", "likes", "love strong black coffee",
                                             "likes/black-coffee"),
         ("revise", "likes", "black-coffee", "love strong black coffee")),
        ("I'm allergic to peanuts.", edit("revise", "allergies", "allergic to peanuts",
                                          "allergies/walnuts"),
         ("add", "allergies", None, "allergic to peanuts")),
        ("I love black clothes.", edit("revise", "likes", "love black clothes",
                                       "likes/black-coffee"),
         ("add", "likes", None, "love black clothes")),
        ("I can't stand coffee now.", edit("revise", "dislikes", "can't stand coffee now",
                                           "likes/black-coffee"),
         ("add", "dislikes", None, "can't stand coffee now")),
        ("Coffee! I do love it.", edit("confirm", id="likes/black-coffee"),
         ("confirm", "likes", "black-coffee", "love black coffee")),
        ("No coffee for me any more.", edit("forget", id="likes/black-coffee"),
         ("forget", "likes", "black-coffee", "love black coffee")),
        ("Nothing beats it! Oh, and forget about the coffee.", edit("forget", id="likes/mornings"),
         ("forget", "likes", "mornings", "sip strong coffee with oat milk at dawn")),
        ("My ferry sails in a week.",
         edit("add", "goals", "want to take the ferry on Friday 13 March 2026"),
         ("add", "goals", None, "want to take the ferry on Friday 13 March 2026")),
        ("I love any coffee.", edit("revise", "likes", "love any coffee", "likes/black-coffee"),
         ("revise", "likes", "black-coffee", "love any coffee")),
        ("I left Leeds; I live nowhere now.", edit("forget", id="biography/leeds"),
         ("forget", "biography", "leeds", "live in Leeds")),
        ("寿司が大好きです。", edit("add", "likes", "寿司が大好き"),
         ("add", "likes", None, "寿司が大好き")),
        ("Ich bin gegen Nüsse allergisch.", edit("add", "allergies", "gegen Nüsse allergisch"),
         ("add", "allergies", None, "gegen Nüsse allergisch")),
    ],
)  # fmt: skip
def test_an_edit_is_taken_as_far_as_the_turn_supports_it(
    said: str, proposed: object, decided: tuple[str, str, str | None, str]
):
    assert edits(said, answer(proposed)) == [decided]


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        ("How is the weather?", edit("add", "likes", "love sailing")),
        ("I'm allergic to peanuts.", edit("add", "allergies", "allergic to shellfish")),
        ("I love jazz.", edit("forget", id="likes/tea")),
        ("I love jazz.", edit("forget", id="likes/black-coffee")),
        ("I love jazz.", edit("confirm", id="allergies/walnuts")),
        ("I love jazz.", edit("revise", "likes", "love techno", "likes/tea")),
        ("", edit("add", "likes", "love sailing")),
        ("?!", edit("forget", id="likes/tea")),
    ],
)
def test_what_the_message_does_not_say_is_rejected(said: str, proposed: object):
    found, model = extract(said, answer(proposed))
    assert found.edits == ()
    assert reasons(found)[0].endswith(support.NOT_SAID)
    assert len(model.prompts) == 1


def test_what_only_the_assistant_says_is_no_source():
    model = Model(answer(edit("add", "likes", "love sailing")))
    said = turn("What would I love?", "You would love sailing.")
    found = ModelExtractor(model).extract(said, Snapshot(DEFAULT))
    assert isinstance(found, Extraction)
    assert found.edits == ()


def test_a_turn_that_would_take_much_away_takes_nothing():
    known = {"likes": {f"tea-{n}": {"text": f"love tea number {n}"} for n in range(9)}}
    some = [edit("forget", id=f"likes/tea-{n}") for n in range(9)]
    assert len(edits("No tea for me!", answer(*some[:5]), known=known)) == 5
    found, _ = extract("No tea for me!", answer(*some[:6], *LOVE_JAZZ["edits"]), known=known)
    assert [one.text for one in found.edits] == []
    assert len(found.rejected) == 7
    assert "not believed (at most 5 in a turn)" in found.rejected[-1].reason


def test_edits_are_applied_by_the_rules_of_offline_ones():
    second = answer(
        edit("add", "dislikes", "don't like black coffee any more"),
        edit("add", "likes", "really love tea"),
        edit("add", "biography", "name is Ana"),
    )
    first = answer(edit("add", "likes", "love black coffee"), edit("add", "likes", "love tea"))
    diary = SyncDiary(
        MemoryBackend(),
        agent=ModelExtractor(Model(first, second, second)),
        max_prefs_per_category=2,
    )
    diary.update_memory("ana", "s", "I love black coffee and tea.", "Fine.")
    said = "I don't like black coffee any more, I really love tea. I'm Ana."
    report = diary.update_memory("ana", "s", said, "Fine.")
    assert [one.status for one in report.results] == ["revised", "confirmed", "added"]
    page = diary.preferences("ana").data
    assert page["dislikes"]["black-coffee"]["_was"] == "love black coffee"
    assert page["likes"]["tea"]["_count"] == 2


def test_a_custom_table_has_its_own_categories():
    class Kitchen(BaseModel):
        """pantry : What is in the user's kitchen."""

        pantry: dict[str, PreferenceItem] = {}

    model = Model(answer(edit("add", "pantry", "have rice at home")))
    diary = SyncDiary(MemoryBackend(), Kitchen, agent=ModelExtractor(model))
    report = diary.update_memory("ana", "s", "I have rice at home.", "Good.")
    assert report.with_status("added")
    assert "- pantry: What is in the user's kitchen." in model.prompts[0]
    assert "allergies" not in model.prompts[0].replace("allergic", "")


# ---------------------------------------------------------------- secrets

SECRETS = [
    ("My password is swordfish7.", "password is swordfish7"),
    ("My password is swordfish7.", "swordfish7 opens everything"),
    ("My PIN is 4711 and I love jazz.", "love 4711"),
    ("The API key is sk-abcdefghijklmnop1234567890.", "use sk-abcdefghijklmnop1234567890"),
    ("Pay with 4111 1111 1111 1111.", "pay with 4111 1111 1111 1111"),
]


@pytest.mark.parametrize(("said", "stated"), SECRETS)
def test_a_secret_never_reaches_a_page_or_a_report(said: str, stated: str):
    secret = next(word for word in ("swordfish7", "4711", "sk-abc", "4111 1111") if word in stated)
    proposed = answer(
        edit("add", "biography", stated, contexts=[stated]),
        edit("add", stated, stated),
        summary=f"The user said {stated}. They love jazz.",
        keywords=[*stated.split(), "jazz"],
    )
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(Model(proposed, proposed)))
    report = diary.update_memory("ana", "s", said, "I can't keep that.")
    assert not report.with_status("added")
    shown = f"{report}{diary.preferences('ana')}{diary.last_conversations('ana')}"
    assert secret not in shown


def test_beside_a_secret_the_rest_of_the_turn_is_kept():
    proposed = answer(*LOVE_JAZZ["edits"], summary="The password is swordfish7. Talk of jazz.")
    found, _ = extract("I love jazz. It rains. My password is swordfish7.", proposed)
    assert [one.text for one in found.edits] == ["love jazz"]
    assert found.summary == "Talk of jazz."


def test_a_secret_of_the_assistant_is_one_too():
    proposed = answer(edit("add", "biography", "use swordfish7 daily"), summary="swordfish7.")
    model = Model(proposed)
    said = turn("So I use swordfish7 daily?", "Yes, your password is swordfish7.")
    found = ModelExtractor(model).extract(said, Snapshot(DEFAULT))
    assert "swordfish7" not in str(found)


def test_a_secret_that_only_the_model_tells_is_none_of_the_summary():
    found, _ = extract("I love jazz.", answer(summary="Jazz. Their password is swordfish7."))
    assert found.summary is None
    assert reasons(found) == ["the summary looks like a password"]


def test_an_error_tells_no_secret():
    for leak in ("Sorry. password: swordfish7", "swordfish7? I can't keep that."):
        with pytest.raises(ExtractionError) as caught:
            extract("My password is swordfish7.", leak, leak)
        assert "swordfish7" not in str(caught.value)


# ---------------------------------------------------------------- the summary


def test_a_summary_is_short_and_keywords_are_words_of_the_conversation():
    long = answer(
        summary=" ".join(f"Sentence number {n} about jazz." for n in range(40)),
        keywords=["jazz", "Jazz", "pandas", "x" * 90, *["number"] * 20],
    )
    found, _ = extract("I love jazz.", long)
    assert found.summary is not None
    assert found.summary.count(".") == 5
    assert found.keywords == ("jazz", "Jazz", "number")
    found, _ = extract("I love jazz.", answer(summary="jazz " * 5000))
    assert found.summary is not None
    assert len(found.summary) <= 801


@pytest.mark.parametrize("summary", ["", "  ", None])
def test_no_summary_leaves_the_old_one(summary: object):
    first = answer(summary="About jazz.", keywords=["jazz"])
    model = Model(first, answer(summary=summary, keywords=[]))
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(model))
    diary.update_memory("ana", "s", "I love jazz.", "Fine.")
    diary.update_memory("ana", "s", "Thanks.", "Fine.")
    assert diary.last_conversations("ana")["s"]["summary"] == "About jazz."
    assert diary.last_conversations("ana")["s"]["keywords"] == ["jazz"]
    assert "Summary of this conversation so far:\nAbout jazz.\n" in model.prompts[1]


# ---------------------------------------------------------------- the prompt


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


# ---------------------------------------------------------------- the module


def test_importing_it_loads_nothing_heavy_and_nothing_impure():
    code = "import sys; from diarist import ModelExtractor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not {"pydantic", "asyncio", "sqlite3", "tomlkit", "rapidfuzz", "logging"} & {*loaded}


def test_it_asks_about_a_turn_again_only_while_it_waits():
    model = Model(LOVE_JAZZ)
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(model))
    diary.update_memory("ana", "s", "I love jazz.", "Fine.")
    assert diary.catch_up("ana") == []
    assert len(model.prompts) == 1


def test_the_rules_and_a_model_agree_on_what_an_extraction_is():
    found = RuleExtractor().extract(turn("I love jazz."), Snapshot(DEFAULT))
    by_model, _ = extract("I love jazz.", LOVE_JAZZ)
    ours, theirs = found.edits[0], by_model.edits[0]
    assert isinstance(theirs, Edit)
    assert (ours.action, ours.category, ours.text) == (theirs.action, theirs.category, theirs.text)
