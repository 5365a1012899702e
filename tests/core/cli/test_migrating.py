"""`diarist migrate`: what other systems kept comes over with every value, once."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import struct
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.cli.memory_mini_files import NOON, entry, memory_mini
from diarist import Diary, SyncDiary

DATA = Path(__file__).parent / "data"
VERSIONS = ["0.0.2", "0.3.0", "0.9.0"]


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that this version of TOMLDiary wrote."""
    return Path(shutil.copytree(DATA / f"tomldiary-{request.param}", tmp_path / "old"))


def values(folder: Path) -> dict[str, Any]:
    """Return what the pages in a folder say, in whatever layout."""
    found: dict[str, Any] = {}
    for path in folder.glob("*/*.toml"):
        page = tomllib.loads(path.read_text())
        schema_name = page.pop("_meta")["schema_name"]
        content = page.get(path.stem, page)
        found[f"{path.parent.name.replace('%42', 'B')}/{path.stem}"] = (schema_name, content)
    return found


def test_every_value_of_a_tomldiary_folder_comes_over(run, home: Path, old: Path):
    before = {path: path.read_bytes() for path in old.rglob("*.toml")}
    result = run("migrate", "tomldiary", str(old), "--yes")
    assert result.exit_code == 0
    assert "2 users: 5 preferences, 4 conversations new" in result.stdout
    assert result.stdout.endswith("  Bob\n  ana@example.com\n")
    assert values(home) == values(old)
    assert len(values(home)) == 4
    pages = [tomllib.loads(path.read_text()) for path in home.glob("*/*.toml")]
    assert {page["_meta"]["version"] for page in pages} == {"1.0"}
    assert {path: path.read_bytes() for path in old.rglob("*.toml")} == before


def test_what_came_over_is_read_and_grows(run, home: Path, old: Path):
    run("migrate", "tomldiary", str(old), "--yes")
    diary = SyncDiary(home)
    assert list(diary.last_conversations("ana@example.com")) == ["", "chat 2", "chat.1"]
    report = diary.upsert_preference("ana@example.com", "allergies", "allergic to walnuts")
    assert report.results[0].status == "confirmed"
    hits = diary.recall("Bob", "What is Bob allergic to?")
    assert {hit.source for hit in hits} == {"allergies.pref001", "chat.1"}


def test_a_second_time_nothing_is_doubled(run, home: Path, old: Path):
    run("migrate", "tomldiary", str(old), "--yes")
    before = {path: path.read_bytes() for path in home.rglob("*.toml")}
    result = run("migrate", "tomldiary", str(old), "--yes")
    assert "2 users: nothing new; 9 known before" in result.stdout
    assert {path: path.read_bytes() for path in home.rglob("*.toml")} == before


def test_what_has_grown_since_comes_over_and_what_has_changed_stays(run, home: Path, old: Path):
    run("migrate", "tomldiary", str(old), "--yes")
    diary = SyncDiary(home, _table())
    diary.update_memory("ana@example.com", "new", "I don't like black coffee any more.", "Oh.")
    assert "black-coffee" not in diary.preferences("ana@example.com").data.get("likes", {})
    page = old / "ana@example.com" / "preferences.toml"
    head = "[preferences.likes.pref009]\n"
    page.write_text(f'{page.read_text()}\n{head}text = "loves tea"\nmood = "calm"\n')
    result = run("migrate", "tomldiary", str(old), "--yes")
    assert "1 preference new; 9 known before" in result.stdout
    found = diary.preferences("ana@example.com").data
    assert found["likes"]["pref009"] == {"text": "loves tea", "mood": "calm"}
    texts = [item["text"] for items in found.values() for item in items.values() if "text" in item]
    assert len(texts) == len(set(texts)) == 5
    assert not any("loves black coffee" in text for text in texts)


def _table() -> type[Any]:
    from pydantic import create_model

    from diarist import PreferenceItem

    kind = dict[str, PreferenceItem]
    return create_model("T", likes=(kind, {}), dislikes=(kind, {}), allergies=(kind, {}))


