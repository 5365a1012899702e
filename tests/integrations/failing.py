"""Diaries whose disk can be made to fail, and diaries without records."""

from __future__ import annotations

from typing import Any

from diarist import BackendError, Diary
from diarist.testing import MemoryBackend


class FailingRecords:
    """Records that can't be reached while `is_failing`."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.is_failing = False

    def __getattr__(self, name: str) -> Any:
        if name == "blocking":
            raise AttributeError(name)
        if self.is_failing:
            raise BackendError("the disk failed")
        return getattr(self._records, name)


def failing_diary(**settings: Any) -> tuple[Diary, FailingRecords]:
    backend = MemoryBackend()
    records = FailingRecords(backend.records)
    return Diary(backend, records=records, **settings), records  # type: ignore[arg-type]


class _Pages:
    """A backend without records."""

    def __init__(self) -> None:
        self._backend = MemoryBackend()

    def __getattr__(self, name: str) -> Any:
        if name in ("records", "blocking"):
            raise AttributeError(name)
        return getattr(self._backend, name)


def diary_without_records() -> Diary:
    return Diary(_Pages())  # type: ignore[arg-type]
