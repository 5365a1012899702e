"""What every store of records must do with notes, but for searching them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from diarist.counting import CountNotes, NoteCounts, NoteSurvey, SurveyNotes
from diarist.records import (
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    PutNote,
    RestoreNote,
)
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, do, kept, keys, later, listed

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore

N = ("n",)
HOUR = timedelta(hours=1)
WAYS: list[dict[str, Any]] = [{}, {"query": "tea"}, {"filter": {}}]
"""How a note may be listed."""
VALUES: list[Any] = [
    "", "text\0é日🦊\r\n", [], {}, None, 0, False, -1.5e300, 2**62, "x" * 1_000_000,
    {"a": [1, 2.5, None, True, {"": []}], "b": {"c": "d"}, "z": 1, "half": "\ud800"},
]  # fmt: skip
KEYS = ("", " ", "a\0b", "a/b", "日本\n", "x" * 5000, "'\"", "K", "\ufffd")
PLACES: tuple[tuple[str, ...], ...] = (
    (), ("",), ("", ""), ("a",), ("a", "b"), ("ab",), ("a/b",), ("a", ""), ("\0",), ("日", "🦊"),
    ("\x1e",), ("\x1f",), ("\x1e", "0"), ("a\x1fb",), ("\U0010ffff",), ("\U0010ffff", "x"),
    ("%", "_"),
)  # fmt: skip


class NoteTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_a_value_comes_back_as_it_was(self, store: RecordStore) -> None:
        """Text, or anything else that JSON can hold."""
        for number, value in enumerate(VALUES):
            put = PutNote(N, f"k{number}", value, metadata={"source": ["a\udfff", number]})
            assert await do(store, put) is None
            note = await do(store, GetNote(N, f"k{number}"))
            assert (note.value, type(note.value)) == (value, type(value))
            assert note.metadata == {"source": ["a\udfff", number]}
            assert (note.namespace, note.key) == (N, f"k{number}")
            assert (note.created_at, note.updated_at) == (NOON, NOON)
            assert (note.expires_at, note.ttl, note.deleted_at) == (None, None, None)

    @driven
    async def test_any_string_is_a_key(self, store: RecordStore) -> None:
        """It is found by itself alone."""
        await do(store, PutNote(N, "k", "other"))
        for key in KEYS:
            await do(store, PutNote(N, key, key))
        for key in KEYS:
            assert (await do(store, GetNote(N, key))).value == key
            assert await do(store, DeleteNote(N, key))
        assert await keys(store) == ["k"]

    @driven
    async def test_any_tuple_is_a_namespace(self, store: RecordStore) -> None:
        """What lies below one begins with all of its elements, each whole."""
        for place in PLACES:
            await do(store, PutNote(place, "k", list(place)))
        for place in PLACES:
            assert (await do(store, GetNote(place, "k"))).value == list(place)
            below = await listed(store, prefix=place, limit=99)
            assert {note.namespace for note in below} == {
                other for other in PLACES if other[: len(place)] == place
            }
            assert set(await do(store, ListNamespaces(prefix=place))) == {
                other for other in PLACES if other[: len(place)] == place
            }

    @driven
    async def test_a_put_keeps_what_it_does_not_tell(self, store: RecordStore) -> None:
        """The first time, the metadata, the expiry and the vectors."""
        vectors = {"m/2": [1.0, 0.0]}
        await do(store, PutNote(N, "k", "1", metadata={"a": 1}, ttl=HOUR, vectors=vectors))
        await do(store, PutNote(N, "k", "2"), later(10))
        note = await do(store, GetNote(N, "k"), later(10))
        assert (note.value, note.metadata) == ("2", {"a": 1})
        assert (note.created_at, note.updated_at) == (NOON, later(10))
        assert (note.ttl, note.expires_at) == (HOUR, later(60))
        assert await kept(store) == [(note, {"m/2": [[1.0, 0.0]]})]

    @driven
    async def test_none_clears_what_was_there(self, store: RecordStore) -> None:
        """Metadata, expiry and vectors, each for itself."""
        vectors = {"m/2": [1.0, 0.0], "m/1": [[1.0], [0.5]]}
        full = PutNote(N, "k", "1", metadata={"a": 1}, ttl=HOUR, vectors=vectors)
        await do(store, full)
        await do(store, PutNote(N, "k", "2", metadata=None))
        note = await do(store, GetNote(N, "k"))
        assert (note.metadata, note.ttl) == ({}, HOUR)
        await do(store, PutNote(N, "k", "3", ttl=None, vectors={"m/1": [0.25]}))
        note, found = (await kept(store))[0]
        assert (note.ttl, note.expires_at, found) == (None, None, {"m/1": [[0.25]]})
        await do(store, PutNote(N, "k", "4", vectors=None))
        assert (await kept(store))[0][1] == {}
        assert (await do(store, GetNote(N, "k"))).created_at == NOON

    @driven
    async def test_a_put_after_the_end_starts_anew(self, store: RecordStore) -> None:
        """Nothing of a deleted or expired note comes back with another value."""
        gone = {"m/2": [1.0, 0.0]}
        await do(store, PutNote(N, "d", "1", metadata={"a": 1}, ttl=HOUR, vectors=gone))
        await do(store, PutNote(N, "e", "1", metadata={"a": 1}, ttl=HOUR, vectors=gone))
        await do(store, DeleteNote(N, "d"), later(1))
        await do(store, PutNote(N, "d", "2"), later(2))
        await do(store, PutNote(N, "e", "2"), later(61))
        for key, at in (("d", later(2)), ("e", later(61))):
            note = await do(store, GetNote(N, key), later(90))
            assert (note.value, note.metadata, note.ttl) == ("2", {}, None)
            assert (note.created_at, note.deleted_at) == (at, None)
        assert [vectors for _, vectors in await kept(store)] == [{}, {}]

    @driven
    async def test_what_has_expired_is_hidden_at_once(self, store: RecordStore) -> None:
        """From every read, by whatever way, without anybody cleaning up."""
        put = PutNote(N, "k", "tea", ttl=HOUR, vectors={"m/2": [1.0, 0.0]})
        await do(store, put)
        await do(store, PutNote(("other",), "stays", "tea"))
        before, after = later(59.999), later(60)
        assert (await do(store, GetNote(N, "k"), before)).expires_at == after
        assert await keys(store, before, query="tea", prefix=N) == ["k"]
        assert await do(store, GetNote(N, "k"), after) is None
        for wanted in WAYS[:3]:
            assert await keys(store, after, **wanted) == ["stays"]
        assert await keys(store, after, deleted=True) == ["k", "stays"]
        assert (await do(store, GetNote(N, "k", deleted=True), after)).expires_at == after
        assert await keys(store, after, vector=(1.0, 0.0)) == []
        assert await do(store, ListNamespaces(), after) == [("other",)]
        assert not await do(store, DeleteNote(N, "k"), after)
        assert not await do(store, RestoreNote(N, "k"), after)
        assert await do(store, GetNote(N, "k", deleted=True), after) is None
        assert await do(store, GetNote(N, "k", refresh=True), after) is None

    @driven
    async def test_a_refreshing_read_starts_the_time_to_live_anew(self, store: RecordStore) -> None:
        """A plain read does not; a note that lives for ever stays so."""
        await do(store, PutNote(N, "k", "tea", ttl=HOUR))
        await do(store, PutNote(N, "ever", "milk"))
        assert (await do(store, GetNote(N, "k"), later(30))).expires_at == later(60)
        note = await do(store, GetNote(N, "k", refresh=True), later(30))
        assert (note.expires_at, note.updated_at) == (later(90), NOON)
        found = await listed(store, later(80), refresh=True)
        assert [note.expires_at for note in found] == [None, later(140)]
        assert await keys(store, later(139), query="tea", refresh=True) == ["k"]
        assert (await do(store, GetNote(N, "k"), later(198))).expires_at == later(199)
        assert (await do(store, GetNote(N, "ever", refresh=True), later(198))).expires_at is None
        assert await do(store, GetNote(N, "k", refresh=True), later(199)) is None

    @driven
    async def test_a_deleted_note_is_hidden_until_it_is_restored(self, store: RecordStore) -> None:
        """Restored it is as it was, metadata, expiry, vectors and all."""
        put = PutNote(N, "k", "tea", metadata={"a": 1}, ttl=HOUR, vectors={"m/2": [1.0, 0.0]})
        await do(store, put)
        before = await kept(store)
        assert await do(store, DeleteNote(N, "k"), later(1)) is True
        assert await do(store, DeleteNote(N, "k"), later(2)) is False
        assert await do(store, GetNote(N, "k"), later(3)) is None
        for wanted in WAYS:
            assert await keys(store, later(3), **wanted) == []
        assert await keys(store, later(3), vector=(1.0, 0.0)) == []
        assert await do(store, ListNamespaces(), later(3)) == []
        assert (await do(store, GetNote(N, "k", deleted=True), later(3))).deleted_at == later(1)
        assert await keys(store, later(3), deleted=True) == ["k"]
        assert await do(store, RestoreNote(N, "k"), later(4)) is True
        assert await do(store, RestoreNote(N, "k"), later(4)) is False
        assert await kept(store) == before
        assert await keys(store, later(5), query="tea") == ["k"]
        assert await do(store, DeleteNote(N, "unknown")) is False
        assert await do(store, RestoreNote(N, "unknown")) is False

    @driven
    async def test_a_cleanup_removes_what_was_deleted_long_enough_ago(
        self, store: RecordStore
    ) -> None:
        """Deleting again does not put it off; what has expired goes at once."""
        for key in ("early", "late", "stays", "restored"):
            await do(store, PutNote(N, key, key))
        await do(store, PutNote(N, "expired", "x", ttl=HOUR))
        for key in ("early", "restored"):
            await do(store, DeleteNote(N, key), later(1))
        await do(store, RestoreNote(N, "restored"), later(2))
        await do(store, DeleteNote(N, "late"), later(10))
        await do(store, DeleteNote(N, "early"), later(20))
        nine = timedelta(minutes=9)
        assert await store.cleanup("ana", now=later(9.9), retention=nine) == 0
        assert await store.cleanup("ana", now=later(10), retention=nine) == 1
        assert await do(store, RestoreNote(N, "early"), later(10)) is False
        assert await store.cleanup("ana", now=later(60), retention=timedelta(days=30)) == 1
        assert await store.cleanup("ana", now=later(60), retention=timedelta(0)) == 1
        assert [note.key for note, _ in await kept(store)] == ["stays", "restored"]
        assert await store.cleanup("ghost", now=later(60), retention=timedelta(0)) == 0
        assert await store.list_users() == ["ana"]

    @driven
    async def test_a_listing_is_by_namespace_and_key_in_pages(self, store: RecordStore) -> None:
        """Every note is on one page, and on one only."""
        puts = [PutNote((f"n{n % 3}", "x"), f"k{n:02}", {"n": n}) for n in range(20)]
        await store.notes("ana", list(reversed(puts)), now=NOON)
        expected = [put.key for put in sorted(puts, key=lambda put: (put.namespace, put.key))]
        assert await keys(store, limit=99) == expected
        assert len(await keys(store)) == 10
        paged = [
            key for offset in range(0, 24, 4) for key in await keys(store, limit=4, offset=offset)
        ]
        assert paged == expected
        odd = [key for key in expected if int(key[1:]) % 2]
        for n in range(20):
            if n % 2:
                await do(store, PutNote((f"n{n % 3}", "x"), f"k{n:02}", {"n": n, "odd": True}))
        pages = [
            await keys(store, limit=4, offset=offset, filter={"odd": True})
            for offset in range(0, 12, 4)
        ]
        assert [key for page in pages for key in page] == odd
        assert await keys(store, prefix=("n1", "x"), limit=2, offset=1) == ["k04", "k07"]
        assert await keys(store, prefix=("n",)) == []
        assert await keys(store, limit=0) == await keys(store, offset=99) == []

    @driven
    async def test_a_listing_may_begin_with_the_newest(self, store: RecordStore) -> None:
        """That is what was put last, also over another; of one batch the last first."""
        for minute, key in enumerate("abc"):
            await do(store, PutNote((key,), key, {"odd": minute % 2}), later(minute))
        await store.notes("ana", [PutNote(("y",), "y", {}), PutNote(("x",), "x", {})], now=later(3))
        await do(store, PutNote(("a",), "a", {"odd": 0}), later(4))
        assert await keys(store, order="newest") == ["a", "x", "y", "c", "b"]
        assert await keys(store, order="newest", limit=2, offset=1) == ["x", "y"]
        assert await keys(store, order="newest", filter={"odd": 0}) == ["a", "c"]
        assert await keys(store, prefix=("b",), order="newest") == ["b"]

    @driven
    async def test_what_is_deleted_forever_does_not_come_back(self, store: RecordStore) -> None:
        """Nor do its words and vectors; what was deleted softly can be so, too."""
        for key in "kl":
            await do(store, PutNote(N, key, "tea", metadata={"a": 1}, vectors={"m/1": [1.0]}))
        await do(store, DeleteNote(N, "l"))
        assert await do(store, DeleteNote(N, "k", forever=True)) is True
        assert await do(store, DeleteNote(N, "l", forever=True)) is False
        for key in "kl":
            assert await do(store, RestoreNote(N, key)) is False
        assert await kept(store) == []
        await do(store, PutNote(N, "k", "milk"))
        assert await keys(store, query="tea") == await keys(store, vector=(1.0,)) == []
        assert (await do(store, GetNote(N, "k"))).metadata == {}

    @driven
    async def test_a_wildcard_stands_for_any_one_element(self, store: RecordStore) -> None:
        """Without one, every string is itself."""
        for place in [("a",), ("a", "b", "c"), ("a", "x", "c"), ("a", "b", "d"), ("*", "b", "c")]:
            await do(store, PutNote(place, "k", ""))

        async def names(**wanted: Any) -> list[str]:
            found = await do(store, ListNamespaces(wildcard="*", **wanted))
            return ["/".join(name) for name in found]

        assert await names(prefix=("a", "*", "c")) == ["a/b/c", "a/x/c"]
        assert await names(prefix=("*", "b")) == ["*/b/c", "a/b/c", "a/b/d"]
        assert await names(suffix=("b", "*")) == ["*/b/c", "a/b/c", "a/b/d"]
        assert await names(prefix=("a", "*"), suffix=("c",), depth=2) == ["a/b", "a/x"]
        assert await names(prefix=("a", "*", "*", "*")) == []
        assert await do(store, ListNamespaces(prefix=("*",))) == [("*", "b", "c")]

    @driven
    async def test_namespaces_are_found_by_prefix_suffix_and_depth(
        self, store: RecordStore
    ) -> None:
        """Each once, sorted, in pages; cutting comes after choosing."""
        places = [("a",), ("a", "b"), ("a", "b", "z"), ("a", "c", "z"), ("b", "z"), ("z",)]
        for place in places:
            for key in "xy":
                await do(store, PutNote(place, key, ""))

        async def names(**wanted: Any) -> list[str]:
            found = await do(store, ListNamespaces(**wanted))
            return ["/".join(name) for name in found]

        assert await names() == ["a", "a/b", "a/b/z", "a/c/z", "b/z", "z"]
        assert await names(prefix=("a",)) == ["a", "a/b", "a/b/z", "a/c/z"]
        assert await names(suffix=("z",)) == ["a/b/z", "a/c/z", "b/z", "z"]
        assert await names(prefix=("a",), suffix=("b", "z")) == ["a/b/z"]
        assert await names(suffix=("x", "y", "b", "z")) == []
        assert await names(depth=1) == ["a", "b", "z"]
        assert await names(prefix=("a",), depth=2, suffix=("z",)) == ["a/b", "a/c"]
        assert await names(limit=2, offset=1) == ["a/b", "a/b/z"]
        assert await names(depth=1, limit=5, offset=2) == ["z"]
        await do(store, DeleteNote(("z",), "x"))
        assert "z" in await names()
        await do(store, DeleteNote(("z",), "y"))
        assert "z" not in await names()

    @driven
    async def test_a_batch_reads_the_state_before(self, store: RecordStore) -> None:
        """In whatever order its operations stand; each has its result at its place."""
        await do(store, PutNote(N, "old", "1"))
        operations = [
            PutNote(N, "new", "2"),
            GetNote(N, "new"),
            DeleteNote(N, "old"),
            GetNote(N, "old"),
            ListNotes(),
            PutNote(("m",), "k", "3"),
            ListNamespaces(),
            RestoreNote(N, "nothing"),
        ]
        put, new, gone, old, notes, put2, names, restored = await store.notes(
            "ana", operations, now=later(1)
        )
        assert (put, put2, new, gone, restored) == (None, None, None, True, False)
        assert old.value == "1"
        assert [scored.note.key for scored in notes] == ["old"]
        assert names == [N]
        assert await keys(store) == ["k", "new"]
        assert await store.notes("ana", [], now=NOON) == []

    @driven
    async def test_writes_of_a_batch_are_done_in_their_order(self, store: RecordStore) -> None:
        """The last put of a key holds; a delete after it deletes it."""
        batch = [
            PutNote(N, "k", "1"),
            PutNote(N, "k", "2"),
            PutNote(N, "x", "1"),
            DeleteNote(N, "x"),
        ]
        assert await store.notes("ana", batch, now=NOON) == [None, None, None, True]
        assert [note.value for note in await listed(store)] == ["2"]

    @driven
    async def test_a_batch_is_done_wholly_or_not_at_all(self, store: RecordStore) -> None:
        """What can't be stored stops all that stands beside it, and nobody else's batch."""
        await do(store, PutNote(N, "old", "1"))
        bad = [PutNote(N, "new", "2"), DeleteNote(N, "old"), PutNote(N, "bad", object())]
        fine = [[PutNote(N, f"fine{n}", "x"), GetNote(N, "old")] for n in range(3)]
        results = await self.together(
            store.notes("ana", batch, now=NOON) for batch in (fine[0], bad, fine[1], fine[2])
        )
        assert [isinstance(result, Exception) for result in results] == [False, True, False, False]
        assert await keys(store) == ["fine0", "fine1", "fine2", "old"]

    @driven
    async def test_a_stranger_has_nothing_and_reading_makes_nobody(
        self, store: RecordStore
    ) -> None:
        """Nor does deleting or refreshing what is not there."""
        operations = [
            GetNote(N, "k"),
            GetNote(N, "k", refresh=True),
            ListNotes(refresh=True),
            ListNotes(query="tea", vector=(1.0,)),
            ListNamespaces(),
            CountNotes(),
            SurveyNotes(),
            DeleteNote(N, "k"),
            RestoreNote(N, "k"),
        ]
        nothing: list[Any] = [None, None, [], [], [], NoteCounts(), NoteSurvey(), False, False]
        assert await store.notes("ghost", operations, now=NOON) == nothing
        assert await store.notes("ghost", operations[:1], now=NOON) == [None]
        assert await kept(store, "ghost") == []
        assert await store.list_users() == []

    @driven
    async def test_puts_at_the_same_time_are_all_there(self, store: RecordStore) -> None:
        """Whether they share a key or not."""
        await self.together(
            store.notes("ana", [PutNote(N, f"k{n}", n), PutNote(N, "one", n)], now=NOON)
            for n in range(16)
        )
        assert sorted(await keys(store, limit=99)) == sorted(["one", *(f"k{n}" for n in range(16))])
