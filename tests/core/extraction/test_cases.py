"""The tables of statements and traps, and the examples inside the packs.

A statement that is lost or a trap that fires counts against a budget instead of failing by itself;
`cases` says which tables the rules have seen.
"""

from __future__ import annotations

import pytest

from core.extraction import cases
from diarist.extraction.packs import Guard, Rule, own_guards, own_rules
from diarist.extraction.rules import RuleExtractor
from diarist.extraction.weights import Sign, own_signs, weight

EXTRACTOR = RuleExtractor()
RULES = {rule.path: rule for rule in own_rules()}
GUARDS = {guard.name: guard for guard in own_guards()}


@pytest.mark.parametrize(
    ("statements", "share"),
    [(cases.STATEMENTS_BEFORE, 0.95), (cases.STATEMENTS_AFTER, 0.85), (cases.STATEMENTS_LAST, 0.6)],
)
def test_most_statements_are_found(statements: tuple[tuple[str, str], ...], share: float) -> None:
    lost = [text for text, _ in statements if not EXTRACTOR.find(text)]
    assert len(lost) <= (1 - share) * len(statements), lost


@pytest.mark.parametrize("traps", [cases.TRAPS_BEFORE, cases.TRAPS_AFTER, cases.TRAPS_LAST])
def test_few_traps_fire(traps: tuple[str, ...]) -> None:
    fired = {text: [edit.text for edit in EXTRACTOR.find(text)] for text in traps}
    fired = {text: found for text, found in fired.items() if found}
    assert len(fired) <= 0.05 * len(traps), fired


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_examples_of_a_rule_hold(rule: Rule) -> None:
    for message, text in rule.examples:
        found = [(edit.text, edit.rule) for edit in EXTRACTOR.find(message)]
        assert (text, rule.path) in found, message
    for message in rule.counterexamples:
        assert rule.path not in [edit.rule for edit in EXTRACTOR.find(message)], message


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_the_examples_of_a_guard_state_nothing(guard: Guard) -> None:
    for message in guard.examples:
        assert EXTRACTOR.find(message) == [], message


@pytest.mark.parametrize("sign", own_signs(), ids=lambda sign: sign.name)
def test_the_examples_of_a_sign_have_it(sign: Sign) -> None:
    kind = min(sign.kinds, default="taste")
    assert weight("like tea", "taste") == 0
    for said in sign.examples:
        assert weight(said, kind) >= sign.points, said
