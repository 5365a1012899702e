"""Wrong input of each kind, for each command: one clear line, exit code 2, never a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest

from core.cli.commands import every_command, named

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = [" ".join(names) for names in every_command()]
RIGHT: dict[str, list[str]] = {
    "backend check": ["memories"],
    "backend init": ["postgresql://127.0.0.1:1/x"],
    "check": ["ana"],
    "compact": ["ana"],
    "context": ["ana"],
    "copy": ["memories", "others"],
    "delete": ["ana", "--yes"],
    "edit": ["ana"],
    "export": ["ana", "out"],
    "forget": ["ana", "allergies", "walnuts"],
    "import": ["bob", "exported"],
    "ingest": ["ana", "chat.jsonl"],
    "migrate memory-mini": ["memory.db"],
    "migrate tomldiary": ["old"],
    "note cleanup": ["ana"],
    "note get": ["ana", "wifi"],
    "note list": ["ana"],
    "note put": ["ana", "wifi", "Porto-2"],
    "note restore": ["ana", "wifi"],
    "note rm": ["ana", "wifi"],
    "recall": ["ana", "walnuts"],
    "reembed": ["ana", "--embed", "model.py:embed"],
    "schema conversations": [],
    "schema preferences": [],
    "show": ["ana"],
    "users": [],
    "view": ["ana"],
    "why": ["ana", "allergies", "walnuts"],
}
"""What each command is given where it is right: its words after the name."""
SAID = '{"role": "user", "content": "I\'m allergic to walnuts.", "timestamp": 1714555800}\n'


@pytest.fixture
def files(run, walnuts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Ana's diary, beside files of every wrong kind."""
    monkeypatch.setenv("EDITOR", "true")
    run("export", "ana", "exported")
    Path("chat.jsonl").write_text(SAID)
    Path("model.py").write_text("def embed(texts):\n    return [[1.0, 0.0] for _ in texts]\n")
    Path("a-file").write_text("hello")
    Path("latin.jsonl").write_bytes(SAID.replace("walnuts", "nóz").encode("latin-1"))
    Path("broken.json").write_text('{"role": ')
    Path("broken.py").write_text("class X(:\n")
    Path("number.py").write_text("X = 7\n")
    Path("a-folder").mkdir()
    return walnuts.parent


def words(name: str) -> list[str]:
    return [*name.split(), *RIGHT[name]]


def with_parameter(name: str, *, kind: str | None = None) -> list[str]:
    """Return the commands that have an option or an argument of this name, and of this kind."""
    return [
        command
        for command in COMMANDS
        for parameter in named(command).params
        if name in (parameter.name, *getattr(parameter, "opts", ()))
        and kind in (None, parameter.param_type_name)
    ]


NUMBERS = [
    ("context", "--max-tokens"),
    ("note list", "--limit"),
    ("note list", "--offset"),
    ("recall", "-k"),
    ("view", "--messages"),
    ("view", "--notes"),
]


def assert_one_line(result, *told: str) -> None:
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("diarist: "), result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "Error(" not in result.stderr
    for text in told:
        assert text in result.stderr, result.stderr


def test_every_command_is_among_those_that_are_tried():
    assert set(RIGHT) == set(COMMANDS)


# ---------------------------------------------------------------- the command line itself


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_named(run, files: Path, name: str):
    assert_one_line(run(*words(name), "--nonsense"), "--nonsense", f"`diarist {name} --help`")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_word_too_many_is_refused(run, files: Path, name: str):
    places = [p for p in named(name).params if p.param_type_name == "argument"]
    given = len([word for word in RIGHT[name] if not word.startswith("--")])
    rest = ["preferences"] * (len(places) - given)
    assert_one_line(run(*words(name), *rest, "too-many"), "too-many", "--help")


@pytest.mark.parametrize("name", [n for n in COMMANDS if any(p.required for p in named(n).params)])
def test_a_missing_argument_is_named(run, files: Path, name: str):
    first = next(p for p in named(name).params if p.required)
    shown = first.metavar or first.opts[0]
    assert_one_line(run(*name.split()), shown, f"`diarist {name} --help`")


@pytest.mark.parametrize("value", ["x", "", "1.5", "-1", "9" * 30])
@pytest.mark.parametrize(("name", "option"), NUMBERS, ids=" ".join)
def test_a_number_that_is_none_is_refused(run, files: Path, name: str, option: str, value: str):
    told = option.strip("-").replace("-", "_")
    assert_one_line(run(*words(name), option, value))
    assert told in run(*words(name), option, value).stderr.replace("-", "_")


