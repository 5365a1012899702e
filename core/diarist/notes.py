"""`diary.notes`: values under keys in namespaces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from diarist.backends.ids import check_user_id
from diarist.checks import (
    check_choice,
    check_counts,
    check_json,
    check_list,
    check_mapping,
    check_moment,
    check_name,
    check_span,
    check_text,
    check_vector,
    check_whole,
    shown,
)
from diarist.errors import UnsupportedError
from diarist.filters import check_filter
from diarist.pages.rendering import clean
from diarist.recall.terms import text_of
from diarist.records import (
    KEEP,
    NOTE_ORDERS,
    CountNotes,
    DeleteNote,
    GetNote,
    Hit,
    ListNamespaces,
    ListNotes,
    NoteCounts,
    PutNote,
    RestoreNote,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.embedding import Embedder
    from diarist.records import Keep, Namespace, Note, NoteOperation, NoteOrder, Scored, Vectors

RETENTION = timedelta(days=30)
"""How long a deleted note can be restored, unless told otherwise."""
LONGEST = timedelta(days=365_000)
"""The longest time to live: beyond it the calendar would end first."""


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
    ) -> None:
        """Put a value under a key; the note's first time, and what is not told, stay as they are.

        Args:
            user_id: whose.
            namespace: where.
            key: its name there.
            value: text, or anything else that JSON can hold; a tuple comes back as a list.
            metadata: None clears it.
            ttl: how long it lives from now, up to 365,000 days; None is for ever.
            vectors: index name -> vector, or several of them; None removes them.
            expires_at: when it is over, instead of `ttl`; no read puts that off.
            if_absent: refuse to put it over another, be that deleted and not cleaned up yet.
            at: when this is said to happen, None for now.

        Raises:
            ConflictError: there is such a note, and `if_absent` is set.
            TypeError: value or metadata is nothing that JSON can hold: a key that is no string,
                NaN, an infinity, more than 200 levels.
            ValueError: `ttl` is not positive or too long, or stands beside `expires_at`, a time has
                no zone, or a vector is empty or holds what 32-bit floats can't.
        """
        put = PutNote(
            _place(namespace), key, value, metadata, ttl, vectors, expires_at, if_absent, at
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
        get = GetNote(_place(namespace), key, refresh, deleted)
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
        return (await self.batch(user_id, [DeleteNote(_place(namespace), key, forever, at)]))[0]

    async def restore(self, user_id: str, namespace: Namespace | str, key: str) -> bool:
        """Bring a deleted note back, and say whether there was one."""
        return (await self.batch(user_id, [RestoreNote(_place(namespace), key)]))[0]

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
        """
        wanted = ListNotes(
            _place(prefix),
            filter,
            limit=limit,
            offset=offset,
            refresh=refresh,
            deleted=deleted,
            order=order,
            below=below,
            key_prefix=key_prefix,
        )
        found = cast("list[Scored]", (await self.batch(user_id, [wanted]))[0])
        return [scored.note for scored in found]

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
        """
        wanted = ListNotes(
            _place(prefix),
            filter,
            query,
            cast("tuple[float, ...] | None", vector),
            index,
            limit,
            offset,
            refresh,
            rest=rest,
        )
        found = cast("list[Scored]", (await self.batch(user_id, [wanted]))[0])
        return [_hit(user_id, scored) for scored in found]

    async def count(self, user_id: str, prefix: Namespace | str = ()) -> NoteCounts:
        """Return how many notes are below a namespace: active, deleted and expired ones."""
        return (await self.batch(user_id, [CountNotes(_place(prefix))]))[0]

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
        wanted = ListNamespaces(_place(prefix), _place(suffix), depth, limit, offset, wildcard)
        return (await self.batch(user_id, [wanted]))[0]

    async def batch(self, user_id: str, operations: Iterable[NoteOperation]) -> list[Any]:
        """Do all operations or none; reads see the state before.

        Returns:
            A result for each: None for a put, a note or None for a get, whether there was
            something for a delete or restore, scored notes for a listing, `NoteCounts` for a
            count, namespaces as tuples.
        """
        check_user_id(user_id)
        checked = [
            checked_operation(each) for each in check_list("operations", operations, _OPERATIONS)
        ]
        if self._embedder is not None:
            checked = await self._embedded(self._embedder, checked)
        return await self._records.notes(user_id, checked, now=self._clock())

    async def _embedded(
        self, embedder: Embedder, operations: list[NoteOperation]
    ) -> list[NoteOperation]:
        """Return the operations with a vector for each put that brings none."""
        puts = [
            (place, operation)
            for place, operation in enumerate(operations)
            if isinstance(operation, PutNote) and operation.vectors is KEEP
        ]
        texts = [text_of(put.value) for _, put in puts]
        found = await embedder.of(texts, in_thread=self._in_thread)
        for (place, put), vectors in zip(puts, found, strict=True):
            operations[place] = replace(put, vectors=vectors)
        return operations


_OPERATIONS = "PutNote, GetNote, DeleteNote, RestoreNote, ListNotes, CountNotes or ListNamespaces"
_PART = "a part of a namespace"


def _place(given: object) -> Namespace:
    """Return a namespace; a string is one of one part."""
    if isinstance(given, str):
        return (check_name(_PART, given),)
    if isinstance(given, tuple):
        for part in cast("tuple[object, ...]", given):
            if not isinstance(part, str) or not part.isascii():
                break
        else:
            return cast("Namespace", given)
    if isinstance(given, (tuple, list)):
        parts = cast("tuple[object, ...]", tuple(given))  # pyright: ignore[reportUnknownArgumentType]
        if all(isinstance(part, str) for part in parts):
            return tuple(check_name(_PART, part) for part in parts)
    raise TypeError(f"a namespace is a tuple of strings, not {shown(cast('object', given))}")


def checked_operation(operation: object) -> NoteOperation:
    """Return an operation that any store can do.

    Raises:
        TypeError: something is of another type than it has to be, or nothing that JSON can hold.
        ValueError: a filter has an unknown condition, a number is negative, a ttl not positive.
    """
    if isinstance(operation, ListNotes):
        return _checked_listing(operation)
    if isinstance(operation, CountNotes):
        return CountNotes(_place(operation.prefix))
    if isinstance(operation, ListNamespaces):
        check_counts(depth=operation.depth, limit=operation.limit)
        check_whole("offset", operation.offset)
        if operation.wildcard is not None:
            check_text("wildcard", operation.wildcard)
        return replace(operation, prefix=_place(operation.prefix), suffix=_place(operation.suffix))
    if not isinstance(operation, (PutNote, GetNote, DeleteNote, RestoreNote)):
        raise TypeError(f"an operation is a {_OPERATIONS}, not {type(operation).__name__}")
    namespace, key = _place(operation.namespace), check_name("a key", operation.key)
    if isinstance(operation, PutNote):
        operation = _checked_put(operation, key)
    if isinstance(operation, (PutNote, DeleteNote)) and operation.at is not None:
        operation = replace(operation, at=check_moment("at", operation.at))
    if (namespace, key) == (operation.namespace, operation.key):
        return operation
    return replace(operation, namespace=namespace, key=key)


def _checked_listing(wanted: ListNotes) -> ListNotes:
    limit, offset = check_whole("limit", wanted.limit), check_whole("offset", wanted.offset)
    if wanted.filter is not None:
        check_filter(wanted.filter)
    if wanted.query is not None:
        check_text("query", wanted.query)
    if wanted.index is not None:
        check_text("index", wanted.index)
    check_choice("order", wanted.order, NOTE_ORDERS)
    vector = None if wanted.vector is None else tuple(check_vector("vector", wanted.vector))
    return replace(
        wanted,
        prefix=_place(wanted.prefix),
        vector=vector,
        limit=min(limit, _PLENTY),
        offset=min(offset, _PLENTY),
        key_prefix=check_name("key_prefix", wanted.key_prefix),
    )


_PLENTY = 1 << 61  # nobody has as many notes, and the sum of two is a number that a store can hold


def _checked_put(put: PutNote, key: str) -> PutNote:
    check_json(f"the value of {shown(key)}", put.value)
    if put.ttl is not KEEP and put.ttl is not None:
        if check_span("ttl", put.ttl) <= timedelta(0):
            raise ValueError(f"ttl is a time to live, more than 0, not {put.ttl}")
        if put.ttl > LONGEST:
            raise ValueError(f"ttl is at most {LONGEST.days} days, not {put.ttl}; None is for ever")
    if put.expires_at is not None:
        if put.ttl is not KEEP and put.ttl is not None:
            raise ValueError("a note has a ttl or an expires_at, not both")
        put = replace(put, expires_at=check_moment("expires_at", put.expires_at))
    if put.metadata is not KEEP and put.metadata is not None:
        what = f"the metadata of {shown(key)}"
        metadata = check_mapping(what, put.metadata)
        check_json(what, metadata)
        put = replace(put, metadata=metadata)
    if put.vectors is not KEEP and put.vectors is not None:
        put = replace(put, vectors=_checked_vectors(put.vectors))
    return put


def _checked_vectors(given: object) -> dict[str, list[list[float]]]:
    """Return the vectors of a note, several under each name."""
    found: dict[str, list[list[float]]] = {}
    for name, vector in check_mapping("vectors", given).items():
        what = f"the vector {shown(check_text('the name of a vector', name))}"
        several = cast("list[object]", vector if _is_several(vector) else [vector])
        found[clean(name)] = [check_vector(what, one) for one in several]
    return found


def _is_several(vectors: object) -> bool:
    """Say whether it is vectors, or arrays, and not the numbers of one."""
    if not isinstance(vectors, Collection) or isinstance(vectors, (str, bytes, Mapping)):
        return False
    first = next(iter(cast("Collection[object]", vectors)), None)
    return isinstance(first, Iterable) and not isinstance(first, (str, bytes))


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
