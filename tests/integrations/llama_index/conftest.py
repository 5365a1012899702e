"""A chat store that several files are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist import Diary
from llama_index_diarist import DiaryAsyncChatStore

if TYPE_CHECKING:
    from integrations.places import Place


@pytest.fixture
def queue(place: Place) -> DiaryAsyncChatStore:
    return DiaryAsyncChatStore(Diary(place), "ana")
