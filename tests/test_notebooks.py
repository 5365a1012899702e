"""The notebooks run from a clean kernel, offline, and show what is kept in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lacking import marks_of

RUN = Path(__file__).with_name("run_notebooks.py")
NOTEBOOKS = sorted((RUN.parents[1] / "notebooks").glob("*.ipynb"))
PLACES = re.compile(r"(?<![\w./:])/(?:home|root|tmp|private|var|usr|opt|mnt|work|Users)/\S+")


def run(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN, path], capture_output=True, text=True, timeout=110, check=False
    )


def notebook_of(path: Path, code: str) -> Path:
    """Make a notebook of one cell, and run it once, so that what it shows is kept."""
    cell = nbformat.v4.new_code_cell(code, id="cell")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=marks_of(path.read_text())) for path in NOTEBOOKS],
)
def test_a_notebook_shows_what_it_did_and_leaves_nothing_beside_itself(path: Path, tmp_path: Path):
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    result = run(copy)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{path.name} is as it was\n", "tests/run_notebooks.py keeps the new"
    assert list(tmp_path.iterdir()) == [copy]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_outputs_and_without_warnings_and_places(path: Path):
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert outputs
    assert "stderr" not in [output.get("name") for output in outputs]
    assert PLACES.findall(path.read_text()) == []


def test_there_is_a_notebook():
    assert NOTEBOOKS


def test_times_and_ids_may_differ_and_nothing_else(tmp_path: Path):
    code = "import datetime, uuid; print(datetime.datetime.now(), uuid.uuid4(), uuid.uuid4().hex)"
    path = notebook_of(tmp_path / "one.ipynb", code)
    assert run(path).stdout == "one.ipynb changed in its cells [1]\n"
    kept = path.read_text()
    assert run(path).stdout == "one.ipynb is as it was\n"
    assert path.read_text() == kept
    path.write_text(kept.replace("now(), uuid.uuid4()", "now(), 'other'"))
    assert run(path).stdout == "one.ipynb changed in its cells [1]\n"


def test_of_a_picture_it_counts_that_there_is_one(tmp_path: Path):
    drawn = "from matplotlib import pyplot; pyplot.title('this');"
    path = notebook_of(tmp_path / "one.ipynb", drawn)
    assert run(path).stdout == "one.ipynb changed in its cells [1]\n"
    kept = path.read_text()
    assert "image/png" in kept
    path.write_text(kept.replace("'this'", "'that'"))
    assert run(path).stdout == "one.ipynb is as it was\n"
    path.write_text(kept.replace("'this');", "'this'); pyplot.close()"))
    assert run(path).stdout == "one.ipynb changed in its cells [1]\n"


def test_what_html_says_counts_and_its_style_does_not(tmp_path: Path):
    page = "'<style>p {' '}</style>' '<p>th' 'is</p>'"  # in pieces, so that only the output has it
    code = f"from IPython.display import HTML; HTML({page})"
    path = notebook_of(tmp_path / "one.ipynb", code)
    run(path)
    kept = path.read_text()
    path.write_text(kept.replace("p {}", "p {color: red}"))
    assert run(path).stdout == "one.ipynb is as it was\n"
    path.write_text(kept.replace("<p>this", "<p>that"))
    assert run(path).stdout == "one.ipynb changed in its cells [1]\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import socket; socket.create_connection(('192.0.2.1', 80))", "used the network"),
        ("import socket; socket.getaddrinfo('example.org', 80)", "used the network"),
    ],
)
def test_a_cell_that_fails_or_asks_the_network_fails(code: str, told: str, tmp_path: Path):
    path = notebook_of(tmp_path / "one.ipynb", code)
    kept = path.read_text()
    result = run(path)
    assert result.returncode != 0
    assert told in result.stderr
    assert path.read_text() == kept
