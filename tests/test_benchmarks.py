"""The page of figures: each benchmark has its place there, and writes nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.page import PAGE, marked, with_figures

FOLDER = Path(__file__).parents[1] / "benchmarks"
NO_BENCHMARKS = {"run", "measure", "page"}
EMPTY = """# Figures

Fast.

<!-- figures: pages -->
<!-- end: pages -->

What it means.

<!-- figures: records -->

| old |

<!-- end: records -->
"""


def names() -> list[str]:
    """Return the benchmarks that one command runs."""
    command = [sys.executable, FOLDER / "run.py", "nonsense"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 2, said.stderr
    return said.stdout.partition("there are ")[2].strip().split(", ")


def test_figures_come_between_the_marks_of_their_benchmark() -> None:
    page = with_figures(EMPTY, "pages", "| a |\n| --- |\n| 1 |\n")
    assert "<!-- figures: pages -->\n\n| a |\n| --- |\n| 1 |\n\n<!-- end: pages -->" in page


def test_all_else_on_the_page_stays() -> None:
    page = with_figures(EMPTY, "pages", "| new |")
    assert page.replace("\n\n| new |\n\n", "\n") == EMPTY


def test_new_figures_replace_the_old_ones() -> None:
    page = with_figures(with_figures(EMPTY, "records", "| one |"), "records", "| two |")
    assert "old" not in page
    assert "one" not in page
    assert page.count("| two |") == 1
    assert with_figures(page, "records", "| two |") == page


def test_figures_with_backslashes_and_groups_stay_as_they_are() -> None:
    assert r"\1 \g<0> C:\n" in with_figures(EMPTY, "pages", r"\1 \g<0> C:\n")


@pytest.mark.parametrize("page", ["# Figures\n", EMPTY + EMPTY])
def test_a_page_with_no_place_or_two_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="places for records"):
        with_figures(page, "records", "| 1 |")


def test_every_benchmark_runs_by_the_one_command() -> None:
    assert set(names()) == {path.stem for path in FOLDER.glob("*.py")} - NO_BENCHMARKS


def test_every_benchmark_has_its_figures_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(marked(page)) == sorted(names())
    for name in names():
        figures = page.partition(f"<!-- figures: {name} -->")[2].partition("<!-- end:")[0]
        assert "Taken on " in figures, name
        assert "| --- |" in figures, name


def test_every_part_is_used() -> None:
    written = {path: path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py")}
    for part in (FOLDER / "parts").glob("*.py"):
        others = "\n".join(text for path, text in written.items() if path != part)
        assert re.search(rf"\b{part.stem}\b", others), f"{part.name} is used by nobody"
