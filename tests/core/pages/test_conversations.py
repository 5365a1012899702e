"""The conversations page: turns, order, eviction, summaries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarist.errors import DocumentError
from diarist.pages import conversations
from diarist.pages.toml import Document, parse


def at(second: int) -> str:
    return f"2024-01-01T00:00:{second:02}Z"


def record(document: Document, session: str, second: int, **more: Any) -> Document:
    more = {"max_conversations": 100, **more}
    return conversations.record(document, session, at=at(second), **more)[0]


def test_turns_are_counted_and_a_given_number_only_raises_the_count() -> None:
    document = record(record(parse(""), "a", 1), "a", 2)
    for number, turns in ((2, 2), (7, 7), (3, 7)):
        document = record(document, "a", 3, number=number)
        assert conversations.sessions(document)["a"]["_turns"] == turns


def test_the_session_idle_for_longest_leaves_and_never_the_current_one() -> None:
    document = parse("")
    for second, session in enumerate("abcd"):
        document = record(document, session, second)
    document = record(document, "a", 10)
    document = record(document, "old", 0, max_conversations=3)

    assert set(conversations.sessions(document)) == {"d", "a", "old"}
    document, is_new = conversations.ensure(document, "e", at=at(11), max_conversations=1)
    assert is_new
    assert list(conversations.sessions(document)) == ["e"]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_inside_one_second_the_last_one_is_the_newest(order: list[str]) -> None:
    document = parse("")
    for session in order:
        document = record(document, session, 5)

    newest = list(conversations.newest(document, 3))
    assert newest == list(dict.fromkeys(reversed(order)))
    assert newest == list(conversations.newest(parse(document.text), 3))


def test_an_old_turn_does_not_make_a_session_older() -> None:
    document = record(record(parse(""), "a", 9), "a", 2)

    assert conversations.sessions(document)["a"]["_updated"] == at(9)


def test_summaries_are_capped_and_free_of_secrets() -> None:
    document = record(parse(""), "a", 1, summary="x" * 5000, keywords=[f"k{n}" for n in range(50)])
    session = conversations.sessions(document)["a"]
    assert (len(session["summary"]), len(session["keywords"])) == (2000, 12)

    document = record(
        document, "a", 2, summary="my password is hunter2", keywords=["tea", "4111111111111111"]
    )
    session = conversations.sessions(document)["a"]
    assert session["summary"] == "x" * 2000
    assert session["keywords"] == ()


def test_keywords_that_are_a_secret_together_are_not_taken() -> None:
    document = record(parse(""), "a", 1, keywords=["password", "hunter2x", "tea"])
    assert conversations.sessions(document)["a"]["keywords"] == ()


def test_what_is_no_text_is_read_over() -> None:
    document = record(parse(""), "a", 1, summary=5, keywords=[1, "tea"])
    session = conversations.sessions(document)["a"]
    assert (session["summary"], session["keywords"]) == ("", ("tea",))


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
def test_any_session_id_and_summary_is_recorded(text: str) -> None:
    document = record(record(parse(""), text, 1, summary=text), text, 2)

    (session,) = conversations.sessions(parse(document.text)).values()
    assert session["_turns"] == 2


def test_what_a_person_broke_is_read_over_and_kept() -> None:
    page = """\
[conversations.a]
_updated = 2024-01-01T00:00:05Z  # a date without quotes
_turns = "many"
mood = "good"
[conversations.b]
_updated = "yesterday"
[conversations.c]
_updated = "2024-01-01T02:00:07+02:00"
"""
    document = parse(page)
    assert list(conversations.newest(document, 3)) == ["c", "a", "b"]

    document = record(record(document, "a", 8), "b", 9)
    sessions = conversations.sessions(document)
    assert (sessions["a"]["_turns"], sessions["a"]["mood"]) == (1, "good")
    assert list(conversations.newest(document, 3)) == ["b", "a", "c"]


def test_a_session_that_is_a_value_is_named_and_stays() -> None:
    document = parse('[conversations]\na = "x"\n')

    with pytest.raises(DocumentError, match=r"conversations\.a is a value"):
        record(document, "a", 1)
    assert record(document, "b", 1).tree["conversations"]["a"] == "x"
