"""What every store of records must do with notes that are put, listed and counted more exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from diarist.counting import CountNotes, NoteCounts, NoteSurvey, SurveyNotes
from diarist.errors import ConflictError
from diarist.records import KEEP, DeleteNote, GetNote, PutNote, RestoreNote
from diarist.testing.driving import driven
from diarist.testing.notes import HOUR, KEYS, PLACES, WAYS, N
from diarist.testing.subject import NOON, RecordSuite, do, kept, keys, later, listed

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

    @driven
    async def test_a_put_may_leave_the_value(self, store: RecordStore) -> None:
        """It changes the rest of a note that is there, and makes none."""
        vectors = {"m/2": [1.0, 0.0]}
        await do(store, PutNote(N, "k", "tea", metadata={"a": 1}, ttl=HOUR, vectors=vectors))
        await do(store, PutNote(N, "k", KEEP, metadata={"b": 2}), later(10))
        note = await do(store, GetNote(N, "k"), later(10))
        assert (note.value, note.metadata) == ("tea", {"b": 2})
        assert (note.created_at, note.updated_at) == (NOON, later(10))
        assert (note.ttl, note.expires_at) == (HOUR, later(60))
        await do(store, PutNote(N, "k", KEEP, ttl=None, vectors={"m/1": [0.5]}), later(20))
        note, found = (await kept(store))[0]
        assert (note.metadata, note.ttl, note.expires_at) == ({"b": 2}, None, None)
        assert found == {"m/1": [[0.5]]}
        assert await keys(store, query="tea") == ["k"]
        await do(store, PutNote(N, "unknown", KEEP, metadata={"b": 2}))
        await do(store, DeleteNote(N, "k"))
        await do(store, PutNote(N, "k", KEEP, metadata={"c": 3}))
        assert await keys(store) == []
        assert [note.metadata for note, _ in await kept(store)] == [{"b": 2}]
        assert await store.notes("ghost", [PutNote(N, "k", KEEP)], now=NOON) == [None]
        assert await store.list_users() == ["ana"]

    @driven
    async def test_the_newest_is_what_was_put_last_by_what_the_puts_say(
        self, store: RecordStore
    ) -> None:
        """In whatever order they came."""
        for key, minute in (("b", 2), ("c", 3), ("a", 1)):
            await do(store, PutNote(N, key, "tea", at=later(minute)), later(30))
        assert await keys(store, order="newest") == ["c", "b", "a"]
        await do(store, PutNote(N, "a", "milk", at=later(4)), later(40))
        assert await keys(store, order="newest") == ["a", "c", "b"]

    @driven
    async def test_a_put_may_be_the_only_one_with_its_key(self, store: RecordStore) -> None:
        """What the user had elsewhere under this key is gone forever, vectors and all."""
        vectors = {"m/2": [1.0, 0.0]}
        for place in ("a", "b", "c"):
            await do(store, PutNote((place,), "k", place, vectors=vectors))
        await do(store, DeleteNote(("c",), "k"))
        await do(store, PutNote(("a",), "other", "stays"))
        await do(store, PutNote(("b", "x"), "k", "moved", vectors=vectors, sole=True))
        assert [(n.namespace, n.value) for n in await listed(store)] == [
            (("a",), "stays"), (("b", "x"), "moved"),
        ]  # fmt: skip
        assert await keys(store, vector=(1.0, 0.0)) == ["k"]
        assert await do(store, RestoreNote(("c",), "k")) is False

    @driven
    async def test_notes_are_found_by_their_keys_wherever_they_are(
        self, store: RecordStore
    ) -> None:
        """In every order, below a prefix, and among those that fit."""
        for number, key in enumerate(KEYS):
            vectors = {"m/2": [1.0, number]}
            await do(store, PutNote((f"n{number % 2}",), key, "tea", vectors=vectors))
        await do(store, PutNote(("n0",), "", "deleted"))
        await do(store, DeleteNote(("n0",), ""))
        for number, key in enumerate(KEYS[1:], 1):
            assert await keys(store, keys=(key,)) == [key]
            assert await keys(store, keys=(key,), prefix=(f"n{1 - number % 2}",)) == []
        some = (KEYS[3], KEYS[1], "unknown", "")
        expected = [KEYS[1], KEYS[3]]
        assert await keys(store, keys=some) == expected
        assert await keys(store, keys=some, order="newest") == expected[::-1]
        assert await keys(store, keys=some, query="tea") == expected
        assert await keys(store, keys=some, vector=(1.0, 0.0)) == expected
        assert await keys(store, keys=some, filter={"x": 1}) == []
        assert await keys(store, keys=some, rest=True, query="milk") == expected[::-1]
        assert await keys(store, keys=()) == []

    @driven
    async def test_vectors_come_with_the_notes_where_asked_for(self, store: RecordStore) -> None:
        """From every kind of listing."""
        vectors = {"m/2": [[1.0, 0.5], [0.0, 1.0]], "o/1": [[1.0]]}
        await do(store, PutNote(N, "k", {"a": "tea"}, vectors=vectors))
        await do(store, PutNote(N, "without", {"a": "tea"}))
        ways: list[dict[str, Any]] = [
            *WAYS, {"order": "newest"}, {"filter": {"a": "tea"}}, {"vector": (1.0, 0.5)},
        ]  # fmt: skip
        for wanted in ways:
            found = {note.key: note for note in await listed(store, **wanted, vectors=True)}
            assert found.pop("k").vectors == vectors, wanted
            assert all(note.vectors == {} for note in found.values())
            assert all(note.vectors == {} for note in await listed(store, **wanted))

    @driven
    async def test_notes_are_surveyed_with_the_texts_of_a_field(self, store: RecordStore) -> None:
        """Those that can be seen, below a prefix; a field may hold a text, or several."""
        for minute, (place, value) in enumerate(
            [
                ("a", {"tags": ["x", "y"], "kind": "note"}),
                ("a", {"tags": ["x", 5, None, ["z"]]}),
                ("ab", {"tags": "x", "kind": None}),
                ("ab", "no field"),
                ("ab", {"tags": ["deleted"]}),
                ("ab", {"tags": ["expired"]}),
            ]
        ):
            ttl = HOUR if minute == 5 else None
            await do(store, PutNote((place,), f"k{minute}", value, ttl=ttl), later(minute))
        await do(store, DeleteNote(("ab",), "k4"))
        at = later(65)
        assert await do(store, SurveyNotes(), at) == NoteSurvey(4, NOON, later(3))
        every = await do(store, SurveyNotes(field="tags"), at)
        assert every == NoteSurvey(4, NOON, later(3), {"x": 3, "y": 1})
        some = await do(store, SurveyNotes(("a",), "tags"), at)
        assert some == NoteSurvey(2, NOON, later(1), {"x": 2, "y": 1})
        assert (await do(store, SurveyNotes(("a",), "kind"), at)).texts == {"note": 1}
        assert await do(store, SurveyNotes(("b",), "tags"), at) == NoteSurvey()

    @driven
    async def test_a_survey_is_of_what_there_is_now(self, store: RecordStore) -> None:
        """After a put, a deletion, a restoration, a clean-up, a move and an end."""

        async def found(minute: float = 0) -> dict[str, int]:
            return dict((await do(store, SurveyNotes(field="tags"), later(minute))).texts)

        await do(store, PutNote(N, "a", {"tags": ["x"]}))
        await do(store, PutNote(N, "b", {"tags": ["x", "y"]}))
        assert await found() == await found() == {"x": 2, "y": 1}
        await do(store, PutNote(N, "a", {"tags": ["z"]}))
        assert await found() == {"x": 1, "y": 1, "z": 1}
        await do(store, DeleteNote(N, "b"))
        assert await found() == {"z": 1}
        await do(store, RestoreNote(N, "b"))
        assert await found() == {"x": 1, "y": 1, "z": 1}
        await do(store, DeleteNote(N, "b", forever=True))
        assert await found() == {"z": 1}
        await do(store, PutNote(("m",), "a", {"tags": ["z"]}, sole=True))
        assert await found() == {"z": 1}
        await do(store, PutNote(N, "c", {"tags": ["brief"]}, ttl=HOUR))
        assert await found(59) == {"brief": 1, "z": 1}
        assert await found(60) == {"z": 1}
        exported = await store.export("ana")
        await store.delete_user("ana")
        assert await found() == {}
        await store.restore("ana", exported)
        assert await found() == {"brief": 1, "z": 1}
