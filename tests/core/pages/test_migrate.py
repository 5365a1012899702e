"""TOMLDiary's files, of format 0.2 and 0.3 and in every layout, are read as today's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.errors import DocumentError, FormatVersionError
from diarist.models import Edit
from diarist.pages import conversations, preferences
from diarist.pages.migrate import open_conversations, open_preferences, stamped
from diarist.pages.preferences import Limits, Stamp
from diarist.pages.rendering import render_table
from diarist.pages.toml import thaw

DATA = Path(__file__).parent / "data"
NAMES = st.sampled_from(
    ["likes", "preferences", "conversations", "chat.1", "", "日本", "a b", "summary"]
)
VALUES = st.one_of(
    st.text(max_size=8), st.integers(-5, 5), st.lists(st.text(max_size=3), max_size=2)
)
ITEMS = st.fixed_dictionaries(
    {"text": st.text(max_size=8)}, optional={"_count": VALUES, "mood": VALUES}
)
SESSIONS = st.fixed_dictionaries(
    {"_turns": st.integers(0, 9)}, optional={"summary": st.text(max_size=8), "mood": VALUES}
)
VERSIONS = st.sampled_from(["0.2", "0.3", None])


def dump(version: str | None, tables: dict[tuple[str, ...], dict[str, Any]]) -> str:
    meta = {("_meta",): {"version": version, "schema_name": "T"}} if version else {}
    if version:
        meta["_meta", "compaction"] = {"total_chars": 3, "updated_at": "2026"}
    parts = [
        f"# about {path[-1]!r}\n{render_table(path, table)}"
        for path, table in (meta | tables).items()
    ]
    return "\n".join(parts)


def comments(page: str) -> list[str]:
    return sorted(line for line in page.splitlines() if line.startswith("#"))


def check_migrated(page: str, opened: Any, expected: dict[str, Any]) -> None:
    found = thaw(stamped(opened, "T").tree)
    meta = found.pop("_meta")

    assert found == expected
    assert meta["version"] == "1.0"
    assert meta.get("compaction") == tomllib.loads(page).get("_meta", {}).get("compaction")
    written = stamped(opened, "T").text
    assert thaw(tomllib.loads(written)) == {"_meta": meta, **expected}
    assert comments(page) == comments(written)


@given(
    VERSIONS,
    st.dictionaries(
        NAMES, st.dictionaries(NAMES, ITEMS, min_size=1, max_size=3), min_size=1, max_size=3
    ),
    st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_every_value_of_old_preferences_is_kept(
    version: str | None, tree: dict[str, dict[str, Any]], nested: bool
) -> None:
    head = ("preferences",) if nested else ()
    tables = {
        (*head, category, id): item
        for category, table in tree.items()
        for id, item in table.items()
    }
    page = dump(version, tables)

    check_migrated(page, open_preferences(page), tree)


@given(VERSIONS, st.dictionaries(NAMES, SESSIONS, min_size=1, max_size=4), st.booleans())
@settings(deadline=None, max_examples=150)
def test_every_value_of_old_conversations_is_kept(
    version: str | None, tree: dict[str, Any], nested: bool
) -> None:
    head = ("conversations",) if nested else ()
    page = dump(version, {(*head, id): session for id, session in tree.items()})

    check_migrated(page, open_conversations(page), {"conversations": tree})


def test_files_that_tomldiary_0_9_wrote_are_read_and_grow() -> None:
    page = (DATA / "tomldiary-0.9-preferences.toml").read_text()
    document = open_preferences(page)
    assert list(document.tree) == ["_meta", "likes", "allergies"]
    assert thaw(document.tree["likes"]) == tomllib.loads(page)["preferences"]["likes"]

    document, results = preferences.apply(
        stamped(document, "T"),
        [Edit("add", "allergies", "allergic to walnut"), Edit("add", "likes", "love tea")],
        categories=("likes", "allergies"),
        stamp=Stamp("2027-01-01T00:00:00Z", "new", "new#t1"),
        limits=Limits(),
    )
    assert [result.status for result in results] == ["confirmed", "added"]
    assert tomllib.loads(document.text)["allergies"]["pref002"]["_count"] == 2

    talked = open_conversations((DATA / "tomldiary-0.9-conversations.toml").read_text())
    assert list(conversations.newest(talked, 2)) == ["conversations", "preferences"]
    talked, number = conversations.record(
        stamped(talked, "T"), "chat.1", at="2027-01-01T00:00:00Z", max_conversations=10
    )
    assert number == 2
    assert list(conversations.newest(talked, 1)) == ["chat.1"]


def test_reading_changes_nothing() -> None:
    page = '[_meta]\nversion = "0.3"\n\n[likes.tea]\ntext = "love tea"\n'

    assert open_preferences(page).text == page


@pytest.mark.parametrize("version", ['"2.0"', '"2"', '"10.1"', '"next"'])
def test_a_newer_version_is_refused(version: str) -> None:
    page = f"\n[_meta]\nversion = {version}\n"
    for opened in (open_preferences, open_conversations):
        with pytest.raises(FormatVersionError, match="upgrade diarist") as caught:
            opened(page)
        assert caught.value.line == 2


@pytest.mark.parametrize("version", ['"1.0"', '"1.7"', "1.0", '"0.9"', "0.3"])
def test_an_older_or_equal_version_is_read(version: str) -> None:
    assert open_preferences(f"[_meta]\nversion = {version}\n[likes.a]\ntext = 'x'\n").tree["likes"]


def test_tables_of_one_name_in_two_layouts_are_left_to_a_person() -> None:
    page = '[preferences.likes.a]\ntext = "x"\n[likes.a]\ntext = "y"\n'
    with pytest.raises(DocumentError, match="can't be moved safely"):
        open_preferences(page)


def test_meta_that_is_a_value_is_named() -> None:
    with pytest.raises(DocumentError, match="_meta is a value"):
        open_preferences("_meta = 1\n")
