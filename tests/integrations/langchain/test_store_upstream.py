"""LangGraph's own tests of its stores pass with `DiaryStore` in place of them.

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

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".bench" / "upstream"
CHECKPOINT = ("langgraph-checkpoint", "4.3.2")
SQLITE = ("langgraph-checkpoint-sqlite", "3.1.2")

SUITES = [
    (CHECKPOINT, "test_store.py", 117, {}),
    (
        SQLITE,
        "test_store.py",
        101,
        {
            "test_vector_store_initialization": "reads SqliteStore's own connection",
            "test_nonnull_migrations": "reads SqliteStore's own migrations",
        },
    ),
    (
        SQLITE,
        "test_async_store.py",
        37,
        {"test_no_running_loop": "ours may be called from a running loop: one class serves both"},
    ),
    (
        SQLITE,
        "test_ttl.py",
        10,
        {
            "test_ttl_override_default": "SqliteStore refreshes on reads only where it is told to; "
            "LangGraph's TTLConfig says that it is the default"
        },
    ),
]


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


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("release", "suite", "passing", "others"), SUITES, ids=lambda value: str(value)[:40]
)
def test_their_tests_pass_with_our_store(
    release: tuple[str, str], suite: str, passing: int, others: dict[str, str]
):
    folder = unpacked(*release)
    ours = [ROOT / "core", ROOT / "integrations", Path(__file__).parent]
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "upstream_plugin", "-p", "no:cacheprovider",
        "--override-ini", "addopts=", f"tests/{suite}",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, ours))},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    failed = re.findall(r"^FAILED tests/\S+::(\w+)", done.stdout, re.MULTILINE)
    assert set(failed) == set(others), done.stdout[-5000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout[-5000:]
    assert int(found[1]) == passing
