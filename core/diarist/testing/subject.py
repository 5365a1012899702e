"""What the parts of the record suite share: the store, a day, and how to read results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from diarist.records import ListNotes, Message, Note
from diarist.testing.driving import Driven

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarist.backends.records import RecordStore
    from diarist.records import NoteOperation, Scored, Vectors

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class RecordSuite(Driven):
    """A part of the suite; inherit from `RecordStoreTests` instead."""

    @pytest.fixture
    def store(self) -> RecordStore:
        """Return a new, empty store."""
        raise NotImplementedError("give a fixture `store` that returns a new, empty store")


def later(minutes: float) -> datetime:
    """Return a time after noon."""
    return NOON + timedelta(minutes=minutes)


def said(*texts: str) -> list[Message]:
    """Return messages of a user."""
    return [Message("user", text) for text in texts]


def texts(messages: Iterable[Message]) -> list[str]:
    """Return what was said."""
    return [message.text for message in messages]


def numbers(messages: Iterable[Message]) -> list[int | None]:
    """Return the places of messages."""
    return [message.number for message in messages]


async def do(store: RecordStore, operation: NoteOperation, now: datetime = NOON) -> Any:
    """Do one operation for Ana and return its result."""
    return (await store.notes("ana", [operation], now=now))[0]


async def kept(store: RecordStore, user: str = "ana") -> list[tuple[Note, Vectors]]:
    """Return all notes with their vectors, deleted and expired ones too."""
    return list((await store.export(user)).notes)


async def listed(store: RecordStore, now: datetime = NOON, **wanted: Any) -> list[Note]:
    """List Ana's notes."""
    found: list[Scored] = await do(store, ListNotes(**wanted), now)
    return [scored.note for scored in found]


async def keys(store: RecordStore, now: datetime = NOON, **wanted: Any) -> list[str]:
    """List the keys of Ana's notes."""
    return [note.key for note in await listed(store, now, **wanted)]
