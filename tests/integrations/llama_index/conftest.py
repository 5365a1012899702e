"""A chat store that several files are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist import Diary
from llama_index_diarist import DiaryAsyncChatStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["a folder", "PostgreSQL"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> DiaryAsyncChatStore:
    if request.param == "PostgreSQL":
        return DiaryAsyncChatStore(Diary(request.getfixturevalue("postgres")), "ana")
    return DiaryAsyncChatStore(tmp_path, "ana")
