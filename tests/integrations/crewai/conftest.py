"""Tests of CrewAI are skipped, with the reason, where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

if find_spec("crewai") is None:
    pytest.skip("CrewAI is not installed in this environment", allow_module_level=True)
