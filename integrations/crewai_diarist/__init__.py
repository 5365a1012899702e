"""CrewAI on a diary: memory, storage, an extractor, tools, inputs for prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from crewai_diarist.extractor import CrewAIExtractor
    from crewai_diarist.memory import DiaryMemory
    from crewai_diarist.storage import DiaryStorage, register_diary_scheme
    from crewai_diarist.tools import diary_inputs, diary_tools

__all__ = [
    "CrewAIExtractor",
    "DiaryMemory",
    "DiaryStorage",
    "diary_inputs",
    "diary_tools",
    "register_diary_scheme",
]

__getattr__, __dir__ = exports(
    __name__,
    "crewai",
    {
        "extractor": "CrewAIExtractor",
        "memory": "DiaryMemory",
        "storage": "DiaryStorage register_diary_scheme",
        "tools": "diary_inputs diary_tools",
    },
)
