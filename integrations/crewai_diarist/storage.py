"""Where CrewAI's own memory keeps its records: `DiaryStorage`, and the scheme that names it.

CrewAI embeds, ranks and consolidates; here is only what it stores. Its records are notes of one
owner: the scope is the namespace, the id the key, so that a scope is found by an index and ends
where a path ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crewai.memory.storage import factory
from crewai.memory.storage.backend import EmbeddingDimensionMismatchError
from crewai.memory.types import MemoryRecord, ScopeInfo
from crewai_core.paths import db_storage_path
from pydantic_core import SchemaSerializer, core_schema

from crewai_diarist.records import (
    aware,
    fits,
    naive,
    namespace_of,
    scope_of,
    to_put,
    to_record,
    to_touch,
)
from diarist import KEEP, DeleteNote, ListNamespaces, PutNote, SurveyNotes, UnsupportedError
from diarist.adapters import open_at, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crewai.memory.storage.backend import StorageBackend

    from diarist import Note
    from diarist.adapters import AnyDiary

OWNER = "crewai"
"""Whose diary the records are in."""
SCHEME = "diary:"
_INDEX = "crewai:"
"""So the name of an index of vectors begins; how long they are follows."""
_PAGE = 500
"""So many notes are read at once where all of a scope are looked at."""


class DiaryStorage:
    """Keep what CrewAI's `Memory` remembers in a diary, as notes of the user "crewai".

    Any number of threads, processes and instances may share a place; each sees what the others
    saved. Deleting and searching go by path: `/app` is not `/apple`. What deletes is told by all
    criteria together.

    Args:
        path: a diary, or where it is: a folder, a server's address, a backend, or one file whose
            name ends in .db, .sqlite or .sqlite3; None is `diary` in CrewAI's own storage folder.
        vector_dim: how long vectors are; None takes what comes first.

    Example:
        >>> import tempfile
        >>> from crewai import Memory
        >>> from crewai_diarist import DiaryStorage
        >>> storage = DiaryStorage(tempfile.mkdtemp())
        >>> memory = Memory(storage=storage, embedder=lambda texts: [[1.0, 0.0] for _ in texts])
        >>> storage.save([MemoryRecord(content="Ana likes tea", scope="/ana", embedding=[1, 0])])
        >>> memory.recall("tea", scope="/ana", depth="shallow")[0].record.content
        'Ana likes tea'
    """

    def __init__(self, path: AnyDiary = None, vector_dim: int | None = None) -> None:
        self.diary = open_at(_usual_path() if path is None else path)
        if self.diary.records is None:
            raise UnsupportedError("this diary has no records to store in; pass it records=")
        self.place = place_of(self.diary)
        self._notes = self.diary.sync.notes
        self._wanted = vector_dim

    def __repr__(self) -> str:
        return f"DiaryStorage({self.place!r})"

    # ------------------------------------------------------------ saving

    def save(self, records: list[MemoryRecord]) -> None:
        """Store records, all or none; one whose id is known takes the place of that one.

        Raises:
            EmbeddingDimensionMismatchError: a vector is not as long as the others.
            TypeError: metadata is nothing that JSON can hold.
        """
        lengths = {len(record.embedding): None for record in records if record.embedding}
        stored = self._dimension() if lengths else None
        first, *others = [*([stored] if stored else []), *lengths] or [0]
        for length in others:
            if length != first:
                raise EmbeddingDimensionMismatchError(first, length)
        self._notes.batch(OWNER, [_put(record) for record in records])

    def update(self, record: MemoryRecord) -> None:
        """Store a record over the one with its id; what it was not told, it keeps of that one.

        So CrewAI's consolidation, which makes the record anew without its source, leaves a private
        one private.
        """
        known = self.get_record(record.id)
        if known is not None:
            unsaid = MemoryRecord.model_fields.keys() - record.model_fields_set
            record = record.model_copy(update={name: getattr(known, name) for name in unsaid})
        self.save([record])

    def touch_records(self, record_ids: list[str]) -> None:
        """Note that records were looked at now; unknown ids do nothing.

        Args:
            record_ids: of any number of records.
        """
        now = datetime.now(UTC)
        self._notes.batch(OWNER, [to_touch(note, now) for note in self._all((), record_ids)])

    # ------------------------------------------------------------ finding

    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """Return the records that are closest, best first: 1 / (1 + the distance squared).

        Args:
            query_embedding: a vector.
            scope_prefix: a scope, with all below it; None, "" and "/" are everything.
            categories: the record has one of these; none of them is any.
            metadata_filter: the record has all of these.
            limit: the most to return.
            min_score: none that scores less.

        Raises:
            EmbeddingDimensionMismatchError: the vector is not as long as those stored.
        """
        found: list[tuple[MemoryRecord, float]] = []
        page = _PAGE if categories or metadata_filter else limit
        for record, score in self._closest(query_embedding, namespace_of(scope_prefix), page):
            if score < min_score:
                break
            if fits(record, categories or None, metadata_filter):
                found.append((record, score))
            if len(found) >= limit:
                break
        if not found:
            stored = self._dimension()
            if stored and stored != len(query_embedding):
                raise EmbeddingDimensionMismatchError(stored, len(query_embedding))
        return found

    def get_record(self, record_id: str) -> MemoryRecord | None:
        """Return a record by its id, None where there is none.

        Args:
            record_id: as `MemoryRecord.id` has it.
        """
        found = self._notes.list(OWNER, keys=[record_id], limit=1, vectors=True)
        return to_record(found[0]) if found else None

    def list_records(
        self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0
    ) -> list[MemoryRecord]:
        """Return the records of a scope and below it, by when they were made, newest first.

        A negative limit or offset gives none, as in CrewAI's own storage.

        Args:
            scope_prefix: a path such as /app; None is everything.
            limit: how many at most.
            offset: how many of the first to leave out.
        """
        if limit < 0 or offset < 0:
            return []
        notes = self._notes.list(
            OWNER,
            namespace_of(scope_prefix),
            order="newest",
            limit=limit,
            offset=offset,
            vectors=True,
        )
        return [to_record(note) for note in notes]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        """Return how many records a scope has with all below it, of what categories and times."""
        prefix = namespace_of(scope)
        survey, below = self._notes.batch(
            OWNER,
            [SurveyNotes(prefix, "categories"), ListNamespaces(prefix, depth=len(prefix) + 1)],
        )
        return ScopeInfo(
            path=scope_of(prefix),
            record_count=survey.count,
            categories=list(survey.texts),
            oldest_record=survey.oldest and naive(survey.oldest),
            newest_record=survey.newest and naive(survey.newest),
            child_scopes=[scope_of(place) for place in below if place != prefix],
        )

    def list_scopes(self, parent: str = "/") -> list[str]:
        """Return the scopes directly below one, as whole paths.

        Args:
            parent: a path; / is the root.
        """
        prefix = namespace_of(parent)
        below = self._notes.namespaces(OWNER, prefix=prefix, depth=len(prefix) + 1)
        return [scope_of(place) for place in below if place != prefix]

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """Return each category of a scope and below it, and how many records have it.

        Args:
            scope_prefix: a path such as /app; None is everything.
        """
        return dict(self._notes.survey(OWNER, namespace_of(scope_prefix), field="categories").texts)

    def count(self, scope_prefix: str | None = None) -> int:
        """Return how many records a scope has with all below it."""
        return self._notes.count(OWNER, namespace_of(scope_prefix)).active

    # ------------------------------------------------------------ deleting

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete the records that fit all that is told, for good, and return how many.

        Args:
            scope_prefix: a scope, with all below it; None, "" and "/" are everything.
            categories: the record has one of these.
            record_ids: it has one of these ids; of an empty list, here too, none.
            older_than: it was made before, UTC.
            metadata_filter: it has all of these.
        """
        doomed = [
            DeleteNote(note.namespace, note.key, forever=True)
            for note in self._all(namespace_of(scope_prefix), record_ids)
            if fits(to_record(note), categories, metadata_filter, older_than)
        ]
        return sum(self._notes.batch(OWNER, doomed))

    def reset(self, scope_prefix: str | None = None) -> None:
        """Delete all records of a scope and below it; without one, everything.

        Args:
            scope_prefix: a path such as /app.
        """
        if namespace_of(scope_prefix):
            self.delete(scope_prefix)
        else:
            self.diary.sync.delete_user(OWNER)
            self._wanted = None

    def close(self) -> None:
        """Let go of what is held open; nothing is lost without it, and it may be used again."""
        self.diary.sync.close()

    # ------------------------------------------------------------ without blocking the loop

    async def asave(self, records: list[MemoryRecord]) -> None:
        """Save `records` in a thread; see `save`."""
        await asyncio.to_thread(self.save, records)

    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """Search in a thread.

        Args:
            query_embedding: as in `search`, and so are all others.
            scope_prefix: a path such as /app; None is everything.
            categories: only records that have one of them.
            metadata_filter: only records that have all of these values.
            limit: how many at most.
            min_score: only records that are as close as this, from 0 to 1.
        """
        return await asyncio.to_thread(
            self.search,
            query_embedding,
            scope_prefix,
            categories,
            metadata_filter,
            limit,
            min_score,
        )

    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete in a thread; only what fits all criteria is deleted.

        Args:
            scope_prefix: a path such as /app; None is everything.
            categories: only records that have one of them.
            record_ids: only these.
            older_than: only records that were made before it.
            metadata_filter: only records that have all of these values.
        """
        return await asyncio.to_thread(
            self.delete, scope_prefix, categories, record_ids, older_than, metadata_filter
        )

    # ------------------------------------------------------------ how

    def _closest(
        self, vector: list[float], prefix: tuple[str, ...], size: int
    ) -> Iterator[tuple[MemoryRecord, float]]:
        """Yield records and their scores, best first, as far as they are wanted."""
        offset = 0
        while size > 0:
            hits = self._notes.search(
                OWNER,
                prefix,
                vector=vector,
                index=_index(len(vector)),
                measure="distance",
                vectors=True,
                limit=size,
                offset=offset,
            )
            yield from ((to_record(hit.note), hit.score) for hit in hits if hit.note is not None)
            if len(hits) < size:
                return
            offset, size = offset + size, size * 2

    def _all(self, prefix: tuple[str, ...], record_ids: list[str] | None) -> list[Note]:
        """Return all notes below a namespace, or those of them that have one of these ids."""
        if record_ids is None:
            return self._notes.list(OWNER, prefix, limit=sys.maxsize)
        return [
            note
            for start in range(0, len(record_ids), _PAGE)
            for note in self._notes.list(
                OWNER, prefix, keys=record_ids[start : start + _PAGE], limit=_PAGE
            )
        ]

    def _dimension(self) -> int | None:
        """Return how long the vectors are that are stored, or are wanted; None where any may be."""
        notes = self._notes.list(OWNER, order="newest", limit=1)
        if notes and not notes[0].indexes:
            notes = self._all((), None)
        return next((_length(note) for note in notes if note.indexes), self._wanted)

    __pydantic_serializer__ = SchemaSerializer(
        core_schema.any_schema(
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda storage: f"{SCHEME}{storage.place}"
            )
        )
    )
    """A crew that is made JSON names it so, for `register_diary_scheme`."""


def register_diary_scheme() -> None:
    """Have CrewAI take `storage="diary:PLACE"`, or "diary:" alone, for a `DiaryStorage`.

    A place is a path or a server's address, as `DiaryStorage` takes them.

    What another factory was registered for stays as it was.

    >>> from crewai import Memory
    >>> register_diary_scheme()
    >>> Memory(storage="diary:memories/diary.db").storage
    'diary:memories/diary.db'
    """
    known = factory._factory  # pyright: ignore[reportPrivateUsage] # CrewAI has no other way to it
    if not isinstance(known, _Scheme):
        factory.set_memory_storage_factory(_Scheme(known))


class _Scheme:
    """Makes a storage of a name."""

    def __init__(self, otherwise: factory.MemoryStorageFactory | None) -> None:
        self._otherwise = otherwise

    def __call__(self, spec: str) -> StorageBackend | None:
        if spec.startswith(SCHEME):
            return DiaryStorage(spec.removeprefix(SCHEME) or None)
        return None if self._otherwise is None else self._otherwise(spec)


def _put(record: MemoryRecord) -> PutNote:
    """Return what stores a record; one without a vector keeps what is there."""
    vector = record.embedding
    return replace(
        to_put(record),
        vectors={_index(len(vector)): vector} if vector else KEEP,
        at=aware(record.created_at),
        sole=True,
    )


def _index(length: int) -> str:
    """Return the index of vectors of a length."""
    return f"{_INDEX}{length}"


def _length(note: Note) -> int:
    """Return how long the vector of a note is."""
    return int(note.indexes[0].removeprefix(_INDEX))


def _usual_path() -> Path:
    """Return `diary` in the folder in which CrewAI keeps what it stores."""
    return Path(os.environ.get("CREWAI_STORAGE_DIR") or db_storage_path()) / "diary"
