"""A pytest plugin for CrewAI's own tests: they get `DiaryStorage` where they ask for LanceDB's."""

from __future__ import annotations

from typing import Any

from crewai.memory.storage import factory, lancedb_storage

from crewai_diarist import DiaryStorage


class Stored(DiaryStorage):
    """Ours, made as LanceDB's is: nothing has to be compacted now and then."""

    def __init__(self, *args: Any, compact_every: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


lancedb_storage.LanceDBStorage = Stored
factory.set_memory_storage_factory(lambda spec: Stored(None if spec == "lancedb" else spec))
