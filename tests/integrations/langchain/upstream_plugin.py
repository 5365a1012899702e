"""A pytest plugin for LangGraph's own tests: `DiaryStore` stands in place of LangGraph's stores.

Loaded with `-p` before any test module is, in a process of its own.
"""

from __future__ import annotations

import langgraph.store.memory
import langgraph.store.sqlite
import langgraph.store.sqlite.aio

from langchain_diarist import DiaryStore

for module, name in (
    (langgraph.store.memory, "InMemoryStore"),
    (langgraph.store.sqlite, "SqliteStore"),
    (langgraph.store.sqlite, "AsyncSqliteStore"),
    (langgraph.store.sqlite.aio, "AsyncSqliteStore"),
):
    setattr(module, name, DiaryStore)
