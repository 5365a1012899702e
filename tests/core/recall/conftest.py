"""A diary on disk at a known hour, and a question's sources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from diarist import SyncDiary
from diarist.backends.local import LocalBackend
from diarist.testing import FrozenClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
"""A Wednesday."""


class Sources(Protocol):
    """`sources("who likes tea?")` is what names each hit, the best first."""

    def __call__(self, query: str, k: int = 10, **options: Any) -> list[str]: ...


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def diary(tmp_path: Path, clock: FrozenClock) -> SyncDiary:
    return SyncDiary(LocalBackend(tmp_path, durability="normal"), clock=clock)


@pytest.fixture
def sources(diary: SyncDiary) -> Sources:
    def ask(query: str, k: int = 10, **options: Any) -> list[str]:
        return [hit.source for hit in diary.recall("ana", query, k, **options)]

    return ask


@pytest.fixture
def weigh(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`weigh(time=0)` changes the weights; `weigh.only` leaves one."""
    from diarist.recall.features import WEIGHTS

    def change(**weights: int) -> None:
        for name, weight in weights.items():
            assert name in WEIGHTS
            monkeypatch.setitem(WEIGHTS, name, weight)

    return change
