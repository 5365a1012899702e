"""Much of everything fits into little memory, and no file stays open. Speed is for benchmarks."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.records.limits import measured
from diarist.backends.databases import MOST_OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = MOST_OPEN * 3 + 8  # databases with their logs


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is room: these tests are not about the disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 1 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "count"),
    [
        ("long_message", 5_000_000),
        ("many_messages", 100_000),
        ("many_notes", 100_000),
        ("many_sessions", 10_000),
        ("many_users", 2_000),
    ],
)
def test_much_fits_into_300_megabytes_and_leaves_no_file_open(folder: Path, task: str, count: int):
    found = measured(task, folder, count)
    assert found["megabytes"] < 300
    assert found["open"] <= MOST_FILES
    assert found["left open"] == 0
