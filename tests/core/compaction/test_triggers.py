"""Turns start a compaction that is due, and each page notes how much it holds."""

from __future__ import annotations

import asyncio
import logging
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diarist import CompactionConfig, Diary, LocalBackend, MemoryWriter, Message, SyncDiary
from diarist.testing import FrozenClock, MemoryBackend

from .conftest import NOON, Make, always, item, newer, talk

if TYPE_CHECKING:
    from diarist.compaction import Blocks

TWICE = item("likes.a", "love jazz") + item("likes.b", "love jazz")
CHATTY = talk("old", "Hello! I live in Porto.") + newer()


def meta(diary: SyncDiary, kind: str) -> dict[str, Any]:
    path = Path(diary.diary.backend.locate("ana", kind))  # type: ignore[attr-defined]
    return tomllib.loads(path.read_text())["_meta"].get("compaction", {})


def is_compacted(diary: SyncDiary) -> bool:
    return len(diary.preferences("ana").data["likes"]) == 1


def test_a_diary_that_never_asked_has_no_figures_on_its_pages(make: Make):
    diary = make()
    diary.update_memory("ana", "s", "I love tea.", "Noted.")
    diary.compact("ana")
    assert meta(diary, "preferences") == meta(diary, "conversations") == {}


def test_figures_are_noted_while_it_is_disabled(make: Make):
    diary = make(compaction_config=CompactionConfig(total_char_threshold=1))
    diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted.")
    diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
    diary.update_memory("ana", "t", "Thanks!", "Bye.")
    at = "2020-05-01T12:00:00Z"
    text = diary.preferences("ana", skip_metadata=True)
    assert meta(diary, "preferences") == {
        "total_chars": len(text.strip()),
        "largest_block": len("allergic to walnuts"),
        "updated_at": at,
    }
    talks = meta(diary, "conversations")
    assert talks.pop("total_chars") > 200
    assert talks.pop("largest_block") == max(
        len(one["summary"]) for one in diary.last_conversations("ana").values()
    )
    assert talks == {"turns_since_compaction": 3, "total_turns": 3, "updated_at": at}


def test_a_turn_that_finds_nothing_leaves_the_preferences_alone(make: Make, tmp_path: Path):
    diary = make(TWICE, compaction_config=CompactionConfig())
    path = tmp_path / "ana" / "preferences.toml"
    before = path.read_bytes()
    diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
    assert path.read_bytes() == before


def test_a_turn_applied_again_is_counted_once(make: Make, clock: FrozenClock):
    diary = make(compaction_config=CompactionConfig())
    diary.update_memory("ana", "s", "I love tea.", "Noted.")
    records = diary.diary.records
    assert records is not None
    asyncio.run(records.finish("ana", "s", 1, "pending"))
    assert len(diary.catch_up("ana")) == 1
    assert meta(diary, "conversations")["turns_since_compaction"] == 1


def test_figures_that_a_person_wrote_their_own_way_hold_up_no_turn(make: Make, tmp_path: Path):
    diary = make(compaction_config=always())
    path = tmp_path / "ana" / "conversations.toml"
    path.write_text('[_meta]\nversion = "1.0"\nschema_name = "X"\ncompaction = "never"\n')
    diary.update_memory("ana", "s", "I love tea.", "Noted.")
    assert 'compaction = "never"' in path.read_text()


def test_a_turn_compacts_what_is_due(make: Make):
    diary = make(TWICE, CHATTY, compaction_config=always())
    diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
    assert is_compacted(diary)
    assert diary.last_conversations("ana", None)["old"]["summary"] == "I live in Porto."
    for kind in ("preferences", "conversations"):
        assert meta(diary, kind)["last_run"] == "2020-05-01T12:00:00Z"
    assert meta(diary, "conversations")["turns_since_compaction"] == 0


def test_only_the_page_that_is_due_is_compacted(make: Make):
    diary = make(TWICE, CHATTY, compaction_config=always(compact_preferences=False))
    diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
    assert not is_compacted(diary)
    assert diary.last_conversations("ana", None)["old"]["summary"] == "I live in Porto."
    diary.compact("ana")
    assert not is_compacted(diary)


def test_turns_and_the_cooldown_count_from_the_last_time(make: Make, clock: FrozenClock):
    config = CompactionConfig(enabled=True, user_turn_interval=2, cooldown_seconds=3600)
    diary = make(conversations=CHATTY, compaction_config=config)

    def turn() -> object:
        diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
        return meta(diary, "conversations").get("last_run")

    assert turn() is None
    assert turn() == "2020-05-01T12:00:00Z"
    turn()
    assert turn() == "2020-05-01T12:00:00Z"
    assert meta(diary, "conversations")["turns_since_compaction"] == 2
    clock.advance(timedelta(hours=1))
    assert turn() == "2020-05-01T13:00:00Z"


