"""Run notebooks again, offline: `python tests/run_notebooks.py [NOTEBOOK …]`, all without a name.

A notebook that shows what it showed before, but for times, ids and looks, is not touched; any other
is written with what it shows now. A cell that fails stops it, and nothing is written.
"""

from __future__ import annotations

import copy
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"  # times and dates
    r"|\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}(?:, \d\d:\d\d)?"
    r"|\b(?=[0-9a-f-]*\d)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-)?[0-9a-f]{12,}\b"  # ids
)
OFFLINE = """\
import logging
import sys

logging.getLogger("matplotlib.font_manager").setLevel("ERROR")  # it tells of its cache once

HERE = ("127.0.0.1", "::1", "localhost", "", None)


def refuse(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in HERE:
        raise SystemExit(f"a notebook used the network: {event} {host}")


sys.addaudithook(refuse)
"""
"""What a kernel does before all else."""
PICTURE, HTML = "image/png", "text/html"
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def refresh(path: Path, scratch: Path) -> list[int]:
    """Run a notebook in a new kernel, in its own folder; return which cells show something else.

    Args:
        path: the notebook.
        scratch: an empty folder for what the kernel itself writes.
    """
    kept = nbformat.read(path, as_version=4)
    ran = copy.deepcopy(kept)
    (scratch / "sitecustomize.py").write_text(OFFLINE)
    environment = os.environ | {
        "PYTHONPATH": str(scratch),
        "IPYTHONDIR": str(scratch),
        "MPLCONFIGDIR": str(Path(sys.prefix, ".matplotlib")),  # its cache, in no home folder
    }
    NotebookClient(
        ran,
        timeout=120,
        kernel_name="python3",
        config=Config(KernelManager={"transport": "ipc", "ip": str(scratch / "kernel")}),
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(env=environment)
    pairs = zip(shown(kept), shown(ran), strict=True)
    changed = [number for number, (before, now) in enumerate(pairs, 1) if before != now]
    if changed:
        ran.metadata = nbformat.from_dict(METADATA)
        nbformat.write(ran, path)
    return changed


def shown(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what each cell shows, without what is another at each run or on each machine."""
    cells = [
        [cell.get("execution_count"), [seen(output) for output in cell.get("outputs", [])]]
        for cell in notebook.cells
    ]
    return [CHANGING.sub("…", json.dumps(cell, sort_keys=True)) for cell in cells]


def seen(output: nbformat.NotebookNode) -> dict[str, object]:
    """Return an output without its looks: each version draws a picture in its own way."""
    data = dict(output.get("data", {}))
    if PICTURE in data:
        data[PICTURE] = "…"
    if HTML in data:
        data[HTML] = STYLE.sub("", data[HTML])
    return {**output, "data": data}


def main(paths: list[Path]) -> None:
    """Run them, and say of each what became of it."""
    for path in paths:
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["JUPYTER_RUNTIME_DIR"] = scratch
            changed = refresh(path.resolve(), Path(scratch))
        print(path.name, f"changed in its cells {changed}" if changed else "is as it was")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")))
