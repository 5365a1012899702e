"""The offline pass over preferences: what is there twice becomes one, and nothing else changes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from .conftest import HEAD, Make, item


def page(diary: object, kind: str = "preferences") -> str:
    return Path(diary.diary.backend.locate("ana", kind)).read_text()  # type: ignore[attr-defined]


TWICE = item(
    "likes.tea",
    "love tea",
    contexts='["at noon"]',
    _count="2",
    _created='"2020-01-02T00:00:00Z"',
    _created_by='"b"',
    _updated='"2020-01-05T00:00:00Z"',
    _updated_by='"c"',
    _sources='["b#1", "c#9"]',
    _was='"like tea"',
) + item(
    "likes.tea-2",
    "Love tea!",
    contexts='["at home", "at noon"]',
    _count="3",
    _created='"2020-01-01T00:00:00Z"',
    _created_by='"a"',
    _updated='"2020-01-04T00:00:00Z"',
    _updated_by='"d"',
    _sources='["a#1", "c#3"]',
)


def test_a_double_goes_into_the_older_one_with_all_that_is_known_of_it(make: Make):
    diary = make(TWICE)
    report = diary.compact("ana")
    assert tomllib.loads(page(diary))["likes"] == {
        "tea-2": {
            "text": "Love tea!",
            "contexts": ["at home", "at noon"],
            "_count": 5,
            "_created": "2020-01-01T00:00:00Z",
            "_updated": "2020-01-05T00:00:00Z",
            "_created_by": "a",
            "_updated_by": "c",
            "_sources": ["a#1", "c#3", "b#1", "c#9"],
            "_was": "like tea",
        }
    }
    assert str(report) == "ana:\n  merged preferences likes/tea into likes/tea-2: love tea"


def test_a_double_spelled_with_a_name_keeps_the_name(make: Make):
    diary = make(item("likes.a", "love polish food") + item("likes.b", "love Polish food"))
    diary.compact("ana")
    assert [one["text"] for one in tomllib.loads(page(diary))["likes"].values()] == [
        "love Polish food"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("allergic to walnuts", "allergic to peanuts"),
        ("allergic to nuts", "not allergic to nuts"),
        ("love coffee", "like coffee"),
        ("allergic to walnuts", "severely allergic to walnuts"),
        ("run 5 km", "run 10 km"),
        ("met May in rome", "met may in Rome"),
        ("!!!", "???"),
    ],
)
def test_what_is_not_the_same_word_for_word_stays_two(make: Make, one: str, other: str):
    diary = make(item("likes.a", one) + item("likes.b", other))
    before = page(diary)
    assert str(diary.compact("ana")) == "ana: nothing to compact"
    assert page(diary) == before


def test_the_same_in_two_categories_stays_two(make: Make):
    diary = make(item("likes.tea", "tea") + item("dislikes.tea", "tea"))
    before = page(diary)
    assert diary.compact("ana").changes == ()
    assert page(diary) == before


def test_a_category_that_the_table_does_not_know_is_left_alone(make: Make):
    diary = make(item("moods.a", "love tea") + item("moods.b", "love tea"))
    before = page(diary)
    assert diary.compact("ana").changes == ()
    assert page(diary) == before


def test_more_contexts_than_an_item_holds_are_not_thrown_away(make: Make):
    many = [f'"context {number}"' for number in range(8)]
    others = [f'"another {number}"' for number in range(8)]
    diary = make(
        item("likes.a", "love tea", contexts=f"[{', '.join(many)}]")
        + item("likes.b", "love tea", contexts=f"[{', '.join(others)}]")
    )
    before = page(diary)
    assert "more than 12 contexts" in str(diary.compact("ana"))
    assert page(diary) == before


@pytest.mark.parametrize(
    "by_hand",
    [
        '# Ana told me herself\n[likes.b]\ntext = "love tea"\n',
        '[likes.b]\ntext = "love tea"  # really\n',
        '[likes.b]\ntext = "love tea"\nsince = 1999\n',
        '[likes.b]\ntext = "love tea"\ncontexts = "at home"\n',
        '[likes]\nb = { text = "love tea" }\n',
    ],
)
def test_what_a_person_laid_out_keeps_its_bytes(make: Make, by_hand: str):
    written = item("likes.a", "love tea") + item("likes.c", "love tea!")
    diary = make(by_hand + "\n" + written if "{" in by_hand else written + by_hand)
    report = diary.compact("ana")
    assert by_hand in page(diary)
    likes = tomllib.loads(page(diary))["likes"]
    assert sorted(likes) == ["a", "b"]
    assert likes["a"]["_count"] == 2
    assert [one.block for one in report.with_status("skipped")] == ["likes/b"]
    assert "a person laid it out" in str(report)


def test_a_hash_in_a_text_is_no_comment(make: Make):
    diary = make(item("likes.a", "love C# a lot") + item("likes.b", "love C# a lot"))
    assert len(diary.compact("ana").with_status("merged")) == 1


def test_a_page_of_tomldiary_is_compacted_in_its_own_layout(make: Make, tmp_path: Path):
    diary = make()
    block = '[preferences.likes.pref00{}]\ntext = "love tea"\ncontexts = [\n    "noon",\n]\n'
    block += '_count = 1\n_created = "2025-01-0{}T00:00:00+00:00"\n'
    old = '[_meta]\nversion = "0.3"\nschema_name = "DefaultPreferences"\n\n'
    old += "\n".join(block.format(number, number) for number in (1, 2))
    (tmp_path / "ana" / "preferences.toml").write_text(old)
    diary.compact("ana")
    likes = tomllib.loads(page(diary))["likes"]
    assert likes["pref001"]["_count"] == 2
    assert list(likes) == ["pref001"]


def test_compacting_twice_is_compacting_once(make: Make):
    diary = make(TWICE)
    diary.compact("ana")
    once = page(diary)
    assert diary.compact("ana").changes == ()
    assert page(diary) == once


def test_the_text_before_stays(make: Make, tmp_path: Path):
    diary = make(TWICE)
    before = page(diary)
    diary.compact("ana")
    assert (tmp_path / "ana" / ".previous" / "preferences.toml").read_text() == before
    diary.compact("ana")
    assert (tmp_path / "ana" / ".previous" / "preferences.toml").read_text() == before


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(make: Make, tmp_path: Path):
    diary = make(TWICE)
    before = page(diary)
    report = diary.compact("ana", dry_run=True)
    assert str(report).startswith("ana, nothing written:\n  merged preferences likes/tea into")
    assert page(diary) == before == HEAD + "\n" + TWICE
    assert not (tmp_path / "ana" / ".previous").exists()


def test_who_has_no_pages_gets_none(make: Make, tmp_path: Path):
    diary = make()
    (tmp_path / "ana").rmdir()
    assert str(diary.compact("ana")) == "ana: nothing to compact"
    assert not (tmp_path / "ana").exists()
