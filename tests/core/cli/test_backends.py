"""`diarist backend check`: what works, what is missing, and what is wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from diarist import Diary
from diarist.backends import ANY
from diarist.probing import Finding, probe
from diarist.testing import MemoryBackend

ALL = [
    "pages",
    "versions",
    "writers",
    "notebooks",
    "blocking",
    "messages",
    "turns",
    "notes",
    "vectors",
]


def answers(backend: Any) -> dict[str, Finding]:
    return {found.name: found for found in asyncio.run(probe(Diary(backend), "probe"))}


def test_a_folder_does_everything_and_nobody_is_left(run, walnuts: Path):
    before = {path: path.read_bytes() for path in walnuts.glob("*.toml")}
    result = run("backend", "check", str(walnuts.parent))
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        [name, "yes"] for name in ["reach", *ALL, "removal"]
    ]
    assert (result.exit_code, result.stderr) == (0, "")
    assert run("users").stdout == "ana\n"
    assert {path: path.read_bytes() for path in walnuts.glob("*.toml")} == before


def test_a_program_can_read_it(run):
    told = json.loads(run("backend", "check", "elsewhere", "--json").stdout)
    assert told["address"] == "elsewhere"
    assert {each["name"] for each in told["findings"]} == {"reach", *ALL, "removal"}


def test_a_folder_that_can_not_be_is_told(run, home: Path):
    Path("a-file").write_text("")
    result = run("backend", "check", "a-file")
    assert result.exit_code == 1
    (told,) = result.stdout.splitlines()
    assert told.startswith("reach      failed")
    assert "a-file" in told


class Pages:
    """The six methods, and no more."""

    def __init__(self) -> None:
        self._inner = MemoryBackend()

    async def load(self, user_id: str, kind: str) -> str | None:
        return await self._inner.load(user_id, kind)

    async def save(self, user_id: str, kind: str, content: str) -> None:
        await self._inner.save(user_id, kind, content)

    async def exists(self, user_id: str, kind: str) -> bool:
        return await self._inner.exists(user_id, kind)

    async def delete(self, user_id: str, kind: str) -> None:
        await self._inner.delete(user_id, kind)

    async def delete_user(self, user_id: str) -> None:
        await self._inner.delete_user(user_id)

    async def list_users(self) -> list[str]:
        return await self._inner.list_users()


class LastWriterWins(MemoryBackend):
    """A store that promises versions and never compares them."""

    async def put(self, user_id: str, kind: str, content: str, *, expect: Any) -> str:
        return await super().put(user_id, kind, content, expect=ANY)


class Trimming(MemoryBackend):
    """A store that takes the last line end off, and keeps deleted users."""

    async def put(self, user_id: str, kind: str, content: str, *, expect: Any) -> str:
        return await super().put(user_id, kind, content.rstrip(), expect=expect)

    async def delete_user(self, user_id: str) -> None:
        pass


def test_what_a_backend_lacks_is_no_fault():
    found = answers(Pages())
    lacking = {name: each.told for name, each in found.items() if each.answer == "no"}
    records = {"messages", "turns", "notes", "vectors"}
    assert set(lacking) == {"versions", "notebooks", "blocking", *records}
    assert "safe inside one process only" in lacking["versions"]
    assert {each.answer for each in found.values()} == {"yes", "no"}


@pytest.mark.parametrize(
    ("backend", "faults"),
    [
        (LastWriterWins, {"versions": "a stale write was not refused"}),
        (
            Trimming,
            {
                "pages": 'a page: "# tried by',
                "writers": "lines: ",
                "notebooks": "a notebook: 'look twice' came back",
                "removal": "the user who was deleted: True came back, not False",
            },
        ),
    ],
)
def test_what_a_backend_gets_wrong_is_named(backend: type[MemoryBackend], faults: dict[str, str]):
    found = answers(backend())
    failed = {name: each.told for name, each in found.items() if each.answer == "failed"}
    assert failed.keys() == faults.keys()
    for name, reason in faults.items():
        assert failed[name].startswith(reason)
