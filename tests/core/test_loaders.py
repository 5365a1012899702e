"""Pages as validated models; errors name the file and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from diarist.errors import DocumentError, FormatVersionError, UnknownCategoryError
from diarist.loaders import (
    ConversationLoader,
    PreferenceLoader,
    load_conversations,
    load_preferences,
)
from diarist.tables import DefaultPreferences, PreferenceItem

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
[_meta]
version = "1.0"

[likes.tea]
text = "love tea"
_count = 3
_created = 2024-01-01T00:00:00Z  # by hand, without quotes
_updated = 2024-01-02
mood = "calm"

[unknown.x]
text = "kept on the page"
"""


def test_a_page_is_loaded_as_the_table() -> None:
    loaded = load_preferences(PAGE, DefaultPreferences)

    tea: PreferenceItem = loaded.likes["tea"]
    assert (tea.text, tea.count, tea.contexts) == ("love tea", 3, [])
    assert tea.created.startswith("2024-01-01T00:00:00")
    assert tea.updated == "2024-01-02"
    assert tea.model_extra == {"mood": "calm"}


def test_older_layouts_are_loaded_too() -> None:
    old = '[_meta]\nversion = "0.2"\n[preferences.likes.pref001]\ntext = "tea"\n'
    assert load_preferences(old, DefaultPreferences).likes["pref001"].text == "tea"
    assert load_conversations('["chat.1"]\n_turns = 2\nsummary = "x"\n')["chat.1"].turns == 2


def test_a_part_is_validated_alone() -> None:
    loader = PreferenceLoader(DefaultPreferences)

    assert loader.validate_partial("likes", {"tea": {"text": "x"}})["tea"].text == "x"
    with pytest.raises(UnknownCategoryError, match="nope"):
        loader.validate_partial("nope", {})
    with pytest.raises(ValidationError, match=r"tea\.text"):
        loader.validate_partial("likes", {"tea": {}})
    assert ConversationLoader().validate_partial({"a": {"_turns": 1}})["a"].turns == 1


def test_what_does_not_fit_is_named_with_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "preferences.toml"
    file.write_text('[likes.tea]\n_count = "often"\n')

    with pytest.raises(ValidationError) as caught:
        PreferenceLoader(DefaultPreferences).load_from_file(file)

    assert str(file) in str(caught.value)
    assert "likes.tea.text" in str(caught.value)
    assert "likes.tea._count" in str(caught.value)


def test_a_broken_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "conversations.toml"
    file.write_text("[a]\nb = \n")

    with pytest.raises(DocumentError, match=r"conversations\.toml, line 2, column 5"):
        ConversationLoader().load_from_file(str(file))

    file.write_bytes(b"a = '\xff'\n")
    with pytest.raises(DocumentError, match="UTF-8"):
        ConversationLoader().load_from_file(file)
    file.write_text('[_meta]\nversion = "9.0"\n')
    with pytest.raises(FormatVersionError, match=r"conversations\.toml"):
        ConversationLoader().load_from_file(file)
    with pytest.raises(FileNotFoundError):
        ConversationLoader().load_from_file(tmp_path / "missing.toml")


def test_an_empty_file_is_an_empty_table(tmp_path: Path) -> None:
    file = tmp_path / "preferences.toml"
    file.write_bytes("\ufeff".encode())

    assert PreferenceLoader(DefaultPreferences).load_from_file(file) == DefaultPreferences()
