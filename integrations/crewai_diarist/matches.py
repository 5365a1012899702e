"""What is recalled as CrewAI's matches, which a prompt shows as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crewai.memory.types import MemoryMatch, MemoryRecord

from crewai_diarist.records import has_any, is_record, naive, scope_of, to_record
from diarist.adapters import line_for_model, says_little

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from diarist import Hit

KNOWN = "diary"
"""The id of the record that says what is known of the user."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class DiaryMatch(MemoryMatch):
    """A match that stands in a prompt as the diary words it: in quotes, with its source and date.

    CrewAI's own shows a stored text as it is, and a text may hold lines that look like a prompt's.

    Attributes:
        shown: how it reads.
    """

    shown: str

    def format(self) -> str:
        """Return how it reads."""
        return self.shown


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, and what need not be told again.

    Attributes:
        query: the question; the same text is no answer to it.
        categories: one of them is wanted; none is any.
        source: who asks.
        include_private: also what is private to others.
        told: the kinds and sources of what is known of the user, and told anyway.
    """

    query: str
    categories: Collection[str]
    source: str | None
    include_private: bool
    told: Collection[tuple[str, str]]

    def allows(self, hit: Hit) -> bool:
        """Say whether a hit is wanted."""
        if not hit.score or says_little(hit) or hit.text.strip() == self.query.strip():
            return False
        known: Mapping[str, Any] = {}
        if hit.note is not None and is_record(hit.note):
            known = hit.note.value
        is_own = self.source is not None and known.get("source") == self.source
        if known.get("private") and not is_own and not self.include_private:
            return False
        if self.categories:
            return has_any(known.get("categories", _categories(hit)), self.categories)
        return (hit.kind, hit.source) not in self.told


def known(text: str, at: datetime) -> DiaryMatch:
    """Return what is known of the user as the match that comes first."""
    record = MemoryRecord(
        id=KNOWN, content=text, importance=1.0, created_at=naive(at), last_accessed=naive(at)
    )
    return DiaryMatch(record=record, score=1.0, match_reasons=["known"], shown=text)


def to_match(hit: Hit) -> DiaryMatch:
    """Return something found as a match; of a note, its importance is a part of the score.

    A preference has its category; what is no note has an id of its kind and source.
    """
    record = _record(hit)
    score = hit.score * (0.5 + record.importance)
    reasons = sorted(hit.features) or ["words"]
    shown = f"- {line_for_model(hit)}"
    return DiaryMatch(record=record, score=score, match_reasons=reasons, shown=shown)


def _record(hit: Hit) -> MemoryRecord:
    if hit.note is not None and is_record(hit.note):
        return to_record(hit.note)
    at = naive(hit.at or _NO_TIME)
    return MemoryRecord(
        id=f"{hit.kind}:{hit.source}",
        content=hit.text,
        scope=scope_of(hit.note.namespace if hit.note is not None else ()),
        categories=_categories(hit),
        created_at=at,
        last_accessed=at,
        source=hit.session_id,
    )


def _categories(hit: Hit) -> list[str]:
    return [str(hit.metadata["category"])] if hit.kind == "preferences" else []