# ---------------------------------------------------------------- who


@pytest.mark.parametrize("name", with_parameter("user", kind="argument"))
@pytest.mark.parametrize("user", ["", "a\nb", "\0", "x" * 70_000, "\udcff"])
def test_a_user_id_that_is_none_is_refused(run, files: Path, name: str, user: str):
    line = words(name)
    line[len(name.split())] = user
    assert_one_line(run(*line))


MAKES_A_USER = {"import", "ingest", "note put"}


@pytest.mark.parametrize(
    "name", sorted(set(with_parameter("user", kind="argument")) - MAKES_A_USER)
)
def test_an_unknown_user_is_named(run, files: Path, name: str):
    line = words(name)
    line[len(name.split())] = "nobody"
    assert_one_line(run(*line), "'nobody'")


# ---------------------------------------------------------------- where


@pytest.mark.parametrize("name", with_parameter("--diary"))
@pytest.mark.parametrize(
    "place",
    [
        "",
        "a-file",
        "a-file/below",
        "nonsense://x/y",
        "postgresql://127.0.0.1:1/x?connect_timeout=2",
        "postgresql://127.0.0.1:1/x?schema=No Such",
        "firestore://p/uneven",
        "firestore://p/app/memory?nonsense=1",
        "firestore://p/app/memory?credentials=missing.json",
        "\0",
    ],
)
def test_a_place_that_is_none_is_refused(run, files: Path, name: str, place: str):
    assert_one_line(run(*words(name), "--diary", place))


@pytest.mark.parametrize("name", with_parameter("--schema"))
@pytest.mark.parametrize(
    "table", ["", "x", "missing.py:X", "broken.py:X", "number.py:X", "number.py:Y", "a-folder:X"]
)
def test_a_table_that_is_none_is_refused(run, files: Path, name: str, table: str):
    assert_one_line(run(*words(name), "--schema", table))


@pytest.mark.parametrize("name", with_parameter("--embed"))
@pytest.mark.parametrize("model", ["", "x", "missing.py:X", "broken.py:X", "number.py:X"])
def test_a_model_that_is_none_is_refused(run, files: Path, name: str, model: str):
    given = [word for word in words(name) if word not in ("--embed", "model.py:embed")]
    assert_one_line(run(*given, "--embed", model))


# ---------------------------------------------------------------- what is read


WRONG_VALUES: list[tuple[str, list[str]]] = [
    ("ingest", ["ana", "missing.jsonl"]),
    ("ingest", ["ana", "a-folder"]),
    ("ingest", ["ana", "a-file"]),
    ("ingest", ["ana", "broken.json"]),
    ("ingest", ["ana", "latin.jsonl"]),
    ("ingest", ["ana", "chat.jsonl\0"]),
    ("import", ["bob", "missing"]),
    ("import", ["bob", "a-file"]),
    ("import", ["bob", "a-folder"]),
    ("import", ["ana", "exported"]),
    ("export", ["ana", "exported"]),
    ("export", ["ana", "a-file/out"]),
    ("export", ["ana", "a-file"]),
    ("export", ["ana", ""]),
    ("migrate tomldiary", ["missing"]),
    ("migrate tomldiary", ["a-file"]),
    ("migrate memory-mini", ["missing.db"]),
    ("migrate memory-mini", ["a-file"]),
    ("migrate memory-mini", ["a-folder"]),
    ("copy", ["missing", "others"]),
    ("copy", ["memories", "a-file"]),
    ("copy", ["nonsense://x", "others"]),
    ("copy", ["memories", "others", "--user", "nobody"]),
    ("backend check", ["nonsense://x"]),
    ("backend init", ["memories"]),
    ("backend init", ["postgresql://127.0.0.1:1/x?connect_timeout=2"]),
    ("show", ["ana", "nonsense"]),
    ("edit", ["ana", "nonsense"]),
    ("forget", ["ana", "nonsense", "walnuts"]),
    ("forget", ["ana", "allergies", "nonsense"]),
    ("why", ["ana", "nonsense", "walnuts"]),
    ("why", ["ana", "allergies", "nonsense"]),
    ("recall", ["ana", "x", "--kind", "nonsense"]),
    ("recall", ["ana", "x", "--since", "nonsense"]),
    ("recall", ["ana", "x", "--since", "2026-05-02", "--until", "2026-05-01"]),
    ("schema preferences", ["-f", "xml"]),
    ("schema preferences", ["missing.py:X"]),
    ("note put", ["ana", "k", "{", "--json-value"]),
    ("note put", ["ana", "k", "x", "--metadata", "{"]),
    ("note put", ["ana", "k", "x", "--metadata", "[1]"]),
    ("note put", ["ana", "k", "x", "--ttl", "soon"]),
    ("note put", ["ana", "k", "x", "--ttl", "0d"]),
    ("note put", ["ana", "k", "x", "-n", "a//b"]),
    ("note list", ["ana", "--filter", "{"]),
    ("note list", ["ana", "--filter", "[]"]),
    ("note list", ["ana", "--filter", '{"a": {"$nonsense": 1}}']),
    ("note cleanup", ["ana", "--retention", "soon"]),
    ("view", ["ana", "-o", "a-folder"]),
    ("view", ["ana", "-o", "a-file/x.html"]),
    ("view", ["ana", "-o", ""]),
    ("view", ["ana", "-o", "-", "--json"]),
]


