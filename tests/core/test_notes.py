"""`diary.notes`: what it gives back, and what it refuses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarist import ConflictError, Diary, GetNote, NoteCounts, PutNote
from diarist.filters import matches
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from diarist.notes import Notes

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def notes(clock: FrozenClock) -> Notes:
    return Diary(MemoryBackend(), clock=clock).notes


def test_a_string_is_a_namespace_of_one(notes: Notes):
    asyncio.run(notes.put("ana", "recipes", "soup", "caldo verde"))
    assert asyncio.run(notes.get("ana", ("recipes",), "soup")).value == "caldo verde"


def test_a_search_gives_hits_with_the_note_and_where_it_is(notes: Notes, clock: FrozenClock):
    asyncio.run(notes.put("ana", ("r", "soup"), "k", {"text": "caldo verde"}, metadata={"m": 1}))
    asyncio.run(notes.put("ana", ("r", "cake"), "k", {"text": "bolo"}))
    (hit,) = asyncio.run(notes.search("ana", ("r",), query="Verde!"))
    assert (hit.kind, hit.text, hit.source, hit.user_id) == (
        "notes", "caldo verde", "r/soup/k", "ana",
    )  # fmt: skip
    assert (hit.at, hit.metadata) == (NOON, {"m": 1})
    assert hit.note is not None
    assert hit.note.key == "k"


def test_a_note_lives_as_long_as_it_was_told(notes: Notes, clock: FrozenClock):
    asyncio.run(notes.put("ana", "n", "k", "v", ttl=timedelta(hours=1)))
    clock.advance(timedelta(minutes=50))
    assert asyncio.run(notes.get("ana", "n", "k", refresh=True)) is not None
    clock.advance(timedelta(minutes=50))
    asyncio.run(notes.put("ana", "n", "k", "w"))
    assert asyncio.run(notes.get("ana", "n", "k")).expires_at == NOON + timedelta(minutes=110)
    clock.advance(timedelta(minutes=10))
    assert asyncio.run(notes.get("ana", "n", "k")) is None
    assert asyncio.run(notes.list("ana")) == []


def test_what_is_deleted_can_be_restored_until_it_is_cleaned_up(notes: Notes, clock: FrozenClock):
    asyncio.run(notes.put("ana", "n", "k", "v"))
    assert asyncio.run(notes.delete("ana", "n", "k")) is True
    assert asyncio.run(notes.get("ana", "n", "k")) is None
    assert asyncio.run(notes.get("ana", "n", "k", deleted=True)).value == "v"
    assert asyncio.run(notes.restore("ana", "n", "k")) is True
    asyncio.run(notes.delete("ana", "n", "k"))
    assert asyncio.run(notes.cleanup("ana")) == 0
    clock.advance(timedelta(days=31))
    assert asyncio.run(notes.cleanup("ana")) == 1
    assert asyncio.run(notes.restore("ana", "n", "k")) is False


def test_notes_are_counted_and_listed_by_namespace_and_key(notes: Notes, clock: FrozenClock):
    asyncio.run(notes.put("ana", ("a", "b"), "k1", "v", expires_at=NOON + timedelta(hours=1)))
    asyncio.run(notes.put("ana", "a", "k2", "v", if_absent=True, at=NOON - timedelta(days=1)))
    asyncio.run(notes.put("ana", "a", "l", "v"))
    found = asyncio.run(notes.list("ana", "a", below=False, key_prefix="k"))
    assert [(note.key, note.created_at) for note in found] == [("k2", NOON - timedelta(days=1))]
    with pytest.raises(ConflictError, match=r"a note 'k2' in \('a',\) already"):
        asyncio.run(notes.put("ana", "a", "k2", "w", if_absent=True))
    asyncio.run(notes.delete("ana", "a", "l"))
    clock.advance(timedelta(hours=1))
    assert asyncio.run(notes.count("ana")) == NoteCounts(active=1, deleted=1, expired=1)
    assert asyncio.run(notes.count("ana", ("a", "b"))) == NoteCounts(expired=1)
    assert asyncio.run(notes.get("ana", ("a", "b"), "k1", deleted=True)).value == "v"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda n: n.put("ana", 5, "k", "v"), TypeError, "a namespace is a tuple of strings"),
        (lambda n: n.put("ana", ("a", 1), "k", "v"), TypeError, "a namespace is a tuple"),
        (lambda n: n.put("ana", "n", 5, "v"), TypeError, "a key is a string, not int"),
        (lambda n: n.put("ana", "n", "k", object()), TypeError, "the value of 'k' is nothing that"),
        (lambda n: n.put("ana", "n", "k", "v", metadata={1, 2}), TypeError, "metadata of 'k'"),
        (lambda n: n.put("ana", "n", "k", "v", ttl=timedelta(0)), ValueError, "time to live"),
        (
            lambda n: n.put("ana", "n", "k", "v", at=datetime(2026, 1, 1)),
            ValueError,
            "no time zone",
        ),
        (
            lambda n: n.put("ana", "n", "k", "v", expires_at="now"),
            TypeError,
            "expires_at is a date",
        ),
        (
            lambda n: n.put("ana", "n", "k", "v", expires_at=NOON, ttl=timedelta(1)),
            ValueError,
            "a ttl or an expires_at, not both",
        ),
        (lambda n: n.delete("ana", "n", "k", at=datetime(2026, 1, 1)), ValueError, "no time zone"),
        (lambda n: n.list("ana", key_prefix=5), TypeError, "key_prefix is a string, not int"),
        (lambda n: n.list("ana", limit=-1), ValueError, "limit must not be negative"),
        (lambda n: n.list("ana", filter={"a": {"$in": [1]}}), ValueError, r"has no \$in"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    notes: Notes, call: Any, error: type[Exception], words: str
):
    with pytest.raises(error, match=words):
        asyncio.run(call(notes))
    assert asyncio.run(notes.namespaces("ana")) == []


def test_a_batch_is_done_wholly_or_not_at_all(notes: Notes):
    asyncio.run(notes.put("ana", "n", "k", "old"))
    put, get = PutNote(("n",), "k", "new"), GetNote(("n",), "k")
    assert asyncio.run(notes.batch("ana", [put, get]))[1].value == "old"
    with pytest.raises(TypeError):
        asyncio.run(notes.batch("ana", [PutNote(("n",), "k", "newer"), PutNote(("n",), "l", {1})]))
    assert asyncio.run(notes.get("ana", "n", "k")).value == "new"


# ---------------------------------------------------------------- filters

VALUE = {"kind": "recipe", "stars": 4, "by": {"city": "Porto"}, "a.b": 1, "tags": ["x"], "ok": True}


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({"kind": "recipe"}, True),
        ({"kind": "note"}, False),
        ({"stars": {"$gte": 4, "$lt": 5}}, True),
        ({"stars": {"$gt": 4}}, False),
        ({"stars": {"$ne": 5}}, True),
        ({"missing": {"$ne": 5}}, False),
        ({"stars": {"$gt": "3"}}, False),
        ({"kind": {"$gt": "reci"}}, True),
        ({"by.city": "Porto"}, True),
        ({"by": {"city": "Porto"}}, True),
        ({"by": {"city": {"$eq": "Lisbon"}}}, False),
        ({"a.b": 1}, True),
        ({"tags": ["x"]}, True),
        ({"ok": 1}, False),
        ({"ok": True}, True),
        ({}, True),
    ],
)
def test_a_filter_finds_what_it_says(filter: dict[str, Any], found: bool):
    assert matches(VALUE, filter) is found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    json_values, st.dictionaries(st.text(max_size=3) | st.sampled_from(["$gt", "$ne"]), json_values)
)
def test_no_value_and_no_filter_ever_raise(value: Any, filter: dict[str, Any]):
    assert matches(value, filter) in (True, False)
