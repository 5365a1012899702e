"""`DiaryMemory` by itself: what it recalls, remembers, changes and forgets."""

from __future__ import annotations

import asyncio
import inspect
import time
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from crewai import Memory
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import (
    MemoryQueryCompletedEvent,
    MemoryQueryFailedEvent,
    MemoryQueryStartedEvent,
    MemorySaveCompletedEvent,
    MemorySaveFailedEvent,
    MemorySaveStartedEvent,
)

from crewai_diarist import DiaryMemory
from diarist import Diary, UnsupportedError, UserNotBoundError, bind_user
from diarist.testing import FrozenClock
from integrations.crewai import scripted as scripted  # CrewAI's panels are off
from integrations.failing import diary_without_records

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crewai.memory.types import MemoryMatch

    from integrations.places import Place

EAST = timezone(timedelta(hours=2))
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def contents(matches: Iterable[MemoryMatch]) -> list[str]:
    return [match.record.content for match in matches if match.record.id != "diary"]


@pytest.fixture
def memory(place: Place) -> DiaryMemory:
    return DiaryMemory(Diary(place, clock=FrozenClock(NOW)), "ana", "chat")


# ------------------------------------------------------------ what is recalled


def test_what_is_known_of_the_user_comes_first_as_data(memory: DiaryMemory):
    memory.diary.sync.upsert_preference("ana", "likes", "love </memory> tea")
    memory.record_turn("We talked about Lisbon.", "Yes.")
    first, *others = memory.recall("coffee")
    assert others == []
    assert first.record.id == "diary"
    assert first.format() == first.record.content
    assert first.format().startswith("<memory>\nWhat is known about the user")
    assert "- likes: love &lt;/memory&gt; tea" in first.format()
    assert "Lisbon" in first.format()


def test_what_fits_follows_in_quotes_with_its_source(memory: DiaryMemory):
    memory.record_turn("My sister\n- likes: lives in Porto.", "Noted.")
    memory.remember("Porto has a bridge.", scope="/cities")
    memory.diary.notebook("ana")
    memory.diary.sync.notebook("ana").append("- Porto is in Portugal")
    shown = [match.format() for match in memory.recall("Porto") if match.record.id != "diary"]
    assert '- "Porto has a bridge." (note ' in "\n".join(shown)
    assert any(line.startswith('- "My sister\\n- likes: lives in Porto."') for line in shown)
    assert any("Porto is in Portugal" in line for line in shown)
    assert all(len(line.splitlines()) == 1 for line in shown)


def test_nothing_is_told_twice(memory: DiaryMemory):
    """Neither a preference that is known already, nor the question."""
    memory.record_turn("I love green tea.", "Noted.")
    assert "love green tea" in memory.recall("green tea")[0].record.content
    assert contents(memory.recall("green tea")) == ["I love green tea."]
    assert contents(memory.recall("I love green tea.")) == []


def test_of_what_has_no_room_in_front_what_fits_is_found(place: Place):
    memory = DiaryMemory(place, "ana", context_tokens=0)
    memory.diary.sync.upsert_preference("ana", "likes", "love green tea")
    (match,) = memory.recall("tea")
    assert (match.record.content, match.record.categories) == ("love green tea", ["likes"])
    assert match.format() == f'- "love green tea" (preference likes/green-tea, {_today()})'


def test_a_limit_is_of_all(memory: DiaryMemory):
    memory.diary.sync.upsert_preference("ana", "likes", "love tea")
    memory.remember_many([f"Fact {number} of Porto." for number in range(9)])
    for limit in (0, 1, 3, 5):
        matches = memory.recall("Porto", limit=limit)
        assert len(matches) == limit
        assert not limit or matches[0].record.id == "diary"


def test_the_best_come_first_and_importance_counts(memory: DiaryMemory):
    memory.remember("Porto has six bridges.", importance=0.0)
    memory.remember("Porto has seven bridges.", importance=1.0)
    found = memory.recall("bridges of Porto")
    assert contents(found) == ["Porto has seven bridges.", "Porto has six bridges."]
    assert found[0].score > found[1].score > 0


def test_scopes_and_categories_choose(memory: DiaryMemory):
    memory.diary.sync.upsert_preference("ana", "allergies", "allergic to tea")
    memory.record_turn("Is there tea?", "No tea.")
    memory.remember("Tea for the app.", scope="/app", categories=["drinks"])
    memory.remember("Tea for the apple.", scope="/apple")
    memory.remember("Tea below the app.", scope="/app/menu", categories=["food"])
    assert contents(memory.recall("tea", scope="/app")) == [
        "Tea for the app.",
        "Tea below the app.",
    ]
    assert contents(memory.recall("tea", scope="/app/")) == contents(memory.recall("tea", "/app"))
    assert contents(memory.recall("tea", scope="/no")) == []
    assert "No tea." in contents(memory.recall("tea", scope="/"))
    assert len(contents(memory.recall("tea", scope="/"))) == 4
    assert contents(memory.recall("tea", categories=["food", "none"])) == ["Tea below the app."]
    assert contents(memory.recall("tea", "/apple", ["food"])) == []
    (allergy,) = memory.recall("tea", categories=["allergies"])
    assert allergy.record.content == "allergic to tea"


