"""A model that answers as it was told to, and what is asked of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from diarist import DefaultPreferences, Extraction, ModelExtractor, Snapshot, Turn
from diarist.schema import categories

if TYPE_CHECKING:
    from pydantic import BaseModel

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


def async_function(model: Model) -> Any:
    async def complete(prompt: str, schema: type[BaseModel]) -> object:
        await asyncio.sleep(0)
        return model(prompt, schema)

    return complete


LOVE_JAZZ = answer(edit("add", "likes", "love jazz"), keywords=["jazz"])
JAZZ = [("add", "likes", None, "love jazz")]
