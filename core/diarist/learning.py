"""From a turn to the pages: log it, let the extractor read it, apply what it found.

A turn is durable before anything else happens to it. Whoever works on it holds a lease in its row,
so that no two processes ask a model about it; an error gives it back, with the reason, to whoever
comes next. Applying a turn twice is the same as applying it once.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from diarist import workers
from diarist.backends.base import blocking_of
from diarist.blocking import finish, iscoroutinefunction
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.errors import BackendError, DocumentError
from diarist.leases import kept
from diarist.models import EditResult, Extraction, Snapshot, Turn, UpdateReport
from diarist.pages import compaction, conversations, preferences
from diarist.pages.migrate import stamped
from diarist.pages.preferences import Limits, Stamp
from diarist.pages.secrets import withheld
from diarist.pages.times import rfc3339
from diarist.pages.toml import EMPTY
from diarist.records import NewTurn, RecordedTurn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.documents import Documents
    from diarist.extraction.base import Extractor
    from diarist.models import Table
    from diarist.pages.toml import Document
    from diarist.records import Appended, Message

LEASE = timedelta(minutes=2)
"""How long a turn is its worker's; a third of it before the end it is renewed."""

_RENEW = LEASE.total_seconds() / 3
_numbers = itertools.count()
_log = logging.getLogger("diarist.learning")


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that waits for its extraction.

    Attributes:
        turn: what was said.
        snapshot: the pages as they were.
        recorded: its row in the log, None without records.
        owner: who works on it.
        extraction: what the extractor gave to be awaited, if it did.
        others_wait: whether other turns of the user wait for somebody.
    """

    turn: Turn
    snapshot: Snapshot
    recorded: RecordedTurn | None = None
    owner: str = ""
    extraction: Awaitable[Extraction] | None = None
    others_wait: bool = False


@dataclass(frozen=True, slots=True)
class Learner:
    """Everything that a turn passes through, as it is set up now.

    Attributes:
        documents: the pages.
        records: the log of turns, None where there is none.
        extractor: what reads a turn.
        categories: the table's categories and their meanings.
        limits: how much a page may hold.
        max_conversations: how many sessions stay on their page.
        clock: the time, for leases.
        keeps_statistics: whether each page notes how much it holds, for compaction.
    """

    documents: Documents
    records: RecordStore | None
    extractor: Extractor
    categories: Mapping[str, str]
    limits: Limits
    max_conversations: int
    clock: Callable[[], datetime]
    keeps_statistics: bool = False

    # ------------------------------------------------------------ a new turn

    async def record(
        self,
        user_id: str,
        session_id: str,
        messages: Sequence[Message],
        now: datetime,
        *,
        owner: str | None,
    ) -> Appended:
        """Log messages as a turn; `owner` works on it at once, None leaves it waiting."""
        assert self.records is not None
        lease = None if owner is None else self.clock() + LEASE
        logged = await self.records.record(
            user_id, session_id, messages, NewTurn(None, owner, lease), now=now
        )
        if logged.turn is not None:
            return logged
        floor = await self._turns_on_page(user_id, session_id)
        new = NewTurn(floor, owner, lease)
        return await self.records.record(user_id, session_id, messages, new, now=now)

    async def begin(self, user_id: str, turn: Turn, messages: Sequence[Message]) -> Begun | None:
        """Log a turn and look at the pages; None where the turn is known already."""
        if self.records is None:
            return Begun(turn, await self._snapshot(user_id, turn.session_id))
        owner = new_owner()
        logged = await self.record(user_id, turn.session_id, messages, turn.at, owner=owner)
        assert logged.turn is not None
        if not logged.is_new:
            return None
        begun = Begun(turn, Snapshot({}), logged.turn, owner, others_wait=logged.waiting > 0)
        return await self.looked_at(user_id, begun)

    async def resume(self, user_id: str, session_id: str, number: int) -> Begun | None:
        """Take a waiting turn on; None where somebody else has it, or it is done."""
        begun = await self.claim(user_id, session_id, number)
        return None if begun is None else await self.looked_at(user_id, begun)

    async def claim(self, user_id: str, session_id: str, number: int) -> Begun | None:
        """Do the same without a look at the pages."""
        assert self.records is not None
        owner, now = new_owner(), self.clock()
        recorded = await self.records.claim(
            user_id, session_id, number, owner=owner, now=now, until=now + LEASE
        )
        return None if recorded is None else _begun(recorded, owner)

    async def take(self, user_id: str, most: int) -> list[Begun]:
        """Take the turns on that are next; none while somebody works on an earlier one."""
        assert self.records is not None
        owner, now = new_owner(), self.clock()
        taken = await self.records.take(user_id, most=most, owner=owner, now=now, until=now + LEASE)
        return [_begun(recorded, owner) for recorded in taken]

    async def waiting(self, user_id: str) -> list[tuple[str, int]]:
        """Return session and number of the turns nobody works on, oldest first."""
        return [] if self.records is None else await self.records.waiting(user_id, now=self.clock())

    async def looked_at(self, user_id: str, begun: Begun) -> Begun:
        """Return a turn with the pages as they are."""
        try:
            snapshot = await self._snapshot(user_id, begun.turn.session_id)
        except BaseException as error:
            await self.hand_back(user_id, begun, error)
            raise
        return replace(begun, snapshot=snapshot)

    # ------------------------------------------------------------ what it says

    def is_async(self) -> bool:
        """Say whether the extractor is a coroutine function."""
        return iscoroutinefunction(self.extractor.extract)

    def is_instant(self) -> bool:
        """Say whether the extractor, as rules do, answers at once and costs nothing."""
        return getattr(self.extractor, "is_instant", False) and not self.is_async()

    def read(self, turn: Turn, snapshot: Snapshot) -> Extraction | Awaitable[Extraction]:
        """Return what the extractor finds; of an order only what somebody says of themselves."""
        found = self.extractor.extract(turn, snapshot)
        if not turn.is_order:
            return found
        from diarist.extraction.orders import of_oneself, of_oneself_awaited

        if isinstance(found, Awaitable):
            return of_oneself_awaited(found, turn)
        return of_oneself(found, turn)

    async def extract(self, user_id: str, begun: Begun, *, in_thread: bool) -> Begun | Extraction:
        """Let the extractor read the turn; what it gives to be awaited comes back as it is.

        Args:
            user_id: whose turn.
            begun: the turn.
            in_thread: this is a worker thread already, where a plain function may block.
        """
        try:
            async with self._keeping(user_id, begun):
                if in_thread or self.is_async():
                    found = self.read(begun.turn, begun.snapshot)
                else:
                    found = await workers.run(self.read, begun.turn, begun.snapshot)
        except BaseException as error:
            await self.hand_back(user_id, begun, error)
            raise
        return replace(begun, extraction=found) if isinstance(found, Awaitable) else found

    async def awaited(self, user_id: str, begun: Begun) -> Extraction:
        """Return what the extractor finds, awaited here."""
        assert begun.extraction is not None
        try:
            async with self._keeping(user_id, begun):
                return await begun.extraction
        except BaseException as error:
            await self.hand_back(user_id, begun, error)
            raise

    # ------------------------------------------------------------ onto the pages

    async def complete(self, user_id: str, begun: Begun, found: Extraction) -> UpdateReport:
        """Apply what was found to the newest pages, the conversations first, and end the turn."""
        try:
            report = await self._apply(user_id, begun, found)
        except BaseException as error:
            await self.hand_back(user_id, begun, error)
            raise
        await self.end(user_id, begun)
        return report

    async def end(self, user_id: str, begun: Begun) -> None:
        """Say in the log that a turn is on the pages."""
        if self.records is not None and begun.recorded is not None:
            await self.records.finish(user_id, begun.turn.session_id, begun.recorded.number, "done")

    async def end_all(self, user_id: str, turns: Sequence[Begun]) -> None:
        """Say the same of several."""
        assert self.records is not None
        places = [(one.recorded.session_id, one.recorded.number) for one in turns if one.recorded]
        await self.records.finish_all(user_id, places)

    async def give_up(self, user_id: str, session_id: str, number: int, reason: str) -> bool:
        """End a waiting turn as failed; say whether nobody else has it, so that this was done."""
        assert self.records is not None
        if await self.claim(user_id, session_id, number) is None:
            return False
        await self.records.finish(user_id, session_id, number, "failed", reason)
        return True

    async def hand_back(self, user_id: str, begun: Begun, error: BaseException) -> None:
        """Leave a turn to whoever comes next, with the reason.

        Where the log can't be written, the turn waits for the end of its lease.
        """
        if self.records is None or begun.recorded is None:
            return
        try:
            await self.records.release(
                user_id,
                begun.turn.session_id,
                begun.recorded.number,
                owner=begun.owner,
                reason=withheld(f"{type(error).__name__}: {error}")[:1000],
            )
        except BackendError as failure:
            _log.warning("a turn of %r waits for up to %s: %s", user_id, LEASE, failure)

    async def _apply(self, user_id: str, begun: Begun, found: Extraction) -> UpdateReport:
        recorded = begun.recorded

        def record(document: Document) -> tuple[Document, int]:
            if self._is_gone(user_id, recorded):
                return document, 0
            return self._with_turn(document, begun, found)

        if await self._is_gone_remotely(user_id, recorded):
            return UpdateReport(user_id, begun.turn.session_id)
        number = await self.documents.update(user_id, CONVERSATIONS, record)
        results: tuple[EditResult, ...] = ()
        if found.edits:

            def apply(document: Document) -> tuple[Document, tuple[EditResult, ...]]:
                if self._is_gone(user_id, recorded):
                    return document, ()
                return self._with_edits(document, begun, found, number)

            results = await self.documents.update(user_id, PREFERENCES, apply)
        return report_of(user_id, begun, found, number, results)

    def _with_turn(
        self, document: Document, begun: Begun, found: Extraction
    ) -> tuple[Document, int]:
        """Return the conversations after a turn, and its number."""
        if not isinstance(found, Extraction):  # pyright: ignore[reportUnnecessaryIsInstance]
            extractor = type(self.extractor).__name__
            raise TypeError(
                f"{extractor}.extract returns an Extraction, not {type(found).__name__}"
            )
        session_id = begun.turn.session_id
        before = conversations.turns_of(document, session_id)
        document, number = conversations.record(
            document,
            session_id,
            at=rfc3339(begun.turn.at),
            max_conversations=self.max_conversations,
            number=None if begun.recorded is None else begun.recorded.number,
            summary=found.summary,
            keywords=found.keywords,
        )
        if self.keeps_statistics:
            is_new = conversations.turns_of(document, session_id) > before
            document = self._with_statistics(document, CONVERSATIONS, begun.turn, int(is_new))
        return document, number

    def _with_edits(
        self, document: Document, begun: Begun, found: Extraction, number: int
    ) -> tuple[Document, tuple[EditResult, ...]]:
        """Return the preferences after a turn, and what became of its edits."""
        session_id = begun.turn.session_id
        source = _source(session_id, number, begun.recorded)
        changed, results = preferences.apply(
            document,
            found.edits,
            categories=self.categories,
            stamp=Stamp(rfc3339(begun.turn.at), session_id, source),
            limits=self.limits,
        )
        if self.keeps_statistics and changed is not document:
            changed = self._with_statistics(changed, PREFERENCES, begun.turn)
        return changed, results

    def _with_statistics(
        self, document: Document, page: str, turn: Turn, new_turns: int = 0
    ) -> Document:
        document = stamped(document, self.documents.schema_name)
        return compaction.with_statistics(document, page, rfc3339(turn.at), new_turns=new_turns)

    # ------------------------------------------------------------ how

    async def _snapshot(self, user_id: str, session_id: str) -> Snapshot:
        known = await self.documents.settled(user_id, PREFERENCES)
        talked = await self.documents.settled(user_id, CONVERSATIONS)
        return self._shown(known, talked, session_id)

    def _shown(self, known: Document, talked: Document, session_id: str) -> Snapshot:
        session: Table | None = talked.get((conversations.TABLE, session_id))
        return Snapshot(
            self.categories,
            {category: preferences.items(known, category) for category in self.categories},
            session or EMPTY,
        )

    async def _turns_on_page(self, user_id: str, session_id: str) -> int:
        """Return how many turns the page counts; a broken page must not hold up the log."""
        try:
            page = await self.documents.read(user_id, CONVERSATIONS)
        except DocumentError:
            return 0
        return conversations.turns_of(page, session_id)

    def _is_gone(self, user_id: str, recorded: RecordedTurn | None) -> bool:
        """Say whether the user was deleted since the turn was logged; the page's lock is held."""
        records = blocking_of(self.records)
        if recorded is None or records is None:
            return False
        return not finish(records.has_turn(user_id, recorded.session_id, recorded.number))

    async def _is_gone_remotely(self, user_id: str, recorded: RecordedTurn | None) -> bool:
        """Ask the same of a store that can't be asked under the page's lock."""
        if recorded is None or self.records is None or blocking_of(self.records) is not None:
            return False
        return not await self.records.has_turn(user_id, recorded.session_id, recorded.number)

    @asynccontextmanager
    async def _keeping(self, user_id: str, begun: Begun) -> AsyncGenerator[None]:
        """Renew the lease of a turn for as long as its extractor works."""
        recorded, records = begun.recorded, self.records
        if recorded is None or records is None or getattr(self.extractor, "is_instant", False):
            yield
            return

        def renewal(records: RecordStore) -> Coroutine[Any, Any, bool]:
            return records.renew(
                user_id,
                recorded.session_id,
                recorded.number,
                owner=begun.owner,
                until=self.clock() + LEASE,
            )

        async def renew_remote() -> None:
            import asyncio

            while True:
                await asyncio.sleep(_RENEW)
                await renewal(records)

        blocking = blocking_of(records)
        if blocking is not None:
            with kept(_RENEW, lambda: finish(renewal(blocking))):
                yield
            return
        import asyncio

        task = asyncio.create_task(renew_remote())
        try:
            yield
        finally:
            task.cancel()


