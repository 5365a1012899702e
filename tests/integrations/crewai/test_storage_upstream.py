"""CrewAI's own tests of its memory pass with `DiaryStorage` in place of LanceDB's storage."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from upstream import outcome, unpacked

PLUGIN = Path(__file__).with_name("upstream_plugin.py")
PASSING = 167
"""All but those below, and 19 that CrewAI skips: of another store, in several processes."""
OTHERS = {
    "test_percent_underscore_and_backslash_in_scope_names_match_literally": "finds /share\\docs by "
    "the prefix /share\\, but ours ends where a path ends",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_their_tests_pass_with_our_storage():
    failed, passed, printed = outcome(unpacked("crewai", version("crewai")), "tests/memory", PLUGIN)
    assert failed == set(OTHERS), printed
    assert passed >= PASSING, printed
