"""The extractor beside the rules, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys

from core.extraction.model.answering import DEFAULT, LOVE_JAZZ, Model, extract, turn
from diarist import Edit, ModelExtractor, RuleExtractor, Snapshot, SyncDiary
from diarist.testing import MemoryBackend


def test_importing_it_loads_nothing_heavy_and_nothing_impure():
    code = "import sys; from diarist import ModelExtractor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not {"pydantic", "asyncio", "sqlite3", "tomlkit", "rapidfuzz", "logging"} & {*loaded}


def test_it_asks_about_a_turn_again_only_while_it_waits():
    model = Model(LOVE_JAZZ)
    diary = SyncDiary(MemoryBackend(), agent=ModelExtractor(model))
    diary.update_memory("ana", "s", "I love jazz.", "Fine.")
    assert diary.catch_up("ana") == []
    assert len(model.prompts) == 1


def test_the_rules_and_a_model_agree_on_what_an_extraction_is():
    found = RuleExtractor().extract(turn("I love jazz."), Snapshot(DEFAULT))
    by_model, _ = extract("I love jazz.", LOVE_JAZZ)
    ours, theirs = found.edits[0], by_model.edits[0]
    assert isinstance(theirs, Edit)
    assert (ours.action, ours.category, ours.text) == (theirs.action, theirs.category, theirs.text)
