"""Real processes compact, learn and die at once: nothing is lost, and no page is torn."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from diarist import Diary

CHILDREN = Path(__file__).parents[2] / "children.py"


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILDREN), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_that_compact_and_two_that_learn_lose_nothing(tmp_path: Path):
    rounds, end = 40, tmp_path / ".over"
    compacting = [start("compacts", tmp_path, end) for _ in range(2)]
    for child in [start("doubles", tmp_path, name, rounds) for name in "ab"]:
        _, errors = child.communicate(timeout=110)
        assert child.returncode == 0, errors
    end.touch()
    merged: list[str] = []
    for child in compacting:
        output, errors = child.communicate(timeout=110)
        assert child.returncode == 0, errors
        merged += output.split()
    diary = Diary(tmp_path)
    page = asyncio.run(diary.preferences("ana")).data
    counts = {item["text"]: item["_count"] for item in page["likes"].values()}
    assert counts == {f"love thing{number}": 2 for number in range(rounds)}
    assert {item["text"] for item in page["allergies"].values()} == {
        f"allergic to stuff{name}x{number}" for name in "ab" for number in range(rounds)
    }
    assert merged


@pytest.mark.slow
def test_a_compaction_killed_at_any_moment_leaves_valid_pages(tmp_path: Path):
    child = start("compaction_kills", tmp_path, 40, 7)
    output, errors = child.communicate(timeout=110)
    assert child.returncode == 0, errors
    assert 0 < int(output) < 40, "none was killed in the middle, or all of them"
