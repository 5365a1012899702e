"""Where statements go: in the default table, and in one whose categories a user has made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.extraction.placed import OWN_TABLE, PLACED
from diarist.extraction.rules import RuleExtractor
from diarist.schema import categories
from diarist.tables import DefaultPreferences

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTRACTOR = RuleExtractor()


@pytest.mark.parametrize(
    ("table", "column", "share"),
    [(categories(DefaultPreferences), 1, 0.97), (OWN_TABLE, 2, 0.88)],
    ids=["default", "own"],
)
def test_a_statement_goes_where_it_belongs(
    table: Mapping[str, str], column: int, share: float
) -> None:
    wrong: dict[str, list[str]] = {}
    for row in PLACED:
        found = [edit.category for edit in EXTRACTOR.find(row[0], table)]
        if not found or found[0] not in row[column].split("|"):
            wrong[row[0]] = found
    assert len(wrong) <= (1 - share) * len(PLACED), wrong
