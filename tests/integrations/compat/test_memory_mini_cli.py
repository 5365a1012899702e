"""memory-mini's command line over a diary."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from diarist_compat.memory_mini.cli import main

if TYPE_CHECKING:
    from pathlib import Path


class Run(Protocol):
    """`run("stats")` gives the exit code, what was printed, and what went wrong."""

    def __call__(self, *args: str) -> tuple[int, str, str]: ...


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        code = main(["--db", str(tmp_path / "memory.db"), *args])
        return (code, *capsys.readouterr())

    return call


def test_every_command_does_its_work(run: Run):
    assert json.loads(run("store", "k-1", "Finished it", "--namespace", "a/b")[1]) == {
        "key": "k-1", "namespace": "a/b", "status": "active",
    }  # fmt: skip
    assert run("get", "k-1", "--ns", "a/b") == (0, "Finished it\n", "")
    assert run("get", "missing") == (0, "\n", "")
    assert run("list")[1] == run("list", "--ns", "a/b")[1] == "a/b\tk-1\tactive\tFinished it\n"
    for mode, text in (("prefix", "k"), ("fts", "finished"), ("regex", "F.n")):
        assert run("search", text, "--mode", mode)[1] == "a/b\tk-1\tFinished it\n"
    assert run("soft-delete", "k-1", "--ns", "a/b")[1] == "deleted\n"
    assert run("soft-delete", "k-2", "--ns", "a/b")[1] == "missing\n"
    assert run("list")[1] == ""
    assert run("list", "--include-deleted")[1] == "a/b\tk-1\tsoft-deleted\tFinished it\n"
    assert run("restore", "k-1", "--ns", "a/b")[1] == "restored\n"
    run("soft-delete", "k-1", "--ns", "a/b")
    assert run("cleanup", "--retention-days", "7")[1] == "0\n"
    assert run("cleanup", "--all-deleted")[1] == "1\n"
    assert json.loads(run("stats")[1])["total"] == 0


def test_metadata_stays_unless_it_is_told(run: Run, tmp_path: Path):
    from diarist_compat.memory_mini import Store

    run("store", "k", "v", "--metadata", '{"b": 1}')
    run("store", "k", "w")
    assert Store(tmp_path / "memory.db").get("k").metadata == {"b": 1}


def test_a_value_with_tabs_and_lines_stays_one_row(run: Run):
    run("store", "k", "one\ttwo\nthree\\n")
    assert run("list")[1] == "default\tk\tactive\tone\\ttwo\\nthree\\\\n\n"
    assert run("get", "k")[1] == "one\ttwo\nthree\\n\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["store", "k", "again", "--no-upsert"], "memory-mini: there is a note 'k' in"),
        (["search", "(", "--mode", "regex"], "memory-mini: missing ), unterminated subpattern"),
        (["cleanup", "--retention-days", "-1"], "memory-mini: retention must not be negative"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(run: Run, args: list[str], said: str):
    run("store", "k", "v")
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


@pytest.mark.parametrize("metadata", ["{", "[1]"])
def test_wrong_json_is_told_with_the_usage(
    run: Run, capsys: pytest.CaptureFixture[str], metadata: str
):
    with pytest.raises(SystemExit) as caught:
        run("store", "k", "v", "--metadata", metadata)
    assert caught.value.code == 2
    assert f"argument --metadata: '{metadata}'" in capsys.readouterr().err


def test_it_runs_as_a_module(tmp_path: Path):
    command = [sys.executable, "-m", "diarist_compat.memory_mini", "--db", "m.db", "stats"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)["active"] == 0
    assert list(tmp_path.iterdir()) == []
