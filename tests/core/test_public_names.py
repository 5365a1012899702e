"""The names are light to import; the modules of the core know their place. See test_surface.py."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diarist

CORE = Path(diarist.__file__).parent
MODULES = sorted(CORE.rglob("*.py"))
PURE = {"dates", "extraction", "html", "pages", "recall"}
IMPURE_IMPORTS = {"asyncio", "io", "os", "pathlib", "random", "secrets", "shutil", "socket",
                  "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib"}  # fmt: skip
ALLOWED = {"diarist", "pydantic", "pydantic_core", "rapidfuzz", "rich",
           "tomlkit", "typer", "click"}  # fmt: skip
EXTRAS: dict[str, set[str]] = {
    "backends": {"google", "psycopg"},
    "testing": {"pytest"},
    "vectors.py": {"numpy"},
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_all_names_load_when_they_are_first_used():
    for name in diarist.__all__:
        assert getattr(diarist, name) is not None
    assert set(diarist.__all__) < set(dir(diarist))
    assert diarist.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        diarist.nonsense  # noqa: B018


def test_importing_loads_nothing_heavy():
    loaded = set(run("import diarist, sys; print(*sys.modules)").split())
    assert not loaded & {
        "pydantic",
        "numpy",
        "sqlite3",
        "aiosqlite",
        "tomlkit",
        "asyncio",
        "logging",
    }
    loaded = set(run("from diarist import Diary; import sys; print(*sys.modules)").split())
    assert not loaded & {
        "tomlkit", "rapidfuzz", "aiosqlite", "sqlite3", "importlib.metadata", "numpy",
        "typer", "rich",
    }  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_imports_only_what_its_place_allows(path: Path):
    found = imports(path)
    tops = {name.partition(".")[0] for name in found}
    folder = path.relative_to(CORE).parts[0]
    extra = EXTRAS.get(folder, set())
    assert tops <= ALLOWED | extra | set(sys.stdlib_module_names)
    if folder in PURE:
        assert not tops & IMPURE_IMPORTS
        assert not {
            name for name in found if name.startswith(("diarist.backends", "diarist.diary"))
        }
    if folder != "cli":
        assert not tops & {"typer", "rich", "click"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_opens_with_what_it_holds(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_only_the_diary_reads_the_clock_for_data():
    readers = {
        path.relative_to(CORE).as_posix()
        for path in MODULES
        if any(call in path.read_text() for call in ("datetime.now(", "time.time(", "utcnow("))
    }
    of_files = {"backends/outside.py", "backends/repair.py"}  # the age of one, the name of another
    assert readers <= {"foundation.py"} | of_files
