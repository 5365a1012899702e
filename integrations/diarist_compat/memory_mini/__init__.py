"""memory-mini's names over a diary's notes: `from diarist_compat.memory_mini import Store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from diarist_compat.memory_mini.entries import DuplicateKeyError, Entry, EntryStatus
    from diarist_compat.memory_mini.store import Store

__all__ = ["DuplicateKeyError", "Entry", "EntryStatus", "Store"]

__getattr__, __dir__ = exports(
    __name__, "vectors", {"entries": "DuplicateKeyError Entry EntryStatus", "store": "Store"}
)
