"""Pydantic AI on a diary: a toolset for agents, their own notebook, an extractor, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from pydantic_ai_diarist.editing import MemoryDeps
    from pydantic_ai_diarist.extractor import PydanticAIExtractor
    from pydantic_ai_diarist.files import get_memory_path, load_memory
    from pydantic_ai_diarist.messages import from_message, to_message
    from pydantic_ai_diarist.notebook import AgentMemoryToolset
    from pydantic_ai_diarist.tools import diary_tools
    from pydantic_ai_diarist.toolset import DiaryToolset

__all__ = [
    "AgentMemoryToolset",
    "DiaryToolset",
    "MemoryDeps",
    "PydanticAIExtractor",
    "diary_tools",
    "from_message",
    "get_memory_path",
    "load_memory",
    "to_message",
]

__getattr__, __dir__ = exports(
    __name__,
    "pydantic-ai",
    {
        "editing": "MemoryDeps",
        "extractor": "PydanticAIExtractor",
        "files": "get_memory_path load_memory",
        "messages": "from_message to_message",
        "notebook": "AgentMemoryToolset",
        "tools": "diary_tools",
        "toolset": "DiaryToolset",
    },
)
