"""What every store of records must do to find notes: filters, words, vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarist.records import DeleteNote, ListNotes, PutNote
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, do, keys, later

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore

VALUES: dict[str, Any] = {
    "four": {"stars": 4, "kind": "recipe", "author": {"city": "Porto", "tags": ["x"]}},
    "five": {"stars": 5.5, "kind": "recipe", "author": {"city": "Leeds"}},
    "text": {"stars": "4", "kind": "note", "author": "Porto"},
    "none": {"stars": None, "kind": None, "a.b": "dotted"},
    "true": {"stars": True, "a": {"b": "nested"}},
    "list": {"stars": [4], "kind": ["recipe"]},
    "plain": "just text, 4 stars",
    "number": 4,
    "empty": {},
}

FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "empty five four list none number plain text true"),
    ({"stars": 4}, "four"),
    ({"stars": {"$eq": 4.0}}, "four"),
    ({"stars": True}, "true"),
    ({"stars": None}, "none"),
    ({"stars": "4"}, "text"),
    ({"stars": [4]}, "list"),
    ({"stars": {"$ne": 4}}, "five list none text true"),
    ({"stars": {"$gt": 4}}, "five"),
    ({"stars": {"$gte": 4}}, "five four"),
    ({"stars": {"$lt": 5.5}}, "four"),
    ({"stars": {"$lte": 5.5, "$gt": 4}}, "five"),
    ({"stars": {"$gt": "3"}}, "text"),
    ({"stars": {"$gt": None}}, ""),
    ({"stars": {"$lt": [5]}}, ""),
    ({"stars": {"$gt": True}}, ""),
    ({"kind": "recipe", "stars": {"$gt": 4}}, "five"),
    ({"author.city": "Porto"}, "four"),
    ({"author": {"city": "Porto"}}, "four"),
    ({"author": {"city": {"$ne": "Porto"}}}, "five"),
    ({"author": "Porto"}, "text"),
    ({"author.city.name": "Porto"}, ""),
    ({"author.tags": ["x"]}, "four"),
    ({"a.b": "dotted"}, "none"),
    ({"a.b": "nested"}, "true"),
    ({"missing": 1}, ""),
    ({"missing": {"$ne": 1}}, ""),
    ({"": 1}, ""),
    ({".": {"$gt": 1}}, ""),
]

UNSPACED = [
    ("私は緑茶が好きです", "緑茶"),
    ("我住在北京市朝阳区", "北京"),
    ("서울에서 김치를 먹는다", "김치"),
    ("東京タワー", "タワー"),
    ("猫", "猫"),
    ("ｶﾀｶﾅ text", "カタカナ"),
    ("mixed英語text", "英語"),
]

QUERIES = (
    "tea", '"', '""', "'", "tea'", 'tea" OR "x', "(tea", "tea)", "tea*", "*", "-tea", "^tea",
    "terms:tea", "{terms}: tea", "tea AND", "AND", "OR", "NOT", "NEAR(tea, 2)", "NEAR", "tea\0",
    "\0", ";", "--", "/*", "%", "_", "\\", "日本", "🦊", "👩‍👩‍👧", "\u202e", "ﬁ", "½ Ⅳ ²",
    "\u0301", "...", "a" * 5000, "tea " * 5000, "é" * 300, "᠎", "ǅ", "İ", "\ufffd", "+", ":",
    "tea:tea", "1e5", "0x1",
)  # fmt: skip


class NoteSearchTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_a_filter_finds_what_holds(self, store: RecordStore) -> None:
        """What is missing or of another kind never raises, and never matches."""
        await store.notes("ana", [PutNote(("n",), k, v) for k, v in VALUES.items()], now=NOON)
        for filter, expected in FILTERS:
            assert await keys(store, filter=filter, limit=99) == expected.split(), filter

    @driven
    async def test_a_filter_holds_for_searches_too(self, store: RecordStore) -> None:
        """However many notes have the word, those that hold are found."""
        puts = [PutNote(("n",), f"k{n:03}", {"text": "tea " * 3, "n": n}) for n in range(300)]
        puts.append(PutNote(("n",), "this", {"text": "a long text with one tea in it", "n": -1}))
        await store.notes("ana", puts, now=NOON)
        assert await keys(store, query="tea", filter={"n": {"$lt": 0}}) == ["this"]
        assert len(await keys(store, query="tea", filter={"n": {"$gte": 0}}, limit=400)) == 300

    @driven
    async def test_words_find_notes_best_first(self, store: RecordStore) -> None:
        """In the key and any text of the value; case, accents and endings don't matter."""
        for key, value in {
            "both": "black tea and black coffee",
            "tea": {"title": "about Teas", "tags": [{"x": "green"}]},
            "drink": ["Café crème"],
            "none": {"tea": "no value says it"},
        }.items():
            await do(store, PutNote(("n",), key, value))
        assert sorted(await keys(store, query="tea")) == ["both", "tea"]
        assert (await keys(store, query="black tea?"))[0] == "both"
        assert await keys(store, query="GREEN") == ["tea"]
        assert await keys(store, query="café") == ["drink"]
        assert await keys(store, query="milk") == []
        await do(store, PutNote(("n",), "drink", "only milk now"))
        assert await keys(store, query="café") == []
        assert await keys(store, query="milk") == await keys(store, query="drinks") == ["drink"]
        found = await do(store, ListNotes(query="black coffee", limit=1))
        assert [scored.note.key for scored in found] == ["both"]
        assert found[0].score > 0

    @driven
    async def test_any_text_is_a_safe_query(self, store: RecordStore) -> None:
        """No syntax of an index reaches it."""
        await do(store, PutNote(("n",), "k", "a cup of tea"))
        for query in QUERIES:
            expected = ["k"] if "tea" in query.casefold() else []
            assert await keys(store, query=query) == expected, query[:80]

    @driven
    async def test_chinese_japanese_and_korean_are_found(self, store: RecordStore) -> None:
        """Also inside a sentence that has no spaces."""
        for number, (text, _) in enumerate(UNSPACED):
            await do(store, PutNote(("n",), f"k{number}", text))
        for number, (_, query) in enumerate(UNSPACED):
            assert await keys(store, query=query) == [f"k{number}"], query

    @driven
    async def test_vectors_find_notes_by_the_cosine(self, store: RecordStore) -> None:
        """A note with several counts by its best; below a prefix, in pages, filtered."""
        for key, place, vectors in (
            ("east", "n", [1.0, 0.0]),
            ("north", "n", [0.0, 2.0]),
            ("several", "m", [[-1.0, 0.0], [3.0, 3.0]]),
            ("west", "m", [-1.0, 0.0]),
            ("nowhere", "m", [0.0, 0.0]),
        ):
            put = PutNote((place,), key, {"key": key}, vectors={"model/2": vectors})
            await do(store, put)
        await do(store, PutNote(("n",), "without", "x"))
        found = await do(store, ListNotes(vector=(2.0, 0.0)))
        scores = {scored.note.key: round(scored.score, 5) for scored in found}
        assert scores == {"east": 1, "several": 0.70711, "north": 0, "nowhere": 0, "west": -1}
        assert [scored.note.key for scored in found][:2] == ["east", "several"]
        assert await keys(store, vector=(2.0, 0.0), prefix=("m",), limit=1) == ["several"]
        assert await keys(store, vector=(2.0, 0.0), limit=1, offset=1) == ["several"]
        assert await keys(store, vector=(2.0, 0.0), filter={"key": "west"}) == ["west"]
        assert await keys(store, vector=(1.0, 0.0, 0.0)) == []
        assert await keys(store, vector=(2.0, 0.0), index="other/2") == []
        await do(store, DeleteNote(("n",), "east"))
        assert (await keys(store, vector=(2.0, 0.0)))[0] == "several"

    @driven
    async def test_vectors_may_be_compared_by_their_distance(self, store: RecordStore) -> None:
        """The score is 1 / (1 + its square); the order need not be that of the cosine."""
        given = {"here": [3.0, 4.0], "near": [3.0, 2.0], "far": [30.0, 40.0], "zero": [0.0, 0.0]}
        for key, vector in given.items():
            await do(store, PutNote(("n",), key, "x", vectors={"m/2": vector}))
        ways: list[dict[str, Any]] = [{}, {"prefix": ("n",), "filter": {}}, {"keys": tuple(given)}]
        for wanted in ways:
            found = await do(store, ListNotes(vector=(3.0, 4.0), measure="distance", **wanted))
            scores = [(one.note.key, round(one.score, 5)) for one in found]
            assert scores == [("here", 1), ("near", 0.2), ("zero", 0.03846), ("far", 0.00049)]
        found = await do(store, ListNotes(vector=(0.0, 0.0), measure="distance", limit=2))
        assert [one.note.key for one in found] == ["zero", "near"]

    @driven
    async def test_the_best_of_many_come_in_pages_that_leave_nothing_out(
        self, store: RecordStore
    ) -> None:
        """Below any namespace, however many vectors are closer; equal ones by when they came."""
        puts = [
            PutNote((f"n{n % 40}" if n % 4 else "most", "x"), f"k{n:03}", "x",
                    vectors={"m/2": [[1.0, n // 2], [-1.0, 0.0]]})
            for n in range(800)
        ]  # fmt: skip
        await store.notes("ana", puts, now=NOON)
        await do(store, DeleteNote(("most", "x"), "k000"))
        for prefix in ((), ("most",), ("n7",)):
            expected = [put.key for put in puts[1:] if put.namespace[: len(prefix)] == prefix]
            found = [
                key
                for offset in range(0, 800, 300)
                for key in await keys(
                    store, vector=(1.0, 0.0), prefix=prefix, limit=300, offset=offset
                )
            ]
            assert found == expected, prefix

    @driven
    async def test_several_indexes_live_side_by_side(self, store: RecordStore) -> None:
        """The dimension says which is meant; where it does not, `index` does."""
        first = {"small/1": [1.0], "large/2": [1.0, 0.0], "other/2": [0.0, 1.0]}
        await do(store, PutNote(("n",), "a", "x", vectors=first))
        await do(
            store, PutNote(("n",), "b", "x", vectors={"small/1": [-1.0], "large/2": [0.0, 1.0]})
        )
        assert await keys(store, vector=(1.0,)) == ["a", "b"]
        assert await keys(store, vector=(0.0, 1.0), index="large/2") == ["b", "a"]
        assert await keys(store, vector=(0.0, 1.0), index="other/2") == ["a"]
        with pytest.raises(ValueError, match="index"):
            await keys(store, vector=(0.0, 1.0))

    @driven
    async def test_words_and_vectors_are_searched_together(self, store: RecordStore) -> None:
        """What both find comes first; what one finds is there."""
        for key, value, vector in (
            ("words", "black tea", [0.0, 1.0]),
            ("both", "green tea", [1.0, 0.1]),
            ("vector", "coffee", [1.0, 0.0]),
        ):
            await do(store, PutNote(("n",), key, value, vectors={"m/2": vector}))
        found = await keys(store, query="green tea", vector=(1.0, 0.0))
        assert found[0] == "both"
        assert set(found) == {"words", "both", "vector"}

    @driven
    async def test_what_does_not_fit_may_follow_without_a_score(self, store: RecordStore) -> None:
        """In pages of any depth, the note put last first."""
        for minute, (key, value) in enumerate(
            {"a": "green tea", "b": "coffee", "c": "tea and tea", "d": "milk", "e": "tea"}.items()
        ):
            vectors = {"m/2": [1.0, minute]} if key in "ab" else None
            put = PutNote(("n",), key, {"text": value, "n": minute}, vectors=vectors)
            await do(store, put, later(minute))
        await do(store, PutNote(("other",), "x", "tea"))

        async def scored(**wanted: Any) -> list[tuple[str, bool]]:
            found = await do(store, ListNotes(("n",), rest=True, **wanted), later(9))
            return [(one.note.key, one.score is not None) for one in found]

        fits = [("a", True), ("c", True), ("e", True)]
        others = [("d", False), ("b", False)]
        found = await scored(query="tea")
        assert (sorted(found[:3]), found[3:]) == (fits, others)
        pages = [await scored(query="tea", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [one for page in pages for one in page] == found
        unlike = [("e", False), ("d", False), ("c", False)]
        assert await scored(vector=(1.0, 0.0)) == [("a", True), ("b", True), *unlike]
        assert await scored(vector=(1.0, 0.0), filter={"n": {"$gt": 0}}, limit=2) == [
            ("b", True), ("e", False),
        ]  # fmt: skip
        assert len(await scored(query="...")) == 5

    @driven
    async def test_changed_vectors_are_compared_as_they_are_now(self, store: RecordStore) -> None:
        """After a put over a note, a deletion and an addition; equal ones score alike."""

        async def scores() -> dict[str, float]:
            found = await do(store, ListNotes(vector=(1.0, 0.0)))
            return {one.note.key: one.score for one in found}

        for key, vector in {"a": [1.0, 0.0], "b": [0.0, 1.0], "c": [0.3, 0.4]}.items():
            await do(store, PutNote(("n",), key, "x", vectors={"m/2": vector}))
        assert await scores() == {"a": 1, "c": 0.6, "b": 0}
        await do(store, PutNote(("n",), "b", "x", vectors={"m/2": [[0.0, -1.0], [2.0, 0.0]]}))
        await do(store, PutNote(("n",), "a", "x", vectors={"m/2": [0.0, 5.0]}))
        assert await scores() == {"b": 1, "c": 0.6, "a": 0}
        await do(store, PutNote(("n",), "d", "x", vectors={"m/2": [9.0, 12.0]}))
        await do(store, DeleteNote(("n",), "b", forever=True))
        assert await scores() == {"c": 0.6, "d": 0.6, "a": 0}
        await do(store, PutNote(("n",), "c", "x", vectors=None))
        assert await scores() == {"d": 0.6, "a": 0}

    @driven
    async def test_vectors_of_a_batch_that_fails_are_not_compared(self, store: RecordStore) -> None:
        """A batch that reads before it writes leaves nothing behind when it is undone."""
        await do(store, PutNote(("n",), "a", "x", vectors={"m/2": [1.0, 0.0]}))
        batch = [ListNotes(vector=(1.0, 0.0)), PutNote(("n",), "b", object())]
        with pytest.raises(TypeError):
            await store.notes("ana", batch, now=NOON)
        await do(store, PutNote(("n",), "c", "x", vectors={"m/2": [0.0, 1.0]}))
        assert await keys(store, vector=(1.0, 0.0)) == ["a", "c"]
