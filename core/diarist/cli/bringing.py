"""What `diarist migrate` brings over: part by part, first looked at, then done, and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from diarist.cli.output import count

if TYPE_CHECKING:
    from collections.abc import Sequence

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that stays where it is.

    Attributes:
        where: what it is.
        reason: why, and what to do.
    """

    where: str
    reason: str


@dataclass(slots=True)
class Brought:
    """What was brought over, or would be.

    Attributes:
        new: by kind, how many.
        known: by kind, how many were there before.
        expired: how many are over, and stay behind.
        users: whose diaries they are in.
        faults: what can't be brought.
    """

    new: Counter[str] = field(default_factory=Counter[str])
    known: Counter[str] = field(default_factory=Counter[str])
    expired: int = 0
    users: set[str] = field(default_factory=set[str])
    faults: list[Fault] = field(default_factory=list[Fault])

    def add(self, other: Brought) -> None:
        """Count another part, too."""
        self.new += other.new
        self.known += other.known
        self.expired += other.expired
        self.users |= other.users
        self.faults += other.faults

    def __str__(self) -> str:
        new = ", ".join(count(number, kind) for kind, number in self.new.items())
        told = [f"{new or 'nothing'} new"]
        if self.known:
            told.append(f"{self.known.total()} known before")
        if self.expired:
            told.append(f"{self.expired} expired and left behind")
        if self.faults:
            told.append(f"{len(self.faults)} that can't be brought over")
        return f"{count(len(self.users), 'user')}: {'; '.join(told)}"


class Source(Protocol[P]):
    """What another system keeps."""

    @property
    def parts(self) -> Sequence[P]:
        """Return the parts that are brought one after the other."""
        ...

    def look(self, part: P) -> Brought:
        """Say what bringing a part would do; nothing is written."""
        ...

    def bring(self, part: P) -> Brought:
        """Bring a part: wholly or not at all, and what is there already not again."""
        ...


AnySource = Source[Any]
