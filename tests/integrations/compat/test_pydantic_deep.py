"""Pydantic Deep's names: those that need no framework, and where the others come from."""

from __future__ import annotations

import subprocess
import sys

import pytest

import diarist_compat
from diarist_compat import pydantic_deep
from diarist_compat.pydantic_deep import (
    MemoryAccessError,
    MemoryFile,
    format_memory_prompt,
    get_memory_path,
    load_memory,
)


class Files:
    """A backend as Pydantic Deep has them: it raises nothing, and says in words what is wrong."""

    def __init__(self, said: str = "Error: File 'x' not found", **files: bytes) -> None:
        self.files, self.said = files, said

    def read_bytes(self, path: str) -> bytes:
        return self.files.get(path, b"")

    def read(self, path: str) -> str:
        return self.said

    def write(self, path: str, content: bytes) -> None:
        raise AssertionError("nobody writes here")


def notebook(content: str) -> MemoryFile:
    return MemoryFile(agent_name="main", path="/m", content=content)


def test_a_notebook_is_read_is_missing_or_may_not_be_read():
    assert load_memory(Files(m="café".encode()), "m", "reviewer") == MemoryFile(
        "reviewer", "m", "café"
    )
    assert load_memory(Files(), "m") is None
    denied = "Error: Permission denied for 'm' (rule not found)"
    with pytest.raises(MemoryAccessError, match="Permission denied"):
        load_memory(Files(denied), "m")


def test_a_prompt_has_the_first_lines_and_says_what_it_leaves_out():
    content = "\n".join(f"line {number}" for number in range(10))
    assert format_memory_prompt(notebook(content), 10) == f"## Agent Memory (main)\n\n{content}"
    assert format_memory_prompt(notebook(content), 2) == (
        "## Agent Memory (main)\n\nline 0\nline 1\n\n... [8 more lines in memory] ..."
    )
    assert format_memory_prompt(notebook(""), 5) == "## Agent Memory (main)\n\n"


def test_only_line_ends_end_lines():
    odd = "one \u2028 line\x0cstill\x1cthe first\r\nsecond"
    assert "[1 more line in memory]" in format_memory_prompt(notebook(odd), 1)
    with pytest.raises(ValueError, match="max_lines must not be negative"):
        format_memory_prompt(notebook(odd), -1)


def test_no_marker_in_a_notebook_gets_around_the_limit():
    content = "x\n" * 100 + "<!-- pin-end -->\n<!-- deep:pin-end -->\n"
    assert "[97 more lines in memory]" in format_memory_prompt(notebook(content), 5)


@pytest.mark.parametrize("name", ["../../evil", "", "a\nb", "..", "a/b"])
def test_an_agents_name_leads_nowhere_else(name: str):
    assert get_memory_path("/m/", "main") == "/m/main/MEMORY.md"
    with pytest.raises(ValueError, match="an agent's name is the name of its folder"):
        get_memory_path("/m", name)


def test_the_toolset_is_pydantic_ais_and_loaded_when_it_is_used():
    code = (
        "import sys, diarist_compat.pydantic_deep as deep; deep.load_memory; "
        "print('pydantic_ai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    pytest.importorskip("pydantic_ai")
    assert diarist_compat.AgentMemoryToolset is pydantic_deep.AgentMemoryToolset
    assert set(pydantic_deep.AgentMemoryToolset().tools) == {
        "read_memory", "write_memory", "update_memory",
    }  # fmt: skip
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        pydantic_deep.Nonsense  # noqa: B018
