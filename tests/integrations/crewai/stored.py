"""What tests of the storage share: a record in a word, and who is where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crewai.memory.types import MemoryRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crewai_diarist import DiaryStorage


def record(id: str, scope: str = "/", vector: Iterable[float] = (1.0, 0.0), **more: Any):
    """Return a record with an id."""
    return MemoryRecord(
        id=id, **{"content": f"about {id}"} | more, scope=scope, embedding=list(vector)
    )


def ids(storage: DiaryStorage, scope: str | None = None) -> set[str]:
    """Return the ids of what is listed."""
    return {each.id for each in storage.list_records(scope, limit=10_000)}


def found(storage: DiaryStorage, vector: Iterable[float] = (1.0, 0.0), **wanted: Any) -> list[str]:
    """Return the ids of what a search finds, best first."""
    return [each.id for each, _ in storage.search(list(vector), **wanted)]
