"""Pydantic AI on a diary: the agent's own notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from pydantic_ai_diarist.files import get_memory_path, load_memory
    from pydantic_ai_diarist.notebook import AgentMemoryToolset

__all__ = ["AgentMemoryToolset", "get_memory_path", "load_memory"]

__getattr__, __dir__ = exports(
    __name__,
    "pydantic-ai",
    {
        "files": "get_memory_path load_memory",
        "notebook": "AgentMemoryToolset",
    },
)
