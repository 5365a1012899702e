"""`diary.notes` with so many notes that not all are looked at: what is left out is not lost."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from diarist import Diary, PutNote
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from diarist.notes import Notes

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = 30, 700


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def notes(clock: FrozenClock) -> Notes:
    return Diary(MemoryBackend(), clock=clock).notes


def put(notes: Notes, namespace: str, values: list[str]) -> None:
    puts = [PutNote((namespace,), f"{number:04}", value) for number, value in enumerate(values)]
    asyncio.run(notes.batch("ana", puts))


# ---------------------------------------------------------------- the newest first


@pytest.fixture
def old_and_new(notes: Notes, clock: FrozenClock) -> Notes:
    put(notes, "old", ["an old note"] * OLD)
    clock.advance(timedelta(days=1))
    put(notes, "new", ["a new note"] * NEW)
    return notes


def newest(notes: Notes, prefix: str = "", limit: int = 10, offset: int = 0) -> list[str]:
    listing = notes.list("ana", prefix or (), limit=limit, offset=offset, order="newest")
    found = asyncio.run(listing)
    return [f"{note.namespace[0]} {note.key}" for note in found]


def test_the_newest_of_a_namespace_are_found_below_many_newer_ones(old_and_new: Notes):
    assert newest(old_and_new, "old", limit=3) == ["old 0029", "old 0028", "old 0027"]
    assert len(newest(old_and_new, "old", limit=100)) == OLD
    assert newest(old_and_new, "none") == []


def test_pages_of_the_newest_join_without_a_gap(old_and_new: Notes):
    pages = [newest(old_and_new, limit=50, offset=offset) for offset in range(0, 800, 50)]
    wanted = [f"new {number:04}" for number in reversed(range(NEW))]
    wanted += [f"old {number:04}" for number in reversed(range(OLD))]
    assert [name for page in pages for name in page] == wanted


def test_a_note_that_is_put_again_is_the_newest(old_and_new: Notes, clock: FrozenClock):
    clock.advance(timedelta(days=1))
    asyncio.run(old_and_new.put("ana", "old", "0007", "again"))
    asyncio.run(old_and_new.delete("ana", "new", f"{NEW - 1:04}"))
    assert newest(old_and_new, limit=2) == ["old 0007", f"new {NEW - 2:04}"]


def test_a_filter_finds_what_was_put_long_ago(notes: Notes, clock: FrozenClock):
    asyncio.run(notes.put("ana", "n", "first", {"kind": "cake"}))
    clock.advance(timedelta(days=1))
    puts = [PutNote(("n",), f"{number:04}", {"kind": "soup"}) for number in range(NEW)]
    asyncio.run(notes.batch("ana", puts))
    found = asyncio.run(notes.list("ana", filter={"kind": "cake"}, order="newest", limit=1))
    assert [note.key for note in found] == ["first"]
    found = asyncio.run(notes.list("ana", filter={"kind": "soup"}, order="newest", limit=1))
    assert [note.key for note in found] == [f"{NEW - 1:04}"]


def test_all_of_them_can_be_asked_for(old_and_new: Notes):
    assert len(newest(old_and_new, limit=sys.maxsize)) == OLD + NEW
    assert newest(old_and_new, limit=sys.maxsize, offset=sys.maxsize) == []


# ---------------------------------------------------------------- words that most notes have


WALNUTS = 40


@pytest.fixture
def common(notes: Notes) -> Notes:
    """Many notes of which all have one word, and a few another."""
    put(notes, "many", ["the walnut"] * WALNUTS + ["the"] * 1200)
    put(notes, "other", ["the walnut is one of those nuts that grow on large trees"] * 1100)
    return notes


def search(
    notes: Notes, query: str, prefix: str = "", limit: int = 10, offset: int = 0
) -> list[str]:
    found = notes.search("ana", prefix or (), query=query, limit=limit, offset=offset)
    hits = asyncio.run(found)
    return [hit.source for hit in hits]


def test_a_word_that_most_notes_have_is_found(common: Notes):
    every = search(common, "the", limit=5000)
    assert len(every) == WALNUTS + 2300
    assert search(common, "the", limit=50) == every[:50]
    assert search(common, "the", limit=50, offset=1000) == every[1000:1050]


def test_what_fits_best_comes_first_whatever_else_is_asked_for(common: Notes):
    assert set(search(common, "the walnut", limit=WALNUTS)) == {
        f"many/{number:04}" for number in range(WALNUTS)
    }


def test_pages_of_a_search_join_without_a_gap(common: Notes):
    starts = range(0, 2600, 100)
    pages = [search(common, "the walnut", limit=100, offset=start) for start in starts]
    found = [source for page in pages for source in page]
    assert found == search(common, "the walnut", limit=5000)
    assert len(found) == len(set(found)) == WALNUTS + 2300


def test_a_namespace_is_searched_to_its_end_below_better_hits_elsewhere(common: Notes):
    put(common, "better", ["walnut"] * 300)
    found = search(common, "walnut", "other", limit=20)
    assert len(found) == 20
    assert all(source.startswith("other/") for source in found)
    both = search(common, "the walnut", "many", limit=WALNUTS + 5)
    assert len(both) == WALNUTS + 5
    assert set(both[:WALNUTS]) == {f"many/{number:04}" for number in range(WALNUTS)}


# ---------------------------------------------------------------- rare words beside common ones

ALPHABET = "abcdefgh"  # of which the first words are common, and the last ones rare


@pytest.fixture
def uneven(notes: Notes) -> Notes:
    """Many notes of words as uneven as in a language, short and long, some said many times."""
    draw = random.Random(5)
    words = [f"{letter}word" for letter in ALPHABET]
    often = [1 / rank**2 for rank in range(1, len(words) + 1)]
    for place in "xyz":
        texts = (draw.choices(words, often, k=draw.choice((1, 2, 3, 9, 30))) for _ in range(700))
        put(notes, place, [" ".join(text) for text in texts])
    return notes


def test_the_first_page_is_the_beginning_of_all_whatever_words_are_asked_for(uneven: Notes):
    draw = random.Random(6)
    for _ in range(40):
        letters = draw.sample(ALPHABET, draw.choice((2, 3, 4)))
        query = " ".join(f"{letter}word" for letter in letters)
        prefix, limit = draw.choice(("", "y")), draw.choice((1, 5, 20, 60))
        every = search(uneven, query, prefix, limit=3000)
        assert search(uneven, query, prefix, limit=limit) == every[:limit], (query, prefix, limit)