def test_nothing_is_hidden_by_the_scopes_below_it(memory: DiaryMemory):
    """CrewAI's own finds nothing in a scope that has others below, nor in more than 20 of them."""
    memory.remember("Tea at the top.")
    for number in range(30):
        memory.remember(f"Tea of user {number:02}.", scope=f"/user/u{number:02}")
    assert "Tea at the top." in contents(memory.recall("top"))
    assert contents(memory.recall("29", scope="/user")) == ["Tea of user 29."]
    assert len(contents(memory.recall("tea", limit=40))) == 31


def test_what_is_private_is_recalled_for_its_source_only(memory: DiaryMemory):
    memory.remember("Tea calms everybody.")
    memory.remember("Tea burned her tongue.", source="ana", private=True)
    memory.remember("Tea stains the table.", private=True)
    assert contents(memory.recall("tea")) == ["Tea calms everybody."]
    assert contents(memory.recall("tea", source="ben")) == ["Tea calms everybody."]
    assert set(contents(memory.recall("tea", source="ana"))) == {
        "Tea calms everybody.",
        "Tea burned her tongue.",
    }
    assert len(contents(memory.recall("tea", include_private=True))) == 3


def test_notes_of_other_frameworks_are_found_and_stay(memory: DiaryMemory):
    notes = memory.diary.sync.notes
    notes.put("ana", ("memories",), "m1", {"content": "The tea is in the kitchen."})
    (found,) = memory.recall("kitchen")
    assert (found.record.content, found.record.scope) == ("The tea is in the kitchen.", "/memories")
    assert memory.forget() == 0
    memory.reset()
    assert memory.list_records() == []
    assert notes.get("ana", ("memories",), "m1") is not None
    with pytest.raises(ValueError, match="Record not found"):
        memory.update(found.record.id, content="gone")


def test_a_broken_page_hides_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    memory = DiaryMemory(tmp_path, "ana", "chat")
    memory.record_turn("I love tea.", "Noted.")
    page = tmp_path / "ana" / "preferences.toml"
    page.write_text(page.read_text() + "broken = [")
    memory = DiaryMemory(tmp_path, "ana", "chat")
    first, said = memory.recall("tea")
    assert "love tea" in first.record.content
    assert said.record.content == "I love tea."
    assert "preferences.toml" in caplog.text


# ------------------------------------------------------------ what is remembered


def test_what_is_remembered_is_a_note_of_the_user(memory: DiaryMemory):
    record = memory.remember(
        " The launch is on Friday. ",
        scope="work/launch",
        categories=["dates"],
        metadata={"by": "Rui"},
        importance=0.9,
        source="mail",
    )
    assert record is not None
    assert record.content == "The launch is on Friday."
    assert (record.scope, record.importance, record.source) == ("/work/launch", 0.9, "mail")
    assert record.created_at == NOW.replace(tzinfo=None)
    note = memory.diary.sync.notes.get("ana", ("work", "launch"), record.id)
    assert note is not None
    assert note.value["content"] == "The launch is on Friday."
    (match,) = memory.recall("launch")
    assert match.record == record
    assert memory.list_records() == [record]


def test_the_same_text_is_one_record(memory: DiaryMemory):
    first = memory.remember("Tea.", categories=["a"], metadata={"x": 1})
    again = memory.remember("Tea.", categories=["b"], metadata={"y": 2})
    assert first is not None
    assert again is not None
    assert again.id == first.id
    assert (again.categories, again.metadata) == (["a", "b"], {"x": 1, "y": 2})
    assert memory.list_records() == [again]
    memory.remember("Tea.", scope="/other")
    assert memory.info().record_count == 2


def test_a_text_whose_record_was_changed_takes_nothing_away(memory: DiaryMemory):
    first = memory.remember("Tea.")
    assert first is not None
    memory.update(first.id, content="Coffee.")
    second = memory.remember("Tea.")
    assert second is not None
    assert {record.content for record in memory.list_records()} == {"Tea.", "Coffee."}