@pytest.mark.parametrize(("name", "given"), WRONG_VALUES, ids=lambda one: " ".join(one)[:60])
def test_a_wrong_value_is_told_in_a_line(run, files: Path, name: str, given: list[str]):
    assert_one_line(run(*name.split(), *given))


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN: dict[str, Callable[[Path], object]] = {
    "no TOML": _text("oops"),
    "no UTF-8": lambda path: path.write_bytes(b'[likes.x]\ntext = "\xff"\n'),
    "a folder": _folder,
    "newer": _text('[_meta]\nversion = "9.0"\n'),
    "NUL": lambda path: path.write_bytes(b"\0" * 100),
    "no file": lambda path: (path.unlink(), path.symlink_to(path)),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("name", with_parameter("--diary"))
def test_a_broken_page_is_told_in_a_line_and_left_as_it_is(run, files: Path, name: str, fault: str):
    page = files / "ana/preferences.toml"
    BROKEN[fault](page)
    result = run(*words(name))
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert re.fullmatch(r"(?:diarist: [^\n]+\n)+", result.stderr), result.stderr
    if fault == "no TOML" and name != "delete":
        assert page.read_text() == "oops"


def as_anybody(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody to whom permissions mean something, which to root they don't."""
    is_root = os.geteuid() == 0
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if is_root else []
    return subprocess.run(
        [*drop, sys.executable, "-m", "diarist.cli", *line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(os.geteuid() == 0 and not which("setpriv"), reason="root may read everything")
@pytest.mark.parametrize("name", with_parameter("--diary"))
def test_what_may_not_be_read_is_told_in_a_line(files: Path, name: str):
    (files / "ana").chmod(0)
    try:
        result = as_anybody(words(name))
    finally:
        (files / "ana").chmod(0o700)
    assert result.returncode in (0, 1, 2)
    assert "Traceback" not in result.stderr
    if result.returncode == 2:
        assert re.fullmatch(r"(?:diarist: [^\n]+\n)+", result.stderr), result.stderr
        is_about_it = not name.startswith("migrate")  # which finds nothing to bring over
        assert ("ermission denied" in result.stderr) is is_about_it


# ---------------------------------------------------------------- where the answer goes


PRINTS = ["show ana", "users", "context ana", "recall ana walnuts", "schema preferences", "--help"]


def program(line: str) -> list[str]:
    return [sys.executable, "-m", "diarist.cli", *line.split()]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to try")
@pytest.mark.parametrize("line", PRINTS)
def test_a_full_disk_under_the_answer_is_told_in_a_line(files: Path, line: str):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program(line), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (2, "diarist: no space left on device\n")


@pytest.mark.parametrize("line", PRINTS)
def test_a_reader_that_leaves_is_no_fault(files: Path, line: str):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            program(line), stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_ctrl_c_ends_with_130_and_a_line(files: Path):
    """The command waits for the rest of standard input."""
    child = subprocess.Popen(
        program("note put ana plan -"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    waiting = Path(f"/proc/{child.pid}/wchan") if sys.platform == "linux" else None
    deadline = time.monotonic() + 60
    while waiting is not None and "pipe" not in waiting.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, told = child.communicate(timeout=60)
    assert (child.returncode, out, told.strip()) == (130, "", "diarist: stopped")


@pytest.mark.parametrize(
    ("place", "extra"),
    [("postgresql://h/d", "postgres"), ("firestore://p/app/memory", "firestore")],
)
def test_a_missing_extra_is_named(files: Path, place: str, extra: str):
    blocked = "import sys; sys.modules.update({'psycopg': None, 'google.cloud.firestore': None})"
    code = f"{blocked}; from diarist.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "users", "--diary", place],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert f"pip install 'diarist[{extra}]'" in done.stderr
