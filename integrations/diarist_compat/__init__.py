"""Doors for people who come from other systems: their names, over a diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from diarist_compat.memento import MemoryManager
    from diarist_compat.memory_mini import DuplicateKeyError, Entry, EntryStatus, Store
    from diarist_compat.pydantic_deep import (
        AgentMemoryToolset,
        MemoryAccessError,
        MemoryFile,
        format_memory_prompt,
        get_memory_path,
        load_memory,
    )

__all__ = [
    "AgentMemoryToolset",
    "DuplicateKeyError",
    "Entry",
    "EntryStatus",
    "MemoryAccessError",
    "MemoryFile",
    "MemoryManager",
    "Store",
    "format_memory_prompt",
    "get_memory_path",
    "load_memory",
]

__getattr__, __dir__ = exports(
    __name__,
    "pydantic-ai",
    {
        "memento": "MemoryManager",
        "memory_mini": "DuplicateKeyError Entry EntryStatus Store",
        "pydantic_deep": "AgentMemoryToolset MemoryAccessError MemoryFile format_memory_prompt "
        "get_memory_path load_memory",
    },
)
