"""How much is found of phrasing that no rule was written for, and how much fires by mistake."""

from __future__ import annotations

import pytest

from core.extraction import fresh, unseen
from diarist.extraction.rules import RuleExtractor

EXTRACTOR = RuleExtractor()
SETS = {
    "unseen, tuned": (unseen.STATEMENTS[::2], unseen.TRAPS[::2]),
    "unseen, untouched": (unseen.STATEMENTS[1::2], unseen.TRAPS[1::2]),
    "fresh, tuned": (fresh.STATEMENTS[::2], fresh.TRAPS[::2]),
    "fresh, untouched": (fresh.STATEMENTS[1::2], fresh.TRAPS[1::2]),
}


@pytest.mark.parametrize(("name", "lists"), SETS.items(), ids=SETS)
def test_varied_statements_are_found(
    name: str, lists: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    statements, _ = lists
    lost = [text for text in statements if not EXTRACTOR.find(text)]
    assert len(lost) <= (0.1 if name.endswith(", tuned") else 0.35) * len(statements), lost


@pytest.mark.parametrize(("name", "lists"), SETS.items(), ids=SETS)
def test_few_varied_traps_fire(name: str, lists: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    _, traps = lists
    fired = [(text, edit.rule) for text in traps for edit in EXTRACTOR.find(text)]
    assert len(fired) <= (0.05 if name.endswith(", tuned") else 0.08) * len(traps), fired
