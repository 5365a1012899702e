"""What a user of `Diary` sees."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Dict  # noqa: UP035 - as TOMLDiary's users write it

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from diarist import (
    Diary,
    Edit,
    Extraction,
    InvalidIdError,
    PreferenceItem,
    PreferenceNotFoundError,
    Rejected,
    SchemaError,
    UnknownCategoryError,
)
from diarist.backends import LocalBackend

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(coroutine):
    return asyncio.run(coroutine)


class Scripted:
    """Returns the same extraction for every turn, and remembers what it was shown."""

    def __init__(self, *edits: Edit, **rest):
        self.extraction = Extraction(edits, **rest)
        self.seen = []

    def extract(self, turn, snapshot):
        self.seen.append((turn, snapshot, threading.current_thread()))
        return self.extraction


def likes(text: str, **rest) -> Edit:
    return Edit("add", "likes", text, **rest)


# ---------------------------------------------------------------- TOMLDiary's quick start


class MyPrefTable(BaseModel):
    """
    likes    : What the user enjoys
    dislikes : Things user avoids
    allergies: Substances causing reactions
    routines : User’s typical habits
    biography: User’s personal details
    """

    likes: Dict[str, PreferenceItem] = {}  # noqa: UP006
    dislikes: Dict[str, PreferenceItem] = {}  # noqa: UP006
    allergies: Dict[str, PreferenceItem] = {}  # noqa: UP006
    routines: Dict[str, PreferenceItem] = {}  # noqa: UP006
    biography: Dict[str, PreferenceItem] = {}  # noqa: UP006


@pytest.mark.parametrize("by", ["keyword", "position"])
def test_the_quick_start_of_tomldiary_stores_the_walnut_allergy(tmp_path: Path, by: str):
    async def main():
        diary = Diary(
            backend=LocalBackend(path=tmp_path / "memories"),
            pref_table_cls=MyPrefTable,
            max_prefs_per_category=100,
            max_conversations=50,
        )
        user_id, session_id = "alice", "chat_123"
        await diary.ensure_session(user_id, session_id)
        said, answer = "I'm allergic to walnuts.", "I'll remember you're allergic to walnuts."
        if by == "keyword":
            await diary.update_memory(user_id, session_id, user_msg=said, assistant_msg=answer)
        else:
            await diary.update_memory(user_id, session_id, said, answer)
        return await diary.preferences(user_id), await diary.last_conversations(user_id)

    page, conversations = run(main())
    item = page.data["allergies"]["walnuts"]
    assert item["text"] == "allergic to walnuts"
    assert item["_count"] == 1
    assert item["_sources"] == ["chat_123#1"]
    assert page.data["_meta"] == {"version": "1.0", "schema_name": "MyPrefTable"}
    assert conversations["chat_123"]["_turns"] == 1
    assert "walnuts" in conversations["chat_123"]["summary"]
    assert (tmp_path / "memories" / "alice" / "preferences.toml").read_text() == page


# ---------------------------------------------------------------- turns


def test_a_turn_is_extracted_in_another_thread_from_a_snapshot(tmp_path: Path):
    scripted = Scripted(likes("love tea"), summary="Tea.", keywords=("tea",))
    diary = Diary(tmp_path, agent=scripted, clock=lambda: NOON)
    run(diary.update_memory("ana", "s", "Hello", "Hi"))
    run(diary.update_memory("ana", "s", "Hello again", "Hi"))
    turn, snapshot, thread = scripted.seen[1]
    assert (turn.session_id, turn.user_msg, turn.assistant_msg) == ("s", "Hello again", "Hi")
    assert turn.at == NOON
    assert snapshot.preferences["likes"]["tea"]["text"] == "love tea"
    assert snapshot.conversation["summary"] == "Tea."
    assert snapshot.categories["likes"].startswith("what the user enjoys")
    assert thread is not threading.main_thread()
    with pytest.raises(TypeError):
        snapshot.preferences["likes"]["tea"]["text"] = "changed"


def test_an_async_extractor_is_awaited(tmp_path: Path):
    class Async:
        async def extract(self, turn, snapshot):
            await asyncio.sleep(0)
            return Extraction((likes("love tea"),))

    report = run(Diary(tmp_path, agent=Async()).update_memory("ana", "s", "x", "y"))
    assert [result.status for result in report.results] == ["added"]


def test_an_extractor_that_fails_reaches_the_caller_and_no_page_is_written(tmp_path: Path):
    class Failing:
        def extract(self, turn, snapshot):
            raise TimeoutError("the model is asleep")

    diary = Diary(tmp_path / "memories", agent=Failing())
    with pytest.raises(TimeoutError, match="asleep"):
        run(diary.update_memory("ana", "s", "x", "y"))
    assert not list(tmp_path.rglob("*.toml"))


def test_turns_are_counted_and_sources_name_them(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(likes("love tea")), clock=lambda: NOON)
    numbers = [run(diary.update_memory("ana", "s", "x", "y")).turn for _ in range(10)]
    item = run(diary.preferences("ana")).data["likes"]["tea"]
    assert numbers == list(range(1, 11))
    assert item["_count"] == 10
    assert item["_sources"] == [f"s#{number}" for number in range(5, 21, 2)]
    assert run(diary.last_conversations("ana"))["s"]["_turns"] == 10


def test_concurrent_turns_of_one_user_are_all_counted(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(likes("love tea")))

    async def main():
        turns = (diary.update_memory("ana", "s", "x", "y") for _ in range(40))
        return await asyncio.gather(*turns)

    assert sorted(report.turn for report in run(main())) == list(range(1, 41))
    assert run(diary.preferences("ana")).data["likes"]["tea"]["_count"] == 40


def test_the_time_of_a_turn_is_the_callers_in_utc(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(likes("love tea")))
    at = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    run(diary.update_memory("ana", "s", "x", "y", at=at))
    assert run(diary.preferences("ana")).data["likes"]["tea"]["_created"] == "2026-03-01T10:00:00Z"
    with pytest.raises(ValueError, match="time zone"):
        run(diary.update_memory("ana", "s", "x", "y", at=datetime(2026, 3, 1)))


def test_what_an_extractor_rejects_is_in_the_report(tmp_path: Path):
    agent = Scripted(rejected=(Rejected("it", "what it refers to is not said", "likes"),))
    report = run(Diary(tmp_path, agent=agent).update_memory("ana", "s", "x", "y"))
    assert str(report) == ("ana, s, turn 1:\n  rejected likes: it (what it refers to is not said)")
    assert not (tmp_path / "ana" / "preferences.toml").exists()


def test_a_report_without_edits_says_so(tmp_path: Path):
    report = run(Diary(tmp_path, agent=Scripted()).update_memory("ana", "s", "x", "y"))
    assert str(report) == "ana, s, turn 1: nothing to remember"


@pytest.mark.parametrize(
    "secret",
    ["my password is hunter2", "card 4111 1111 1111 1111", "key sk-abcdefghij0123456789xyz"],
)
def test_secrets_reach_no_page_whoever_finds_them(tmp_path: Path, secret: str):
    agent = Scripted(
        likes(f"love that {secret}"),
        likes("love tea", contexts=(secret,)),
        summary=f"Said that {secret}.",
        keywords=(secret, "tea"),
    )
    report = run(Diary(tmp_path, agent=agent).update_memory("ana", "s", secret, "y"))
    run(Diary(tmp_path).update_memory("ana", "s", f"By the way, {secret}, and I love tea.", "y"))
    run(Diary(tmp_path).upsert_preference("ana", "likes", secret))
    assert [result.status for result in report.results] == ["rejected", "rejected"]
    assert "it looks like" in str(report)
    words = secret.split()[-1]
    assert words not in str(report)
    for path in tmp_path.rglob("*.toml"):
        assert words not in path.read_text(), path


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(session=st.text(max_size=30), text=st.text(min_size=1, max_size=60))
def test_any_session_and_any_text_round_trip(tmp_path: Path, session: str, text: str):
    diary = Diary(tmp_path, agent=Scripted(summary=text))
    run(diary.update_memory("ana", session, text, text))
    talks = run(diary.last_conversations("ana", 1000))
    assert session in talks


def test_lone_surrogates_are_replaced_and_not_fatal(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(likes("love \ud800tea"), summary="a \udfff b"))
    run(diary.update_memory("ana", "s", "\ud800", "y"))
    assert run(diary.last_conversations("ana"))["s"]["summary"] == "a \ufffd b"
    assert "love \ufffdtea" in run(diary.preferences("ana"))


@pytest.mark.parametrize("user_id", ["", "a\0b", None, 7])
def test_what_is_no_user_id_is_refused_everywhere(tmp_path: Path, user_id):
    diary = Diary(tmp_path)
    for call in (
        diary.update_memory(user_id, "s", "x", "y"),
        diary.ensure_session(user_id, "s"),
        diary.preferences(user_id),
        diary.last_conversations(user_id),
        diary.pretty_preferences(user_id),
        diary.upsert_preference(user_id, "likes", "love tea"),
        diary.forget_preference(user_id, "likes", "tea"),
        diary.check(user_id),
    ):
        with pytest.raises(InvalidIdError):
            run(call)


@pytest.mark.parametrize(
    "arguments", [("ana", 1, "x", "y"), ("ana", "s", None, "y"), ("ana", "s", "x", 2)]
)
def test_what_is_no_text_is_a_type_error(tmp_path: Path, arguments):
    with pytest.raises(TypeError, match="is a string"):
        run(Diary(tmp_path).update_memory(*arguments))


# ---------------------------------------------------------------- sessions


def test_a_session_is_new_once(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted())
    assert run(diary.ensure_session("ana", "s"))
    assert not run(diary.ensure_session("ana", "s"))
    run(diary.update_memory("ana", "s", "x", "y"))
    assert not run(diary.ensure_session("ana", "s"))


def test_the_newest_conversations_come_first_also_within_one_second(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(), clock=lambda: NOON)
    for session in ("one", "two", "three", "one"):
        run(diary.update_memory("ana", session, "x", "y"))
    assert list(run(diary.last_conversations("ana"))) == ["one", "three", "two"]
    run(diary.update_memory("ana", "two", "x", "y", at=NOON + timedelta(seconds=1)))
    assert list(run(diary.last_conversations("ana", 2))) == ["two", "one"]
    assert list(run(diary.last_conversations("ana", 1))["two"]) == [
        "_created", "_updated", "_turns", "summary", "keywords",
    ]  # fmt: skip


def test_the_conversation_idle_for_longest_leaves_the_page_never_the_current_one(tmp_path: Path):
    diary = Diary(tmp_path, agent=Scripted(), max_conversations=2)
    for hour, session in enumerate(["old", "busy", "busy", "new"]):
        run(diary.update_memory("ana", session, "x", "y", at=NOON + timedelta(hours=hour)))
    assert set(run(diary.last_conversations("ana", 9))) == {"busy", "new"}
    run(diary.update_memory("ana", "late", "x", "y", at=NOON - timedelta(days=1)))
    assert "late" in run(diary.last_conversations("ana", 9))


# ---------------------------------------------------------------- direct edits


def test_upsert_adds_asks_back_updates_and_creates_another(tmp_path: Path):
    diary = Diary(tmp_path)

    def upsert(*arguments, **rest):
        (result,) = run(diary.upsert_preference("ana", *arguments, **rest)).results
        return result

    added = upsert("likes", "black blazers for work", contexts=["work"])
    assert (added.status, added.id) == ("added", "black-blazers-for-work")
    similar = upsert("likes", "dark blazers for work")
    assert similar.status == "similar"
    assert [(match.id, match.score) for match in similar.matches] == [
        (added.id, similar.matches[0].score)
    ]
    assert similar.matches[0].score >= 70
    assert "%" in str(similar)
    assert upsert("likes", "dark blazers for work", id="new").status == "added"
    revised = upsert("likes", "navy blazers for work", id=added.id, contexts=["office"])
    assert (revised.status, revised.was) == ("revised", "black blazers for work")
    assert upsert("likes", id=added.id).status == "confirmed"
    item = run(diary.preferences("ana")).data["likes"][added.id]
    assert item["contexts"] == ["work", "office"]
    assert (item["_count"], item["_was"]) == (3, "black blazers for work")
    assert upsert("likes", "navy blazers for work").status == "confirmed"


def test_wrong_arguments_of_direct_edits_say_what_there_is(tmp_path: Path):
    diary = Diary(tmp_path)
    run(diary.upsert_preference("ana", "likes", "love tea"))
    with pytest.raises(UnknownCategoryError, match="no category 'colours'; it has likes, dislikes"):
        run(diary.upsert_preference("ana", "colours", "green"))
    with pytest.raises(PreferenceNotFoundError, match="there is no likes/coffee; likes has tea"):
        run(diary.upsert_preference("ana", "likes", "love coffee", id="coffee"))
    with pytest.raises(PreferenceNotFoundError, match="likes has tea"):
        run(diary.forget_preference("ana", "likes", "coffee"))
    with pytest.raises(ValueError, match="needs a text"):
        run(diary.upsert_preference("ana", "likes"))


def test_a_full_category_refuses_and_names_the_way_out(tmp_path: Path):
    diary = Diary(tmp_path, max_prefs_per_category=2)
    for text in ("love tea", "enjoy long walks"):
        run(diary.upsert_preference("ana", "likes", text))
    (result,) = run(diary.upsert_preference("ana", "likes", "adore Bach")).results
    assert result.status == "full"
    assert "max_prefs_per_category" in result.reason
    (result,) = run(diary.upsert_preference("ana", "likes", "really adore long walks")).results
    assert result.status == "confirmed"


def test_forgetting_also_reaches_categories_the_table_does_not_have(tmp_path: Path):
    diary = Diary(tmp_path)
    run(diary.backend.save("ana", "preferences", '[extra.thing]\ntext = "x"\n'))
    (result,) = run(diary.forget_preference("ana", "extra", "thing")).results
    assert result.status == "forgotten"
    assert "thing" not in run(diary.preferences("ana"))


# ---------------------------------------------------------------- reading


def test_pages_are_shown_raw_without_metadata_and_pretty(tmp_path: Path):
    diary = Diary(tmp_path, clock=lambda: NOON)
    assert run(diary.preferences("ana")) == ""
    assert run(diary.pretty_preferences("ana")) == "No preferences found for user."
    assert run(diary.pretty_conversations("ana")) == "No conversations found for user."
    run(diary.update_memory("ana", "chat", "I love tea in the morning.", "Noted."))
    bare = run(diary.preferences("ana", skip_metadata=True))
    assert bare.startswith("[likes.")
    assert "_meta" not in bare
    shown = run(diary.pretty_preferences("ana"))
    assert shown.startswith("likes:\n  tea")
    assert "said 1×; updated 2026-03-01T12:00:00Z" in shown
    assert "updated" not in run(diary.pretty_preferences("ana", show_timestamps=False))
    assert "turns: 1" in run(diary.pretty_conversations("ana"))
    assert "turns" not in run(diary.pretty_conversations("ana", show_turns=False))
    assert run(diary.pretty_conversations("ana", fields={"turns"})) == "chat:\n  turns: 1"


def test_users_do_not_see_each_other(tmp_path: Path):
    diary = Diary(tmp_path)
    run(diary.update_memory("ana", "s", "I love tea.", "Noted."))
    run(diary.update_memory("bob", "s", "I love coffee.", "Noted."))
    assert run(diary.list_users()) == ["ana", "bob"]
    assert "coffee" not in run(diary.preferences("ana"))
    assert run(diary.last_conversations("bob"))["s"]["_turns"] == 1


# ---------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_prefs_per_category": 0}, "max_prefs_per_category must be at least 1"),
        ({"max_conversations": -1}, "max_conversations must be at least 1"),
        ({"similarity_threshold": -1}, "similarity_threshold must not be negative"),
    ],
)
def test_limits_are_checked_when_the_diary_is_made(tmp_path: Path, arguments, message: str):
    with pytest.raises(ValueError, match=message):
        Diary(tmp_path, **arguments)


def test_a_table_that_is_none_is_named_with_its_field(tmp_path: Path):
    class Wrong(BaseModel):
        likes: dict[str, str] = {}

    with pytest.raises(SchemaError, match=r"Wrong\.likes must be dict\[str, PreferenceItem\]"):
        Diary(tmp_path, pref_table_cls=Wrong)
    with pytest.raises(SchemaError, match="subclass of pydantic"):
        Diary(tmp_path, pref_table_cls=dict)  # type: ignore[arg-type]


def test_a_diary_is_an_async_context_manager(tmp_path: Path):
    async def main():
        async with Diary(tmp_path) as diary:
            return await diary.ensure_session("ana", "s")

    assert run(main())
