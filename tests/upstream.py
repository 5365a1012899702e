"""A framework's own tests, run with our class in place of theirs.

They come from the releases on the package index, into `.bench/`; nothing of them is kept here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".bench" / "upstream"


def unpacked(name: str, version: str) -> Path:
    """Return the folder of a release's sources, downloaded when first asked for."""
    folder = CACHE / f"{name.replace('-', '_')}-{version}"
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--no-binary", name, "--dest", place, f"{name}=={version}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
        if done.returncode and not os.environ.get("CI"):
            pytest.skip(f"{name} {version} can't be downloaded: {done.stderr.strip()[-200:]}")
        assert not done.returncode, done.stderr
        shutil.unpack_archive(Path(place) / f"{folder.name}.tar.gz", place)
        with suppress(OSError):  # another worker was quicker
            (Path(place) / folder.name).rename(folder)
    assert folder.exists()
    return folder


def outcome(folder: Path, tests: str, plugin: Path) -> tuple[set[str], int, str]:
    """Run tests in a process of their own, with a plugin that puts our class in place of theirs.

    Returns:
        The names of those that failed, how many passed, and the end of what was printed.
    """
    ours = [ROOT / "core", ROOT / "integrations", plugin.parent]
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", plugin.stem, "-p", "no:cacheprovider",
        "--override-ini", "addopts=", tests,
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, ours))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) [^\[\s]*?(\w+)(?=[\[\s]|$)", done.stdout, re.MULTILINE)
    passed = re.search(r"(\d+) passed", done.stdout)
    return set(failed), int(passed[1]) if passed else 0, done.stdout[-5000:] + done.stderr[-500:]
