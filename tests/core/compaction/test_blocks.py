"""What a compactor of one's own is given: blocks by name, each change with what became of it."""

from __future__ import annotations

import asyncio
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from diarist import BlockNotFoundError, CompactionReport, DiaristError, Diary

from .conftest import Make, always, item, newer, talk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarist.compaction import BlockChange, Blocks

PAGES = (
    item("likes.jazz", "love jazz", contexts='["at night"]')
    + item("likes.tea", "love tea")
    + item("moods.x", "is happy"),
    talk("old", "Talked about Porto.") + newer(1),
)


class Calling:
    """A compactor that is a function."""

    def __init__(self, work: Callable[[Blocks], Any]) -> None:
        self.compact = work


def compacted(make: Make, work: Callable[[Blocks], Any], **options: Any) -> CompactionReport:
    config = always(compactor=Calling(work), **options)
    return make(*PAGES, compaction_config=config).compact("ana")


def likes(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "ana" / "preferences.toml").read_text())["likes"]


def test_blocks_are_listed_by_name_in_the_order_of_the_page(make: Make):
    seen: list[Any] = []

    def work(blocks: Blocks) -> None:
        seen.extend(name for name, _ in blocks.list_preference_blocks())
        seen.extend(name for name, _ in blocks.list_conversation_blocks())
        seen.append(blocks.get_preference_block("likes/jazz")["text"])
        seen.append(blocks.get_conversation_block("old")["summary"])

    compacted(make, work)
    assert seen == ["likes/jazz", "likes/tea", "old", "new0", "love jazz", "Talked about Porto."]


def test_a_preference_is_rewritten_with_its_text_before(make: Make, tmp_path: Path):
    report = compacted(
        make, lambda blocks: blocks.rewrite_preference_block("likes/jazz", " jazz \n", ["live"])
    )
    assert likes(tmp_path)["jazz"]["text"] == "jazz"
    assert likes(tmp_path)["jazz"]["_was"] == "love jazz"
    assert likes(tmp_path)["jazz"]["contexts"] == ["live"]
    assert likes(tmp_path)["jazz"]["_updated"] == "2020-01-01T00:00:00Z"
    assert "rewritten preferences likes/jazz, 9 to 4 characters: jazz" in str(report)


def test_a_preference_is_deleted_or_goes_into_another(make: Make, tmp_path: Path):
    compacted(make, lambda blocks: blocks.delete_preference_block("likes/jazz", into="likes/tea"))
    assert list(likes(tmp_path)) == ["tea"]
    assert likes(tmp_path)["tea"]["_count"] == 2
    assert likes(tmp_path)["tea"]["contexts"] == ["at night"]


def test_a_preference_is_given_up_without_another(make: Make, tmp_path: Path):
    report = compacted(make, lambda blocks: blocks.delete_preference_block("likes/jazz"))
    assert likes(tmp_path)["tea"]["_count"] == 1
    assert "deleted preferences likes/jazz: love jazz" in str(report)


def test_conversations_are_rewritten_and_deleted(make: Make, tmp_path: Path):
    def work(blocks: Blocks) -> None:
        blocks.rewrite_conversation_block("old", "Porto.", keywords=["porto"])
        blocks.delete_conversation_block("new0")

    compacted(make, work)
    page = tomllib.loads((tmp_path / "ana" / "conversations.toml").read_text())
    assert list(page["conversations"]) == ["old"]
    assert page["conversations"]["old"]["summary"] == "Porto."
    assert page["conversations"]["old"]["keywords"] == ["porto"]


def test_what_was_done_shows_at_once_and_builds_on_itself(make: Make, tmp_path: Path):
    def work(blocks: Blocks) -> None:
        blocks.rewrite_preference_block("likes/jazz", "jazz")
        assert blocks.get_preference_block("likes/jazz")["text"] == "jazz"
        blocks.delete_preference_block("likes/jazz", into="likes/tea")
        with pytest.raises(BlockNotFoundError):
            blocks.get_preference_block("likes/jazz")

    compacted(make, work)
    assert list(likes(tmp_path)) == ["tea"]


@pytest.mark.parametrize(
    "call",
    [
        lambda blocks: blocks.get_preference_block("likes/rock"),
        lambda blocks: blocks.get_preference_block("jazz"),
        lambda blocks: blocks.get_preference_block("moods/x"),
        lambda blocks: blocks.get_preference_block("_meta/version"),
        lambda blocks: blocks.rewrite_preference_block("likes/rock", "rock"),
        lambda blocks: blocks.delete_preference_block("likes/jazz", into="likes/rock"),
        lambda blocks: blocks.get_conversation_block("nobody"),
        lambda blocks: blocks.rewrite_conversation_block("nobody", "x"),
        lambda blocks: blocks.delete_conversation_block("nobody"),
    ],
)
def test_an_unknown_block_is_a_key_error(make: Make, call: Callable[[Blocks], object]):
    def work(blocks: Blocks) -> None:
        with pytest.raises(KeyError) as caught:
            call(blocks)
        assert isinstance(caught.value, DiaristError)

    assert compacted(make, work).changes == ()


def test_a_page_that_is_not_included_is_a_value_error(make: Make):
    def work(blocks: Blocks) -> None:
        blocks.list_conversation_blocks()
        for call in (
            blocks.list_preference_blocks,
            lambda: blocks.get_preference_block("likes/jazz"),
            lambda: blocks.rewrite_preference_block("likes/jazz", "jazz"),
            lambda: blocks.delete_preference_block("likes/jazz"),
        ):
            with pytest.raises(ValueError, match="the preferences are not to be worked on"):
                call()

    compacted(make, work, compact_preferences=False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("my password is hunter2", "looks like a password"),
        ("", "is empty"),
        ("x" * 1001, "longer than 1000 characters"),
    ],
)
def test_a_text_that_no_page_may_hold_is_refused(
    make: Make, tmp_path: Path, text: str, reason: str
):
    told: list[BlockChange] = []

    def work(blocks: Blocks) -> None:
        told.append(blocks.rewrite_preference_block("likes/jazz", text))

    report = compacted(make, work)
    assert told[0].status == "skipped"
    assert reason in str(report)
    assert "hunter2" not in str(report)
    assert likes(tmp_path)["jazz"]["text"] == "love jazz"


def test_a_secret_in_keywords_and_a_summary_that_is_too_long_are_refused(make: Make):
    def work(blocks: Blocks) -> None:
        for change in (
            blocks.rewrite_conversation_block("old", "x", ["password:", "hunter2x"]),
            blocks.rewrite_conversation_block("old", "x" * 2001),
            blocks.delete_preference_block("likes/jazz", into="likes/jazz"),
        ):
            assert change.status == "skipped"

    assert len(compacted(make, work).changes) == 3


def test_an_async_compactor_is_awaited_in_the_loop_of_the_caller(make: Make, tmp_path: Path):
    loops: list[object] = []

    async def work(blocks: Blocks) -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        blocks.delete_preference_block("likes/jazz")

    diary = make(*PAGES, compaction_config=always(compactor=Calling(work))).diary

    async def main(diary: Diary) -> None:
        await diary.compact("ana")
        assert loops == [asyncio.get_running_loop()]

    asyncio.run(main(diary))
    assert list(likes(tmp_path)) == ["tea"]


def test_an_async_compactor_serves_blocking_code_too(make: Make, tmp_path: Path):
    async def work(blocks: Blocks) -> None:
        await asyncio.sleep(0)
        blocks.delete_preference_block("likes/jazz")

    compacted(make, work)
    assert list(likes(tmp_path)) == ["tea"]
