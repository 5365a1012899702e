"""memory-mini's values: an entry, its status, its namespace as a text, its end as a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from diarist import ConflictError

if TYPE_CHECKING:
    from diarist import Note


class DuplicateKeyError(ConflictError, sqlite3.IntegrityError):
    """There is an entry under this key, and `upsert=False` was asked for; nothing is written."""


class EntryStatus(StrEnum):
    """What has become of an entry."""

    ACTIVE = "active"
    SOFT_DELETED = "soft-deleted"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Entry:
    """A text under a key in a namespace.

    Attributes:
        key: its name there.
        value: the text.
        namespace: where, its parts apart by `/`.
        status: what has become of it.
        metadata: anything JSON can hold.
        created_at: when it was first stored, UTC.
        updated_at: when it was last stored, UTC.
        last_accessed_at: when `get` read it just now; other calls leave it None. Reading writes
            nothing, so nobody else sees it.
        expires_at: when it is over, None for never.
        embedding_model: whose embedding it has.
        embedding_dims: how long that is.
    """

    key: str
    value: Any
    namespace: str
    status: EntryStatus
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    last_accessed_at: datetime | None = None
    expires_at: datetime | None = None
    embedding_model: str | None = None
    embedding_dims: int | None = None


def entry_of(note: Note, now: datetime, *, accessed_at: datetime | None = None) -> Entry:
    """Return a note as an entry."""
    model, dims = _embedding(note.indexes)
    return Entry(
        key=note.key,
        value=note.value,
        namespace="/".join(note.namespace),
        status=_status(note, now),
        metadata=dict(note.metadata),
        created_at=note.created_at,
        updated_at=note.updated_at,
        last_accessed_at=accessed_at,
        expires_at=note.expires_at,
        embedding_model=model,
        embedding_dims=dims,
    )


def index_name(model: str | None, dims: int) -> str:
    """Return the name of a model's index, as `Diary(embed=…)` names it."""
    return f"{model or ''}:{dims}"


def parts_of(namespace: str | None) -> tuple[str, ...]:
    """Return a namespace's parts, () for none; blanks and slashes around it say nothing.

    >>> parts_of(" /project//topic/ "), parts_of(None)
    (('project', 'topic'), ())
    """
    if namespace is not None and not isinstance(namespace, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a namespace is a string, not {type(namespace).__name__}")
    return tuple(part for part in (namespace or "").strip().split("/") if part.strip())


def time_of(expires_at: datetime | str) -> datetime:
    """Return when something ends; without a zone it is meant as local time.

    >>> time_of("2026-05-01T12:00:00+02:00").isoformat()
    '2026-05-01T12:00:00+02:00'
    """
    if isinstance(expires_at, str):
        try:
            expires_at = datetime.fromisoformat(expires_at)
        except ValueError as error:
            raise ValueError(
                f"expires_at is a time in ISO format, such as 2026-05-01T12:00:00+00:00, not "
                f"{expires_at!r}"
            ) from error
    if not isinstance(expires_at, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expires_at is a datetime or a text, not {type(expires_at).__name__}")
    return expires_at if expires_at.tzinfo else expires_at.astimezone()


def _status(note: Note, now: datetime) -> EntryStatus:
    if note.deleted_at is not None:
        return EntryStatus.SOFT_DELETED
    if note.expires_at is not None and note.expires_at <= now:
        return EntryStatus.EXPIRED
    return EntryStatus.ACTIVE


def _embedding(indexes: tuple[str, ...]) -> tuple[str | None, int | None]:
    """Return model and length of an embedding, None and None where there is none."""
    if not indexes:
        return None, None
    model, _, dims = indexes[0].rpartition(":")
    return model or None, int(dims) if dims.isdecimal() else None