def test_a_folder_may_be_migrated_where_it_is(run, home: Path, old: Path):
    before = values(old)
    page = old / "Bob" / "preferences.toml"
    page.write_text(page.read_text() + "# Bob's own words\n")
    result = run("migrate", "tomldiary", str(old), "--diary", str(old), "--yes")
    assert "nothing new; 9 known before" in result.stdout
    assert values(old) == before
    assert page.read_text().startswith('[_meta]\nversion = "1.0"')
    assert page.read_text().endswith("# Bob's own words\n")


def test_a_dry_run_writes_nothing(run, home: Path, old: Path):
    result = run("migrate", "tomldiary", str(old), "--dry-run", "--json")
    assert json.loads(result.stdout) == {
        "new": {"preference": 5, "conversation": 4},
        "known": {},
        "expired": 0,
        "users": ["Bob", "ana@example.com"],
        "faults": [],
        "dry_run": True,
    }
    assert not home.exists()
    result = run("migrate", "tomldiary", str(old), "--dry-run")
    assert result.stdout.startswith("would bring ")


def test_nothing_is_brought_where_nobody_agrees(run, home: Path, old: Path):
    result = run("migrate", "tomldiary", str(old))
    assert result.exit_code == 2
    assert "nobody is here to ask whether to bring that over: pass --yes" in result.stderr
    assert not home.exists()


def test_a_broken_page_stays_and_the_others_come_over(run, home: Path, old: Path):
    page = old / "Bob" / "preferences.toml"
    page.write_text("[preferences\n")
    result = run("migrate", "tomldiary", str(old), "--yes")
    assert result.exit_code == 1
    assert "1 that can't be brought over" in result.stdout
    assert f"diarist: Bob: {page}, line 1" in result.stderr
    assert (home / "ana@example.com" / "preferences.toml").exists()
    assert page.read_text() == "[preferences\n"


def test_a_folder_of_something_else_is_named(run, home: Path, tmp_path: Path, old: Path):
    for path in (tmp_path / "nothing", old / "Bob"):
        result = run("migrate", "tomldiary", str(path))
        assert result.exit_code == 2
        assert f"{path} holds no memories of TOMLDiary" in result.stderr


def test_the_commands_of_the_documentation_do_what_it_says(run, home: Path, old: Path):
    memory_mini(Path("memory.db"), entry("k"))
    page = Path(__file__).parents[3] / "docs" / "coming_from.md"
    commands = re.findall(r"^diarist (migrate .*)$", page.read_text(), re.MULTILINE)
    assert len(commands) == 5
    old.rename("old-memories")
    for command in commands:
        assert run(*command.split()).exit_code == 0
    assert SyncDiary(home).list_users() == ["Bob", "ana@example.com", "memory-mini"]


# ---------------------------------------------------------------- memory-mini

LATER = "2026-05-02T12:00:00+00:00"
FAR = "2999-01-01T00:00:00+00:00"


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_entry_comes_over_with_all_it_had(run, home: Path, tmp_path: Path):
    vector = {"embedding": struct.pack("=2f", 1.0, 0.5), "embedding_dims": 2}
    path = memory_mini(
        tmp_path / "memory.db",
        entry("full", "tea\n日本", updated_at=LATER, expires_at=FAR, metadata='{"n": [1]}'),
        entry("vector", ns="default", embedding_model="unit", **vector),
        entry("gone", status="soft-deleted", updated_at=LATER),
        entry("over", expires_at=NOON),
        entry("over too", status="expired"),
    )
    before = (tmp_path / "memory.db").read_bytes()
    result = run("migrate", "memory-mini", path, "--user", "ana", "--yes")
    assert result.exit_code == 0
    assert "1 user: 3 notes new; 2 expired and left behind" in result.stdout
    notes = SyncDiary(home).notes
    full = notes.get("ana", ("a", "b"), "full")
    assert full is not None
    assert (full.value, full.metadata) == ("tea\n日本", {"n": [1]})
    assert (full.created_at, full.updated_at) == (time(NOON), time(LATER))
    assert full.expires_at == time(FAR)
    assert notes.get("ana", ("a", "b"), "gone") is None
    gone = notes.get("ana", ("a", "b"), "gone", deleted=True)
    assert gone is not None
    assert gone.deleted_at == time(LATER)
    (hit,) = notes.search("ana", vector=[1.0, 0.5], index="unit:2")
    assert (hit.source, hit.score) == ("default/vector", pytest.approx(1.0))
    assert (tmp_path / "memory.db").read_bytes() == before
    assert list(tmp_path.glob("memory.db-*")) == []


