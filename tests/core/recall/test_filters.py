"""What a question may be limited to, how much comes back, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from core.recall.conftest import NOW
from diarist import DocumentError, InvalidIdError, Message

if TYPE_CHECKING:
    from pathlib import Path

    from core.recall.conftest import Sources
    from diarist import Hit, SyncDiary
    from diarist.testing import FrozenClock

HOUR = timedelta(hours=1)


def said_hourly(diary: SyncDiary, session: str, *texts: str) -> None:
    """Say one text each hour from now on."""
    said = [Message("user", text, at=NOW + n * HOUR) for n, text in enumerate(texts)]
    diary.messages.append("ana", session, said)


# ---------------------------------------------------------------- where and when


def test_a_session_limits_what_is_found(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "a", "tea at home", "and cake")
    said_hourly(diary, "b", "tea in town")
    diary.update_memory("ana", "a", "I love rooibos tea.", "Noted.")
    diary.notes.put("ana", "n", "k", "tea")
    diary.notebook("ana").write("tea")
    assert sources("tea", session_id="b") == ["b#1"]
    kinds = ("preferences", "conversations", "notes", "notebook")
    found = diary.recall("ana", "tea", session_id="a", kinds=kinds)
    assert {hit.kind for hit in found} & {"preferences", "conversations"}
    assert {hit.session_id for hit in found} == {"a"}
    assert {hit.session_id for hit in diary.recall("ana", "tea", session_id="a")} == {"a"}
    assert sources("tea", session_id="unknown") == []


def test_a_namespace_limits_notes_and_nothing_else(diary: SyncDiary, sources: Sources):
    """Also where hundreds of others have the word."""
    for number in range(300):
        diary.notes.put("ana", ("apple",), f"k{number}", "tea tea tea")
    diary.notes.put("ana", ("app", "menu"), "k", "There is tea, and there is cake.")
    diary.notebook("ana").write("tea")
    notes = ("notes",)
    assert sources("tea", namespace=("app",), kinds=notes) == ["app/menu/k"]
    assert sources("tea", namespace="app", kinds=notes) == ["app/menu/k"]
    assert sources("tea", namespace=("app", "no"), kinds=notes) == []
    assert "main:1" in sources("tea", namespace="app")
    with pytest.raises(TypeError, match="a namespace is"):
        diary.recall("ana", "tea", namespace=7)  # type: ignore[arg-type]


def test_a_function_says_what_is_taken(diary: SyncDiary):
    """Before what says the same is left out, and before there are `k`."""
    diary.notes.put("ana", "n", "a", "green tea", metadata={"private": True})
    diary.notes.put("ana", "n", "b", "Green tea!")
    said_hourly(diary, "s", *[f"tea number {number}" for number in range(9)])

    def where(hit: Hit) -> bool:
        return hit.kind == "notes" and not hit.metadata.get("private")

    assert [hit.source for hit in diary.recall("ana", "green tea", 1, where=where)] == ["n/b"]
    assert len(diary.recall("ana", "tea", 3, where=lambda hit: hit.kind == "messages")) == 3
    assert diary.recall("ana", "tea", where=lambda hit: False) == []


def test_since_and_until_limit_messages(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", "tea zero", "tea one", "tea two", "tea three")
    for since, until, expected in [
        (None, None, "s#1 s#2 s#3 s#4"),
        (NOW + HOUR, None, "s#2 s#3 s#4"),
        (None, NOW + HOUR, "s#1"),
        (NOW + HOUR, NOW + 2 * HOUR, "s#2"),
        (NOW + HOUR, NOW + HOUR, ""),
        (NOW + 9 * HOUR, None, ""),
        (NOW + HOUR + timedelta(microseconds=1), NOW + 9 * HOUR, "s#3 s#4"),
    ]:
        assert sorted(sources("tea", since=since, until=until)) == expected.split()
    lisbon = timezone(timedelta(hours=1))
    assert sources("tea", until=(NOW + HOUR).astimezone(lisbon)) == ["s#1"]


def test_since_and_until_limit_pages_and_notes(
    diary: SyncDiary, sources: Sources, clock: FrozenClock
):
    diary.update_memory("ana", "old", "I'm allergic to pollen, badly.", "Noted.")
    diary.notes.put("ana", "n", "old", "pollen forecast")
    clock.advance(24 * HOUR)
    diary.update_memory("ana", "new", "I love pollen as a word.", "Greek has 2 more.")
    diary.notes.put("ana", "n", "new", "pollen report")
    noon = NOW + 12 * HOUR
    kinds = ("preferences", "conversations", "notes")
    every = set(sources("pollen", kinds=kinds))
    later = set(sources("pollen", kinds=kinds, since=noon))
    earlier = set(sources("pollen", kinds=kinds, until=noon))
    assert later | earlier == every
    assert later & earlier == set()
    assert {"allergies.pollen", "n/old"} <= earlier
    assert {"new", "n/new"} <= later
    conversations = sources("pollen", kinds=("conversations",), since=noon)
    assert conversations == ["new"]


def test_lines_without_a_time_are_left_out_where_one_is_asked_for(
    diary: SyncDiary, sources: Sources
):
    diary.notebook("ana").write("- tea")
    assert sources("tea") == ["main:1"]
    assert sources("tea", since=NOW - HOUR) == []


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": -1}, "k must not be negative"),
        ({"kinds": ["messages", "dreams"]}, "not dreams"),
        ({"kinds": "messages"}, "kinds are"),
        ({"since": datetime(2026, 1, 1)}, "no time zone"),
        ({"until": datetime(2026, 1, 1)}, "no time zone"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    diary: SyncDiary, options: dict[str, Any], words: str
):
    with pytest.raises(ValueError, match=words):
        diary.recall("ana", "tea", **options)


def test_a_user_and_a_session_are_strings(diary: SyncDiary):
    with pytest.raises(InvalidIdError):
        diary.recall("", "tea")
    with pytest.raises(TypeError, match="session id"):
        diary.recall("ana", "tea", session_id=7)  # pyright: ignore


def test_a_broken_page_is_named_and_only_matters_where_it_is_looked_at(
    diary: SyncDiary, sources: Sources, tmp_path: Path
):
    diary.upsert_preference("ana", "likes", "love tea")
    said_hourly(diary, "s", "tea")
    (page,) = tmp_path.glob("*/preferences.toml")
    page.write_text("[likes.tea\n")
    with pytest.raises(DocumentError, match=r"preferences\.toml"):
        sources("tea")
    assert sources("tea", kinds=("messages", "notes")) == ["s#1"]


def test_nobody_is_made_by_a_question(diary: SyncDiary, tmp_path: Path):
    assert diary.recall("ana", "tea") == []
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- how much and in which order


def test_no_more_than_k_come_back(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", *(f"tea number {n}" for n in range(30)))
    for k in (0, 1, 4, 5, 10, 29, 30, 31, 100):
        found = sources("tea", k)
        assert len(found) == min(k, 30)
        assert len(set(found)) == len(found)


def test_the_newest_take_the_last_places(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", *(f"tea number {n}" for n in range(20)), "goodbye", "see you")
    assert sources("tea", 10)[-2:] == ["s#22", "s#21"]
    assert sources("tea", 5)[-1] == "s#22"
    assert not {"s#21", "s#22"} & set(sources("tea", 4))
    assert not {"s#21", "s#22"} & set(sources("tea", 4, session_id="s"))
    assert "s#22" not in sources("tea", 10, until=NOW + 20 * HOUR)
    said_hourly(diary, "t", "a new session, later than the rest")
    diary.messages.append("ana", "t", [Message("user", "hm", at=NOW + 90 * HOUR)])
    assert sources("tea", 10)[-2:] == ["t#2", "t#1"]
    assert sources("tea", 10, session_id="s")[-2:] == ["s#22", "s#21"]
    assert sources("tea", kinds=("notes",)) == []


def test_where_the_newest_are_the_best_too_no_place_stays_empty(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", *(f"tea {n}" for n in range(29)), "then tea at the old harbour")
    found = sources("tea at the harbour", 10)
    assert found[0] == "s#30"
    assert len(set(found)) == 10


def test_what_is_archived_is_no_longer_among_the_newest(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", "tea", "one", "two", "three", "four", "goodbye")
    assert sources("tea", 5, session_id="s")[-1] == "s#6"
    diary.messages.archive("ana", "s", 6)
    assert diary.messages.read("ana", "s") == []
    assert sources("goodbye", 5)[0] == "s#6"


def test_a_fact_comes_once_however_often_it_was_said(diary: SyncDiary, sources: Sources):
    for number, text in enumerate(
        ("I love green tea.", "i LOVE green tea!", "Love green tea", "...so I love green tea")
    ):
        said_hourly(diary, f"s{number}", text, f"and {number} more things")
    diary.upsert_preference("ana", "likes", "love green tea")
    diary.notes.put("ana", "n", "k", {"text": "I love green tea"})
    said_hourly(diary, "t", "I hate green tea.")
    found = diary.recall("ana", "green tea", 20)
    facts = [hit for hit in found if "green tea" in hit.text.lower()]
    assert len(facts) == 2
    assert "t#1" in [hit.source for hit in facts]


def test_copies_leave_no_place_empty(diary: SyncDiary, sources: Sources):
    said_hourly(diary, "s", *(["I love tea"] * 12 + [f"tea number {n}" for n in range(12)]))
    assert len(sources("tea", 10)) == 10
    assert len(sources("tea", 30)) == 13


def test_the_same_question_has_the_same_answer(diary: SyncDiary):
    said_hourly(diary, "s", *(f"tea number {n}" for n in range(30)))
    diary.notes.put("ana", "n", "k", "tea")
    assert diary.recall("ana", "tea") == diary.recall("ana", "tea")


def test_facts_and_messages_stand_in_one_order(diary: SyncDiary):
    """A fact that says all of it comes before a message that says half of it, and the reverse."""
    diary.upsert_preference("ana", "likes", "love green tea")
    said_hourly(diary, "s", "the garden is green", "lunch", "supper", "breakfast")
    assert diary.recall("ana", "green tea", 3)[0].source == "likes.green-tea"
    said_hourly(diary, "t", "a black cat sat on the roof of the house")
    assert diary.recall("ana", "black cat on a green roof", 3)[0].source == "t#1"


def test_utc_is_what_hits_say(diary: SyncDiary):
    local = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))
    diary.messages.append("ana", "s", [Message("user", "tea", at=local)])
    (hit,) = diary.recall("ana", "tea", 1)
    assert (hit.at, hit.at and hit.at.tzinfo) == (local, UTC)
