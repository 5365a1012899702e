"""An integration stands on public names of the core, and on no other integration."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diarist

ROOT = Path(__file__).parents[2] / "integrations"
PACKAGES = sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists())
MODULES = sorted(ROOT.rglob("*.py"))
PUBLIC = {
    "diarist", "diarist.adapters", "diarist.backends", "diarist.compaction", "diarist.errors",
    "diarist.loaders", "diarist.schema", "diarist.testing",
}  # fmt: skip
FRAMEWORKS = {
    "langchain_diarist": "langchain_core langgraph langchain",
    "llama_index_diarist": "llama_index",
    "crewai_diarist": "crewai",
    "pydantic_ai_diarist": "pydantic_ai",
    "diarist_compat": "",
}


def imports(path: Path) -> dict[str, set[str]]:
    """Return module -> the names taken from it."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name: set() for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.setdefault(node.module, set()).update(name.name for name in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_public_names_of_the_core_and_no_other_integration_are_imported(path: Path):
    own = path.relative_to(ROOT).parts[0]
    for module, names in imports(path).items():
        if module.partition(".")[0] == "diarist":
            assert module in PUBLIC
            if module == "diarist":
                assert names <= set(diarist.__all__) | {"__version__"}
        assert module.partition(".")[0] not in set(PACKAGES) - {own} or own == "diarist_compat"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_what_it_holds_and_stays_short(path: Path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 500


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_no_framework(package: str):
    code = f"import {package}, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert not set(done.stdout.split()) & {*FRAMEWORKS[package].split(), "pydantic", "numpy"}