def test_the_view_reads_what_came_over(run, home: Path, tmp_path: Path):
    from diarist_compat.memory_mini import Store

    path = memory_mini(tmp_path / "memory.db", entry("k", "tea", embedding_model=None))
    run("migrate", "memory-mini", path, "--yes")
    (found,) = Store(Diary(home)).search("k")
    assert (found.value, found.namespace, found.created_at) == ("tea", "a/b", time(NOON))


def test_a_file_comes_over_once_and_what_has_grown_since(run, home: Path, tmp_path: Path):
    many = [entry(f"k{number:04}") for number in range(1200)]
    path = memory_mini(tmp_path / "memory.db", *many)
    assert "1200 notes new\n" in run("migrate", "memory-mini", path, "--yes").stdout
    notes = SyncDiary(home).notes
    notes.put("memory-mini", ("a", "b"), "k0001", "changed here")
    notes.delete("memory-mini", ("a", "b"), "k0002")
    memory_mini(tmp_path / "memory.db", entry("new"))
    result = run("migrate", "memory-mini", path, "--yes")
    assert "1 note new; 1200 known before" in result.stdout
    assert notes.get("memory-mini", ("a", "b"), "k0001").value == "changed here"
    assert notes.get("memory-mini", ("a", "b"), "k0002") is None
    assert notes.count("memory-mini").active == 1200


def test_an_entry_that_no_note_can_be_is_named_and_the_others_come_over(
    run, home: Path, tmp_path: Path
):
    path = memory_mini(
        tmp_path / "memory.db",
        entry("time", expires_at="tomorrow"),
        entry("nan", metadata='{"x": NaN}'),
        entry("list", metadata="[1]"),
        entry("broken", metadata="{"),
        entry("short", embedding=b"abc", embedding_dims=1),
        entry("fine"),
    )
    result = run("migrate", "memory-mini", path, "--dry-run")
    assert (result.exit_code, home.exists()) == (1, False)
    result = run("migrate", "memory-mini", path, "--yes")
    assert result.exit_code == 1
    assert "1 note new; 5 that can't be brought over" in result.stdout
    assert "diarist: a/b/time: expires_at is no time: 'tomorrow'; mend it there" in result.stderr
    for key in ("nan", "list", "broken", "short"):
        assert f"diarist: a/b/{key}: " in result.stderr
    assert SyncDiary(home).notes.count("memory-mini").active == 1


def test_an_empty_file_brings_nothing(run, home: Path, tmp_path: Path):
    result = run("migrate", "memory-mini", memory_mini(tmp_path / "memory.db"), "--yes")
    assert (result.exit_code, home.exists()) == (0, False)
    assert "nothing new" in result.stdout


@pytest.mark.parametrize("content", [None, b"no database" * 200, b""])
def test_a_file_of_something_else_is_named(run, home: Path, tmp_path: Path, content: bytes | None):
    path = tmp_path / "memory.db"
    if content is not None:
        path.write_bytes(content)
    result = run("migrate", "memory-mini", str(path), "--yes")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"diarist: {path} is no file")


def test_what_expires_is_hidden_when_its_time_comes(run, home: Path, tmp_path: Path):
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    path = memory_mini(tmp_path / "memory.db", entry("k", expires_at=soon))
    run("migrate", "memory-mini", path, "--yes")
    later = datetime.now(UTC) + timedelta(days=2)
    diary = Diary(home, clock=lambda: later)
    assert asyncio.run(diary.notes.get("memory-mini", ("a", "b"), "k")) is None
