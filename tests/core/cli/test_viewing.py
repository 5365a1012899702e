"""`diarist view`: a diary as one page, in a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.conftest import lines


def test_it_writes_a_file_named_after_the_user_and_says_so(run, walnuts: Path):
    result = run("view", "ana")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("ana: ana.html, ")
    page = Path("ana.html")
    assert "allergic to walnuts" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {path.name for path in Path().iterdir()} == {"ana.html", "memories"}


def test_it_writes_over_a_page_of_its_own_and_over_nothing_else(run, walnuts: Path):
    assert run("view", "ana").exit_code == 0
    assert run("view", "ana").exit_code == 0
    Path("ana.html").write_text("my own")
    result = run("view", "ana")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "-o" in result.stderr
    assert Path("ana.html").read_text() == "my own"
    assert run("view", "ana", "-o", "ana.html").exit_code == 0
    assert "walnuts" in Path("ana.html").read_text()


def test_a_user_id_that_is_no_file_name_leaves_no_folder(run, home: Path):
    said = lines({"role": "user", "content": "I love tea."})
    assert run("ingest", "../eve", "-", input=said).exit_code == 0
    told = json.loads(run("view", "../eve", "--json").stdout)
    assert told["path"] == "%2E.%2Feve.html"
    assert told["bytes"] == Path(told["path"]).stat().st_size


def test_it_prints_the_page_and_nothing_else(run, walnuts: Path):
    result = run("view", "ana", "-o", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("<!doctype html>")
    assert result.stdout.endswith("</html>\n")
    assert not Path("ana.html").exists()


def test_it_shows_as_much_as_is_asked_for(run, walnuts: Path):
    run("note", "put", "ana", "wifi", "router")
    page = run("view", "ana", "-o", "-", "--messages", "0", "--notes", "0").stdout
    assert "1 message is not on this page" in page
    assert "1 older note is not on this page" in page
    assert "router" not in page


def test_it_opens_the_page_in_the_browser(walnuts: Path, tmp_path: Path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    command = [sys.executable, "-m", "diarist.cli", "view", "ana", "--open"]
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    subprocess.run(command, env=environment, check=True, timeout=60, capture_output=True)
    assert (tmp_path / "opened").read_text() == f"{Path('ana.html').absolute().as_uri()}\n"


def test_a_broken_page_is_shown_as_such(run, walnuts: Path):
    (walnuts / "preferences.toml").write_text("oops")
    result = run("view", "ana", "-o", "-")
    assert result.exit_code == 0
    assert "preferences, line 1" in result.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["bob"],
        [""],
        ["ana", "-o", "-", "--open"],
        ["ana", "-o", "-", "--json"],
        ["ana", "-o", "missing/ana.html"],
        ["ana", "-o", "memories"],
        ["ana", "--messages", "-1"],
        ["ana", "--notes", "many"],
        ["ana", "--diary", "elsewhere"],
    ],
    ids=" ".join,
)
def test_wrong_input_is_one_line_and_exit_code_2(run, walnuts: Path, args: list[str]):
    result = run("view", *args)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
