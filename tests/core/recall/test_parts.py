"""The pure parts by themselves: times, questions, candidates, features, the one order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recall.conftest import NOW
from diarist.recall import candidates, dates
from diarist.recall.candidates import ASKS, SHIFT, TELLS_WHEN, Found, Row
from diarist.recall.dates import Named, Span
from diarist.recall.features import WEIGHTS, features, total
from diarist.recall.query import MOST_WORDS, parse
from diarist.recall.ranking import Shelf, merged, ranked_messages
from diarist.recall.terms import terms, words_of
from diarist.records import Hit

# ---------------------------------------------------------------- times


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 7 May 2025", Named(2025, 5, 7)),
        ("the 7th of May", Named(None, 5, 7)),
        ("May 7th, 2025", Named(2025, 5, 7)),
        ("Sept. 3", Named(None, 9, 3)),
        ("2025-05-07", Named(2025, 5, 7)),
        ("in June 2024", Named(2024, 6)),
        ("in may", Named(None, 5)),
        ("in March 2024", Named(2024, 3)),
        ("back in 1999", Named(1999)),
        ("yesterday", Span(day("2026-03-17"), day("2026-03-18"))),
        ("tonight", Span(day("2026-03-18"), day("2026-03-19"))),
        ("last week", Span(day("2026-03-09"), day("2026-03-16"))),
        ("this week", Span(day("2026-03-16"), day("2026-03-23"))),
        ("last month", Span(day("2026-02-01"), day("2026-03-01"))),
        ("last year", Span(day("2025-01-01"), day("2026-01-01"))),
        ("last Friday", Span(day("2026-03-13"), day("2026-03-14"))),
        ("on Wednesday", Span(day("2026-03-11"), day("2026-03-12"))),
        ("three days ago", Span(day("2026-03-14"), day("2026-03-17"))),
        ("a week ago", Span(day("2026-03-08"), day("2026-03-15"))),
        ("a couple of months ago", Span(day("2026-01-02"), day("2026-02-02"))),
    ],
)
def test_a_time_is_read_as_people_say_it(text: str, expected: object):
    assert dates.mentions(f"What was {text}?", NOW) == (expected,)


@pytest.mark.parametrize("text", ["may I ask you?", "at 12:30", "room 101"])
def test_what_is_no_time_names_none(text: str):
    assert dates.mentions(text, NOW) == ()


@given(st.text() | st.from_regex(r"[0-9]{1,4}[-/ ](may|[0-9]{2})[- ][0-9]{1,4} (ago|weeks? ago)?"))
def test_any_text_can_be_read_for_times(text: str):
    for mention in dates.mentions(text, NOW):
        assert 0 <= dates.fit((mention,), NOW) <= 1
    dates.asks_when(text)
    dates.tells_when(text)


def test_a_time_fits_by_its_parts_and_a_span_by_its_bounds():
    span = Span(day("2026-03-09"), day("2026-03-16"))
    assert [dates.fit((span,), span.start + step) for step in (timedelta(-1), timedelta())] == [
        0,
        1,
    ]
    assert dates.fit((span,), span.end) == 0
    assert dates.fit((Named(2026, 3, 9), Named(2020)), day("2026-03-10")) == pytest.approx(2 / 3)
    assert dates.fit((), NOW) == 0


# ---------------------------------------------------------------- questions


def test_a_question_is_its_telling_words_once_each():
    query = parse("When did Ana's cat, the CAT, see the dentist?", NOW)
    assert query.words == ("ana", "cat", "see", "dentist")
    assert query.asks_when
    assert not parse("Where is the cat?", NOW).asks_when
    assert parse("who are you?", NOW).words == ("who", "are", "you")
    assert parse("?!", NOW).words == ()


def test_a_long_question_is_cut():
    assert len(parse(" ".join(f"w{n}" for n in range(1000)), NOW).words) == MOST_WORDS
    assert all(len(term) <= 64 for term in terms("a" * 5000))


@given(st.text())
def test_no_syntax_reaches_the_index(text: str):
    assert all(word.isalnum() or not word.isascii() for word in words_of(text))
    assert not any('"' in word for word in words_of(text))
    assert terms(" ".join(terms(text))) == terms(text) or not text.isascii()


# ---------------------------------------------------------------- candidates


def test_a_rare_word_says_more_than_a_common_one():
    weights = [candidates.rarity(having, 1000) for having in (1, 10, 500, 1000)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0
    assert candidates.mass(0b101, [1.0, 2.0, 4.0]) == 5.0
    assert candidates.bm25(1, [1.0], 0.5) > candidates.bm25(1, [1.0], 2.0)


@given(st.dictionaries(st.integers(1, 500), st.integers(1, 15)), st.integers(1, 40))
def test_the_best_are_those_whose_words_say_most(masks: dict[int, int], most: int):
    weights = [1.0, 2.5, 0.5, 3.0]
    expected = sorted(masks, key=lambda key: (-candidates.mass(masks[key], weights), -key))
    assert candidates.best(masks, weights, most) == expected[:most]


def test_a_session_fits_by_all_that_is_said_in_it():
    one, two = 1 << SHIFT, 2 << SHIFT
    scores = candidates.session_scores([[one | 1, one | 2, two | 1], [one | 3]], {1: 30, 2: 30})
    assert scores[1] == 1.0 > scores[2] > 0
    assert candidates.session_scores([[]], {}) == {}


def test_neighbours_stay_in_their_session():
    assert list(candidates.neighbours(3 << SHIFT | 1)) == [3 << SHIFT | n for n in (1, 2, 3)]
    assert len(candidates.neighbours(3 << SHIFT | 9)) == 5


# ---------------------------------------------------------------- features


def found(rows: dict[int, Row], masks: dict[int, int], **more: object) -> Found:
    return Found(rows, list(rows), masks, [2.0, 1.0], 10.0, {0: 1.0}, **more)  # pyright: ignore


def test_features_lie_between_0_and_1_and_those_of_0_are_left_out():
    rows = {
        1: Row(8, ASKS, NOW, "Ana"),
        2: Row(60, TELLS_WHEN, NOW - timedelta(days=1), "Bruno"),
        3: Row(0, 0, NOW, None),
    }
    query = parse("When did Bruno buy the kettle yesterday?", NOW)
    names = frozenset(["bruno"])
    seen = features(found(rows, {1: 3}, names=names, cosines={2: 0.8, 3: -0.5}), query)
    assert seen[1] == {"words": 1.0, "session": 1.0, "length": seen[1]["length"], "asks": 1.0}
    assert seen[2] == dict.fromkeys(
        ("meaning", "time", "session", "length", "speaker", "before", "answer", "when"), 1.0
    )
    assert seen[3] == {"session": 1.0, "near": 1.0}
    assert all(0 < value <= 1 for each in seen.values() for value in each.values())
    assert all(0 <= total(each) <= 1 for each in seen.values())


def test_a_neighbour_in_another_session_counts_for_nothing():
    rows = {1: Row(8, 0, NOW, None), 1 << SHIFT | 1: Row(8, 0, NOW, None)}
    seen = features(found(rows, {1: 1}), parse("kettle", NOW))
    assert set(seen[1 << SHIFT | 1]) == {"length"}


def test_every_weight_is_a_small_whole_number():
    assert all(type(weight) is int and 1 <= abs(weight) <= 4 for weight in WEIGHTS.values())


def test_equals_stay_in_the_order_in_which_they_were_said():
    rows = {key: Row(8, 0, NOW, None) for key in (11, 21, 31)}
    ranked = ranked_messages(found(rows, dict.fromkeys(rows, 1)), parse("kettle", NOW))
    assert [key for _, key, _ in ranked] == [11, 21, 31]


# ---------------------------------------------------------------- one order


def hit(text: str, score: float = 0.0) -> Hit:
    return Hit("messages", text, score, "ana", f"s#{text}")


def test_the_newest_come_last_and_nothing_comes_twice():
    hits = [hit(f"tea {n}", n / 10) for n in range(10)]
    newest = [hit("bye"), hit("tea 9"), hit("Tea 3!")]
    assert [h.text for h in merged(hits, newest, 5)] == ["tea 9", "tea 8", "tea 7", "tea 6", "bye"]
    assert [h.text for h in merged(hits, newest[1:], 5)][-1] == "tea 5"
    fifteen = [h.text for h in merged(hits, newest, 15)]
    assert (len(fifteen), fifteen[-1]) == (11, "bye")
    assert merged([], newest, 4) == merged(hits, newest, 0) == []


@given(
    st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1)), max_size=20),
    st.lists(st.integers(0, 12), max_size=5),
    st.integers(0, 12),
)
def test_no_place_stays_empty(scored: list[tuple[int, float]], last: list[int], k: int):
    hits = [hit(f"tea {n}", score) for n, score in scored]
    merged_texts = [h.text for h in merged(hits, [hit(f"tea {n}") for n in last], k)]
    assert len(set(merged_texts)) == len(merged_texts) <= k
    assert len(merged_texts) >= min(k, len({n for n, _ in scored}))


def test_a_shelf_gives_the_best_1_and_says_how_much_of_the_question_it_has():
    shelf = Shelf([["green", "tea"], ["tea"], ["coffee"]])
    fits, share = shelf.fits(["green", "tea"])
    assert (fits[0], share) == (1.0, 1.0)
    assert 0 < fits[1] < 1
    assert 2 not in fits
    assert shelf.fits(["milk"]) == ({}, 0.0)
    assert 0 < shelf.fits(["tea", "milk"])[1] < 1
    assert Shelf([]).fits(["tea"]) == ({}, 0.0)
