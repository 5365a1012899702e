"""A pytest plugin for LangGraph's own tests: `DiaryStore` stands in place of LangGraph's stores.

Loaded with `-p` before any test module is, in a process of its own. Where `DIARIST_UPSTREAM` is the
address of a server, what would be in memory is kept there.
"""

from __future__ import annotations

import os
from typing import Any
from uuid import uuid4

import langgraph.store.memory
import langgraph.store.sqlite
import langgraph.store.sqlite.aio

from diarist import Diary
from langchain_diarist import DiaryStore

ADDRESS = os.environ.get("DIARIST_UPSTREAM")
SHARED = None if ADDRESS is None else Diary(ADDRESS)


class OnServer(DiaryStore):
    """Ours on a server, each with an owner of its own, as each in memory is by itself."""

    def __init__(self, path: Any = None, *, diary: Any = None, **settings: Any) -> None:
        if path is None and diary is None:
            diary, settings["owner"] = SHARED, f"langgraph-{uuid4().hex}"
        super().__init__(path, diary=diary, **settings)


for module, name in (
    (langgraph.store.memory, "InMemoryStore"),
    (langgraph.store.sqlite, "SqliteStore"),
    (langgraph.store.sqlite, "AsyncSqliteStore"),
    (langgraph.store.sqlite.aio, "AsyncSqliteStore"),
):
    setattr(module, name, DiaryStore if SHARED is None else OnServer)
