"""Makes `pydantic_deep` of our names, for its own tests: `pytest -p deep_plugin`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass
class DeepAgentDeps:
    """What their tests give a run: a backend."""

    backend: Any


def pytest_configure() -> None:
    """Put the modules in place, before a test asks for them."""
    from diarist_compat import pydantic_deep

    package, toolsets = ModuleType("pydantic_deep"), ModuleType("pydantic_deep.toolsets")
    names = {name: getattr(pydantic_deep, name) for name in pydantic_deep.__all__}
    vars(package).update(names, DeepAgentDeps=DeepAgentDeps, create_deep_agent=None, __path__=[])
    vars(toolsets).update(memory=pydantic_deep, __path__=[])
    sys.modules["pydantic_deep"] = package
    sys.modules["pydantic_deep.toolsets"] = toolsets
    sys.modules["pydantic_deep.toolsets.memory"] = pydantic_deep
