"""What `check` says of a page that a person edited."""

from __future__ import annotations

from diarist.pages.check import check_conversations, check_preferences
from diarist.pages.toml import parse


def test_the_elements_of_a_list_are_checked() -> None:
    page = parse('[likes.tea]\ntext = "love tea"\ncontexts = [1]\n_sources = ["a#t1", 2]\n')
    assert list(check_preferences(page, ["likes"])) == [
        (1, "likes.tea.contexts must be a list of texts in quotes"),
        (1, "likes.tea._sources must be a list of texts in quotes"),
    ]


def test_keywords_are_texts() -> None:
    page = parse("[conversations.a]\nsummary = 5\nkeywords = [1, 2]\n")
    assert list(check_conversations(page)) == [
        (1, "conversations.a.summary must be a text in quotes"),
        (1, "conversations.a.keywords must be a list of texts in quotes"),
    ]
