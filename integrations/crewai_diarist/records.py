"""CrewAI's records as notes of a diary: a scope is a namespace, an id the key."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import NAMESPACE_URL, uuid4, uuid5

from crewai.memory.types import MemoryRecord, ScopeInfo
from crewai.memory.utils import normalize_scope_path

from diarist import KEEP, DeleteNote, PutNote
from diarist.adapters import whose

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from diarist import Diary, Note

Namespace = tuple[str, ...]

_MARK = "crewai"
"""The key of a note's metadata that says that CrewAI wrote it, and when."""
_TIMES = ("created_at", "last_accessed")
_ID = 12
"""Characters of an id: prompts show it. One that another text of the user has is not taken."""
_ALL = 1_000_000_000


def namespace_of(scope: str | None) -> Namespace:
    """Return where the notes of a scope are; None, "" and "/" are everywhere.

    >>> namespace_of("/crew//research/"), namespace_of("/")
    (('crew', 'research'), ())
    """
    return tuple(part for part in (scope or "").split("/") if part)


def scope_of(namespace: Iterable[str]) -> str:
    """Return the scope of a namespace, as CrewAI writes it.

    >>> scope_of(("crew", "research")), scope_of(())
    ('/crew/research', '/')
    """
    return normalize_scope_path("/".join(namespace))


def naive(moment: datetime) -> datetime:
    """Return a moment as CrewAI has it: in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """Return a moment of CrewAI's with its zone; one that has a zone keeps it."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def to_put(record: MemoryRecord) -> PutNote:
    """Return what stores a record, but for its vector."""
    value = record.model_dump(exclude={"id", "scope", *_TIMES})
    times = {name: aware(getattr(record, name)).isoformat() for name in _TIMES}
    return PutNote(namespace_of(record.scope), record.id, value, {_MARK: times})


def to_touch(note: Note, now: datetime) -> PutNote:
    """Return what stores that a record was looked at; nothing else of it changes."""
    times = {**note.metadata[_MARK], "last_accessed": now.isoformat()}
    return PutNote(note.namespace, note.key, KEEP, {_MARK: times}, at=note.updated_at)


def is_record(note: Note) -> bool:
    """Say whether CrewAI wrote a note."""
    return _MARK in note.metadata


def to_record(note: Note) -> MemoryRecord:
    """Return a note that CrewAI wrote as the record that it is, with a vector the note has."""
    known = cast("Mapping[str, str]", note.metadata[_MARK])
    times = {name: naive(datetime.fromisoformat(known[name])) for name in _TIMES}
    place = {"id": note.key, "scope": scope_of(note.namespace)}
    vector = next((vectors[0] for vectors in note.vectors.values()), None)
    return MemoryRecord.model_validate({**note.value, **times, **place, "embedding": vector})


