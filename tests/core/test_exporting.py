"""A whole diary goes out as plain files and comes back as it was; deleting leaves nothing."""

from __future__ import annotations

import asyncio
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from diarist import Diary, DocumentError, Message, Payload, UserExistsError

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


async def filled(folder: Path) -> Diary:
    diary = Diary(folder, clock=lambda: NOON)
    await diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted.")
    payload = Payload("test/1", {"parts": [1, None, "é"]})
    await diary.messages.append(
        "ana",
        "t",
        [
            Message("user", "日本 \x00 \n", name="Ana", id="x", metadata={"a": 1}, payload=payload),
            Message("assistant", "gone"),
            Message("assistant", ""),
        ],
    )
    await diary.messages.delete("ana", "t", positions=[1])
    await diary.messages.archive("ana", "t", 1)
    await diary.record_turn("ana", "t", [Message("user", "I love tea.")])
    await diary.notes.put(
        "ana", ("a", "b"), "k", None, ttl=timedelta(days=1), metadata={"m": 1},
        vectors={"m:2": [0.5, 1.0]},
    )  # fmt: skip
    await diary.notes.put("ana", ("a",), "gone", "text")
    await diary.notes.delete("ana", ("a",), "gone")
    await diary.notebook("ana", "Agent X/1").append("- likes tea")
    return diary


async def everything(diary: Diary, user: str) -> dict[str, object]:
    sessions = await diary.messages.sessions(user)
    return {
        "pages": [
            await diary.backend.load(user, kind) for kind in ("preferences", "conversations")
        ],
        "sessions": sessions,
        "messages": [
            await diary.messages.read(user, session.id, status=None) for session in sessions
        ],
        "turns": await diary.records.turns(user),
        "exported": await diary.records.export(user),
        "notebook": await diary.notebook(user, "Agent X/1").read(),
    }


@pytest.mark.parametrize("name", ["ana", "ana.zip"])
def test_what_goes_out_comes_back_as_it_was(tmp_path: Path, name: str):
    async def main() -> None:
        diary = await filled(tmp_path / "memories")
        files = await diary.export_user("ana", tmp_path / name)
        assert {"preferences.toml", "messages.jsonl", "turns.jsonl", "notes.jsonl"} < set(files)
        other = Diary(tmp_path / "other", clock=lambda: NOON)
        await other.import_user("bob", tmp_path / name)
        assert await everything(other, "bob") == await everything(diary, "ana")
        assert len(await other.catch_up("bob")) == 1
        assert "tea" in (await other.preferences("bob")).data["likes"]

    asyncio.run(main())


def test_the_files_can_be_read_without_diarist(tmp_path: Path):
    async def main() -> None:
        await (await filled(tmp_path / "memories")).export_user("ana", tmp_path / "ana.zip")

    asyncio.run(main())
    with zipfile.ZipFile(tmp_path / "ana.zip") as archive:
        rows = [json.loads(line) for line in archive.read("messages.jsonl").decode().splitlines()]
        assert rows[0]["text"] in ("I'm allergic to walnuts.", "日本 \x00 \n")
        assert "allergic to walnuts" in archive.read("preferences.toml").decode()


def test_nothing_is_imported_over_a_diary_or_from_a_broken_page(tmp_path: Path):
    async def main() -> None:
        diary = await filled(tmp_path / "memories")
        await diary.export_user("ana", tmp_path / "out")
        before = await everything(diary, "ana")
        with pytest.raises(UserExistsError, match="has a diary already"):
            await diary.import_user("ana", tmp_path / "out")
        assert await everything(diary, "ana") == before
        (tmp_path / "out" / "preferences.toml").write_text("this = = broken")
        with pytest.raises(DocumentError):
            await diary.import_user("bob", tmp_path / "out")
        assert "bob" not in await diary.list_users()
        with pytest.raises(FileExistsError):
            await diary.export_user("ana", tmp_path / "out")

    asyncio.run(main())


def test_deleting_says_what_went_and_leaves_no_word(tmp_path: Path):
    async def main() -> None:
        diary = await filled(tmp_path)
        await diary.update_memory("eve", "s", "I love jam.", "Ok.")
        report = await diary.delete_user("ana")
        assert report.pages == ("conversations", "preferences")
        assert (report.messages, report.turns, report.notes) == (5, 2, 2)
        assert len(report.notebooks) == 1
        assert await diary.list_users() == ["eve"]
        assert await diary.messages.read("ana", "s") == []
        await diary.update_memory("ana", "s", "I love tea.", "Ok.")
        assert [m.number for m in await diary.messages.read("ana", "s")] == [1, 2]

    asyncio.run(main())
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"walnut" not in left
    assert b"jam" in left
