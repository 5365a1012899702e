"""The public surface as lines of text: `python tests/surface.py` writes them into surface.txt.

What is listed is what a user may import, call and rely on; its names and parameters change only as
CONTRIBUTING.md says. What a framework's classes bring along is theirs, and not listed.
"""

from __future__ import annotations

import inspect
import re
import sys
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from diarist.messages import Messages
from diarist.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = Path(__file__).with_suffix(".txt")
MODULES = [
    "diarist",
    "diarist.adapters",
    "diarist.backends",
    "diarist.compaction",
    "diarist.errors",
    "diarist.loaders",
    "diarist.schema",
    "diarist.testing",
    "crewai_diarist",
    "diarist_compat",
    "langchain_diarist",
    "llama_index_diarist",
    "pydantic_ai_diarist",
]
OWN = {name.partition(".")[0] for name in MODULES}


def modules() -> list[str]:
    """Return the public modules that can be imported here: CrewAI may be missing."""
    crewai = find_spec("crewai") is not None
    return [name for name in MODULES if crewai or not name.startswith("crewai")]


def public(module: str) -> Iterator[tuple[str, Any]]:
    """Give each name of a module, and what it stands for."""
    found = import_module(module)
    for name in found.__all__:
        yield name, getattr(found, name)


def members(kind: type) -> dict[str, Any]:
    """Return the public attributes of a class that we define, also in its bases."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.partition(".")[0] in OWN:
            found |= {name: value for name, value in vars(base).items() if name[0] != "_"}
    return found


def function_of(value: object) -> Any:
    """Return the function behind a method of any sort or a property, None where there is none."""
    value = value.fget if isinstance(value, property) else value
    value = getattr(value, "func", value)  # a cached property
    value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    return value if inspect.isfunction(value) else None


def homes() -> dict[int, str]:
    """Return where each public class or function is listed: the first module that has it."""
    found: dict[int, str] = {}
    for module in modules():
        for name, thing in public(module):
            found.setdefault(id(thing), f"{module}.{name}")
    return found


def listing() -> dict[str, list[str]]:
    """Return the lines of each public module."""
    known = homes()
    return {module: list(_lines(module, known)) for module in modules()}


def kept() -> dict[str, list[str]]:
    """Return the lines that are kept, by module."""
    parts = re.split(r"^\[(.+)\]\n", KEPT.read_text(), flags=re.MULTILINE)[1:]
    return {name: text.split("\n")[:-2] for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _lines(module: str, known: dict[int, str]) -> Iterator[str]:
    if module == "diarist":
        yield from _class_lines("Diary.messages", Messages)
        yield from _class_lines("Diary.notes", Notes)
    for name, thing in public(module):
        home = known[id(thing)]
        if home != f"{module}.{name}":
            yield f"{name} = {home}"
        elif inspect.isclass(thing):
            yield from _class_lines(name, thing)
        elif inspect.isfunction(thing):
            yield f"{name}{_parameters(thing)}"
        else:
            yield f"{name}: {type(thing).__name__.lstrip('_')}"


def _class_lines(name: str, kind: type) -> Iterator[str]:
    """Give the lines of a class; of suites of tests only the name, as their tests grow."""
    if issubclass(kind, Exception):
        builtin = next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")
        yield f"{name}({builtin})"
    elif issubclass(kind, BaseModel):
        own = [field for field in kind.model_fields if field in _annotated(kind)]
        yield f"{name}({', '.join(own)})"
    else:
        yield f"{name}{_constructor(kind)}"
    if name.endswith("Tests"):
        return
    for attribute, value in sorted(members(kind).items()):
        function = function_of(value)
        if isinstance(value, (property, cached_property)):
            yield f"{name}.{attribute}"
        elif function is not None:
            yield f"{name}.{attribute}{_parameters(function)}"


def _annotated(kind: type) -> set[str]:
    bases = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in OWN]
    return {name for base in bases for name in vars(base).get("__annotations__", ())}


def _constructor(kind: type) -> str:
    """Return a class's own parameters, "" where it has no constructor of ours."""
    makers = [vars(base).get("__init__") for base in kind.__mro__]
    own = next((maker for maker in makers if inspect.isfunction(maker)), None)
    if own is None or own.__module__.partition(".")[0] not in OWN | {"builtins", "typing"}:
        return ""
    return "" if getattr(kind, "_is_protocol", False) else _parameters(own)


def _parameters(function: Any) -> str:
    """Return names, kinds and defaults, without types, whose spelling may change."""
    found = inspect.signature(function)
    plain = [
        one.replace(annotation=one.empty)
        for one in found.parameters.values()
        if one.name not in ("self", "cls")
    ]
    text = str(found.replace(parameters=plain, return_annotation=found.empty))
    return re.sub(r"<(?:object|function|class|\w+\.)[^<>]*>|<[^<>]+>", "…", text)


if __name__ == "__main__":
    lines = listing()
    if missing := set(MODULES) - set(lines):
        sys.exit(f"not everything can be imported here: {missing}")
    text = "".join(f"[{name}]\n" + "".join(f"{x}\n" for x in lines[name]) + "\n" for name in lines)
    KEPT.write_text(text)
