"""Whose diary a tool opens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from diarist import (
    Diary,
    InvalidIdError,
    SyncDiary,
    UnsupportedError,
    UserNotBoundError,
    bind_user,
    diary_tools,
)
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

from core.tools.desk import NAMES, WAYS, Desk, blocking, make


def test_two_users_at_once_each_see_their_own(tmp_path: Path):
    diary = make(tmp_path)
    tools = {tool.name: tool for tool in diary_tools(diary)}

    async def as_user(name: str) -> str:
        with bind_user(name, f"chat of {name}"):
            await diary.ensure_session(name, f"chat of {name}")
            await tools["upsert_preference"](category="likes", text=f"love {name}'s tea")
            await asyncio.sleep(0.01)
            tools["put_note"].call(key="k", text=f"of {name}")
            return "\n".join(
                [
                    await tools["list_preferences"](category="likes"),
                    tools["get_note"].call(key="k"),
                    await tools["conversation_summary"](),
                ]
            )

    async def main() -> list[str]:
        return await asyncio.gather(as_user("ana"), as_user("bob"))

    ana, bob = asyncio.run(main())
    assert "ana's tea" in ana
    assert "of ana" in ana
    assert '"chat of ana" (2026-03-01, 0 turns, this conversation)' in ana
    assert "bob" not in ana
    assert "ana" not in bob


def test_nobody_bound_is_raised_when_a_tool_is_called(tmp_path: Path):
    for tool in diary_tools(make(tmp_path)):
        with pytest.raises(UserNotBoundError):
            tool.call()
        with pytest.raises(UserNotBoundError):
            asyncio.run(tool())
    with pytest.raises(InvalidIdError):
        diary_tools(make(tmp_path), "")


def test_a_user_given_is_not_the_one_bound(tmp_path: Path):
    ask = Desk(make(tmp_path), blocking)
    with bind_user("bob"):
        ask("upsert_preference", category="likes", text="love tea")
    assert SyncDiary(tmp_path).list_users() == ["ana"]


class Remote:
    """A backend that really waits, and has pages only."""

    def __init__(self) -> None:
        self._pages = MemoryBackend()

    def __getattr__(self, name: str) -> Any:
        if name not in {"load", "save", "exists", "delete", "delete_user", "list_users"}:
            raise AttributeError(name)

        async def wait(*args: Any) -> Any:
            await asyncio.sleep(0.001)
            return await getattr(self._pages, name)(*args)

        return wait


@pytest.mark.parametrize("answer", WAYS)
def test_a_backend_that_waits_serves_both_forms(answer: Callable[..., str]):
    tools = {tool.name: tool for tool in diary_tools(Diary(Remote()))}
    with bind_user("ana"):
        assert answer(tools["upsert_preference"], category="likes", text="love tea") == (
            'Added likes/tea: "love tea".'
        )
        assert '- tea: "love tea"' in answer(tools["list_preferences"])
        assert answer(tools["append_to_notebook"], text="x").startswith("Added")
        assert "preference likes/tea" in answer(tools["search_memory"], query="tea")


def test_without_records_there_are_no_tools_for_notes():
    diary = Diary(Remote())
    assert [tool.name for tool in diary_tools(diary)] == NAMES[:9]
    with pytest.raises(UnsupportedError, match="records="):
        diary_tools(diary, include=["get_note"])
