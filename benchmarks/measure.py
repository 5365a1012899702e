"""Medians, ratios and tables: what every benchmark shares."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".bench"

__all__ = [
    "ROOT", "WORK", "ChildError", "LackingError", "Part", "at_least", "child", "in_turn",
    "installed", "machine", "median", "peer", "ratio", "sync_times", "table", "taken",
]  # fmt: skip


def peer(name: str, *requirements: str) -> Path:
    """Return the Python of a virtual environment that holds `requirements`, made on first use."""
    folder = WORK / name
    python = folder / "bin" / "python"
    wanted, stamp = "\n".join(requirements), folder / ".requirements"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    installed(name, *requirements)
    stamp.write_text(wanted)
    return python


def installed(name: str, *requirements: str) -> Path:
    """Return the Python of a virtual environment made anew, with `requirements` and no more."""
    folder = WORK / name
    python = folder / "bin" / "python"
    print(f"installing {', '.join(requirements)} …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0:
        command = [uv, "pip", "install", "--quiet", "--python", str(python)]
        command += ["--refresh-package", "diarist"]  # a folder's source is read anew
    else:
        command = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*command, *requirements], check=True)
    return python


class LackingError(RuntimeError):
    """What a benchmark needs is not on this machine; the message says what."""


class ChildError(RuntimeError):
    """A benchmark's part failed; the message has its command and what it wrote."""


def child(python: Path | str, *arguments: object) -> Any:
    """Run a benchmark's part in a process of its own; it prints one line of JSON at the end.

    Raises:
        ChildError: it failed.
    """
    command = [str(python), *map(str, arguments)]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode or not result.stdout:
        raise ChildError(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


class Part:
    """A benchmark's part that stays, and measures what it is asked for: so many can take turns.

    It reads a call's name and how often from each line, and prints the seconds each call took.
    """

    def __init__(self, python: Path | str, *arguments: object) -> None:
        self._command = [str(python), *map(str, arguments)]
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, name: str, times: int) -> list[float]:
        """Return the seconds of each call."""
        self.begin(name, times)
        return self.outcome()

    def begin(self, name: str, times: int) -> None:
        """Have it begin with some calls."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\t{times}\n")
        self._process.stdin.flush()

    def outcome(self) -> list[float]:
        """Return the seconds of each call, once they are done."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildError(f"{' '.join(self._command)} gave no answer")
        return json.loads(line)

    def close(self) -> None:
        """Have it end."""
        self._process.communicate()


def in_turn(
    parts: Mapping[str, Part], calls: Mapping[str, int], rounds: int
) -> dict[tuple[str, str], float]:
    """Have the parts make each call so often, one after the other, in each round; end them.

    Returns:
        By call and part, the median of the rounds' medians in seconds.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for call, times in calls.items():
            for name, part in parts.items():
                seconds = median(part.ask(call, times))
                if number:  # the first round warms up
                    found.setdefault((call, name), []).append(seconds)
    for part in parts.values():
        part.close()
    return {place: median(each) for place, each in found.items()}


def taken(beside: Sequence[str]) -> str:
    """Return a paragraph that says when, on what and beside which releases figures are taken.

    Args:
        beside: distributions, as `name==version` where they are in an environment of their own.
    """
    today = datetime.now().astimezone()
    syncs = f"One 4 KiB write and its sync takes {median(sync_times(30)):.2f} ms on this disk."
    said = f"Taken on {today.day} {today:%B %Y} with {machine()}. {syncs}"
    if not beside:
        return said
    named = (name.replace("==", " ") if "==" in name else f"{name} {version(name)}"
             for name in beside)  # fmt: skip
    return f"{said} Beside {', '.join(named)}."


def machine() -> str:
    """Return what the figures are taken on: processor, system, disk, Python, SQLite and load."""
    WORK.mkdir(exist_ok=True)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"{_file_system(WORK)}, Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f} at the start"
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _file_system(path: Path) -> str:
    """Return the kind of the disk's file system: that of the deepest mount above a path."""
    known = Path("/proc/mounts")
    lines = known.read_text().splitlines() if known.exists() else []
    kinds = {mount: kind for _, mount, kind, *_ in map(str.split, lines)}
    above = (str(folder) for folder in (path, *path.parents))
    return next((kinds[folder] for folder in above if folder in kinds), "a disk")


def sync_times(many: int) -> list[float]:
    """Return the milliseconds of some writes that wait for the disk, and do nothing else."""
    WORK.mkdir(exist_ok=True)
    found: list[float] = []
    with tempfile.NamedTemporaryFile(dir=WORK, buffering=0) as file:
        for _ in range(many):
            start = perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            found.append((perf_counter() - start) * 1000)
    return found


def at_least(least: int, share: float, whole: int) -> int:
    """Return a share of a number of rounds or records, and never less than so many.

    >>> at_least(2, 0.1, 50), at_least(2, 0.1, 5)
    (5, 2)
    """
    return max(int(whole * share), least)


def ratio(theirs: float, ours: float) -> str:
    """Return how many times less ours is."""
    return f"{theirs / ours:.1f}×"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
