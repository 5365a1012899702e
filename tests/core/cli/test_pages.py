"""`diarist show`, `forget`, `users` and `check`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from diarist import Diary


def test_both_pages_are_shown_for_a_person(run, walnuts: Path):
    shown = run("show", "ana").stdout
    assert shown.index("preferences of ana") < shown.index("allergies:")
    assert "walnuts: allergic to walnuts" in shown
    assert "conversations of ana" in shown
    assert "summary: I'm allergic to walnuts." in shown


def test_the_newest_conversation_is_shown_first(run, home: Path):
    for session, at in (("older", 0), ("newest", 2_000_000_000), ("newer", 1_000_000_000)):
        said = {"role": "user", "content": "Hello there.", "at": at, "session": session}
        run("ingest", "ana", "-", input=json.dumps(said))
    shown = run("show", "ana", "conversations").stdout
    assert shown.index("newest:") < shown.index("newer:") < shown.index("older:")
    parsed = json.loads(run("show", "ana", "--json").stdout)
    assert list(parsed["conversations"]) == ["newest", "newer", "older"]


def test_raw_prints_one_page_byte_for_byte(run, walnuts: Path):
    page = walnuts / "preferences.toml"
    page.write_text(page.read_text() + "\n# mine\x1b[1m\n[likes]  # ü")
    assert run("show", "ana", "preferences", "--raw").stdout == page.read_text()


def test_raw_prints_both_pages_with_their_names(run, walnuts: Path):
    shown = run("show", "ana", "--raw").stdout
    assert shown.startswith("# preferences of ana\n[_meta]\n")
    assert "\n# conversations of ana\n[_meta]\n" in shown


def test_raw_shows_a_broken_page_too(run, walnuts: Path):
    (walnuts / "preferences.toml").write_text("[oops")
    assert run("show", "ana", "preferences", "--raw").stdout == "[oops"
    result = run("show", "ana")
    assert result.exit_code == 2
    assert "preferences.toml, line 1" in result.stderr


def test_json_holds_the_parsed_pages(run, walnuts: Path):
    parsed = json.loads(run("show", "ana", "--json").stdout)
    assert parsed["user_id"] == "ana"
    assert list(parsed["preferences"]) == ["allergies"]
    assert parsed["preferences"]["allergies"]["walnuts"]["text"] == "allergic to walnuts"
    assert parsed["conversations"]["stdin"]["_turns"] == 1
    assert set(json.loads(run("show", "ana", "preferences", "--json").stdout)) == {
        "user_id",
        "preferences",
    }


def test_json_has_todays_layout_and_times_as_text(run, walnuts: Path):
    (walnuts / "preferences.toml").write_text(
        '[preferences.likes.pref001]\ntext = "tea"\n_created = 2024-01-01T00:00:00Z\n'
    )
    parsed = json.loads(run("show", "ana", "--json").stdout)
    assert parsed["preferences"]["likes"]["pref001"] == {
        "text": "tea",
        "_created": "2024-01-01T00:00:00+00:00",
    }


def test_raw_and_json_exclude_each_other(run, walnuts: Path):
    assert run("show", "ana", "--raw", "--json").exit_code == 2


def test_forget_takes_one_item_off_the_page(run, walnuts: Path):
    result = run("forget", "ana", "allergies", "walnuts")
    assert result.exit_code == 0
    assert "forgotten allergies/walnuts: allergic to walnuts" in result.stdout
    page = tomllib.loads((walnuts / "preferences.toml").read_text())
    assert "walnuts" not in page.get("allergies", {})


def test_forget_reports_as_json(run, walnuts: Path):
    report = json.loads(run("forget", "ana", "allergies", "walnuts", "--json").stdout)
    assert report["results"][0]["status"] == "forgotten"


@pytest.mark.parametrize("item", [("allergies", "cats"), ("nowhere", "walnuts"), ("_meta", "x")])
def test_forget_refuses_what_is_not_there(run, walnuts: Path, item: tuple[str, str]):
    before = (walnuts / "preferences.toml").read_bytes()
    result = run("forget", "ana", *item)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert (walnuts / "preferences.toml").read_bytes() == before


def test_users_are_listed_one_a_line(run, walnuts: Path):
    for user in ("Bob", "auth0|5f7"):
        run("ingest", user, "-", input='{"role": "user", "content": "Hello."}')
    assert run("users").stdout == "Bob\nana\nauth0|5f7\n"
    assert json.loads(run("users", "--json").stdout) == ["Bob", "ana", "auth0|5f7"]


def test_no_users_is_no_error(run, home: Path):
    result = run("users")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"diarist: {home} has no users yet\n"
    assert run("users", "--json").stdout == "[]\n"


def test_check_finds_nothing_where_all_is_well(run, walnuts: Path):
    for args in (["check"], ["check", "ana"]):
        result = run(*args)
        assert (result.exit_code, result.stdout) == (0, "1 user, nothing to mend\n")
    assert run("check", "--json").stdout == "[]\n"


def test_check_names_file_line_and_reason_of_every_users_pages(run, walnuts: Path, home: Path):
    run("ingest", "ben", "-", input='{"role": "user", "content": "Hello."}')
    (walnuts / "preferences.toml").write_text("[allergies.walnuts]\ntext = 7\n")
    (home / "ben" / "conversations.toml").write_text("\n\n[conversations\n")
    result = run("check")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert (
        first
        == f"{walnuts / 'preferences.toml'}:1: allergies.walnuts.text must be a text in quotes"
    )
    assert second.startswith(f"{home / 'ben' / 'conversations.toml'}:3: ")
    found = json.loads(run("check", "--json").stdout)
    assert [(problem["user_id"], problem["line"]) for problem in found] == [("ana", 1), ("ben", 3)]
    assert run("check", "ana").stdout.splitlines() == [first]


def test_check_measures_by_the_table_that_is_named(run, walnuts: Path):
    Path("prefs.py").write_text(
        "from diarist import PreferenceItem\n"
        "from pydantic import BaseModel\n"
        "class Tastes(BaseModel):\n"
        "    likes: dict[str, PreferenceItem] = {}\n"
    )
    result = run("check", "ana", "--schema", "prefs.py:Tastes")
    assert result.exit_code == 1
    assert "no category 'allergies'" in result.stdout


def test_one_unreadable_page_does_not_hide_the_others(run, walnuts: Path, home: Path):
    (home / "ben").mkdir()
    (home / "ben" / "preferences.toml").mkdir()
    (walnuts / "conversations.toml").write_text("x")
    found = json.loads(run("check", "--json").stdout)
    assert [problem["user_id"] for problem in found] == ["ana", "ben"]


@pytest.mark.parametrize(
    "command",
    [
        ("show", "bob"),
        ("show", "bob", "--raw"),
        ("edit", "bob"),
        ("forget", "bob", "likes", "tea"),
        ("check", "bob"),
    ],
)
def test_an_unknown_user_is_one_line(
    run, walnuts: Path, home: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EDITOR", "true")
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"diarist: {home} has no user 'bob'; `diarist users` lists them\n"


def test_reading_creates_nothing(run, home: Path):
    for args in (["users"], ["check"], ["show", "ana"], ["forget", "ana", "a", "b"]):
        run(*args)
    assert not home.exists()


def test_the_diary_is_the_option_else_the_environment_else_here(
    run, walnuts: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    assert run("users", "--diary", "elsewhere").stdout == ""
    assert run("users", "--diary", str(home)).stdout == "ana\n"
    monkeypatch.delenv("DIARIST_HOME")
    assert run("users").stdout == "ana\n", "the fixture's folder is ./memories"


def test_the_command_line_and_the_library_share_one_diary(run, home: Path):
    import asyncio

    asyncio.run(Diary(home).upsert_preference("ana", "likes", "love tea"))
    assert "love tea" in run("show", "ana").stdout