def new_owner() -> str:
    """Return a name for whoever works on a turn; no two live ones are the same."""
    return f"{os.getpid()}-{next(_numbers)}"


def _begun(recorded: RecordedTurn, owner: str) -> Begun:
    said = Turn(
        recorded.session_id,
        recorded.text_of("user"),
        recorded.text_of("assistant"),
        recorded.at,
        is_order=recorded.is_order,
    )
    return Begun(said, Snapshot({}), recorded, owner)


def report_of(
    user_id: str,
    begun: Begun,
    found: Extraction,
    number: int,
    results: tuple[EditResult, ...],
) -> UpdateReport:
    """Return what became of a turn; what was rejected shows no secret."""
    rejected = tuple(
        EditResult("rejected", withheld(item.category), withheld(item.text), reason=item.reason)
        for item in found.rejected
    )
    return UpdateReport(user_id, begun.turn.session_id, number, (*results, *rejected))


def _source(session_id: str, number: int, recorded: RecordedTurn | None) -> str:
    """Return the message that says so: the user's first of the turn, or the turn itself."""
    if recorded is None:
        return f"{session_id}#t{number}"
    said = [m for m in recorded.messages if m.role == "user"] or list(recorded.messages)
    return said[0].source if said else f"{session_id}#t{number}"
