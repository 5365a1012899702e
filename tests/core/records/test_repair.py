"""A damaged database is reported, left alone, and saved only when a person asks for it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from diarist import DamagedError, Diary, Message, SQLiteRecords
from diarist.backends import LocalBackend
from diarist.cli.app import app
from diarist.testing import FrozenClock

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGES = 400


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of several hundred pages, all of them in the one file."""

    async def fill() -> None:
        diary = Diary(tmp_path, clock=FrozenClock(NOON))
        for start in range(0, MESSAGES, 100):
            await diary.messages.append(
                "ana",
                "chat",
                [
                    Message("user", f"message {n} " + "words " * 200, id=f"m{n}")
                    for n in range(start, start + 100)
                ],
            )
        await diary.messages.archive("ana", "chat", 3)
        await diary.record_turn("ana", "chat", [Message("user", "I love tea.")])
        await diary.notes.put("ana", ("a", "b"), "k", {"n": 1}, ttl=timedelta(days=1))
        await diary.notes.put("ana", ("a",), "v", "text", vectors={"m:2": [0.5, 1.0]})
        await diary.aclose()

    asyncio.run(fill())
    path = tmp_path / "ana" / "diary.db"
    assert not path.with_name("diary.db-wal").exists()
    return path


def overwrite(path: Path, place: int, length: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * length)


def leaf_of_messages(path: Path) -> int:
    """Return where a page in the middle of the messages begins."""
    return path.read_bytes().index(b"message 200 words") & ~4095


def diarist(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, args, prog_name="diarist")
    assert isinstance(result.exception, (SystemExit, type(None))), result.exception
    return result.exit_code, result.stdout


def check(tmp_path: Path, *args: str) -> tuple[int, str]:
    return diarist("check", *args, "--diary", str(tmp_path))


async def read(tmp_path: Path) -> list[Message]:
    return await Diary(tmp_path).messages.read("ana", "chat", status=None)


def test_a_sound_database_is_left_alone(database: Path, tmp_path: Path):
    before = database.read_bytes()
    assert check(tmp_path) == (0, "1 user, nothing to mend\n")
    assert check(tmp_path, "--repair") == (0, "1 user, nothing to mend\n")
    assert asyncio.run(SQLiteRecords(tmp_path).repair("ana")) is None
    assert asyncio.run(SQLiteRecords(tmp_path).repair("bob")) is None
    assert database.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name == "bob"] == []


def test_a_damaged_database_is_reported_and_not_touched(database: Path, tmp_path: Path):
    overwrite(database, leaf_of_messages(database))
    before = database.read_bytes()
    code, told = check(tmp_path)
    assert code == 1
    assert told.startswith(f"{database}: the database is damaged (")
    assert "diarist check --repair" in told
    with pytest.raises(DamagedError, match="diarist check --repair"):
        asyncio.run(read(tmp_path))
    assert database.read_bytes() == before


def test_all_that_can_be_read_is_saved(database: Path, tmp_path: Path):
    overwrite(database, leaf_of_messages(database))
    damaged = database.read_bytes()
    code, told = check(tmp_path, "--repair")
    assert (code, told.count("\n")) == (0, 1)
    found = asyncio.run(read(tmp_path))
    lost = MESSAGES + 1 - len(found)
    assert 0 < lost < 10
    assert f"saved {len(found)} messages, 1 turns, 2 notes; lost {lost} messages" in told
    aside = [path for path in database.parent.iterdir() if ".damaged-" in path.name]
    assert damaged in [path.read_bytes() for path in aside]
    assert check(tmp_path) == (0, "1 user, nothing to mend\n")


def test_what_is_saved_is_as_it_was_and_goes_on(database: Path, tmp_path: Path):
    async def look() -> None:
        diary = Diary(tmp_path, clock=FrozenClock(NOON))
        first, *_, last = await diary.messages.read("ana", "chat")
        assert (first.number, first.id, first.at) == (4, "m3", NOON)
        assert last.text == "I love tea."
        session = (await diary.messages.sessions("ana"))[0]
        kept = await diary.messages.read("ana", "chat", status=None)
        assert (session.messages, session.archived) == (len(kept) - 3, 3)
        assert len(await diary.messages.read("ana", "chat", status="archived")) == 3
        assert [turn.state for turn in await diary.records.turns("ana")] == ["pending"]
        note = await diary.notes.get("ana", ("a", "b"), "k")
        assert (note.value, note.ttl) == ({"n": 1}, timedelta(days=1))
        assert (await diary.notes.search("ana", vector=[0.5, 1.0]))[0].note.key == "v"
        assert len(await diary.catch_up("ana")) == 1
        done = await diary.messages.append("ana", "chat", [Message("user", "next")])
        assert [message.number for message in done] == [MESSAGES + 2]

    overwrite(database, leaf_of_messages(database))
    check(tmp_path, "--repair")
    asyncio.run(look())


