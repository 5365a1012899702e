"""Medians, ratios and tables: what every benchmark shares."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".bench"

__all__ = ["WORK", "Part", "child", "in_turn", "machine", "median", "peer", "ratio", "table"]


def peer(name: str, *requirements: str) -> Path:
    """Return the Python of a virtual environment that holds `requirements`, made on first use."""
    folder = WORK / name
    python = folder / "bin" / "python"
    wanted, stamp = "\n".join(requirements), folder / ".requirements"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"installing {', '.join(requirements)} …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0:
        command = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        command = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*command, *requirements], check=True)
    stamp.write_text(wanted)
    return python


def child(python: Path | str, *arguments: object) -> Any:
    """Run a benchmark's part in a process of its own; it prints one line of JSON at the end."""
    command = [str(python), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stderr}")
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
            raise SystemExit(f"{' '.join(self._command)} gave no answer")
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


def machine() -> str:
    """Return what the figures were taken on."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} cores"
    )


def ratio(theirs: float, ours: float) -> str:
    """Return how many times less ours is."""
    return f"{theirs / ours:.1f}×"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
