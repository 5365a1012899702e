"""The tools of a user, at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.tools.desk import WAYS, Desk, make
from diarist import Tool, diary_tools

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return Desk(make(tmp_path, max_prefs_per_category=5), request.param, session_id="chat_1")


@pytest.fixture
def tools(tmp_path: Path) -> list[Tool]:
    return diary_tools(make(tmp_path), "ana")
