"""The command as a whole: help, wrong input, exit codes, pipes, and life without the extra."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from core.cli.commands import every_command
from diarist.cli.app import app

SAID = '{"role": "user", "content": "I\'m allergic to walnuts."}\n'


def diarist(*args: str, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "diarist.cli", *args],
        input=input,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def test_there_are_the_commands_of_the_documentation():
    assert sorted(every_command()) == [
        ("backend", "check"),
        ("backend", "init"),
        ("check",),
        ("compact",),
        ("context",),
        ("copy",),
        ("delete",),
        ("edit",),
        ("export",),
        ("forget",),
        ("import",),
        ("ingest",),
        ("migrate", "memory-mini"),
        ("migrate", "tomldiary"),
        ("note", "cleanup"),
        ("note", "get"),
        ("note", "list"),
        ("note", "put"),
        ("note", "restore"),
        ("note", "rm"),
        ("recall",),
        ("reembed",),
        ("schema", "conversations"),
        ("schema", "preferences"),
        ("show",),
        ("users",),
        ("view",),
        ("why",),
    ]


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(run, command: tuple[str, ...]):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"diarist {' '.join(command)}" in result.stdout.split("For example:")[1]


def test_every_argument_and_option_says_what_it_is_for():
    for names in every_command():
        command = get_command(app)
        for name in names:
            command = command.commands[name]  # type: ignore[attr-defined]
        for parameter in command.params:
            assert getattr(parameter, "help", None), (names, parameter.name)


def test_alone_it_says_what_there_is(run):
    result = run()
    assert result.exit_code == 0
    assert "ingest" in result.stdout


def test_the_version_is_that_of_the_package(run):
    from diarist import __version__  # type: ignore[attr-defined]

    assert run("--version").stdout == f"diarist {__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["--nonsense"],
        ["show"],
        ["show", "ana", "other"],
        ["show", ""],
        ["show", "a\nb"],
        ["users", "too", "many"],
        ["users", "--diary"],
        ["users", "--diary", ""],
        ["users", "--diary", "a-file"],
        ["check", "ana", "--diary", "a-file"],
        ["schema"],
        ["schema", "preferences", "-f", "xml"],
        ["ingest", "ana"],
        ["ingest", "", "-"],
        ["ingest", "ana", "-", "--diary", "a-file"],
    ],
    ids=" ".join,
)
def test_wrong_input_is_one_line_and_exit_code_2(run, home: Path, args: list[str]):
    Path("a-file").write_text("")
    result = run(*args, input=SAID)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("diarist: ")
    assert result.stderr.count("\n") == 1


def test_a_wrong_command_line_names_the_help(run):
    assert "(see `diarist show --help`)" in run("show").stderr


def test_a_fault_of_our_own_keeps_its_traceback(home: Path, monkeypatch: pytest.MonkeyPatch):
    from typer.testing import CliRunner

    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("diarist.cli.pages.open_diary", fail)
    assert isinstance(CliRunner().invoke(app, ["users"]).exception, LookupError)


def test_as_a_process_it_reads_standard_input_and_shows_the_page(home: Path):
    taken = diarist("ingest", "ana", "-", "--json", input=SAID)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert json.loads(taken.stdout)["turns"] == 1
    shown = diarist("show", "ana")
    assert shown.returncode == 0
    assert "walnuts: allergic to walnuts" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_as_a_process_wrong_input_leaves_no_traceback(home: Path):
    for args in (["show", "bob"], ["ingest", "ana", "missing"], ["nonsense"], ["users", "\udcff"]):
        result = diarist(*args)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_check_exits_with_1_when_something_is_found(home: Path):
    diarist("ingest", "ana", "-", input=SAID)
    assert diarist("check").returncode == 0
    (home / "ana" / "preferences.toml").write_text("oops")
    result = diarist("check")
    assert result.returncode == 1
    assert result.stdout.startswith(f"{home / 'ana' / 'preferences.toml'}:1: ")


def test_a_reader_that_leaves_early_is_no_error(home: Path):
    diarist("ingest", "ana", "-", input=SAID)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "diarist.cli", "show", "ana"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert result.stderr == ""


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(home: Path, missing: str):
    program = f"import sys; sys.modules[{missing!r}] = None; from diarist.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'diarist[cli]'" in result.stderr
