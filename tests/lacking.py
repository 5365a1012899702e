"""What may be lacking: CrewAI, which pins older releases of what others use, or a server."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec

import pytest

WITHOUT_CREWAI = find_spec("crewai") is None
REASON = "CrewAI is not installed in this environment"

if WITHOUT_CREWAI and "crewai" in os.environ.get("EXTRAS", "") and sys.version_info < (3, 14):
    raise RuntimeError("make set this environment up with CrewAI, and it is not there")


def marks_of(text: str) -> list[pytest.MarkDecorator]:
    """Return the mark for a test that runs `text`: skipped where that imports what is lacking."""
    uses_it = re.search(r"\b(?:import|from) crewai", text) is not None
    return [pytest.mark.skipif(WITHOUT_CREWAI, reason=REASON)] if uses_it else []


def lack(reason: str) -> None:
    """Skip the test, and say why; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
