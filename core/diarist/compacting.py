"""A compaction driven to its end: look at the pages, let the compactor work, apply what it did.

The compactor works outside every lock. A page that a person is editing, or that is broken, is left
alone and tried again after the next turn.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from diarist import workers
from diarist.blocking import background, iscoroutinefunction, one_hop
from diarist.compaction import BlockChange, Blocks, CompactionConfig, CompactionReport
from diarist.compaction import CompactionStats as Stats
from diarist.errors import DocumentError
from diarist.pages import compaction
from diarist.pages.migrate import stamped
from diarist.pages.secrets import withheld
from diarist.pages.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarist.compaction import PageName
    from diarist.documents import Documents
    from diarist.pages.toml import Document

PAGES: tuple[PageName, ...] = ("conversations", "preferences")
_log = logging.getLogger("diarist.compaction")


@dataclass(frozen=True, slots=True)
class Compacting:
    """Everything that a compaction needs.

    Attributes:
        documents: the pages.
        categories: the table's categories.
        config: when and how, None where the diary has none.
        clock: the time.
        blocking: the same over blocking stores, None where there are none.
        in_thread: this runs where it may block.
    """

    documents: Documents
    categories: Mapping[str, str]
    config: CompactionConfig | None
    clock: Callable[[], datetime]
    blocking: Self | None = None
    in_thread: bool = False

    @property
    def _twin(self) -> Self | None:
        return self.blocking

    async def run(self, user_id: str, *, dry_run: bool) -> CompactionReport:
        """Compact every page that the settings include.

        Raises:
            Exception: what the compactor raises; the pages stay as they are.
        """
        config = self.config or CompactionConfig()
        wanted: tuple[PageName, ...] = tuple(page for page in PAGES if config.includes(page))
        return await self._compacted(user_id, wanted, dry_run=dry_run)

    async def run_if_due(self, user_id: str) -> None:
        """Compact the pages that are due; the turn before it is done, whatever becomes of this."""
        if self.config is None or not self.config.enabled:
            return
        try:
            due = await self._due(user_id)
            if not due:
                return
            report = await self._compacted(user_id, due, dry_run=False)
        except Exception as error:  # noqa: BLE001 - it is tried again after the next turn
            _log.warning("the diary of %r is not compacted: %s", user_id, withheld(str(error)))
        else:
            _log.info("compacted: %s", report)

    # ------------------------------------------------------------ how

    async def _compacted(
        self, user_id: str, wanted: tuple[PageName, ...], *, dry_run: bool
    ) -> CompactionReport:
        before, left = await self._looked_at(user_id, wanted)
        if not before:
            return CompactionReport(user_id, tuple(left), is_dry=dry_run)
        blocks = Blocks(before.get("preferences"), before.get("conversations"), self.categories)
        await self._worked_on(blocks)
        changes = blocks.changes if dry_run else await self._written(user_id, before, blocks)
        return CompactionReport(user_id, (*changes, *left), is_dry=dry_run)

    @one_hop
    async def _due(self, user_id: str) -> tuple[PageName, ...]:
        """Return the pages that are due by what they say of themselves; a broken one is not."""
        assert self.config is not None
        now = self.clock()
        due: list[PageName] = []
        for page in PAGES:
            try:
                document = await self.documents.read(user_id, page)
            except DocumentError:
                continue  # the turn's own report says so
            last = compaction.last_run(document)
            if document.tree and self.config.should_run(
                stats=Stats(*compaction.measure(document)),
                last_run=datetime.fromisoformat(last) if last else None,
                turns_since_compaction=compaction.turns_since(document),
                now=now,
                store=page,
            ):
                due.append(page)
        return tuple(due)

    @one_hop
    async def _looked_at(
        self, user_id: str, wanted: tuple[PageName, ...]
    ) -> tuple[dict[PageName, Document], list[BlockChange]]:
        """Return the pages that may be worked on, and why others may not."""
        found: dict[PageName, Document] = {}
        left: list[BlockChange] = []
        for page in wanted:
            reason = await self.documents.being_edited(user_id, page, self.clock())
            if reason is None:
                try:
                    found[page] = await self.documents.read(user_id, page)
                except DocumentError as error:
                    reason = str(error)
            if reason is not None:
                left.append(BlockChange("skipped", page, reason=reason))
        return found, left

    async def _worked_on(self, blocks: Blocks) -> None:
        compactor = None if self.config is None else self.config.compactor
        if self.in_thread:
            blocks.tidy()
        else:
            await workers.run(blocks.tidy)
        if compactor is None:
            return
        if self.in_thread or iscoroutinefunction(compactor.compact):
            working = compactor.compact(blocks)
        else:
            working = await workers.run(compactor.compact, blocks)
        if isinstance(working, Awaitable):
            awaited = _awaited(working)
            background(awaited) if self.in_thread else await awaited

    @one_hop
    async def _written(
        self, user_id: str, before: Mapping[PageName, Document], blocks: Blocks
    ) -> list[BlockChange]:
        """Apply what was done to the newest pages, and return what became of it."""
        changes: list[BlockChange] = []
        for page in before:
            mine = [change for change in blocks.changes if change.page == page]
            reason = await self.documents.being_edited(user_id, page, self.clock())
            if reason is not None:
                changes += [BlockChange("skipped", page, reason=reason)]
                continue
            operations = [one for one in blocks.operations if compaction.page_of(one.path) == page]
            change = _Change(page, before[page], blocks.page(page), operations, mine)
            if self.config is not None:
                at, schema_name = rfc3339(self.clock()), self.documents.schema_name
                change = _NotedChange(change, schema_name, at)
            elif not operations:
                changes += mine
                continue
            update = self.documents.update_keeping if operations else self.documents.update
            changes += await update(user_id, page, change)
        return changes


@dataclass(frozen=True, slots=True)
class _Change:
    """From the newest page to the compacted one: a pure function of that page."""

    page: PageName
    before: Document
    after: Document
    operations: list[compaction.Operation]
    changes: list[BlockChange]

    def __call__(self, document: Document) -> tuple[Document, list[BlockChange]]:
        if document.text == self.before.text:
            return (self.after if self.operations else document), self.changes
        changes = [change for change in self.changes if change.status == "skipped"]
        for operation in self.operations:
            document, change = compaction.apply(document, operation)
            changes.append(change)
        return document, changes


@dataclass(frozen=True, slots=True)
class _NotedChange:
    """The same, and the page notes that it was compacted."""

    change: _Change
    schema_name: str
    at: str

    def __call__(self, document: Document) -> tuple[Document, list[BlockChange]]:
        compacted, changes = self.change(document)
        if not document.tree:
            return compacted, changes
        noted = stamped(compacted, self.schema_name)
        return compaction.with_run(noted, self.change.page, self.at), changes


async def _awaited(working: Awaitable[None]) -> None:
    await working
