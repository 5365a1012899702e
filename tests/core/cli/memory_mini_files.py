"""Files with memory-mini's table."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NOON = "2026-05-01T12:00:00+00:00"


def entry(key: str, value: str = "v", ns: str = "a/b", **others: Any) -> dict[str, Any]:
    return {
        "key": key, "namespace": ns, "status": "active", "content": value, "metadata": "{}",
        "created_at": NOON, "updated_at": NOON, **others,
    }  # fmt: skip


def memory_mini(path: Path, *entries: dict[str, Any]) -> str:
    """Write a file with memory-mini's table."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, key TEXT, namespace TEXT,"
            " status TEXT, content TEXT, metadata TEXT, created_at TEXT, updated_at TEXT,"
            " last_accessed_at TEXT, expires_at TEXT, embedding BLOB, embedding_model TEXT,"
            " embedding_dims INTEGER)"
        )
        for one in entries:
            names, places = ", ".join(one), ", ".join(f":{name}" for name in one)
            connection.execute(f"INSERT INTO entries ({names}) VALUES ({places})", one)
    connection.close()
    return str(path)
