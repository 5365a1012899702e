"""How much is found of phrasing that no rule was written for, and how much fires by mistake."""

from __future__ import annotations

import pytest

from core.extraction import unseen
from diarist.extraction.rules import RuleExtractor

EXTRACTOR = RuleExtractor()


@pytest.mark.parametrize(("half", "share"), [(0, 0.9), (1, 0.65)], ids=["tuned", "untouched"])
def test_varied_statements_are_found(half: int, share: float) -> None:
    statements = unseen.STATEMENTS[half::2]
    lost = [text for text in statements if not EXTRACTOR.find(text)]
    assert len(lost) <= (1 - share) * len(statements), lost


@pytest.mark.parametrize("half", [0, 1], ids=["tuned", "untouched"])
def test_few_varied_traps_fire(half: int) -> None:
    traps = unseen.TRAPS[half::2]
    fired = [(text, edit.rule) for text in traps for edit in EXTRACTOR.find(text)]
    assert len(fired) <= 0.05 * len(traps), fired
