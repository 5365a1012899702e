"""CrewAI on a diary."""

from __future__ import annotations

from diarist.adapters import exports

__all__: list[str] = []

__getattr__, __dir__ = exports(__name__, "crewai", {})
