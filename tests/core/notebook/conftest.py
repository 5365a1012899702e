"""A notebook in a folder of its own, and the file it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist import LocalBackend
from diarist.notebook import Notebook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "memories")


@pytest.fixture
def notebook(backend: LocalBackend) -> Notebook:
    return Notebook(backend, "ana")


@pytest.fixture
def path(backend: LocalBackend) -> Path:
    return backend.path / "ana" / "memory" / "main" / "MEMORY.md"
