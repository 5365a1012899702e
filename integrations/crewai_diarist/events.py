"""CrewAI's memory events around what is done: begun, done, failed."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import (
    MemoryQueryCompletedEvent,
    MemoryQueryFailedEvent,
    MemoryQueryStartedEvent,
    MemorySaveCompletedEvent,
    MemorySaveFailedEvent,
    MemorySaveStartedEvent,
)

from diarist import UserNotBoundError

if TYPE_CHECKING:
    from collections.abc import Generator

    from crewai import Memory
    from crewai.memory.types import MemoryMatch

_SOURCE = "unified_memory"  # as CrewAI's listeners know a memory
_log = logging.getLogger("diarist.crewai")


@contextmanager
def querying(memory: Memory, query: str, limit: int) -> Generator[list[MemoryMatch]]:
    """Tell of a search; what is put into the list that it gives are the results."""
    asked: dict[str, Any] = {"query": query, "limit": limit, "source_type": _SOURCE}
    crewai_event_bus.emit(memory, MemoryQueryStartedEvent(**asked))
    began = perf_counter()
    results: list[MemoryMatch] = []
    try:
        yield results
    except Exception as error:
        crewai_event_bus.emit(memory, MemoryQueryFailedEvent(**asked, error=str(error)))
        if not isinstance(error, UserNotBoundError):
            _log.warning("nothing is recalled: %s: %s", type(error).__name__, error)
        raise
    took = (perf_counter() - began) * 1000
    done = MemoryQueryCompletedEvent(**asked, results=results, query_time_ms=took)
    crewai_event_bus.emit(memory, done)


@contextmanager
def saving(
    memory: Memory,
    value: str,
    metadata: dict[str, Any] | None = None,
    agent_role: str | None = None,
) -> Generator[None]:
    """Tell of something that is stored."""
    told: dict[str, Any] = {
        "value": value,
        "metadata": metadata,
        "agent_role": agent_role,
        "source_type": _SOURCE,
    }
    crewai_event_bus.emit(memory, MemorySaveStartedEvent(**told))
    began = perf_counter()
    try:
        yield
    except Exception as error:
        crewai_event_bus.emit(memory, MemorySaveFailedEvent(**told, error=str(error)))
        if not isinstance(error, UserNotBoundError):
            _log.warning("this is not stored: %s: %s", type(error).__name__, error)
        raise
    took = (perf_counter() - began) * 1000
    crewai_event_bus.emit(memory, MemorySaveCompletedEvent(**told, save_time_ms=took))
