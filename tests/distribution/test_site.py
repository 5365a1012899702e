"""Every link of a document leads somewhere, and so does every link of the pages built from them."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

import pytest

from distribution.environments import uv
from surface import modules, public

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs/site"
LINKS = runpy.run_path(str(SITE / "links.py"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_document_leads_to_a_file_and_a_heading_in_it(path: Path):
    assert LINKS["broken_in_markdown"](path) == []


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path):
    page = tmp_path / "a.md"
    page.write_text("# One\n[x](b.md) [y](#two) [z](a.md#one) `[c](d.md)` [e](https://f.example)\n")
    assert LINKS["broken_in_markdown"](page) == [
        "a.md: b.md: there is no such file",
        "a.md: #two: there is no such heading",
    ]
    assert list(LINKS["external"]([page.read_text()])) == ["https://f.example"]


def test_a_built_link_that_leads_nowhere_is_told(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text('<a href="sub/">1</a><a href="sub/b.html#no">2</a>')
    (tmp_path / "sub/b.html").write_text('<p id="yes"><a href="#yes"><img src="../no.png">')
    assert LINKS["broken_in_site"](tmp_path) == [
        "index.html: sub/: there is no such file",
        "index.html: sub/b.html#no: there is no such place",
        "sub/b.html: ../no.png: there is no such file",
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_site_is_built_and_describes_every_public_name(tmp_path: Path):
    python = tmp_path / "venv/bin/python"
    uv("venv", "--quiet", tmp_path / "venv")
    uv("pip", "install", "--quiet", "--python", python, "--group", "docs")
    out = tmp_path / "site"
    command = [python, SITE / "build.py", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(rf"{out}: \d+ pages, \d+ addresses outside", done.stdout)
    for page in ("index.html", "docs/guide.html", "notebooks/quickstart.html", "CHANGELOG.html"):
        assert (out / page).exists()
    for module in modules():
        page = (out / "api" / f"{module}.html").read_text()
        assert {f'id="{module}.{name}"' in page for name, _ in public(module)} == {True}, module
    reference = (out / "api/diarist.html").read_text()
    assert 'id="diarist.Diary.recall"' in reference
    assert 'id="diarist.messages.Messages.append"' in reference
    loaded = re.findall(r'<(?:script|img|link)\b[^>]*(?:src|href)="(https?:[^"]+)', reference)
    assert loaded == [], "a page loads nothing from other hosts"
