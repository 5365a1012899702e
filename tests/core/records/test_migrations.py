"""A database that any version of diarist wrote is opened with everything in it.

Where this fails because version 1 changed before its release, run
`python tests/core/records/fixtures.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from core.records.children import assert_sound, said
from core.records.fixtures import DATA, HOUR, MODEL, NOON
from diarist import BackendError, SyncDiary
from diarist.backends.statements import schema
from diarist.testing import FrozenClock

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = sorted(path.stem for path in DATA.glob("v*.db"))


def opened(version: str, folder: Path) -> SyncDiary:
    """Return a diary over a copy of a database, a day after it was written."""
    (folder / "ana").mkdir()
    shutil.copy(DATA / f"{version}.db", folder / "ana" / "diary.db")
    return SyncDiary(folder, clock=FrozenClock(NOON + 24 * HOUR))


def test_there_is_a_database_of_every_version():
    assert f"v{schema.VERSION}" == VERSIONS[-1]
    assert len(VERSIONS) == schema.VERSION
    for version in VERSIONS:
        connection = sqlite3.connect(f"file:{DATA / version}.db?immutable=1", uri=True)
        assert connection.execute("PRAGMA user_version").fetchone() == (int(version[1:]),)
        connection.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_message_is_there_with_its_number_and_its_native_form(version: str, tmp_path: Path):
    messages = opened(version, tmp_path).messages
    found = messages.read("ana", "chat", status=None)
    assert [(m.number, m.role, m.text, m.id, m.name, m.status, m.at) for m in found] == [
        (1, "user", "Where is the café?", "m1", None, "archived", NOON),
        (2, "assistant", "", None, None, "active", NOON),
        (3, "tool", "Rua das Flores", None, "maps", "active", NOON),
        (4, "assistant", "日本料理 is next to it.", None, None, "active", NOON - HOUR),
    ]
    assert found[1].payload is not None
    assert found[1].payload.format == "langchain/1"
    assert found[1].payload.data == {"tool_calls": [{"id": "call_1", "args": {"n": 1.5}}]}
    assert dict(found[2].metadata) == {"stars": 4}
    sessions = [(s.id, s.messages, s.archived, s.turns) for s in messages.sessions("ana")]
    assert sessions == [("talk", 3, 0, 7), ("chat", 3, 1, 0)]
    assert [m.number for m in messages.append("ana", "chat", said("next"))] == [6]


@pytest.mark.parametrize("version", VERSIONS)
def test_turns_are_in_their_states_and_the_one_that_waits_is_taken(version: str, tmp_path: Path):
    diary = opened(version, tmp_path)
    records = diary.diary.records
    assert records is not None

    def states() -> list[tuple[object, ...]]:
        turns = asyncio.run(records.turns("ana"))
        return [(t.number, t.state, t.reason, t.attempts, t.text_of("user")) for t in turns]

    ended = [(5, "done", None, 0, "turn 1"), (6, "failed", "TimeoutError: too slow", 0, "turn 2")]
    assert states() == [*ended, (7, "pending", "not yet", 1, "turn 3")]
    assert [report.turn for report in diary.catch_up("ana")] == [7]
    assert states() == [*ended, (7, "done", None, 1, "turn 3")]


@pytest.mark.parametrize("version", VERSIONS)
def test_notes_are_found_by_key_words_and_vectors_and_deleted_ones_restored(
    version: str, tmp_path: Path
):
    notes = opened(version, tmp_path).notes
    listed = [(n.namespace, n.key, n.value, dict(n.metadata)) for n in notes.list("ana")]
    assert listed == [
        ((), "", [1, None], {}),
        (("recipes",), "bolo", "bolo de arroz", {}),
        (("recipes", "soup"), "verde", {"text": "caldo verde"}, {"by": "ana"}),
    ]
    bolo = notes.get("ana", "recipes", "bolo")
    assert bolo is not None
    assert (bolo.created_at, bolo.ttl, bolo.expires_at) == (NOON, 1000 * HOUR, NOON + 1000 * HOUR)
    assert [hit.source for hit in notes.search("ana", query="Verde")] == ["recipes/soup/verde"]
    hits = notes.search("ana", vector=[0.0, 1.0, 0.5], index=MODEL)
    assert [(hit.note and hit.note.value, round(hit.score, 3)) for hit in hits] == [
        ([1, None], 1.0)
    ]
    assert notes.restore("ana", "recipes", "old") is True
    assert [hit.source for hit in notes.search("ana", query="forgotten")] == ["recipes/old"]
    hits = notes.search("ana", vector=[0.0, 0.0, 1.0])
    assert hits[0].source == "recipes/old"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_is_of_todays_version_once_it_was_opened(version: str, tmp_path: Path):
    diary, path = opened(version, tmp_path), tmp_path / "ana" / "diary.db"
    assert diary.messages.count("ana", "chat") == 3
    diary.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    connection.close()
    assert_sound(path)


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(tmp_path: Path):
    diary, path = opened(VERSIONS[-1], tmp_path), tmp_path / "ana" / "diary.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    for call in (diary.messages.read, diary.messages.clear):
        with pytest.raises(BackendError, match=r"written by a newer diarist .*: upgrade diarist"):
            call("ana", "chat")
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "ana" / "diary.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entries (key TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    diary = SyncDiary(tmp_path)
    for call in (diary.messages.read, diary.messages.clear):
        with pytest.raises(BackendError, match=r"diary\.db is a database of another program; name"):
            call("ana", "chat")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