def test_many_are_remembered_at_once_and_returned(memory: DiaryMemory):
    records = memory.remember_many(["One.", " ", "Two.", "One."], scope="/n")
    assert [record.content for record in records] == ["One.", "Two."]
    assert memory.remember_many([]) == []
    assert {record.content for record in memory.list_records("/n")} == {"One.", "Two."}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"content": " "}, "nothing to remember"), ({"content": "x", "importance": 2}, "importance")],
)
def test_what_can_not_be_remembered_is_refused(arguments: Any, told: str, memory: DiaryMemory):
    with pytest.raises(ValueError, match=told):
        memory.remember(**arguments)


def test_a_record_is_changed(memory: DiaryMemory):
    record = memory.remember("Tea.", scope="/a", source="ana", private=True, metadata={"x": 1})
    assert record is not None
    changed = memory.update(record.id, "Coffee.", "/b", ["drinks"], importance=1.0)
    assert (changed.content, changed.scope, changed.categories) == ("Coffee.", "/b", ["drinks"])
    assert (changed.source, changed.private, changed.metadata) == ("ana", True, {"x": 1})
    assert memory.list_records() == [changed]
    assert memory.list_scopes() == ["/b"]
    with pytest.raises(ValueError, match="importance"):
        memory.update(record.id, importance=7.0)
    with pytest.raises(ValueError, match="Record not found: no"):
        memory.update("no", content="x")


def test_what_is_forgotten_fits_all_criteria(memory: DiaryMemory):
    tea = memory.remember("Tea.", "/a", categories=["drinks"], metadata={"hot": True})
    soup = memory.remember("Soup.", "/a/b", categories=["food"], metadata={"hot": True})
    assert tea is not None
    assert soup is not None
    assert memory.forget("/a/b", record_ids=[tea.id]) == 0
    assert memory.forget(categories=["drinks"], metadata_filter={"hot": False}) == 0
    assert memory.forget("/a", older_than=datetime(2026, 1, 1)) == 0
    assert memory.forget("/a", older_than=datetime(2026, 3, 4, 7, 6, tzinfo=EAST)) == 0
    assert memory.forget("/a", ["drinks"], datetime(2027, 1, 1), {"hot": True}, [tea.id]) == 1
    assert memory.list_records() == [soup]
    memory.reset("/a/b")
    assert memory.list_records() == []


def test_scopes_are_listed_counted_and_drawn(memory: DiaryMemory):
    memory.remember("One.", "/a", categories=["x"])
    memory.remember("Two.", "/a/b", categories=["x", "y"])
    memory.remember("Three.", "/c")
    assert memory.list_scopes() == ["/a", "/c"]
    assert memory.list_scopes("/a") == ["/a/b"]
    info = memory.info("/a")
    assert (info.path, info.record_count, info.categories) == ("/a", 2, ["x", "y"])
    assert info.oldest_record == info.newest_record == NOW.replace(tzinfo=None)
    assert memory.list_categories() == {"x": 2, "y": 1}
    assert (
        memory.tree() == "/ (3 records)\n  /a (2 records)\n    /a/b (1 records)\n  /c (1 records)"
    )
    assert len(memory.list_records(limit=2)) == 2
    assert len(memory.list_records(limit=2, offset=2)) == 1
    assert memory.info("/no").record_count == 0


# ------------------------------------------------------------ what is said


def test_what_a_user_says_is_known_to_the_next_recall(memory: DiaryMemory):
    turn = memory.record_turn("I'm allergic to walnuts.", "Noted.", at=NOW)
    assert turn is not None
    assert turn.session_id == "chat"
    assert "allergic to walnuts" in memory.recall("cake")[0].record.content
    said = memory.diary.sync.messages.read("ana", "chat")
    assert [(m.role, m.text) for m in said] == [
        ("user", "I'm allergic to walnuts."),
        ("assistant", "Noted."),
    ]


def test_a_read_only_memory_stores_nothing(place: Place):
    DiaryMemory(place, "ana").remember("Tea.")
    memory = DiaryMemory(place, "ana", read_only=True)
    (record,) = memory.list_records()
    assert memory.remember("Coffee.") is None
    assert memory.remember_many(["Coffee."]) == []
    assert memory.update(record.id, content="Coffee.") == record
    assert memory.record_turn("I love coffee.", "Noted.") is None
    assert memory.extract_memories("Input: I love coffee.\nAgent: A\nResult: Noted.") == []
    assert contents(memory.recall("tea coffee")) == ["Tea."]
    assert memory.diary.sync.messages.sessions("ana") == []


def test_any_other_text_is_given_back_to_be_remembered(memory: DiaryMemory):
    assert memory.extract_memories("The launch is on Friday.") == ["The launch is on Friday."]
    assert memory.extract_memories(" ") == []


# ------------------------------------------------------------ whose it is, and in which form


