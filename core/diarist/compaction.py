"""Compaction: when it runs, the blocks it works on, and what came of it.

The offline pass merges exact doubles and trims stale summaries without losing a fact; a compactor
of your own, or `ModelCompactor`, goes on from there. What they do is recorded as data, and applied
to the newest pages where the blocks are still as they were seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from diarist.checks import check_text, check_texts, check_whole
from diarist.errors import BlockNotFoundError
from diarist.extraction.compactor import ModelCompactor
from diarist.extraction.trimming import trimmed
from diarist.pages import compaction, conversations
from diarist.pages.compaction import BlockChange, Operation
from diarist.pages.items import items
from diarist.pages.rendering import clean
from diarist.showing import Displayed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from diarist.models import Table
    from diarist.pages.blocks import Path
    from diarist.pages.compaction import ChangeStatus
    from diarist.pages.toml import Document

__all__ = [
    "BlockChange",
    "Blocks",
    "CompactionConfig",
    "CompactionReport",
    "CompactionStats",
    "Compactor",
    "ModelCompactor",
]

PageName: TypeAlias = Literal["preferences", "conversations"]
_SKEW = timedelta(minutes=5)
"""How far clocks may differ."""
FRESH = 3
"""Conversations, the newest, whose summaries are not trimmed: they may go on."""


@dataclass(frozen=True, slots=True)
class CompactionStats:
    """How much a page holds.

    Attributes:
        total_chars: its characters without `_meta` and blank lines between tables.
        largest_block: those of its longest text or summary.
    """

    total_chars: int = 0
    largest_block: int = 0


@dataclass(frozen=True, slots=True)
class CompactionConfig:
    """When pages are compacted, which, and by whom.

    Each trigger is off where it is None or 0; one that is met is enough. A page is compacted after
    a turn, and with `Diary.compact` at any time. Figures are kept in `_meta.compaction` also while
    it is disabled.

    Args:
        enabled: whether turns start it.
        total_char_threshold: at this many characters of a page.
        segment_char_threshold: at this many characters of one text or summary.
        user_turn_interval: after this many turns, for the conversations only.
        schedule_at: a time of day, from which on the day's first turn starts it: a `datetime`, or
            ISO text ("03:00", "2026-01-01T03:00+01:00"), of which the date does not count; without
            a zone it is UTC.
        cooldown_seconds: not again within this time.
        compact_preferences: whether it works on preferences.
        compact_conversations: whether it works on conversations.
        compactor: goes on after the offline pass, such as `ModelCompactor(complete)`; None is the
            offline pass alone.

    Raises:
        TypeError, ValueError: an argument makes no sense.

    >>> config = CompactionConfig(enabled=True, user_turn_interval=10)
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> config.should_run(
    ...     stats=CompactionStats(), last_run=None, turns_since_compaction=10, now=now,
    ...     store="conversations",
    ... )
    True
    """

    enabled: bool = False
    total_char_threshold: int | None = None
    segment_char_threshold: int | None = None
    user_turn_interval: int | None = None
    schedule_at: datetime | str | None = None
    cooldown_seconds: float = 0
    compact_preferences: bool = True
    compact_conversations: bool = True
    compactor: Compactor | None = None

    def __post_init__(self) -> None:
        for name in ("enabled", "compact_preferences", "compact_conversations"):
            _check_flag(name, getattr(self, name))
        for name in ("total_char_threshold", "segment_char_threshold", "user_turn_interval"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name))
        _check_seconds("cooldown_seconds", self.cooldown_seconds)
        if self.schedule_at is not None:
            _time_of_day(self.schedule_at)
        compactor: object = self.compactor
        if compactor is not None and (
            isinstance(compactor, type) or not callable(getattr(compactor, "compact", None))
        ):
            raise TypeError(
                "compactor is an object with a method compact(blocks), such as "
                f"ModelCompactor(complete), not {_kind_of(compactor)}"
            )

    def includes(self, store: PageName) -> bool:
        """Say whether a page is one to work on."""
        return self.compact_preferences if store == "preferences" else self.compact_conversations

    def should_run(
        self,
        *,
        stats: CompactionStats,
        last_run: datetime | None,
        turns_since_compaction: int,
        now: datetime,
        store: PageName = "preferences",
    ) -> bool:
        """Say whether a page is due: enabled and included, a trigger is met, the cooldown is over.

        Args:
            stats: what the page holds.
            last_run: when it was last compacted; without a zone it is UTC. Minutes ahead of
                `now`, where a wrong clock left it, it counts as never.
            turns_since_compaction: how many turns there were since.
            now: the time; without a zone it is UTC.
            store: which page.
        """
        if not self.enabled or not self.includes(store):
            return False
        now, last = _in_utc(now), None if last_run is None else _in_utc(last_run)
        if last is not None and last - now > _SKEW:
            last = None
        after_turns = self.user_turn_interval if store == "conversations" else None
        is_met = (
            _reaches(stats.total_chars, self.total_char_threshold)
            or _reaches(stats.largest_block, self.segment_char_threshold)
            or _reaches(turns_since_compaction, after_turns)
            or self._is_scheduled(last, now)
        )
        if not is_met or last is None:
            return is_met
        return now - last >= timedelta(seconds=self.cooldown_seconds)

    def _is_scheduled(self, last: datetime | None, now: datetime) -> bool:
        if self.schedule_at is None:
            return False
        at = _time_of_day(self.schedule_at)
        here = now.astimezone(at.tzinfo)
        today = datetime.combine(here.date(), at)
        newest = today if here >= today else today - timedelta(days=1)
        return last is None or last < newest


class Compactor(Protocol):
    """Works on blocks, after the offline pass: sync (in a worker thread) or async."""

    def compact(self, blocks: Blocks) -> Awaitable[None] | None:
        """Read, rewrite and delete blocks; what it raises leaves the pages as they are."""
        ...


@dataclass(frozen=True, slots=True)
class CompactionReport(Displayed):
    """What compaction did to a user's pages; `print(report)` reads well.

    Attributes:
        user_id: whose pages.
        changes: what became of each block that was worked on, and of pages that were left alone.
        is_dry: nothing was written; this is what would have been.
    """

    user_id: str
    changes: tuple[BlockChange, ...] = ()
    is_dry: bool = False

    def with_status(self, *statuses: ChangeStatus) -> tuple[BlockChange, ...]:
        """Return the changes that have one of `statuses`.

        >>> CompactionReport("ana").with_status("merged")
        ()
        """
        return tuple(change for change in self.changes if change.status in statuses)

    def __str__(self) -> str:
        head = f"{self.user_id}, nothing written" if self.is_dry else self.user_id
        if not self.changes:
            return f"{head}: nothing to compact"
        return "\n".join([f"{head}:", *(f"  {change}" for change in self.changes)])


class Blocks:
    """The preferences and conversations that a compactor works on, as they were just now.

    A change shows at once here, and reaches the pages when the compactor is done: only where the
    block is still the same there. A block that a person laid out by hand is never changed. Each
    change returns what became of it, with the reason where it was not done.

    Args:
        preferences: the page, None where it is not to be worked on.
        conversations: the page, None where it is not to be worked on.
        categories: the categories of the table; others are left alone.

    Attributes:
        operations: what was done, in order.
        changes: the same, and what was refused, for the report.
    """

    def __init__(
        self,
        preferences: Document | None,
        conversations: Document | None,
        categories: Iterable[str],
    ) -> None:
        self._pages = {"preferences": preferences, "conversations": conversations}
        self._categories = tuple(categories)
        self.operations: list[Operation] = []
        self.changes: list[BlockChange] = []

    # ------------------------------------------------------------ preferences

    def list_preference_blocks(self) -> list[tuple[str, Table]]:
        """Return every preference as "category/id" and its table, in the order of the page.

        Raises:
            ValueError: the preferences are not to be worked on.
        """
        page = self.page("preferences")
        return [
            (f"{category}/{id}", item)
            for category in page.tree
            if category in self._categories
            for id, item in items(page, category).items()
        ]

    def get_preference_block(self, block: str) -> Table:
        """Return the table of a preference.

        Raises:
            BlockNotFoundError: there is none of that name.
            ValueError: the preferences are not to be worked on.
        """
        return self._preference(block)[1]

    def rewrite_preference_block(
        self, block: str, text: str, contexts: Sequence[str] | None = None
    ) -> BlockChange:
        """Give a preference another text, which goes on for the old one; that is kept in `_was`.

        `contexts` replace the old ones; None keeps them.
        """
        path, item = self._preference(block)
        labels = None if contexts is None else _tidied(check_texts("contexts", contexts))
        return self._do(Operation("rewrite", path, item, _tidy(check_text("text", text)), labels))

    def delete_preference_block(self, block: str, into: str | None = None) -> BlockChange:
        """Take a preference away.

        Args:
            block: "category/id".
            into: the preference that carries its fact on: counts, contexts, sources and times go
                there. None gives the fact up.
        """
        path, item = self._preference(block)
        if into is None:
            return self._do(Operation("delete", path, item))
        target, carrier = self._preference(into)
        return self._do(Operation("merge", path, item, into=target, into_seen=carrier))

    # ------------------------------------------------------------ conversations

    def list_conversation_blocks(self) -> list[tuple[str, Table]]:
        """Return every conversation as its session and its table, in the order of the page.

        Raises:
            ValueError: the conversations are not to be worked on.
        """
        return list(conversations.sessions(self.page("conversations")).items())

    def get_conversation_block(self, block: str) -> Table:
        """Return the table of a conversation.

        Raises:
            BlockNotFoundError: there is none of that name.
            ValueError: the conversations are not to be worked on.
        """
        return self._conversation(block)[1]

    def rewrite_conversation_block(
        self, block: str, summary: str, keywords: Sequence[str] | None = None
    ) -> BlockChange:
        """Give a conversation another summary; `keywords` replace the old ones, None keeps them."""
        path, session = self._conversation(block)
        labels = None if keywords is None else _tidied(check_texts("keywords", keywords))
        text = clean(check_text("summary", summary)).strip()
        return self._do(Operation("rewrite", path, session, text, labels))

    def delete_conversation_block(self, block: str) -> BlockChange:
        """Take a conversation off the page; its messages stay in the records."""
        path, session = self._conversation(block)
        return self._do(Operation("delete", path, session))

    # ------------------------------------------------------------ the offline pass

    def tidy(self) -> None:
        """Merge exact doubles and trim stale summaries; no fact is lost, twice is the same as once.

        The newest three conversations stay as they are.
        """
        if self._pages["preferences"] is not None:
            for path, into in list(compaction.doubles(self.page("preferences"), self._categories)):
                self._merge_double(path, into)
        if self._pages["conversations"] is not None:
            page = self.page("conversations")
            fresh = conversations.newest(page, FRESH)
            for session, table in conversations.sessions(page).items():
                summary = table.get("summary")
                if session in fresh or not isinstance(summary, str):
                    continue
                shorter = trimmed(summary)
                if shorter != summary:
                    path = (conversations.TABLE, session)
                    self._do(Operation("trim", path, table, shorter))

    def _merge_double(self, path: Path, into: Path) -> None:
        page = self.page("preferences")
        gone, kept = cast("Table", page.get(path)), cast("Table", page.get(into))
        text = compaction.same_text(kept["text"], gone["text"])
        if text is not None:
            self._do(Operation("merge", path, gone, text, into=into, into_seen=kept))

    # ------------------------------------------------------------ how

    def includes(self, page: PageName) -> bool:
        """Say whether a page is to be worked on."""
        return self._pages[page] is not None

    def page(self, name: PageName) -> Document:
        """Return a page as it is after what was done so far.

        Args:
            name: "preferences" or "conversations".

        Raises:
            ValueError: it is not to be worked on.
        """
        document = self._pages[name]
        if document is None:
            raise ValueError(f"the {name} are not to be worked on in this compaction")
        return document

    def _preference(self, block: str) -> tuple[Path, Table]:
        page = self.page("preferences")
        category, _, id = check_text("block", block).partition("/")
        item = items(page, category).get(id) if category in self._categories else None
        if item is None:
            raise BlockNotFoundError(f'no preference is called {block!r}; one is "category/id"')
        return (category, id), item

    def _conversation(self, block: str) -> tuple[Path, Table]:
        found = conversations.sessions(self.page("conversations")).get(check_text("block", block))
        if found is None:
            raise BlockNotFoundError(f"the page has no conversation {block!r}")
        return (conversations.TABLE, block), found

    def _do(self, operation: Operation) -> BlockChange:
        name = cast("PageName", compaction.page_of(operation.path))
        document, change = compaction.apply(self.page(name), operation)
        if change.status != "skipped":
            self._pages[name] = document
            self.operations.append(operation)
        self.changes.append(change)
        return change

    def refuse(self, block: str, page: PageName, reason: str) -> None:
        """Note for the report that something was not done to a block, and why."""
        self.changes.append(BlockChange("skipped", page, block, reason=reason))


# ---------------------------------------------------------------- arguments


def _reaches(value: int, threshold: int | None) -> bool:
    return threshold is not None and value >= threshold > 0


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _time_of_day(value: object) -> time:
    """Return the time of day, with its zone, that a moment or a text names."""
    if isinstance(value, str):
        value = _read(value)
    if not isinstance(value, datetime):
        raise TypeError(f"schedule_at is a datetime or ISO text, not {type(value).__name__}")
    return value.timetz() if value.tzinfo is not None else value.time().replace(tzinfo=UTC)


def _read(text: str) -> datetime:
    """Return the moment that a text names; of a time of day, on any day."""
    for read in (datetime.fromisoformat, _on_any_day):
        try:
            return read(text)
        except ValueError:
            continue
    raise ValueError(f'schedule_at is a time of day, such as "03:00", not {text[:80]!r}')


def _on_any_day(text: str) -> datetime:
    return datetime.combine(datetime.min, time.fromisoformat(text))


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {type(value).__name__}")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if not 0 <= value <= timedelta.max.total_seconds():
        raise ValueError(f"{name} must not be negative or endless, it is {value}")


def _kind_of(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _tidy(text: str) -> str:
    return " ".join(clean(text).split())


def _tidied(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(_tidy, labels)))
