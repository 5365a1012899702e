"""Doors for people who come from other systems: their names, over a diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from diarist_compat.memory_mini import DuplicateKeyError, Entry, EntryStatus, Store

__all__ = ["DuplicateKeyError", "Entry", "EntryStatus", "Store"]

__getattr__, __dir__ = exports(
    __name__,
    "vectors",
    {"memory_mini": "DuplicateKeyError Entry EntryStatus Store"},
)