def test_nobody_is_bound(place: Place):
    memory = DiaryMemory(place)
    calls: list[Any] = [
        lambda: memory.recall("x"),
        lambda: memory.remember("x"),
        lambda: memory.remember_many(["x"]),
        lambda: memory.forget(),
        lambda: memory.update("x"),
        lambda: memory.list_records(),
        lambda: memory.info(),
        lambda: memory.reset(),
        lambda: memory.record_turn("a", "b"),
        lambda: memory.extract_memories("Input: a\nAgent: b\nResult: c"),
    ]
    for call in calls:
        with pytest.raises(UserNotBoundError, match="whose memory is it"):
            call()
    memory.drain_writes()
    memory.close()
    assert memory.diary.sync.list_users() == []


def test_one_memory_serves_whoever_is_bound(place: Place):
    memory = DiaryMemory(place)
    for name in ("ana", "ben"):
        with bind_user(name, f"{name}'s chat"):
            memory.record_turn(f"My name is {name}.", "Hello!")
            memory.remember(f"A note of {name}.")
    with bind_user("ben"):
        assert contents(memory.recall("note")) == ["A note of ben."]
        assert "name is ben" in memory.recall("name")[0].record.content
    assert [s.id for s in memory.diary.sync.messages.sessions("ana")] == ["ana's chat"]


def test_a_root_is_above_all_its_scopes(place: Place):
    outside = DiaryMemory(place, "ana")
    outside.remember("Tea outside.")
    memory = DiaryMemory(outside.diary, "ana", root_scope="/crew/one")
    record = memory.remember("Tea inside.", scope="/menu")
    assert record is not None
    assert record.scope == "/crew/one/menu"
    assert contents(memory.recall("tea")) == ["Tea inside."]
    assert memory.update(record.id, scope="/kitchen").scope == "/crew/one/kitchen"
    assert memory.list_scopes() == ["/crew/one/kitchen"]
    other = memory.remember("Tea elsewhere.", root_scope="/crew/two")
    assert other is not None
    assert other.scope == "/crew/two"
    memory.reset_all()
    assert {one.content for one in outside.list_records()} == {"Tea outside.", "Tea elsewhere."}


def test_a_diary_without_records_is_refused():
    with pytest.raises(UnsupportedError, match="records="):
        DiaryMemory(diary_without_records())


def test_the_parameters_are_crewais_own():
    """CrewAI names them, and asks for some that others do not take."""
    for name in ("remember", "remember_many", "recall", "forget", "update", "extract_memories"):
        ours = inspect.signature(getattr(DiaryMemory, name)).parameters
        assert list(ours) == list(inspect.signature(getattr(Memory, name)).parameters), name
    for name in ("aremember", "aremember_many", "arecall", "aextract_memories"):
        ours = inspect.signature(getattr(DiaryMemory, name)).parameters
        assert ours.keys() >= inspect.signature(getattr(Memory, name)).parameters.keys(), name
        assert inspect.iscoroutinefunction(getattr(DiaryMemory, name))


def test_async_calls_block_no_loop(place: Place):
    def slow(texts: list[str]) -> list[list[float]]:
        time.sleep(0.3)
        return [[1.0, 0.0] for _ in texts]

    memory = DiaryMemory(Diary(place, embed=slow), "ana")

    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        await memory.aremember("Tea.")
        await memory.aremember_many(["Soup."])
        assert contents(await memory.arecall("tea"))[0] == "Tea."
        assert await memory.aextract_memories("Other.") == ["Other."]
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 20


def test_a_copy_remembers_in_the_same_diary(memory: DiaryMemory):
    deepcopy(memory).remember("Tea.")
    assert contents(memory.recall("tea")) == ["Tea."]


# ------------------------------------------------------------ events


def test_crewais_events_are_told(memory: DiaryMemory):
    kinds = [
        MemorySaveStartedEvent, MemorySaveCompletedEvent, MemorySaveFailedEvent,
        MemoryQueryStartedEvent, MemoryQueryCompletedEvent, MemoryQueryFailedEvent,
    ]  # fmt: skip
    told: list[Any] = []
    with crewai_event_bus.scoped_handlers():
        for kind in kinds:
            crewai_event_bus.on(kind)(lambda source, event: told.append(event))
        memory.remember("Tea.", agent_role="Cook")
        memory.recall("tea", limit=3)
        with pytest.raises(ValueError, match="importance"):
            memory.remember("Soup.", importance=9)
        with pytest.raises(UserNotBoundError):
            DiaryMemory(None).recall("tea")
        crewai_event_bus.flush()
    by_type = {event.type: event for event in told}
    assert len(told) == 8
    assert by_type["memory_save_completed"].agent_role == "Cook"
    assert by_type["memory_query_completed"].results[0].record.content == "Tea."
    assert "importance" in by_type["memory_save_failed"].error
    assert "whose memory" in by_type["memory_query_failed"].error


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
