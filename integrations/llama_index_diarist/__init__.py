"""LlamaIndex on a diary: memory, chat stores, a memory block, tools."""

from __future__ import annotations

from diarist.adapters import exports

__all__: list[str] = []

__getattr__, __dir__ = exports(__name__, "llama-index", {})