def test_an_index_that_disagrees_with_its_table_is_damage(database: Path, tmp_path: Path):
    connection = sqlite3.connect(database)
    connection.execute("DROP TRIGGER message_removed")
    connection.execute("DELETE FROM messages WHERE id = 'm7'")
    connection.commit()
    connection.close()
    assert check(tmp_path)[0] == 1
    assert "saved 400 messages" in check(tmp_path, "--repair")[1]
    assert check(tmp_path)[0] == 0


@pytest.mark.parametrize("length", [16, 100, 4096])
def test_a_file_that_is_no_database_is_moved_aside(database: Path, tmp_path: Path, length: int):
    overwrite(database, 0, length)
    assert check(tmp_path)[0] == 1
    code, told = check(tmp_path, "--repair", "--json")
    assert code == 0
    repair = json.loads(told)[0]["repair"]
    assert repair["rows"]["messages"] == 0
    assert repair["moved_to"].startswith(f"{database}.damaged-")
    assert asyncio.run(read(tmp_path)) == []


def test_a_truncated_file_gives_what_is_left(database: Path, tmp_path: Path):
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size - 50 * 1024 & ~4095)
    assert check(tmp_path)[0] == 1
    assert check(tmp_path, "--repair")[0] == 0
    found = asyncio.run(read(tmp_path))
    assert MESSAGES // 2 < len(found) < MESSAGES
    assert [m.number for m in found] == sorted(m.number or 0 for m in found)


def test_an_open_diary_goes_on_with_the_repaired_database(database: Path, tmp_path: Path):
    async def main() -> None:
        backend = LocalBackend(tmp_path)
        async with Diary(backend) as diary:
            before = len(await diary.messages.read("ana", "chat", last=5))
            overwrite(database, leaf_of_messages(database))
            repair = await SQLiteRecords(tmp_path).repair("ana")
            assert repair is not None
            assert len(await diary.messages.read("ana", "chat", last=5)) == before
            await diary.messages.append("ana", "chat", [Message("user", "after")])
        assert (await read(tmp_path))[-1].text == "after"

    asyncio.run(main())


def test_others_are_checked_when_one_is_damaged(database: Path, tmp_path: Path):
    asyncio.run(Diary(tmp_path).update_memory("bob", "s", "I love jam.", "Ok."))
    page = tmp_path / "bob" / "preferences.toml"
    page.write_text("[likes\n")
    overwrite(database, 0)
    code, told = check(tmp_path)
    assert (code, len(told.splitlines())) == (1, 2)
    code, told = check(tmp_path, "--repair")
    assert (code, len(told.splitlines())) == (1, 2)
    assert str(page) in told.splitlines()[1]


def test_a_damaged_database_can_be_deleted_and_so_can_what_was_moved_aside(
    database: Path, tmp_path: Path
):
    async def delete() -> None:
        report = await SQLiteRecords(tmp_path).delete_user("ana")
        assert report.user_id == "ana"
        assert await read(tmp_path) == []

    overwrite(database, leaf_of_messages(database))
    damaged = database.read_bytes()
    check(tmp_path, "--repair")
    asyncio.run(delete())
    assert list(database.parent.glob("diary.db*")) == []
    database.write_bytes(damaged[:4096] + b"\xa5" * 8192)
    asyncio.run(delete())
    assert list(database.parent.glob("diary.db*")) == []


@pytest.mark.parametrize(
    "change", ["at = 9000000000000000000", "metadata = '{'", "text = CAST(x'c3' AS TEXT)"]
)
def test_a_row_that_is_damaged_is_told_as_damage(database: Path, tmp_path: Path, change: str):
    connection = sqlite3.connect(database)
    connection.execute(f"UPDATE messages SET {change} WHERE id = 'm9'")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedError, match="the database is damaged"):
        asyncio.run(read(tmp_path))
