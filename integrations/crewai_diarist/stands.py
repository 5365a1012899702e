"""What stands in a `DiaryMemory` where CrewAI's `Memory` has a storage and an embedder.

A diary needs neither. But CrewAI copies an agent by making a plain `Memory` of the fields of
its own. That one would remember nothing and say so nowhere; here it ends the run.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NoReturn

from crewai.hooks.dispatch import HookAborted

from diarist import UnsupportedError, UserNotBoundError


class NobodyBoundError(UserNotBoundError, HookAborted):
    """Nobody says whose memory it is: CrewAI hides other errors of a memory, this ends a run."""

    def __init__(self, reason: str) -> None:
        HookAborted.__init__(self, reason, "diarist")


class CopiedError(UnsupportedError, HookAborted):
    """CrewAI made a memory of its own of a diary's."""

    def __init__(self) -> None:
        reason = (
            "CrewAI copied this agent and made a Memory of its own of its DiaryMemory; give the "
            "DiaryMemory to the crew, Crew(memory=...), which keeps it when it is copied"
        )
        HookAborted.__init__(self, reason, "diarist")


class _Stand(Enum):
    """A storage and an embedder that are none; as JSON the name of the place."""

    def __call__(self, texts: list[str]) -> NoReturn:
        raise CopiedError


def stand(place: str) -> Any:
    """Return what stands for a storage and an embedder."""
    named: Any = _Stand
    return named("Stand", {"PLACE": place}).PLACE
