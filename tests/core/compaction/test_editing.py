"""A page that a person is editing is never compacted, and what they save wins."""

from __future__ import annotations

import os
import tomllib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from diarist import SyncDiary

from .conftest import NOON, Make, always, item

if TYPE_CHECKING:
    from pathlib import Path

    from diarist.compaction import Blocks
    from diarist.testing import FrozenClock

TWICE = item("likes.a", "love jazz") + item("likes.b", "love jazz")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ana" / "preferences.toml"


def changed_at(path: Path, seconds: float) -> None:
    """Make a file look as if somebody saved it so many seconds from noon."""
    moment = NOON.timestamp() + seconds
    os.utime(path, (moment, moment))


def is_compacted(path: Path) -> bool:
    return len(tomllib.loads(path.read_text())["likes"]) == 1


@pytest.mark.parametrize(
    "name",
    [
        ".preferences.toml.swp",
        ".#preferences.toml",
        "#preferences.toml#",
        ".~lock.preferences.toml#",
        ".preferences.toml.kate-swp",
    ],
)
def test_the_file_of_an_open_editor_beside_it_holds_compaction_back(
    make: Make, path: Path, name: str
):
    diary = make(TWICE)
    beside = path.with_name(name)
    if name == ".#preferences.toml":  # Emacs makes a link to nowhere
        beside.symlink_to("ana@host.123")
    else:
        beside.touch()
    report = diary.compact("ana")
    assert not is_compacted(path)
    assert str(report) == (
        f"ana:\n  skipped preferences: {name} beside it says that an editor has it open"
    )
    beside.unlink()
    diary.compact("ana")
    assert is_compacted(path)


def test_a_backup_newer_than_the_page_holds_it_back_and_an_older_one_does_not(
    make: Make, path: Path
):
    diary = make(TWICE)
    backup = path.with_name("preferences.toml~")
    backup.touch()
    changed_at(path, -7200)
    changed_at(backup, -7100)
    assert "newer" in str(diary.compact("ana"))
    changed_at(backup, -7300)
    diary.compact("ana")
    assert is_compacted(path)


def test_a_page_that_a_person_saved_a_moment_ago_is_tried_at_a_later_turn(
    make: Make, path: Path, clock: FrozenClock
):
    diary = make(TWICE, compaction_config=always())
    changed_at(path, -59)
    diary.update_memory("ana", "s", "What's for lunch?", "Soup.")
    assert not is_compacted(path)
    assert "changed it 59 seconds ago" in str(diary.compact("ana"))
    clock.advance(timedelta(seconds=2))
    diary.update_memory("ana", "s", "What's for dinner?", "Soup.")
    assert is_compacted(path)


def test_a_turn_that_came_in_after_the_save_hides_it_not(make: Make, path: Path):
    diary = make(TWICE, compaction_config=always())
    changed_at(path, -30)
    diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted.")
    assert "walnuts" in path.read_text()
    assert len(tomllib.loads(path.read_text())["likes"]) == 2


def test_what_diarist_wrote_itself_is_nobody_s_edit(make: Make, path: Path):
    diary = make(clock=None)  # the real time: the page was written a moment ago
    for _ in range(2):
        diary.upsert_preference("ana", "likes", "love jazz", id="new")
    changed = tomllib.loads(path.read_text())["likes"]
    assert len(changed) == 2
    diary.compact("ana")
    assert is_compacted(path)


class Meanwhile:
    """A compactor during whose work something else happens."""

    def __init__(self, happens: object) -> None:
        self.happens = happens

    def compact(self, blocks: Blocks) -> None:
        blocks.rewrite_preference_block("likes/a", "jazz")
        blocks.rewrite_preference_block("likes/c", "tea")
        self.happens()  # type: ignore[operator]


def test_what_a_person_saves_meanwhile_wins(make: Make, path: Path):
    mine = '# mine\n[likes.a]\ntext = "love jazz, but only live"\n'

    def save() -> None:
        path.write_text(path.read_text().replace('[likes.a]\ntext = "love jazz"\n', mine))
        changed_at(path, -3600)

    diary = make(
        item("likes.a", "love jazz") + item("likes.c", "love tea"),
        compaction_config=always(compactor=Meanwhile(save)),
    )
    report = diary.compact("ana")
    assert mine in path.read_text()
    assert [(one.status, one.block) for one in report.changes] == [
        ("skipped", "likes/a"),
        ("rewritten", "likes/c"),
    ]
    assert "likes/a changed meanwhile" in str(report)
    assert tomllib.loads(path.read_text())["likes"]["c"]["text"] == "tea"


def test_an_editor_opened_meanwhile_holds_it_back(make: Make, path: Path):
    diary = make(
        item("likes.a", "love jazz") + item("likes.c", "love tea"),
        compaction_config=always(
            compactor=Meanwhile(lambda: path.with_name(".preferences.toml.swp").touch())
        ),
    )
    before = path.read_text()
    report = diary.compact("ana")
    assert path.read_text() == before
    assert [one.status for one in report.changes] == ["skipped"]


def test_a_turn_that_comes_in_meanwhile_loses_nothing(make: Make, path: Path, tmp_path: Path):
    other = SyncDiary(tmp_path)

    def happens() -> None:
        other.update_memory("ana", "t", "I love jazz. I'm allergic to walnuts.", "Noted.")

    diary = make(
        item("likes.a", "love jazz") + item("likes.c", "love tea"),
        compaction_config=always(compactor=Meanwhile(happens)),
    )
    report = diary.compact("ana")
    page = tomllib.loads(path.read_text())
    assert page["likes"]["a"]["_count"] == 2
    assert page["likes"]["c"]["text"] == "tea"
    assert "walnuts" in page["allergies"]
    assert "likes/a changed meanwhile" in str(report)


def test_a_user_who_is_deleted_meanwhile_stays_deleted(make: Make, tmp_path: Path):
    other = SyncDiary(tmp_path)
    diary = make(
        item("likes.a", "love jazz") + item("likes.c", "love tea"),
        compaction_config=always(compactor=Meanwhile(lambda: other.delete_user("ana"))),
    )
    report = diary.compact("ana")
    assert not report.with_status("rewritten", "merged")
    assert other.list_users() == []
