"""What every store of records must do with notes that are put, listed and counted more exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from diarist.errors import ConflictError
from diarist.records import CountNotes, DeleteNote, GetNote, NoteCounts, PutNote
from diarist.testing.driving import driven
from diarist.testing.notes import HOUR, KEYS, PLACES, N
from diarist.testing.subject import NOON, RecordSuite, do, keys, later

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore


class NoteDetailTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_a_change_may_say_when_it_happened(self, store: RecordStore) -> None:
        """What it brings over from elsewhere keeps its times."""
        await do(store, PutNote(N, "k", "1", ttl=HOUR, at=later(-90)), later(-80))
        await do(store, PutNote(N, "k", "2", ttl=None, at=later(-60)), later(-50))
        assert await do(store, DeleteNote(N, "k", at=later(-20))) is True
        note = await do(store, GetNote(N, "k", deleted=True))
        assert (note.value, note.created_at, note.updated_at, note.deleted_at) == (
            "2", later(-90), later(-60), later(-20),
        )  # fmt: skip
        await do(store, PutNote(N, "over", "x", ttl=HOUR, at=later(-61)))
        assert await do(store, GetNote(N, "over")) is None

    @driven
    async def test_a_note_may_end_at_a_time(self, store: RecordStore) -> None:
        """No read puts it off, a put keeps it, another end takes its place."""
        await do(store, PutNote(N, "k", "1", ttl=timedelta(minutes=5)))
        await do(store, PutNote(N, "k", "2", expires_at=later(60)))
        assert (await do(store, GetNote(N, "k", refresh=True), later(30))).ttl is None
        await do(store, PutNote(N, "k", "3"), later(40))
        assert (await do(store, GetNote(N, "k"), later(59))).expires_at == later(60)
        assert await do(store, GetNote(N, "k"), later(60)) is None
        await do(store, PutNote(N, "l", "1", expires_at=later(60)))
        await do(store, PutNote(N, "l", "2", ttl=None))
        assert (await do(store, GetNote(N, "l"))).expires_at is None
        await do(store, PutNote(N, "past", "1", expires_at=later(-1)))
        assert await do(store, GetNote(N, "past")) is None

    @driven
    async def test_a_put_may_refuse_to_replace(self, store: RecordStore) -> None:
        """A note that is there, or can be restored; with it all of its batch is refused."""
        for key in ("there", "deleted"):
            await do(store, PutNote(N, key, "1", if_absent=True))
        await do(store, PutNote(N, "over", "1", ttl=HOUR))
        await do(store, DeleteNote(N, "deleted"))
        for key in ("there", "deleted"):
            batch = [PutNote(N, "beside", "2"), PutNote(N, key, "2", if_absent=True)]
            with pytest.raises(ConflictError, match=key):
                await store.notes("ana", batch, now=NOON)
            assert (await do(store, GetNote(N, key, deleted=True))).value == "1"
        twice = [PutNote(N, "new", "1", if_absent=True)] * 2
        with pytest.raises(ConflictError):
            await store.notes("ana", twice, now=NOON)
        assert await keys(store) == ["over", "there"]
        await do(store, PutNote(N, "over", "2", if_absent=True), later(60))
        assert (await do(store, GetNote(N, "over"), later(60))).value == "2"

    @driven
    async def test_of_puts_that_refuse_to_replace_one_is_done(self, store: RecordStore) -> None:
        """However many come at the same time."""
        results = await self.together(
            store.notes("ana", [PutNote(N, "k", n, if_absent=True)], now=NOON) for n in range(8)
        )
        assert sum(isinstance(result, ConflictError) for result in results) == 7

    @driven
    async def test_a_namespace_may_be_listed_alone(self, store: RecordStore) -> None:
        """Without those below it, in every kind of listing."""
        for place in PLACES:
            await do(store, PutNote(place, "/".join(place), "tea"))
        for place in PLACES:
            for query in (None, "tea"):
                found = await keys(store, prefix=place, below=False, query=query, limit=99)
                assert found == ["/".join(place)]

    @driven
    async def test_notes_are_listed_by_how_their_key_begins(self, store: RecordStore) -> None:
        """Any text is a beginning; nothing in it is a pattern."""
        more = ("ab", "aB", "a%c", "a_c", "a\U0010ffff", "a\U0010ffffx", "\ud7ff", "日", "b")
        for key in (*KEYS, *more):
            await do(store, PutNote(N, key, "tea"))
        await do(store, PutNote(("other",), "ab", "tea"))
        for start in (*KEYS, *more, "a%", "%", "_"):
            for query in (None, "tea"):
                found = await keys(store, prefix=N, key_prefix=start, query=query, limit=99)
                assert set(found) == {key for key in (*KEYS, *more) if key.startswith(start)}
        assert await keys(store, key_prefix="ab") == ["ab", "ab"]
        assert await keys(store, key_prefix="a", limit=2, offset=1) == ["a%c", "a/b"]

    @driven
    async def test_notes_are_counted(self, store: RecordStore) -> None:
        """Those that are there, those that can be restored, and those that are over."""
        assert await do(store, CountNotes()) == NoteCounts()
        for place in (N, ("n", "below"), ("other",)):
            await do(store, PutNote(place, "here", "x"))
            await do(store, PutNote(place, "gone", "x", ttl=HOUR))
            await do(store, DeleteNote(place, "gone"))
            await do(store, PutNote(place, "over", "x", ttl=HOUR))
        assert await do(store, CountNotes()) == NoteCounts(active=6, deleted=3)
        assert await do(store, CountNotes(N), later(60)) == NoteCounts(2, 2, 2)
        await do(store, PutNote(N, "new", "x"), later(60))
        assert await do(store, CountNotes(), later(60)) == NoteCounts(active=4)

    @driven
    async def test_a_note_names_the_indexes_it_is_in(self, store: RecordStore) -> None:
        """Each once, in every read."""
        vectors = {"m:1": [[1.0], [0.5]], "b:2": [1.0, 0.0]}
        await do(store, PutNote(N, "k", "tea", vectors=vectors))
        await do(store, PutNote(N, "l", "tea"))
        assert (await do(store, GetNote(N, "k"))).indexes == ("b:2", "m:1")
        assert (await do(store, GetNote(N, "l"))).indexes == ()
        await do(store, PutNote(N, "k", "tea", vectors={"m:1": [1.0]}))
        assert (await do(store, GetNote(N, "k"))).indexes == ("m:1",)
