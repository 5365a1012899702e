"""`diarist copy` between a folder and PostgreSQL: equal there and back, and after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from backends.postgres_server import address, run, schema
from diarist import Diary, Message, SyncDiary
from diarist.blocking import finish
from diarist.cli.app import app
from diarist.testing.whole import everything, fill

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    with schema() as name:
        yield address(schema=name)


def copied(source: str, target: str) -> str:
    result = CliRunner().invoke(app, ["copy", source, target], prog_name="diarist")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def records(folder: str, user: str) -> Any:
    twin = Diary(folder).blocking
    assert twin is not None
    assert twin.records is not None
    return finish(everything(twin.records, user))


def pages(folder: str) -> dict[str, bytes]:
    found = [*Path(folder).rglob("*.toml"), *Path(folder).rglob("*.md")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_there_and_back_every_page_has_its_bytes_and_every_record_is_equal(place: str):
    diary = SyncDiary("here")
    for user in ("ana", "a/b"):
        diary.update_memory(user, "chat", f"I'm allergic to {user[0]}nuts.", "Noted.")
        diary.messages.append(user, "odd", [Message("user", "line\u2028line\x85\n\0")])
        diary.notebook(user, "Web Search").append("é\u2028look twice")
        finish(fill(diary.diary.blocking.records, user))
    page = Path("here/ana/preferences.toml")
    page.write_text(page.read_text() + "\r\n# mine, by hand\n")
    told = copied("here", place)
    assert copied(place, "back") == told
    assert pages("here") == pages("back")
    assert len(pages("here")) == 6
    for user in ("ana", "a/b"):
        assert records("back", user) == records("here", user)


@pytest.mark.slow
def test_a_killed_copy_is_completed_by_the_next(place: str):
    diary = SyncDiary("here")
    for number in range(60):
        diary.update_memory(f"user{number}", "chat", "I like tea.", "Good.")
    assert SyncDiary(place).list_users() == []  # the tables are there
    name = place.rpartition("schema=")[2]
    command = [sys.executable, "-m", "diarist.cli", "copy", "here", place]
    with subprocess.Popen(command) as child:
        until = time.monotonic() + 60
        while run(f"SELECT count(*) FROM {name}.all_documents") == [(0,)]:
            assert child.poll() is None
            assert time.monotonic() < until
        child.send_signal(signal.SIGKILL)
    ((pages_there,),) = run(f"SELECT count(*) FROM {name}.all_documents")
    assert 0 < pages_there < 120
    told = copied("here", place)
    assert told.startswith("60 users copied")
    assert told.endswith(": 120 pages, 120 messages, 60 turns, 0 notes; each compared\n")
