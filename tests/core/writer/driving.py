"""Extractors that a writer drives, and looks at what it brought to the pages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from diarist import Diary, Edit, Extraction, MemoryWriter, Snapshot, Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Echo:
    """Finds that the user loves whatever they say; what is in `broken` it can't read."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.seen: list[str] = []

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.seen.append(turn.user_msg)
        if turn.user_msg in self.broken:
            raise TimeoutError("the model is asleep")
        previous = snapshot.conversation.get("summary") or ""
        edits = (Edit("add", "likes", f"love {turn.user_msg}"),)
        return Extraction(edits, summary=f"{previous}{turn.user_msg} ")


class Instant(Echo):
    is_instant = True


class Slow(Echo):
    """A model that takes its time, and notes how many it does at once."""

    def __init__(self, seconds: float, *broken: str) -> None:
        super().__init__(*broken)
        self.seconds = seconds
        self.running = self.most = 0

    async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds)
            return super().extract(turn, snapshot)
        finally:
            self.running -= 1


KINDS = [pytest.param(Echo, id="in a thread"), pytest.param(Instant, id="instant"),
         pytest.param(lambda *broken: Slow(0, *broken), id="async")]  # fmt: skip


async def said(diary: Diary, user: str = "ana", session: str = "s") -> list[str]:
    """Return what the pages say, in the order in which it was taken in."""
    talks = await diary.last_conversations(user, 100)
    table = (await diary.preferences(user)).data.get("likes", {})
    loved = sorted(item["text"].removeprefix("love ") for item in table.values())
    assert all(item["_count"] == 1 for item in table.values()), "something was done twice"
    order = talks[session]["summary"].split() if talks else []
    assert sorted(order) == loved
    assert not talks or talks[session]["_turns"] >= len(order)
    return order


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it is no event
            await asyncio.sleep(0.005)


def broken(page: Path) -> Callable[[], object]:
    """Break a page, and return what mends it."""
    whole = page.read_text()
    page.write_text(whole + "\nthis is = = not TOML\n")
    return lambda: page.write_text(whole)


def writer_of(where: Any, agent: Any, **settings: Any) -> MemoryWriter:
    settings.setdefault("retry_delay", 0.01)
    return MemoryWriter(Diary(where, agent=agent, max_prefs_per_category=2000), **settings)
