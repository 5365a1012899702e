"""The public surface: pinned, sorted, explained; and who may import what."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diarist import Extractor
from diarist.backends import DocumentStore, RecordStore
from surface import MODULES, OWN, function_of, kept, listing, members, modules, public

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
INTEGRATIONS = sorted(
    path for path in (ROOT / "integrations").rglob("*.py") if "__pycache__" not in path.parts
)
SOURCES = [
    path
    for folder in ("core", "integrations", "benchmarks", "demo", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
FRAMEWORKS = {"crewai", "langchain", "langchain_core", "langgraph", "llama_index", "pydantic_ai"}
ANYWHERE = {"user_id", "session_id", "kind", "args", "kwargs"}
"""Parameters that mean the same everywhere: whose, which conversation, which page."""
NOT_IMPERATIVE = re.compile(r"(?:An?|The|This|It|Returns|Gets|Sets|Whether|Method|Function)\b")


def documented() -> Iterator[tuple[str, str, Any, str]]:
    """Give the module, the name, the function and the words around it of all that is called."""
    for module in modules():
        for name, thing in public(module):
            if inspect.isfunction(thing):
                yield module, name, thing, ""
            elif inspect.isclass(thing) and not name.endswith("Tests"):
                for attribute, value in members(thing).items():
                    function = function_of(value)
                    if function is not None and not _is_of_a_contract(thing, attribute):
                        words = inspect.getdoc(thing) or ""
                        yield module, f"{name}.{attribute}", function, words


def _is_of_a_contract(kind: type, attribute: str) -> bool:
    """Say whether a framework's class, or a protocol of ours, says what a method takes."""
    foreign = [base for base in kind.__mro__ if base.__module__.partition(".")[0] not in OWN]
    protocols = [one for one in (DocumentStore, Extractor, RecordStore) if kind is not one]
    return any(hasattr(one, attribute) for one in (*foreign, *protocols))


# ---------------------------------------------------------------- names


def test_the_public_names_and_their_parameters_are_those_that_are_kept():
    now = listing()
    before = {name: lines for name, lines in kept().items() if name in now}
    assert now == before, "python tests/surface.py keeps what is meant"


def test_every_public_module_is_kept():
    assert list(kept()) == MODULES


@pytest.mark.parametrize("module", modules())
def test_names_are_sorted_and_listed_once(module: str):
    names = [name for name, _ in public(module)]
    by_kind = sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert names == by_kind
    assert len(set(names)) == len(names)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("module", modules())
def test_every_public_name_says_what_it_is(module: str):
    for name, thing in public(module):
        if (inspect.isclass(thing) and thing is not str) or inspect.isfunction(thing):
            words = inspect.getdoc(thing)
            assert words, name
            assert words.split("\n\n")[0].rstrip().endswith((".", ":")), name


def test_every_method_says_in_a_sentence_what_it_does():
    for module, name, function, _ in documented():
        words = inspect.getdoc(function)
        assert words, f"{module}.{name}"
        first = words.split("\n\n")[0]
        assert first[0].isupper() or first[0] == "`", f"{module}.{name}: {first}"
        assert first.rstrip().endswith((".", ":")), f"{module}.{name}: {first}"
        if not isinstance(function, property) and inspect.signature(function).parameters:
            assert not NOT_IMPERATIVE.match(first) or _is_attribute(name), f"{module}.{name}"


def _is_attribute(name: str) -> bool:
    """Say whether a name is a property's, which is a noun and not a command."""
    kind, _, attribute = name.partition(".")
    for module in modules():
        for found, thing in public(module):
            if found == kind and inspect.isclass(thing):
                return not callable(getattr(thing, attribute, None))
    return False


def test_every_parameter_is_explained_by_its_name():
    """Where the sentence of the method does not name it, the class or `Args:` does."""
    unexplained = {
        f"{module}.{name}({parameter})"
        for module, name, function, around in documented()
        for parameter in inspect.signature(function).parameters
        if parameter not in ANYWHERE | {"self", "cls"}
        and not re.search(rf"\b{parameter}\b", f"{inspect.getdoc(function)} {around}")
    }
    assert unexplained == set()


# ---------------------------------------------------------------- who imports what


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Give the module and the name of each import; the name is "" where a module is imported."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize(
    "path", INTEGRATIONS, ids=lambda path: path.relative_to(ROOT / "integrations").as_posix()
)
def test_an_integration_imports_public_names_of_the_core_and_no_other_integration(path: Path):
    names = {module: {name for name, _ in public(module)} for module in modules()}
    package = path.relative_to(ROOT / "integrations").parts[0]
    for module, name in imported(path):
        top = module.partition(".")[0]
        if top == "diarist":
            assert module in names, f"{module} is not public"
            assert name in names[module] | {""}, f"{module}.{name} is not public"
        elif top in OWN and top != package:
            assert package == "diarist_compat", f"{package} imports {module}"
            assert name in names[module] | {""}, f"{module}.{name} is not public"


def test_the_core_imports_no_framework_and_no_integration():
    found = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / "core").rglob("*.py")
        for module, _ in imported(path)
        if module.partition(".")[0] in FRAMEWORKS | OWN - {"diarist"}
    }
    assert found == set()


def test_no_file_is_longer_than_500_lines_without_a_reason():
    """The reason is a line `# Long: …` at its head."""
    long = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if len(lines := path.read_text().splitlines()) > 500
        and not any(line.startswith("# Long: ") for line in lines[:12])
    }
    assert long == set()
