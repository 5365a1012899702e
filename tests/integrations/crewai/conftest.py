"""Tests of CrewAI are skipped, with the reason, where it is not installed."""

from __future__ import annotations

import pytest

from lacking import REASON, WITHOUT_CREWAI

if WITHOUT_CREWAI:
    pytest.skip(REASON, allow_module_level=True)
