"""A whole diary goes out as plain files and comes back as it was; deleting leaves nothing."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import subprocess
import sys
import time
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarist import (
    Diary,
    DocumentError,
    Message,
    Payload,
    PutNote,
    UserExistsError,
    UserNotFoundError,
    exporting,
)

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore

CHILDREN = Path(__file__).parents[1] / "children.py"
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


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def records(diary: Diary) -> RecordStore:
    assert diary.records is not None
    return diary.records


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
        "turns": await records(diary).turns(user),
        "exported": await records(diary).export(user),
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


def test_a_diary_in_use_goes_out_as_of_one_moment(tmp_path: Path):
    """What is done is on the page, and what a turn names is among the messages."""

    async def main() -> None:
        diary = Diary(tmp_path / "memories")
        for number in range(8):
            await diary.export_user("ana", tmp_path / f"{number}")

    command = [sys.executable, str(CHILDREN), "updates", str(tmp_path / "memories"), "a", "60"]
    with subprocess.Popen(command) as child:
        while not (tmp_path / "memories" / "ana" / "preferences.toml").exists():
            time.sleep(0.01)
        asyncio.run(main())
    assert child.returncode == 0
    for number in range(8):
        page = tomllib.loads((tmp_path / f"{number}" / "preferences.toml").read_text())
        known = {item["text"] for item in page["allergies"].values()}
        messages, turns, sessions = (
            [json.loads(line) for line in (tmp_path / f"{number}" / name).read_text().splitlines()]
            for name in ("messages.jsonl", "turns.jsonl", "sessions.jsonl")
        )
        said = {row["number"]: row["text"] for row in messages}
        for turn in turns:
            assert len(turn["messages"]) == 2
            text = said[turn["messages"][0]].removeprefix("I'm ").removesuffix(".")
            assert turn["state"] == "pending" or text in known
        named = [int(s.split("#")[1]) for i in page["allergies"].values() for s in i["_sources"]]
        assert max(named) <= sessions[0]["numbered"]


SURROGATE = {"\ud83d": ["\udc00", "é"]}


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_what_utf_8_can_not_hold_goes_out_and_comes_back(tmp_path: Path, name: str):
    async def main() -> None:
        diary = Diary(tmp_path / "memories", clock=lambda: NOON)
        message = Message("user", "hi", metadata=SURROGATE, payload=Payload("f", SURROGATE))
        await records(diary).append("ana", "s", [message], now=NOON)
        put = PutNote((), "k", SURROGATE, metadata=SURROGATE)
        await records(diary).notes("ana", [put], now=NOON)
        await diary.notebook("ana", "A" * 400).append("- long")
        await diary.export_user("ana", tmp_path / name)
        other = Diary(tmp_path / "other")
        await other.import_user("ana", tmp_path / name)
        assert await records(other).export("ana") == await records(diary).export("ana")
        assert (await records(other).export("ana")).notes[0][0].value == SURROGATE
        assert await other.notebook("ana", "A" * 400).read() == "- long\n"

    asyncio.run(main())


@pytest.mark.parametrize("name", ["out", "UP.ZIP", "below/out.zip"])
def test_only_the_owner_can_read_an_export(tmp_path: Path, name: str):
    async def main() -> None:
        diary = await filled(tmp_path / "memories")
        await diary.export_user("ana", tmp_path / name)

    before = os.umask(0)
    try:
        asyncio.run(main())
    finally:
        os.umask(before)
    path = tmp_path / name
    assert zipfile.is_zipfile(path) == (name != "out")
    for file in [path, *path.rglob("*")]:
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600)
    assert [each.name for each in path.parent.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("out", (Path, "replace")),
        ("out", (exporting, "_new")),
        ("out.zip", (Path, "replace")),
        ("out.zip", (zipfile.ZipFile, "writestr")),
    ],
)
def test_an_export_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: tuple[object, str]
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def main() -> None:
        diary = await filled(tmp_path / "memories")
        monkeypatch.setattr(*call, full)
        with pytest.raises(OSError, match="No space left"):
            await diary.export_user("ana", tmp_path / name)
        monkeypatch.undo()
        assert names(tmp_path) == ["memories"]
        await diary.export_user("ana", tmp_path / name)

    asyncio.run(main())


def test_who_is_not_there_is_not_exported(tmp_path: Path):
    async def main() -> None:
        diary = await filled(tmp_path / "memories")
        with pytest.raises(LookupError, match="'ghost' has no diary") as caught:
            await diary.export_user("ghost", tmp_path / "out")
        assert isinstance(caught.value, UserNotFoundError)
        assert not (tmp_path / "out").exists()
        assert await diary.list_users() == ["ana"]

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
