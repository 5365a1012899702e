"""How many notes there are: what may be asked, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - so that `get_type_hints` works
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003

from diarist.records import EMPTY, Namespace


@dataclass(frozen=True, slots=True)
class CountNotes:
    """Count the notes below a namespace; () is all of the user's."""

    prefix: Namespace = ()


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """How many notes there are.

    Attributes:
        active: those that every read finds.
        deleted: those that can be restored.
        expired: those that are over and not removed yet.
    """

    active: int = 0
    deleted: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class SurveyNotes:
    """Look over the notes below a namespace.

    Attributes:
        prefix: the namespaces that begin with it; () is all of the user's.
        field: a field of the value whose texts are counted, each element of a list; None is none.
    """

    prefix: Namespace = ()
    field: str | None = None


@dataclass(frozen=True, slots=True)
class NoteSurvey:
    """What notes there are.

    Attributes:
        count: how many.
        oldest: when the one was put that was put first, None without notes.
        newest: when the one was put that was put last.
        texts: how often each text stands in the field that was asked for.
    """

    count: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    texts: Mapping[str, int] = field(default_factory=lambda: EMPTY)
