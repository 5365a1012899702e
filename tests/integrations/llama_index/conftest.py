"""A chat store that several files are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llama_index_diarist import DiaryAsyncChatStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def queue(tmp_path: Path) -> DiaryAsyncChatStore:
    return DiaryAsyncChatStore(tmp_path, "ana")
