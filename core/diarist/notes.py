"""`diary.notes`: values under keys in namespaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.ids import check_user_id
from diarist.checks import check_list, check_span
from diarist.counting import CountNotes, SurveyNotes
from diarist.errors import UnsupportedError
from diarist.note_checks import LONGEST, OPERATIONS, checked_operation, place
from diarist.recall.terms import text_of
from diarist.records import (
    KEEP,
    DeleteNote,
    GetNote,
    Hit,
    ListNamespaces,
    ListNotes,
    PutNote,
    RestoreNote,
)
from diarist.showing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.counting import NoteCounts, NoteSurvey
    from diarist.embedding import Embedder
    from diarist.records import (
        Keep,
        Measure,
        Namespace,
        Note,
        NoteOperation,
        NoteOrder,
        Scored,
        Vectors,
    )

RETENTION = timedelta(days=30)
"""How long a deleted note can be restored, unless told otherwise."""


class Notes:
    """The notes of each user. Get it from a diary: `diary.notes`.

    A namespace is a tuple of strings (a single string is a namespace of one). What is deleted can
    be restored until it is cleaned up; what has expired is gone at once.

    Args:
        records: where they are kept, None where the backend has no records.
        clock: the time.
        embedder: gives notes that bring no vectors theirs, None leaves them without.
        in_thread: this runs where it may block, over a blocking store.

    Example:
        >>> import asyncio
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> notes = Diary(MemoryBackend()).notes
        >>> asyncio.run(notes.put("ana", ("recipes", "soup"), "caldo verde", {"minutes": 40}))
        >>> asyncio.run(notes.get("ana", ("recipes", "soup"), "caldo verde")).value
        {'minutes': 40}
    """

    def __init__(
        self,
        records: RecordStore | None,
        clock: Callable[[], datetime],
        embedder: Embedder | None = None,
        *,
        in_thread: bool = False,
    ) -> None:
        self._store = records
        self._clock = clock
        self._embedder = embedder
        self._in_thread = in_thread

    @property
    def _records(self) -> RecordStore:
        if self._store is None:
            raise UnsupportedError("this diary has no records to keep notes in; pass records=")
        return self._store

    async def put(
        self,
        user_id: str,
        namespace: Namespace | str,
        key: str,
        value: Any,
        *,
        metadata: Mapping[str, Any] | Keep | None = KEEP,
        ttl: timedelta | Keep | None = KEEP,
        vectors: Vectors | Keep | None = KEEP,
        expires_at: datetime | None = None,
        if_absent: bool = False,
        at: datetime | None = None,
        sole: bool = False,
    ) -> None:
        """Put a value under a key; the note's first time, and what is not told, stay as they are.

        Args:
            user_id: whose.
            namespace: where.
            key: its name there.
            value: text, or anything else that JSON can hold; a tuple comes back as a list. KEEP
                changes the rest of a note that is there, and does nothing where there is none.
            metadata: None clears it.
            ttl: how long it lives from now, up to 365,000 days; None is for ever.
            vectors: index name -> vector, or several of them; None removes them.
            expires_at: when it is over, instead of `ttl`; no read puts that off.
            if_absent: refuse to put it over another, be that deleted and not cleaned up yet.
            at: when this is said to happen, None for now.
            sole: delete it forever wherever else the user has a note with this key.

        Raises:
            ConflictError: there is such a note, and `if_absent` is set.
            TypeError: value or metadata is nothing that JSON can hold: a key that is no string,
                NaN, an infinity, more than 200 levels.
            ValueError: `ttl` is not positive or too long, or stands beside `expires_at`, a time has
                no zone, or a vector is empty or holds what 32-bit floats can't.
        """
        put = PutNote(
            place(namespace), key, value, metadata, ttl, vectors, expires_at, if_absent, at, sole
        )
        await self.batch(user_id, [put])

    async def get(
        self,
        user_id: str,
        namespace: Namespace | str,
        key: str,
        *,
        refresh: bool = False,
        deleted: bool = False,
    ) -> Note | None:
        """Return a note, None where there is none.

        Args:
            user_id: whose.
            namespace: where.
            key: its name there.
            refresh: start its time to live anew.
            deleted: also one that is deleted or has expired, until it is removed.
        """
        get = GetNote(place(namespace), key, refresh, deleted)
        return cast("Note | None", (await self.batch(user_id, [get]))[0])

    async def delete(
        self,
        user_id: str,
        namespace: Namespace | str,
        key: str,
        *,
        forever: bool = False,
        at: datetime | None = None,
    ) -> bool:
        """Delete a note softly, or forever, and say whether there was one."""
        return (await self.batch(user_id, [DeleteNote(place(namespace), key, forever, at)]))[0]

    async def restore(self, user_id: str, namespace: Namespace | str, key: str) -> bool:
        """Bring a deleted note back, and say whether there was one."""
        return (await self.batch(user_id, [RestoreNote(place(namespace), key)]))[0]

    async def cleanup(self, user_id: str, retention: timedelta = RETENTION) -> int:
        """Remove for good what has expired or was deleted longer than `retention` ago.

        Rows, index and the bytes in the files go. `timedelta(0)` removes every deleted note.

        Returns:
            How many notes were removed.
        """
        if check_span("retention", retention) < timedelta(0):
            raise ValueError(f"retention must not be negative, it is {retention}")
        return await self._records.cleanup(
            check_user_id(user_id), now=self._clock(), retention=min(retention, LONGEST)
        )

    async def list(
        self,
        user_id: str,
        prefix: Namespace | str = (),
        *,
        filter: Mapping[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh: bool = False,
        deleted: bool = False,
        order: NoteOrder = "name",
        below: bool = True,
        key_prefix: str = "",
        keys: Sequence[str] | None = None,
        vectors: bool = False,
    ) -> list[Note]:
        """Return the notes below a namespace.

        Args:
            user_id: whose.
            prefix: where; () is everywhere.
            filter: conditions on fields of the value: equality, `$eq $ne $gt $gte $lt $lte`,
                fields inside fields by a mapping or a dot. What doesn't compare doesn't match.
            limit: the most to return.
            offset: how many to leave out first.
            refresh: start their time to live anew.
            deleted: what is deleted or has expired, too, until it is removed.
            order: "name" is by namespace and key, "newest" begins with the one put last.
            below: also in the namespaces below; else in that one alone.
            key_prefix: only keys that begin so.
            keys: only notes with one of these keys, up to 10,000 of them; None is any.
            vectors: return their vectors, too.
        """
        wanted = ListNotes(
            place(prefix),
            filter,
            limit=limit,
            offset=offset,
            refresh=refresh,
            deleted=deleted,
            order=order,
            below=below,
            key_prefix=key_prefix,
            keys=cast("tuple[str, ...] | None", keys),
            vectors=vectors,
        )
        found = cast("list[Scored]", (await self.batch(user_id, [wanted]))[0])
        return Listing(scored.note for scored in found)

    async def search(
        self,
        user_id: str,
        prefix: Namespace | str = (),
        *,
        query: str | None = None,
        vector: Sequence[float] | None = None,
        index: str | None = None,
        filter: Mapping[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh: bool = False,
        rest: bool = False,
        measure: Measure = "cosine",
        vectors: bool = False,
    ) -> list[Hit]:
        """Return the notes that fit best, best first; any text is a safe query.

        Args:
            user_id: whose.
            prefix: where; () is everywhere.
            query: words to look for in the key and in the texts of the value.
            vector: a vector to compare with; with a query, both rankings count.
            index: which vectors, where several have this dimension.
            filter: conditions on fields of the value; see `list`.
            limit: the most to return.
            offset: how many to leave out first.
            refresh: start their time to live anew.
            rest: let those that don't fit follow, with a score of 0, the one put last first.
            measure: how vectors are compared: by their cosine, or "distance", which scores
                1 / (1 + the square of the Euclidean distance).
            vectors: return their vectors, too.
        """
        wanted = ListNotes(
            place(prefix),
            filter,
            query,
            cast("tuple[float, ...] | None", vector),
            index,
            limit,
            offset,
            refresh,
            rest=rest,
            measure=measure,
            vectors=vectors,
        )
        found = cast("list[Scored]", (await self.batch(user_id, [wanted]))[0])
        return Listing(_hit(user_id, scored) for scored in found)

    async def count(self, user_id: str, prefix: Namespace | str = ()) -> NoteCounts:
        """Return how many notes are below a namespace: active, deleted and expired ones."""
        return (await self.batch(user_id, [CountNotes(place(prefix))]))[0]

    async def namespaces(
        self,
        user_id: str,
        *,
        prefix: Namespace | str = (),
        suffix: Namespace | str = (),
        depth: int | None = None,
        limit: int | None = None,
        offset: int = 0,
        wildcard: str | None = None,
    ) -> list[Namespace]:
        """Return the namespaces that have notes, sorted.

        Args:
            user_id: whose.
            prefix: only those that begin so.
            suffix: only those that end so.
            depth: cut to so many elements, each named once.
            limit: the most to return.
            offset: how many to leave out first.
            wildcard: an element of prefix or suffix that stands for any one element.
        """
        wanted = ListNamespaces(place(prefix), place(suffix), depth, limit, offset, wildcard)
        return (await self.batch(user_id, [wanted]))[0]

    async def survey(
        self, user_id: str, prefix: Namespace | str = (), *, field: str | None = None
    ) -> NoteSurvey:
        """Return when the notes below a namespace were put, and what texts stand in a field.

        Args:
            user_id: whose.
            prefix: where; () is everywhere.
            field: a field of the value that holds a text, or a list of texts.

        Raises:
            ValueError: the field's name has anything but letters, digits, `-` and `_`.
        """
        return (await self.batch(user_id, [SurveyNotes(place(prefix), field)]))[0]

    async def batch(self, user_id: str, operations: Iterable[NoteOperation]) -> list[Any]:
        """Do all operations or none; reads see the state before.

        Returns:
            A result for each: None for a put, a note or None for a get, whether there was
            something for a delete or restore, scored notes for a listing, `NoteCounts` for a
            count, `NoteSurvey` for a survey, namespaces as tuples.
        """
        check_user_id(user_id)
        checked = [
            checked_operation(each) for each in check_list("operations", operations, OPERATIONS)
        ]
        if self._embedder is not None:
            checked = await self._embedded(self._embedder, checked)
        return await self._records.notes(user_id, checked, now=self._clock())

    async def _embedded(
        self, embedder: Embedder, operations: list[NoteOperation]
    ) -> list[NoteOperation]:
        """Return the operations with a vector for each put that brings none."""
        puts = [
            (number, operation)
            for number, operation in enumerate(operations)
            if isinstance(operation, PutNote)
            and operation.vectors is KEEP
            and operation.value is not KEEP
        ]
        texts = [text_of(put.value) for _, put in puts]
        found = await embedder.of(texts, in_thread=self._in_thread)
        for (number, put), vectors in zip(puts, found, strict=True):
            operations[number] = replace(put, vectors=vectors)
        return operations


def _hit(user_id: str, scored: Scored) -> Hit:
    note = scored.note
    return Hit(
        "notes",
        text_of(note.value),
        scored.score or 0.0,
        user_id,
        "/".join((*note.namespace, note.key)),
        at=note.updated_at,
        metadata=note.metadata,
        note=note,
    )
