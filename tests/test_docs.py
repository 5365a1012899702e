"""What the documents show is run; the tests they name exist."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from difflib import unified_diff
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarist import SyncDiary
from lacking import marks_of
from pretend_models import PretendModels

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w+(?: output)?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A block and its language; `text output` is what the Python snippet before it prints."""


def snippets(language: str) -> list[object]:
    return [
        pytest.param(code, id=f"{path.name}-{number}", marks=marks_of(code))
        for path in DOCUMENTS
        for number, (found, code) in enumerate(FENCE.findall(path.read_text()))
        if found == language
    ]


def shown_after(code: str) -> str:
    """Return what the documents show as printed by this snippet, or nothing."""
    for path in DOCUMENTS:
        blocks = FENCE.findall(path.read_text())
        for (_, one), (language, other) in pairwise(blocks):
            if one == code and language == "text output":
                return other
    return ""


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with PretendModels() as it:
        yield it


@pytest.mark.parametrize("code", snippets("python"))
def test_every_python_snippet_runs_as_it_stands_and_prints_what_is_shown(
    code: str, tmp_path: Path, environment: dict[str, str]
):
    collects = "import MeterProvider" in code  # elsewhere it is off: CrewAI would tell its makers
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment | {"OTEL_SDK_DISABLED": str(not collects).lower()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(shown_after(code))


def test_the_readme_shows_what_a_turn_does_to_a_page(tmp_path: Path):
    blocks = dict(FENCE.findall((ROOT / "README.md").read_text())[::-1])
    page = tmp_path / "ana/preferences.toml"
    diary = SyncDiary(tmp_path)
    monday, friday = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 6, 18, 30, tzinfo=UTC)

    first = "I'm allergic to walnuts, and I live in Leeds."
    diary.update_memory("ana", "monday", first, "Noted.", at=monday)
    words = '"allergic to walnuts"'
    page.write_text(before := page.read_text().replace(words, f"{words}  # almonds are fine"))
    assert before == blocks["toml"]

    diary.update_memory("ana", "friday", "I moved from Leeds to Porto.", "Nice!", at=friday)
    changes = unified_diff(before.splitlines(), page.read_text().splitlines(), lineterm="", n=1)
    lines = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
    assert "\n".join(lines).strip() == blocks["diff"].strip()


@pytest.mark.parametrize("code", snippets("toml"))
def test_every_toml_snippet_is_valid(code: str):
    assert tomllib.loads(code)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_named_test_exists(path: Path):
    text = path.read_text()
    for target, test in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", text):
        assert (ROOT / target).exists(), target
        assert not test or f"def {test}(" in (ROOT / target).read_text(), test