def fits(
    record: MemoryRecord,
    categories: Collection[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    older_than: datetime | None = None,
) -> bool:
    """Say whether a record has one of the categories and all of the metadata, and is old enough."""
    return (
        (categories is None or has_any(record.categories, categories))
        and (older_than is None or record.created_at < naive(aware(older_than)))
        and (metadata is None or metadata.items() <= record.metadata.items())
    )


class Records:
    """The records of a user, for those methods of CrewAI's `Memory` that look for no words.

    Only notes that CrewAI wrote are listed, counted and deleted; what other frameworks keep in the
    same diary stays. A scope holds what is in it and below it, by whole names: "/app" is no part of
    "/apple". Deleting is for good, and all criteria have to hold.

    Args:
        diary: where they are.
        user_id: whose; None takes who is bound.
    """

    def __init__(self, diary: Diary, user_id: str | None = None) -> None:
        self._diary, self._user_id = diary, user_id

    def keep(self, records: Iterable[MemoryRecord]) -> list[MemoryRecord]:
        """Store records and return them as they are then; what is known of one already stays.

        A text that is remembered again has the tags and metadata of both times.
        """
        kept = [_renewed(record, self._known(record)) for record in records]
        self.save(kept)
        return kept

    def save(self, records: Iterable[MemoryRecord]) -> None:
        """Store records; one with a known id in its scope takes the place of that one."""
        self._batch([to_put(record) for record in records])

    def update(self, record: MemoryRecord) -> None:
        """Put a record in the place of the one that has its id, in whatever scope."""
        self._batch([replace(to_put(record), sole=True)])

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete the records that fit all criteria, and return how many."""
        leaving = [
            DeleteNote(note.namespace, note.key, forever=True)
            for note in self._within(scope_prefix)
            if (record_ids is None or note.key in record_ids)
            and fits(to_record(note), categories, metadata_filter, older_than)
        ]
        return sum(self._batch(leaving))

    def reset(self, scope_prefix: str | None = None) -> None:
        """Delete all records of a scope."""
        self.delete(scope_prefix)

    def get_record(self, record_id: str) -> MemoryRecord | None:
        """Return the record with an id, None where there is none."""
        user_id = whose(self._user_id).user_id
        notes = self._diary.sync.notes.list(user_id, keys=[record_id], limit=_ALL)
        return next((to_record(note) for note in notes if is_record(note)), None)

    def list_records(
        self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0
    ) -> list[MemoryRecord]:
        """Return the records of a scope, the newest first."""
        newest = sorted(self._within(scope_prefix), key=_created_at, reverse=True)
        return [to_record(note) for note in newest[offset : offset + limit]]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        """Return what a scope holds."""
        found = self._within(scope)
        times = [_created_at(note) for note in found]
        return ScopeInfo(
            path=normalize_scope_path(scope),
            record_count=len(found),
            categories=sorted({name for note in found for name in note.value["categories"]}),
            oldest_record=min(times, default=None),
            newest_record=max(times, default=None),
            child_scopes=_children(found, scope),
        )

    def list_scopes(self, parent: str = "/") -> list[str]:
        """Return the scopes right below one."""
        return _children(self._within(parent), parent)

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """Return how many records of a scope each category has."""
        found = self._within(scope_prefix)
        return dict(Counter(name for note in found for name in note.value["categories"]))

    def count(self, scope_prefix: str | None = None) -> int:
        """Return how many records a scope has."""
        return len(self._within(scope_prefix))

    # ------------------------------------------------------------ how

    def _known(self, record: MemoryRecord) -> MemoryRecord | None:
        user_id = whose(self._user_id).user_id
        note = self._diary.sync.notes.get(user_id, namespace_of(record.scope), record.id)
        return None if note is None else to_record(note)

    def _within(self, scope: str | None) -> list[Note]:
        user_id = whose(self._user_id).user_id
        notes = self._diary.sync.notes.list(user_id, namespace_of(scope), limit=_ALL)
        return list(filter(is_record, notes))

    def _batch(self, operations: list[Any]) -> list[Any]:
        return self._diary.sync.notes.batch(whose(self._user_id).user_id, operations)


def id_of(scope: str, text: str, source: str | None) -> str:
    """Return the id of a text in a scope; what is private to a source has one of its own."""
    return uuid5(NAMESPACE_URL, "\n".join((scope, source or "", text))).hex[:_ID]


def _renewed(record: MemoryRecord, former: MemoryRecord | None) -> MemoryRecord:
    """Return a record with what was known of it; an id whose text was changed is not its own."""
    if former is None:
        return record
    if former.content != record.content:
        return record.model_copy(update={"id": uuid4().hex[:_ID]})
    known = {
        "created_at": former.created_at,
        "categories": list(dict.fromkeys([*former.categories, *record.categories])),
        "metadata": {**former.metadata, **record.metadata},
    }
    return record.model_copy(update=known)


def has_any(known: Collection[str], categories: Collection[str]) -> bool:
    """Say whether one of the categories is known."""
    return not set(categories).isdisjoint(known)


def _created_at(note: Note) -> datetime:
    return naive(datetime.fromisoformat(note.metadata[_MARK]["created_at"]))


def _children(notes: Iterable[Note], parent: str) -> list[str]:
    above = namespace_of(parent)
    below = {note.namespace[: len(above) + 1] for note in notes} - {above}
    return sorted(map(scope_of, below))
