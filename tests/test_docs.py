"""What the documents show is run; what they link to exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lacking import marks_of

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def snippets(language: str) -> list[object]:
    return [
        pytest.param(code, id=f"{path.name}-{number}", marks=marks_of(code))
        for path in DOCUMENTS
        for number, (found, code) in enumerate(FENCE.findall(path.read_text()))
        if found == language
    ]


@pytest.mark.parametrize("code", snippets("python"))
def test_every_python_snippet_runs_as_it_stands(code: str, tmp_path: Path):
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    if "MyPrefTable" in code:
        shown = next(
            text for kind, text in FENCE.findall((ROOT / "README.md").read_text()) if kind == "text"
        )
        assert result.stdout.startswith(shown)


@pytest.mark.parametrize("code", snippets("toml"))
def test_every_toml_snippet_is_valid(code: str):
    assert tomllib.loads(code)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_named_file_exists(path: Path):
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), target
    for target in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (ROOT / target).exists(), target
