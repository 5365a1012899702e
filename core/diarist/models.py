"""The values that pass between the parts of diarist: frozen dataclasses.

What a user declares is Pydantic and lives in `tables.py`. Nothing here reads a disk, a clock or a
framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - so that `get_type_hints` works
from typing import Any, Literal, TypeAlias

from diarist.showing import Displayed, in_short

Table: TypeAlias = Mapping[str, Any]
"""A TOML table as it was parsed: read-only, with tuples for arrays."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A user message and the answer to it.

    Attributes:
        session_id: the conversation it belongs to; any string that is valid Unicode.
        user_msg: what the user said.
        assistant_msg: what the assistant answered.
        at: when it was said, in the time zone of who said it: "tomorrow" is the day after there.
        is_order: it is a task for an agent, which may not be the user's own: only what somebody
            says of themselves in it is learned.
    """

    session_id: str
    user_msg: str
    assistant_msg: str
    at: datetime
    is_order: bool = False

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the preferences page, as data.

    Attributes:
        action: `add` states something (what is known already is confirmed or revised), `revise`
            and `confirm` name an item by `id`, `forget` takes one away, by `id` or by its text.
        category: a category of the preference table.
        text: what is stated, without "I" ("allergic to walnuts"); for `forget`, what to forget.
        id: the item meant, where the extractor knows it.
        contexts: when or why it holds.
        replaces: the old value, where the user says in so many words that this one takes its
            place ("Leeds" in "I moved from Leeds to Porto").
        span: start and end of the matched words in the user's message, in characters.
        rule: the rule that found it, for `why`-questions and tests.
    """

    action: Literal["add", "revise", "confirm", "forget"]
    category: str
    text: str
    id: str | None = None
    contexts: tuple[str, ...] = ()
    replaces: str | None = None
    span: tuple[int, int] | None = None
    rule: str | None = None

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something an extractor saw and did not store, with the reason."""

    text: str
    reason: str
    category: str = ""

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor makes of one turn.

    `summary` and `keywords` replace the conversation's; None leaves them as they are.
    """

    edits: tuple[Edit, ...] = ()
    summary: str | None = None
    keywords: tuple[str, ...] | None = None
    rejected: tuple[Rejected, ...] = ()

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an extractor may look at: the pages as they were when the turn came in.

    Attributes:
        categories: the table's categories and their meanings, in the table's order.
        preferences: category -> id -> item, as on the page.
        conversation: this session's table, empty for a new session.
    """

    categories: Mapping[str, str]
    preferences: Mapping[str, Mapping[str, Table]] = field(default_factory=dict[str, Any])
    conversation: Table = field(default_factory=dict[str, Any])


Status: TypeAlias = Literal[
    "added", "confirmed", "revised", "forgotten", "similar", "full", "rejected"
]


@dataclass(frozen=True, slots=True)
class Match:
    """An item that resembles a new statement, and how much, in per cent."""

    category: str
    id: str
    text: str
    score: int

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class EditResult(Displayed):
    """What became of one edit.

    Attributes:
        status: what happened; `similar`, `full` and `rejected` wrote nothing.
        category: where.
        text: the statement.
        id: the item's id on the page, None where nothing was written.
        was: the text before, where it changed.
        reason: why nothing was written, or what else happened.
        matches: the items it resembles, for `similar`.
    """

    status: Status
    category: str
    text: str
    id: str | None = None
    was: str | None = None
    reason: str | None = None
    matches: tuple[Match, ...] = ()

    __repr__ = in_short

    def __str__(self) -> str:
        place = "/".join(part for part in (self.category, self.id) if part)
        line = f"{self.status} {place}: {self.text}" if place else f"{self.status}: {self.text}"
        if self.was is not None:
            line += f" (was: {self.was})"
        if self.reason:
            line += f" ({self.reason})"
        for match in self.matches:
            line += f"\n  resembles {match.category}/{match.id}: {match.text} ({match.score} %)"
        return line


@dataclass(frozen=True, slots=True)
class UpdateReport(Displayed):
    """What one turn, or one call, did to a user's pages; `print(report)` reads well.

    Attributes:
        user_id: whose pages.
        session_id: the conversation, None for a direct edit.
        turn: the number of the turn in its session, None for a direct edit.
        results: what became of each edit, in order.
    """

    user_id: str
    session_id: str | None = None
    turn: int | None = None
    results: tuple[EditResult, ...] = ()

    __repr__ = in_short

    def with_status(self, *statuses: Status) -> tuple[EditResult, ...]:
        """Return the results that have one of `statuses`.

        >>> UpdateReport("ana").with_status("added")
        ()
        """
        return tuple(result for result in self.results if result.status in statuses)

    def __str__(self) -> str:
        head = self.user_id
        if self.session_id is not None:
            head += f", {self.session_id}"
        if self.turn is not None:
            head += f", turn {self.turn}"
        if not self.results:
            return f"{head}: nothing to remember"
        return "\n".join([f"{head}:", *(f"  {result}" for result in self.results)])


class Page(Displayed, str):
    r"""A page as it is stored: TOML text, "" where there is none yet.

    >>> Page('[likes.tea]\ntext = "love tea"\n').data
    {'likes': {'tea': {'text': 'love tea'}}}
    """

    __slots__ = ()

    @property
    def data(self) -> dict[str, Any]:
        """The parsed page, in plain dicts and lists of your own.

        Raises:
            DocumentError: a person's edit left it unreadable.
        """
        from diarist.pages.toml import parse, thaw

        return thaw(parse(str(self)).tree)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something on a page that diarist can't use; it stays there until a person mends it.

    Attributes:
        location: the file, or another name of the page.
        line: 1-based, None where no line can be named.
        reason: what is wrong and what to do.
    """

    location: str
    line: int | None
    reason: str

    __repr__ = in_short

    def __str__(self) -> str:
        place = self.location if self.line is None else f"{self.location}:{self.line}"
        return f"{place}: {self.reason}"
