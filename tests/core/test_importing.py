"""An import is all of a diary or nothing of it, whoever else writes meanwhile."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from diarist import BackendError, Diary, LocalBackend, Message, UserExistsError
from diarist.backends import files
from diarist.testing import MemoryBackend

CHILDREN = Path(__file__).parents[1] / "children.py"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROUNDS = 12


async def exported(folder: Path, food: str, *, messages: int = 3) -> Path:
    """Return the export of somebody who is allergic to `food`, all of whose messages say so."""
    diary = Diary(folder / f"of {food}", clock=lambda: NOON)
    await diary.update_memory("ana", "chat", f"I'm allergic to {food}.", f"{food}!")
    said = [Message("user", f"{food} {number}") for number in range(messages)]
    await diary.messages.append("ana", food, said)
    await diary.notes.put("ana", "n", food, food)
    await diary.notebook("ana").append(f"- {food}")
    await diary.export_user("ana", folder / food)
    return folder / food


async def words(diary: Diary, user: str) -> set[str]:
    """Return which foods a diary knows, in any of its parts."""
    parts: list[object] = []
    for session in await diary.messages.sessions(user):
        parts += await diary.messages.read(user, session.id, status=None)
    parts += await diary.notes.list(user)
    parts += [await diary.preferences(user), await diary.notebook(user).read()]
    text = str(parts)
    return {food for food in ("walnuts", "peanuts", "shrimp") if food in text}


async def is_whole(diary: Diary, user: str, food: str) -> bool:
    """Say whether all of an export is there."""
    return (
        food in str(await diary.preferences(user))
        and food in str(await diary.last_conversations(user))
        and await diary.notebook(user).read() == f"- {food}\n"
        and len(await diary.messages.read(user, food)) == 3
        and (await diary.notes.get(user, "n", food)) is not None
    )


def start(task: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILDREN), task, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(child: subprocess.Popen[str]) -> set[int]:
    output, errors = child.communicate(timeout=110)
    assert child.returncode == 0, errors
    return set(map(int, output.split()))


# ---------------------------------------------------------------- at the same time


def test_of_two_imports_under_one_id_one_is_done_and_the_other_refused(tmp_path: Path):
    paths = [asyncio.run(exported(tmp_path, food)) for food in ("walnuts", "peanuts")]
    home, at = tmp_path / "home", time.time() + 1.5
    children = [start("imports", home, path, ROUNDS, at) for path in paths]
    refused = [finished(child) for child in children]
    assert refused[0] | refused[1] == set(range(ROUNDS))
    assert not refused[0] & refused[1]
    diary = Diary(home)
    for number in range(ROUNDS):
        food = "peanuts" if number in refused[0] else "walnuts"
        assert asyncio.run(words(diary, f"user{number}")) == {food}
        assert asyncio.run(is_whole(diary, f"user{number}", food))


def test_an_import_and_a_turn_at_the_same_time_lose_nothing(tmp_path: Path):
    path = asyncio.run(exported(tmp_path, "peanuts"))
    home, at = tmp_path / "home", time.time() + 1.5
    importing, talking = start("imports", home, path, ROUNDS, at), start("turns", home, ROUNDS, at)
    refused = finished(importing)
    assert finished(talking) == set()
    diary = Diary(home)
    for number in range(ROUNDS):
        user = f"user{number}"
        known = {"walnuts"} if number in refused else {"walnuts", "peanuts"}
        assert asyncio.run(words(diary, user)) == known
        page = asyncio.run(diary.preferences(user)).data
        assert len(page["allergies"]) == len(known)
        assert len(asyncio.run(diary.why(user, "allergies", "walnuts"))) == 1


def test_a_deletion_at_the_same_time_leaves_all_or_nothing(tmp_path: Path):
    path = asyncio.run(exported(tmp_path, "peanuts"))
    home, at = tmp_path / "home", time.time() + 1.5
    children = [start("imports", home, path, ROUNDS, at), start("deletes", home, ROUNDS, at)]
    assert [finished(child) for child in children] == [set(), set()]
    diary = Diary(home)
    for number in range(ROUNDS):
        user = f"user{number}"
        known = asyncio.run(words(diary, user))
        assert not known or asyncio.run(is_whole(diary, user, "peanuts"))


# ---------------------------------------------------------------- what fails leaves nothing


def dicts(*given: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return given


TIME = "2026-03-01T12:00:00+00:00"
MESSAGE = {"session": "s", "number": 1, "role": "user", "text": "t", "id": "i", "at": TIME}
TURN = {"session": "s", "number": 1, "state": "done", "at": TIME, "messages": [1]}
NOTE = {"namespace": ["n"], "key": "k", "value": 1, "created_at": TIME, "updated_at": TIME}
SESSION = {"id": "s", "numbered": 1, "turns": 1, "created_at": TIME, "updated_at": TIME}
OTHER = {"number": 9, "key": "o", "id": "o"}
WRONG: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *(("messages", MESSAGE, wrong) for wrong in dicts(
        {"number": 0}, {"number": "1"}, {"number": True}, {"number": 1.0}, {"number": 2**31},
        {"id": 5}, {"role": 1}, {"text": None}, {"name": []}, {"at": "noon"}, {"at": 5},
        {"at": "2026-03-01T12:00:00"}, {"at": "0001-01-01T00:00:00+14:00"}, {"status": "gone"},
        {"metadata": [1]}, {"payload": {"format": 1, "data": 2}}, {"payload": {"format": "f"}},
        {"vectors": [1]}, {"vectors": {"m": 1}}, {"vectors": {"m": ["1"]}},
        {"vectors": {"m": [float("nan")]}}, {"vectors": {"m": [1e39]}}, {"vectors": {"m": [[1.0]]}},
    )),
    *(("turns", TURN, wrong) for wrong in dicts(
        {"number": 0}, {"state": "begun"}, {"messages": 1}, {"messages": ["1"]},
        {"reason": 1}, {"attempts": -1}, {"at": "x"},
    )),
    *(("notes", NOTE, wrong) for wrong in dicts(
        {"namespace": "n"}, {"namespace": [1]}, {"key": 1}, {"metadata": 1}, {"ttl": 0},
        {"ttl": "1"}, {"ttl": 1e14}, {"deleted_at": "x"}, {"vectors": {"m": [[True]]}},
    )),
    *(("sessions", SESSION, wrong) for wrong in dicts(
        {"id": None}, {"numbered": -1}, {"turns": "1"}, {"created_at": "x"},
    )),
]  # fmt: skip


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "rows"),
    [(name, [row | OTHER, row | wrong]) for name, row, wrong in WRONG]
    + [
        (name, [row, row])
        for name, row in (
            ("messages", MESSAGE), ("turns", TURN), ("notes", NOTE), ("sessions", SESSION),
        )
    ]
    + [("messages", [MESSAGE, MESSAGE | {"number": 2}])],
    ids=str,
)  # fmt: skip
def test_a_wrong_line_is_named_and_nothing_is_imported(
    tmp_path: Path, name: str, rows: list[dict[str, Any]]
):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        right = (path / f"{name}.jsonl").read_text()
        (path / f"{name}.jsonl").write_text(lines(*rows))
        diary = Diary(tmp_path / "home")
        with pytest.raises(ValueError, match=rf"^{name}\.jsonl, line 2: .+; nothing is imported$"):
            await diary.import_user("bob", path)
        assert await diary.list_users() == []
        (path / f"{name}.jsonl").write_text(right)
        await diary.import_user("bob", path)
        assert await is_whole(diary, "bob", "peanuts")

    asyncio.run(main())


@pytest.mark.parametrize(
    "name",
    ["a/b.toml", "memory/a/b/MEMORY.md", "memory/MEMORY.md", "memory/A/MEMORY.md", "UP.toml",
     "notes.txt", "ana/preferences.toml", "diary.db"],
)  # fmt: skip
def test_a_file_that_no_export_has_is_named_and_nothing_is_imported(tmp_path: Path, name: str):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("")
        diary = Diary(tmp_path / "home")
        with pytest.raises(ValueError, match="is no file of an export") as caught:
            await diary.import_user("bob", path)
        assert repr(name) in str(caught.value)
        assert await diary.list_users() == []

    asyncio.run(main())


def test_what_file_managers_leave_is_passed_over(tmp_path: Path):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        (path / ".DS_Store").write_bytes(b"\xff")
        (path / "__MACOSX").mkdir()
        (path / "__MACOSX" / "x").write_bytes(b"\xff")
        await Diary(tmp_path / "home").import_user("bob", path)

    asyncio.run(main())


def test_a_disk_that_fails_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = files.write

    def full(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == "preferences.toml":
            raise BackendError(f"can't write {path}: no space left on device")
        return write(path, *arguments, **named)

    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        diary = Diary(tmp_path / "home")
        monkeypatch.setattr(files, "write", full)
        with pytest.raises(BackendError, match="no space"):
            await diary.import_user("B" * 300, path)
        assert await diary.list_users() == []
        monkeypatch.undo()
        await diary.import_user("B" * 300, path)
        assert await is_whole(diary, "B" * 300, "peanuts")

    asyncio.run(main())


class Plain:
    """A backend with versions, and nothing to keep others out."""

    def __init__(self) -> None:
        inner = MemoryBackend()
        self.inner, self.records, self.does = inner, inner.records, ""
        self.load, self.save, self.exists = inner.load, inner.save, inner.exists
        self.delete, self.delete_user = inner.delete, inner.delete_user
        self.list_users, self.get, self.kinds = inner.list_users, inner.get, inner.kinds

    async def put(self, user_id: str, kind: str, content: str, *, expect: Any) -> str:
        if self.does == "fail" and kind == "preferences":
            raise BackendError("the server said no")
        if self.does == "wait" and kind == "preferences":
            await self.inner.save(user_id, kind, '[likes.tea]\ntext = "tea"\n')
        return await self.inner.put(user_id, kind, content, expect=expect)


def test_a_backend_of_your_own_is_left_as_it_was_too(tmp_path: Path):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        backend = Plain()
        diary = Diary(backend)
        backend.does = "fail"
        with pytest.raises(BackendError, match="said no"):
            await diary.import_user("bob", path)
        assert await words(diary, "bob") == set()
        backend.does = "wait"  # somebody writes a page in the middle
        with pytest.raises(UserExistsError):
            await diary.import_user("eve", path)
        assert await words(diary, "eve") == set()
        assert "tea" in (await diary.preferences("eve")).data["likes"]
        backend.does = ""
        await diary.import_user("bob", path)
        assert await is_whole(diary, "bob", "peanuts")
        with pytest.raises(UserExistsError):
            await diary.import_user("bob", path)

    asyncio.run(main())


@pytest.mark.parametrize("part", ["pages", "notebook", "messages", "notes"])
def test_any_part_of_a_diary_is_a_diary(tmp_path: Path, part: str):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        diary = Diary(tmp_path / "home")
        if part == "pages":
            await diary.upsert_preference("bob", "likes", "tea")
        elif part == "notebook":
            await diary.notebook("bob", "x").append("- tea")
        elif part == "messages":
            await diary.messages.append("bob", "s", [Message("user", "tea")])
        else:
            await diary.notes.put("bob", "n", "k", "tea")
        with pytest.raises(UserExistsError, match="'bob' has a diary already"):
            await diary.import_user("bob", path)
        assert await words(diary, "bob") == set()

    asyncio.run(main())


def test_a_backend_without_records_takes_the_pages(tmp_path: Path):
    async def main() -> None:
        path = await exported(tmp_path, "peanuts")
        diary = Diary(LocalBackend(tmp_path / "home", records=False))
        await diary.import_user("bob", path)
        assert "peanuts" in str(await diary.preferences("bob"))
        with pytest.raises(UserExistsError):
            await diary.import_user("bob", path)

    asyncio.run(main())


# ---------------------------------------------------------------- numbers and vectors


@pytest.mark.parametrize("older", [False, True], ids=["with sessions.jsonl", "of an older diarist"])
def test_numbers_go_on_after_an_import(tmp_path: Path, older: bool):
    async def main() -> None:
        diary = Diary(tmp_path / "memories", clock=lambda: NOON)
        await diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted.")
        await diary.messages.append("ana", "s", [Message("user", "one"), Message("user", "two")])
        await diary.messages.delete("ana", "s", ids=[4] if older else [1, 2, 3, 4])
        await diary.export_user("ana", tmp_path / "out")
        if older:
            (tmp_path / "out" / "sessions.jsonl").unlink()
        other = Diary(tmp_path / "other")
        await other.import_user("ana", tmp_path / "out")
        if not older:
            assert await other.messages.sessions("ana") == await diary.messages.sessions("ana")
        (added,) = await other.messages.append("ana", "s", [Message("user", "new")])
        assert added.number == (4 if older else 5)
        because = await other.why("ana", "allergies", "walnuts")
        assert [m.text for m in because] == (["I'm allergic to walnuts."] if older else [])
        await other.record_turn("ana", "s", [Message("user", "I love tea.")])
        assert other.records is not None
        assert [turn.number for turn in await other.records.turns("ana")] == [1, 2]

    asyncio.run(main())


def test_messages_are_found_by_their_meaning_after_an_import(tmp_path: Path):
    async def main() -> None:
        diary = Diary(tmp_path / "memories", clock=lambda: NOON)
        said = Message("user", "caldo verde", vectors={"m:2": [0.25, 1.0]})
        await diary.messages.append("ana", "s", [said, Message("user", "nothing")])
        await diary.export_user("ana", tmp_path / "out")
        other = Diary(tmp_path / "other")
        await other.import_user("bob", tmp_path / "out")
        assert other.records is not None
        found = await other.records.export("bob")
        assert [dict(m.vectors) for m in found.messages] == [{"m:2": [0.25, 1.0]}, {}]
        lacking = await other.records.lacking("bob", "messages", "m:2", after=0, limit=9)
        assert [text for _, text in lacking] == ["nothing"]
        shutil.rmtree(tmp_path / "out")

    asyncio.run(main())
