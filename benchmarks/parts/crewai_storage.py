"""Answers for a storage of CrewAI's memory: ours, LanceDB's, or a list and numpy in memory.

The storage's name is the second argument, how many records it has the third.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

os.environ |= {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "OTEL_SDK_DISABLED": "true",
}

import numpy as np
from crewai.memory.types import MemoryRecord, ScopeInfo
from records_material import answer, texts

DIMS, SCOPES = 384, 50
START = datetime(2026, 1, 1)


class InMemory:
    """The least that any storage has to do: what it holds is a list, and lost at the end."""

    def __init__(self) -> None:
        self.records: list[MemoryRecord] = []
        self.places: dict[str, int] = {}
        self.vectors = np.zeros((0, DIMS), np.float32)

    def save(self, records: list[MemoryRecord]) -> None:
        new = np.array([record.embedding for record in records], np.float32)
        self.vectors = np.concatenate([self.vectors, new])
        for record in records:
            self.places[record.id] = len(self.records)
            self.records.append(record)

    def update(self, record: MemoryRecord) -> None:
        place = self.places[record.id]
        self.records[place], self.vectors[place] = record, record.embedding

    def search(self, vector: list[float], scope_prefix: str | None = None, limit: int = 10) -> Any:
        places = np.array(self._within(scope_prefix))
        squares = ((self.vectors[places] - np.array(vector, np.float32)) ** 2).sum(axis=1)
        best = np.argsort(squares)[:limit]
        return [(self.records[places[n]], 1 / (1 + float(squares[n]))) for n in best]

    def get_record(self, record_id: str) -> MemoryRecord:
        return self.records[self.places[record_id]]

    def list_records(self, scope: str | None = None, limit: int = 200) -> list[MemoryRecord]:
        found = [self.records[place] for place in self._within(scope)]
        return sorted(found, key=lambda record: record.created_at, reverse=True)[:limit]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        found = [self.records[place] for place in self._within(scope)]
        start = scope.rstrip("/") + "/"
        below = {r.scope[len(start) :].split("/")[0] for r in found if r.scope.startswith(start)}
        return ScopeInfo(
            path=scope,
            record_count=len(found),
            categories=sorted({name for record in found for name in record.categories}),
            oldest_record=min(record.created_at for record in found),
            newest_record=max(record.created_at for record in found),
            child_scopes=sorted(start + name for name in below),
        )

    def _within(self, scope: str | None) -> list[int]:
        start = (scope or "").rstrip("/") + "/"
        every = enumerate(self.records)
        return [place for place, record in every if f"{record.scope}/".startswith(start)]


def opened(name: str, folder: Path) -> Any:
    if name == "DiaryStorage":
        from crewai_diarist import DiaryStorage

        return DiaryStorage(folder / name)
    if name == "LanceDBStorage":
        from crewai.memory.storage.lancedb_storage import LanceDBStorage

        return LanceDBStorage(folder / name)
    return InMemory()


def main(folder: Path, name: str, size: int) -> None:
    draw, numbers = random.Random(11), count()
    said = texts(1000, seed=7, words=15)

    def vector() -> list[float]:
        found = np.array([draw.gauss(0, 1) for _ in range(DIMS)])
        return (found / np.linalg.norm(found)).tolist()

    def scope(number: int) -> str:
        return f"/user/u{number % SCOPES:02}"

    def new() -> MemoryRecord:
        number = next(numbers)
        return MemoryRecord(
            id=f"record-{number}",
            content=said[number % 1000],
            scope=scope(number),
            categories=[f"category-{number % 10}", f"kind-{number % 3}"],
            metadata={"number": number},
            created_at=START + timedelta(minutes=number),
            embedding=vector(),
        )

    storage = opened(name, folder)
    for first in range(0, size, 500):
        storage.save([new() for _ in range(first, min(first + 500, size))])
    fresh = iter([new() for _ in range(2000)])
    asked = [vector() for _ in range(50)]

    def save_and_search() -> None:
        record = next(fresh)
        storage.save([record])
        assert storage.search(record.embedding, scope_prefix=record.scope)[0][0].id == record.id

    def save_and_inform() -> None:
        record = next(fresh)
        storage.save([record])
        assert storage.get_scope_info("/").newest_record == record.created_at

    def update() -> None:
        storage.update(changed[draw.randrange(20)])

    changed = [storage.get_record(f"record-{n}") for n in range(20)]
    calls = {
        "save": lambda: storage.save([next(fresh)]),
        "save 100": lambda: storage.save([next(fresh) for _ in range(100)]),
        "search": lambda: storage.search(draw.choice(asked)),
        "search scope": lambda: storage.search(
            draw.choice(asked), scope_prefix=scope(draw.randrange(50))
        ),
        "search saved": save_and_search,
        "info saved": save_and_inform,
        "info": lambda: storage.get_scope_info("/"),
        "info scope": lambda: storage.get_scope_info(scope(draw.randrange(50))),
        "list": lambda: storage.list_records(scope(draw.randrange(50)), limit=20),
        "update": update,
        "get": lambda: storage.get_record(f"record-{draw.randrange(size)}"),
    }
    asyncio.run(answer(calls))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
