"""Pydantic Deep's memory names, as its versions 0.3.26 to 0.3.30 had them.

The notebook is a file of the backend in `ctx.deps`, or with a diary the user's notebook there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diarist import MemoryAccessError, MemoryFile
from pydantic_ai_diarist import get_memory_path, load_memory

if TYPE_CHECKING:
    from pydantic_ai_diarist import AgentMemoryToolset

__all__ = [
    "DEFAULT_MAX_MEMORY_LINES",
    "DEFAULT_MEMORY_DIR",
    "DEFAULT_MEMORY_FILENAME",
    "AgentMemoryToolset",
    "MemoryAccessError",
    "MemoryFile",
    "format_memory_prompt",
    "get_memory_path",
    "load_memory",
]

DEFAULT_MEMORY_DIR = "/.deep/memory"
DEFAULT_MEMORY_FILENAME = "MEMORY.md"
DEFAULT_MAX_MEMORY_LINES = 200


def format_memory_prompt(memory: MemoryFile, max_lines: int) -> str:
    r"""Return the first lines of a notebook for a prompt, and how many are left out.

    An agent is told the last lines by `AgentMemoryToolset`, where new things stand.

    Raises:
        ValueError: `max_lines` is negative.

    >>> print(format_memory_prompt(MemoryFile("main", "MEMORY.md", "a\nb\nc\n"), 1))
    ## Agent Memory (main)
    <BLANKLINE>
    a
    <BLANKLINE>
    ... [2 more lines in memory] ...
    """
    shown = memory.format_prompt(max_lines, keep="head", pin_marker="")
    return shown or f"## Agent Memory ({memory.agent_name})\n\n"


def __getattr__(name: str) -> Any:
    if name == "AgentMemoryToolset":  # needs Pydantic AI, which the rest does not
        import pydantic_ai_diarist

        return pydantic_ai_diarist.AgentMemoryToolset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
