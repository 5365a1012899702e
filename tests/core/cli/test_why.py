"""`diarist why`: the messages behind a fact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_it_shows_who_said_what_and_when(run, walnuts: Path):
    result = run("why", "ana", "allergies", "walnuts")
    assert result.exit_code == 0
    assert "stdin#1" in result.stdout
    assert "2024-05-01" in result.stdout
    assert "I'm allergic to walnuts." in result.stdout


def test_it_is_json_for_a_program(run, walnuts: Path):
    told = json.loads(run("why", "ana", "allergies", "walnuts", "--json").stdout)
    assert [(m["session"], m["number"], m["role"]) for m in told["messages"]] == [
        ("stdin", 1, "user")
    ]


def test_a_fact_without_messages_says_so(run, walnuts: Path):
    page = walnuts / "preferences.toml"
    page.write_text(page.read_text() + '\n[likes.tea]\ntext = "love tea"\n')
    result = run("why", "ana", "likes", "tea")
    assert result.exit_code == 0
    assert result.stdout
    assert "walnuts" not in result.stdout


def test_an_unknown_fact_is_one_line(run, walnuts: Path):
    for args in (("ana", "likes", "tea"), ("ana", "no", "tea"), ("bob", "likes", "tea")):
        result = run("why", *args)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
