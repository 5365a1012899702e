"""Several scopes of a `DiaryMemory` as one memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crewai.memory.memory_scope import MemorySlice

from crewai_diarist.records import namespace_of

if TYPE_CHECKING:
    from crewai.memory.types import MemoryMatch, MemoryRecord


class DiarySlice(MemorySlice):
    """Several scopes as one: what is looked for is in any of them, what is saved in the first.

    `DiaryMemory.slice` makes it. CrewAI's own class ignores the scope it is asked for, can't
    remember where no scope is named, as a model's tool does, nor many things at once, and records
    the runs of an agent alone also where it is read-only.
    """

    def recall(
        self, query: str, scope: str | None = None, *args: Any, **wanted: Any
    ) -> list[MemoryMatch]:
        """Return what fits in the scopes, or in that part of them that is in `scope`."""
        if scope is None:
            return super().recall(query, None, *args, **wanted)
        narrowed = self.model_copy(update={"scopes": _within(self.scopes, scope)})
        return narrowed.recall(query, None, *args, **wanted)

    def remember(
        self, content: str, scope: str | None = None, *args: Any, **known: Any
    ) -> MemoryRecord | None:
        """Store a text, in the first of the scopes unless another is named."""
        return super().remember(content, self._place(scope), *args, **known)

    def remember_many(
        self, contents: list[str], scope: str | None = None, *args: Any, **known: Any
    ) -> list[MemoryRecord]:
        """Store texts, in the first of the scopes unless another is named."""
        if self.read_only:
            return []
        return self._require_memory().remember_many(contents, self._place(scope), *args, **known)

    def extract_memories(self, content: str) -> list[str]:
        """Do as the memory does, and nothing where this is read-only."""
        return [] if self.read_only else super().extract_memories(content)

    def _place(self, scope: str | None) -> str:
        return next(iter(self.scopes), "/") if scope is None else scope


def _within(scopes: list[str], wanted: str) -> list[str]:
    """Return what the scopes and a wanted one have in common.

    >>> _within(["/a", "/b/c"], "/a/x"), _within(["/a", "/b/c"], "/b"), _within(["/a"], "/ab")
    (['/a/x'], ['/b/c'], [])
    """
    place = namespace_of(wanted)
    places = [(scope, namespace_of(scope)) for scope in scopes]
    if any(place[: len(known)] == known for _, known in places):
        return [wanted]
    return [scope for scope, known in places if known[: len(place)] == place]
