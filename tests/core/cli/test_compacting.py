"""`diarist compact`: what is there twice becomes one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TWICE = """
[likes.a]
text = "love tea"
_count = 1

[likes.b]
text = "love tea"
_count = 1
"""


def twice(walnuts: Path) -> Path:
    page = walnuts / "preferences.toml"
    page.write_text(page.read_text() + TWICE)
    os.utime(page, (1, 1))  # long ago
    return page


def test_it_merges_doubles_and_says_so(run, walnuts: Path):
    page = twice(walnuts)
    result = run("compact", "ana")
    assert result.exit_code == 0
    assert result.stdout == "ana:\n  merged preferences likes/b into likes/a: love tea\n"
    assert "likes.b" not in page.read_text()
    assert run("compact", "ana").stdout == "ana: nothing to compact\n"


def test_a_dry_run_writes_nothing(run, walnuts: Path):
    page = twice(walnuts)
    before = page.read_text()
    result = run("compact", "ana", "--dry-run")
    assert result.stdout.startswith("ana, nothing written:\n  merged preferences likes/b")
    assert page.read_text() == before


def test_a_page_in_an_editor_is_left_alone(run, walnuts: Path):
    page = twice(walnuts)
    (walnuts / ".preferences.toml.swp").touch()
    result = run("compact", "ana")
    assert result.exit_code == 0
    assert "an editor has it open" in result.stdout
    assert "likes.b" in page.read_text()


def test_an_unknown_user_is_one_line(run, walnuts: Path, home: Path):
    result = run("compact", "bob")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert not (home / "bob").exists()