def test_a_daily_time_runs_once_a_day(make: Make, clock: FrozenClock):
    config = CompactionConfig(enabled=True, schedule_at="13:00")
    diary = make(TWICE, compaction_config=config)
    ran = []
    for _ in range(28):
        diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
        ran.append(meta(diary, "preferences")["last_run"])
        clock.advance(timedelta(hours=1))
    assert list(dict.fromkeys(ran)) == [
        "2020-05-01T12:00:00Z",
        "2020-05-01T13:00:00Z",
        "2020-05-02T13:00:00Z",
    ]


def test_turns_that_waited_compact_too(make: Make):
    diary = make(TWICE, compaction_config=always())
    diary.record_turn("ana", "s", [Message("user", "I love tea."), Message("assistant", "!")])
    assert not is_compacted(diary)
    diary.catch_up("ana")
    assert sorted(diary.preferences("ana").data["likes"]) == ["a", "tea"]


@pytest.mark.parametrize("turns", [1, 5])
def test_a_writer_compacts_too(make: Make, turns: int):
    diary = make(TWICE, compaction_config=always()).diary

    async def main() -> None:
        async with MemoryWriter(diary) as writer:
            for number in range(turns):
                await writer.submit("ana", "s", f"I'm allergic to stuff{number}.", "Noted.")
            await writer.flush()

    asyncio.run(main())
    page = asyncio.run(diary.preferences("ana")).data
    assert len(page["likes"]) == 1
    assert len(page["allergies"]) == turns
    assert page["_meta"]["compaction"]["last_run"]


class Failing:
    def compact(self, blocks: Blocks) -> None:
        raise TimeoutError("the model is asleep, and my password is hunter2")


def test_a_compactor_that_fails_fails_no_turn(make: Make, caplog: pytest.LogCaptureFixture):
    diary = make(TWICE, compaction_config=always(compactor=Failing()))
    with caplog.at_level(logging.WARNING, "diarist.compaction"):
        report = diary.update_memory("ana", "s", "I love tea.", "Noted.")
    assert report.with_status("added")
    assert "not compacted" in caplog.text
    assert "hunter2" not in caplog.text
    assert "last_run" not in meta(diary, "preferences")
    with pytest.raises(TimeoutError):
        diary.compact("ana")


def test_a_broken_page_is_left_alone_and_the_other_is_compacted(make: Make, tmp_path: Path):
    diary = make(TWICE, "[conversations\n")
    report = diary.compact("ana")
    assert is_compacted(diary)
    assert [one.page for one in report.with_status("skipped")] == ["conversations"]
    assert "conversations.toml, line" in str(report)
    assert (tmp_path / "ana" / "conversations.toml").read_text().endswith("[conversations\n")


def test_async_and_blocking_diaries_do_the_same(tmp_path: Path):
    reports: list[str] = []
    pages: list[bytes] = []
    for name, blocking in (("x", False), ("y", True)):
        folder = tmp_path / name / "ana"
        folder.mkdir(parents=True)
        (folder / "preferences.toml").write_text(TWICE)
        options = {"clock": FrozenClock(NOON), "compaction_config": always()}
        backend = LocalBackend(tmp_path / name)
        if blocking:
            reports.append(str(SyncDiary(backend, **options).compact("ana")))
        else:
            reports.append(str(asyncio.run(Diary(backend, **options).compact("ana"))))
        pages.append((folder / "preferences.toml").read_bytes())
    assert reports[0] == reports[1] != "ana: nothing to compact"
    assert pages[0] == pages[1]


def test_a_backend_that_keeps_nothing_is_compacted_too():
    diary = SyncDiary(MemoryBackend(), clock=FrozenClock(NOON))
    for id in ("new", "new"):
        diary.upsert_preference("ana", "likes", "love jazz", id=id)
    assert len(diary.compact("ana").with_status("merged")) == 1
    assert is_compacted(diary)


def test_a_user_id_that_is_none_and_settings_that_are_none_are_refused(make: Make):
    with pytest.raises(ValueError, match="user id"):
        make().compact("")
    with pytest.raises(TypeError, match="compaction_config is a CompactionConfig, not bool"):
        SyncDiary(MemoryBackend(), compaction_config=True)  # type: ignore[arg-type]
