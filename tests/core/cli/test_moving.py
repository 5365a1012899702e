"""`diarist export`, `import` and `delete`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.toml")}


@pytest.mark.parametrize("path", ["out", "out.zip"])
def test_what_is_exported_can_be_imported(run, walnuts: Path, path: str):
    run("note", "put", "ana", "wifi", "Porto-2")
    told = json.loads(run("export", "ana", path, "--json").stdout)
    assert {"preferences.toml", "messages.jsonl", "notes.jsonl"} <= set(told["files"])
    assert run("import", "bob", path).stdout == f"bob: imported from {path}\n"
    assert files(walnuts.parent / "bob") == files(walnuts)
    assert run("note", "get", "bob", "wifi").stdout == "Porto-2\n"
    assert "walnuts" in run("why", "bob", "allergies", "walnuts").stdout


def test_an_export_says_what_it_wrote(run, walnuts: Path):
    assert run("export", "ana", "out").stdout == (
        "ana: 6 files in out: conversations.toml, preferences.toml, messages.jsonl, turns.jsonl, "
        "notes.jsonl, sessions.jsonl\n"
    )


def test_nothing_is_written_over(run, walnuts: Path):
    run("export", "ana", "out")
    before = files(walnuts)
    result = run("export", "ana", "out")
    assert (result.exit_code, result.stderr) == (
        2,
        "diarist: out exists already; name a path that does not\n",
    )
    result = run("import", "ana", "out")
    assert result.exit_code == 2
    assert "'ana' has a diary already" in result.stderr
    assert files(walnuts) == before


def damaged(path: Path, kind: str) -> None:
    """Put something at `path` that is no export."""
    if kind == "an empty folder":
        path.mkdir()
    elif kind == "a text":
        path.write_text("hello")
    elif kind == "another zip file":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("hello.txt", "hello")
    else:
        path.mkdir()
        (path / "messages.jsonl").write_bytes(kind.encode("latin-1"))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("an empty folder", "is no export of a diary"),
        ("a text", "is no zip file that can be read"),
        ("another zip file", "is no export of a diary"),
        ('{"role": "user"}', "messages.jsonl, line 1: it lacks 'text'"),
        ("\n[1]", "messages.jsonl, line 2: "),
        ("oops", "messages.jsonl, line 1: "),
        ("\xe9", "not UTF-8"),
    ],
)
def test_what_is_no_export_is_refused_in_one_line(run, home: Path, kind: str, reason: str):
    damaged(Path("given"), kind)
    result = run("import", "bob", "given")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr
    assert run("users").stdout == ""


def test_a_path_that_is_not_there_is_one_line(run, home: Path):
    result = run("import", "bob", "nowhere.zip")
    assert (result.exit_code, result.stderr) == (
        2,
        "diarist: nowhere.zip: no such file or directory\n",
    )


def test_a_delete_without_anybody_to_ask_needs_yes(run, walnuts: Path):
    result = run("delete", "ana")
    assert result.exit_code == 2
    assert "pass --yes" in result.stderr
    assert walnuts.exists()


def test_a_delete_says_what_it_removed(run, walnuts: Path):
    told = json.loads(run("delete", "ana", "--yes", "--json").stdout)
    assert (told["user_id"], told["messages"], told["turns"]) == ("ana", 1, 1)
    assert told["pages"] == ["conversations", "preferences"]
    assert not walnuts.exists()
    assert run("delete", "ana", "--yes").exit_code == 2


@pytest.mark.parametrize("command", [("export", "bob", "out"), ("delete", "bob", "--yes")])
def test_a_stranger_is_named(run, walnuts: Path, command: tuple[str, ...]):
    result = run(*command)
    assert result.exit_code == 2
    assert "has no user 'bob'" in result.stderr
