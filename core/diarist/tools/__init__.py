"""Tools for a model: typed functions over one user's diary, which any framework makes its own."""

from __future__ import annotations

from diarist.tools.making import Tool, diary_tools

__all__ = ["Tool", "diary_tools"]
