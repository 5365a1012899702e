"""What a model may answer, and how an answer is read, whoever wrote it in whatever wrapping.

Loaded when a model has to be asked, for it needs Pydantic. Nothing of an answer is trusted here but
its form; which edits a turn supports is for `support`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, create_model

MAX_ANSWER = 200_000
"""Characters of an answer that are read; an answer is much shorter."""
MAX_FAULTS = 8
"""Faults that a model is told of."""
MAX_STARTS = 500
"""Places in an answer where JSON is looked for."""
ACTIONS = ("add", "revise", "confirm", "forget")
_THOUGHT = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_decoder = json.JSONDecoder()


def _as_text(value: object) -> object:
    """Take nothing for an empty text, and a number for its digits."""
    if value is None:
        return ""
    return str(value) if type(value) in (int, float) else value


def _as_texts(value: object) -> object:
    """Take one text for a list of what is between its commas."""
    if value is None:
        return []
    return value.split(",") if isinstance(value, str) else value


Text: TypeAlias = Annotated[str, BeforeValidator(_as_text)]
Texts: TypeAlias = Annotated[list[Text], BeforeValidator(_as_texts)]


class ProposedEdit(BaseModel):
    """One change that a model proposes; extra keys are ignored."""

    action: Text = Field(
        description="add a fact, revise, confirm or forget a line",
        json_schema_extra={"enum": list(ACTIONS)},
    )
    category: Text = Field(default="", description="A category of the table")
    id: Text = Field(default="", description="The line meant, as the diary shows it; empty for add")
    text: Text = Field(default="", description="The statement, in the user's own words")
    contexts: Texts = Field(default=[], description="When or why it holds")


class Answer(BaseModel):
    """What a model makes of one turn; extra keys are ignored."""

    edits: list[ProposedEdit] = Field(description="What changes in the diary, mostly nothing")
    summary: Text = Field(description="What the conversation was about so far")
    keywords: Texts = Field(default=[], description="At most eight words of the summary")


class _Frame(BaseModel):
    """An answer whose edits are read one by one, so that a bad one costs no good one."""

    edits: list[Any]
    summary: Text
    keywords: Texts = []


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of an answer.

    Attributes:
        edits: the edits that have the right form.
        malformed: what is wrong with the others.
        summary: the summary.
        keywords: the keywords.
        proposed: how many edits the answer has.
        faults: what the model should be told; with them nothing else may be there.
        raw: the answer as text, to show it to the model.
        usable: whether it can be used where the model does not mend it.
    """

    edits: tuple[ProposedEdit, ...] = ()
    malformed: tuple[str, ...] = ()
    summary: str = ""
    keywords: tuple[str, ...] = ()
    proposed: int = 0
    faults: tuple[str, ...] = ()
    raw: str = ""
    usable: bool = True


@lru_cache(maxsize=64)
def answer_type(categories: tuple[str, ...]) -> type[Answer]:
    """Return the model of an answer about a table with these categories.

    Its JSON Schema names them, for models that are held to it; reading is lenient, so that one
    wrong word costs one edit.

    >>> edit = answer_type(("likes",)).model_json_schema()["$defs"]["DiaryEdit"]
    >>> edit["properties"]["category"]["enum"]
    ['likes']
    """
    named = Field(
        default="",
        description="A category of the table",
        json_schema_extra={"enum": list(categories)},
    )
    edit = create_model("DiaryEdit", __base__=ProposedEdit, category=(Text, named))
    meaning = Answer.model_fields["edits"].description
    edits: Any = (list[edit], Field(description=meaning))
    return create_model("DiaryAnswer", __base__=Answer, edits=edits)


def read(answer: object, most: int) -> Reading:
    """Return what is in an answer: a Pydantic model, a mapping, JSON text, or an error of reading.

    Args:
        answer: what a model gave.
        most: how many edits are looked at.
    """
    raw = raw_of(answer)
    try:
        frame = _Frame.model_validate(data_of(answer))
    except (UnreadableError, ValidationError) as error:
        return Reading(faults=faults_of(error), raw=raw, usable=False)
    edits: list[ProposedEdit] = []
    malformed: list[str] = []
    for number, proposed in enumerate(frame.edits[:most]):
        try:
            if isinstance(proposed, BaseModel):
                proposed = proposed.model_dump()
            edits.append(ProposedEdit.model_validate(proposed))
        except ValidationError as error:
            malformed.append(f"edits[{number}]: {'; '.join(faults_of(error))}")
    return Reading(
        tuple(edits),
        tuple(malformed),
        frame.summary,
        tuple(frame.keywords),
        len(frame.edits),
        tuple(malformed[:MAX_FAULTS]),
        raw,
    )


class UnreadableError(ValueError):
    """An answer that holds no JSON object of the right kind."""


def is_misread(error: ValueError) -> bool:
    """Say whether what `complete` raised is about the answer's form, not about reaching a model."""
    return isinstance(error, (ValidationError, json.JSONDecodeError))


def data_of(answer: object, key: str = "edits") -> Mapping[str, Any]:
    """Return the JSON object with `key` in an answer, in whatever wrapping.

    Raises:
        UnreadableError: there is none, or several.
    """
    if isinstance(answer, BaseModel):
        return answer.model_dump()
    if isinstance(answer, Mapping):
        return cast("Mapping[str, Any]", answer)
    if isinstance(answer, str):
        return _found(answer, key)
    if isinstance(answer, ValidationError):
        raise UnreadableError("; ".join(faults_of(answer)))
    if isinstance(answer, Exception):
        raise UnreadableError(f"it is no JSON: {answer}")
    raise UnreadableError(f"it is {type(answer).__name__}, no JSON object")


def _found(text: str, key: str) -> Mapping[str, Any]:
    """Return the one answer in a text, whatever prose or code fence is around it."""
    if not text.strip():
        raise UnreadableError("it is empty")
    if len(text) > MAX_ANSWER:
        raise UnreadableError(f"it is longer than {MAX_ANSWER} characters")
    objects = _objects(_THOUGHT.sub("", text))
    answers = [found for found in objects if key in found]
    if not answers and (not objects or f'"{key}"' in text):
        raise UnreadableError(f"it holds no complete and valid JSON object with {key}")
    if any(found != answers[0] for found in answers):
        raise UnreadableError(f"it holds several JSON objects with {key}; give one")
    return (answers or objects)[-1]


def _objects(text: str) -> list[Mapping[str, Any]]:
    """Return the JSON objects in a text that are in no other."""
    found: list[Mapping[str, Any]] = []
    start = text.find("{")
    for _ in range(MAX_STARTS):
        if start < 0:
            break
        end = start + 1
        try:
            value, end = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # a number may be too long for Python, too
            pass
        else:
            found.append(cast("Mapping[str, Any]", value))
        start = text.find("{", end)
    return found


def faults_of(error: Exception) -> tuple[str, ...]:
    """Return what is wrong, in words without the answer's own."""
    if not isinstance(error, ValidationError):
        return (str(error),)
    found = [
        f"{'.'.join(map(str, one['loc'])) or 'the answer'}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return tuple(found[:MAX_FAULTS])


def raw_of(answer: object) -> str:
    """Return an answer as text, to show it to the model again."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, json.JSONDecodeError):
        return answer.doc
    if isinstance(answer, BaseModel):
        answer = answer.model_dump()
    return "" if answer is None or isinstance(answer, Exception) else repr(answer)
