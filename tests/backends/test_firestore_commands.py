"""The command line on a diary in Firestore."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from backends import postgres_server
from diarist.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from backends.firestore_server import FirestoreServer

AWAY = "firestore://project/app/memory?database=main&records=records"
SAID = '{"role": "user", "content": "I\'m allergic to walnuts."}'


@pytest.fixture(autouse=True)
def place(server: FirestoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str, input: str = "") -> str:
    result = CliRunner().invoke(app, args, input=input, prog_name="diarist")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def test_commands_work_on_an_address(monkeypatch: pytest.MonkeyPatch, server: FirestoreServer):
    monkeypatch.setenv("DIARIST_HOME", AWAY)
    assert "added" in run("ingest", "ana", "-", input=SAID)
    assert "walnuts" in run("show", "ana")
    assert "I'm allergic to walnuts." in run("why", "ana", "allergies", "walnuts")
    monkeypatch.setenv("EDITOR", "sed -i s/walnuts/pecans/")
    assert run("edit", "ana") == "preferences of ana: saved\n"
    assert "pecans" in run("show", "ana")
    assert run("check") == "1 user, nothing to mend\n"
    assert all("/databases/main/documents/app/memory/ana/" in name for name in server.documents)
    assert "1 message" in run("delete", "ana", "--yes")
    assert server.documents == {}


def test_a_diary_moves_there_and_back():
    run("ingest", "ana", "-", "--diary", "here", input=SAID)
    run("note", "put", "ana", "wifi", "Porto-2", "--diary", "here")
    told = "1 user copied: 2 pages, 1 message, 1 turn, 1 note; each compared\n"
    assert run("copy", "here", AWAY) == told
    assert run("copy", AWAY, "back") == told
    assert "1 of them there before" in run("copy", "here", "back")


def test_a_repair_is_for_sqlite_alone():
    run("ingest", "ana", "-", "--diary", "here", input=SAID)
    run("copy", "here", AWAY)
    pages_alone = AWAY.partition("&records")[0]
    result = CliRunner().invoke(app, ["check", "--repair", "--diary", pages_alone])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "diarist: --repair mends databases of SQLite, and this diary has none\n"
    )
    result = CliRunner().invoke(app, ["ingest", "ana", "-", "--diary", pages_alone], input=SAID)
    assert result.exit_code == 2
    assert "no records" in result.stderr


def test_a_live_backend_is_tried(server: FirestoreServer):
    told = run("backend", "check", AWAY)
    assert [line.split()[1] for line in told.splitlines()] == ["yes"] * 11
    assert server.documents == {}
    told = run("backend", "check", "firestore://project")
    assert [line.split()[1] for line in told.splitlines()] == [*["yes"] * 6, *["no"] * 4, "yes"]


def test_a_diary_moves_from_a_folder_to_postgresql_and_to_firestore():
    run("ingest", "ana", "-", "--diary", "here", input=SAID)
    run("note", "put", "ana", "wifi", "Porto-2", "--diary", "here")
    told = "1 user copied: 2 pages, 1 message, 1 turn, 1 note; each compared\n"
    with postgres_server.schema() as schema:
        postgres = postgres_server.address(schema=schema)
        assert run("copy", "here", postgres) == told
        assert "walnuts" in run("show", "ana", "--diary", postgres)
        beside = f"firestore://project/app/memory?records={quote(postgres)}"
        assert run("copy", postgres, AWAY) == told
        run("delete", "ana", "--yes", "--diary", postgres)
        assert run("copy", AWAY, beside) == told
        assert "ana" in run("users", "--diary", beside)
