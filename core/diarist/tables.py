"""The models a user subclasses or reads: Pydantic, as on the page.

Apart from `models.py`, so that a program which only keeps a diary loads Pydantic when it is needed.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


Timestamp: TypeAlias = Annotated[str, BeforeValidator(_as_text)]
"""A time as text, RFC 3339 in UTC; a TOML date that a person wrote without quotes is taken too."""


class PreferenceItem(BaseModel):
    """One preference: a statement about the user, with where it came from.

    The fields with an underscore on the page are written by diarist; `text` and `contexts` are
    yours to edit. Times are RFC 3339 in UTC (`2024-01-01T00:00:00Z`). Unknown keys are kept.

    >>> PreferenceItem(text="allergic to walnuts").count
    1
    """

    model_config = ConfigDict(populate_by_name=True, extra="allow")

    text: str = Field(description="What is known, in a few words")
    contexts: list[str] = Field(default=[], description="When or why it holds")
    count: int = Field(default=1, alias="_count", description="How often it was said")
    created: Timestamp = Field(
        default="", alias="_created", description="First said, RFC 3339 in UTC"
    )
    updated: Timestamp = Field(
        default="", alias="_updated", description="Last said, RFC 3339 in UTC"
    )
    created_by: str = Field(default="", alias="_created_by", description="Session of the first")
    updated_by: str = Field(default="", alias="_updated_by", description="Session of the last")
    sources: list[str] = Field(
        default=[], alias="_sources", description="The messages that say so, newest last, at most 8"
    )
    was: str | None = Field(default=None, alias="_was", description="The text before it changed")


class ConversationItem(BaseModel):
    """One conversation: its times, number of turns, summary and keywords.

    >>> ConversationItem(summary="Discussed food").turns
    0
    """

    model_config = ConfigDict(populate_by_name=True, extra="allow")

    created: Timestamp = Field(
        default="", alias="_created", description="First turn, RFC 3339 in UTC"
    )
    updated: Timestamp = Field(
        default="", alias="_updated", description="Last turn, RFC 3339 in UTC"
    )
    turns: int = Field(default=0, alias="_turns", description="How many turns it had")
    summary: str = Field(default="", description="What it was about, at most five sentences")
    keywords: list[str] = Field(default=[], description="Words that stand for it")


class DefaultPreferences(BaseModel):
    """What most assistants should remember about a person.

    likes        : what the user enjoys, prefers or is a fan of
    dislikes     : what the user avoids, can't stand or has stopped liking
    allergies    : substances and foods the user reacts to, intolerances, health conditions
    routines     : habits, diet and what the user does regularly
    biography    : who the user is: name, home, work, family, belongings, identity
    goals        : what the user wants to reach, learn or plans to do
    instructions : how the assistant should behave and answer from now on
    """

    likes: dict[str, PreferenceItem] = {}
    dislikes: dict[str, PreferenceItem] = {}
    allergies: dict[str, PreferenceItem] = {}
    routines: dict[str, PreferenceItem] = {}
    biography: dict[str, PreferenceItem] = {}
    goals: dict[str, PreferenceItem] = {}
    instructions: dict[str, PreferenceItem] = {}
