"""Turns driven to their end: in one hop to a thread where nothing has to be awaited."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self, TypeAlias, cast

from diarist.blocking import background, one_hop, unbroken
from diarist.learning import Begun
from diarist.models import UpdateReport
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    from datetime import datetime

    from diarist.batches import BatchLearner
    from diarist.compacting import Compacting
    from diarist.models import Extraction, Turn
    from diarist.records import Message, RecordedTurn

_log = logging.getLogger("diarist.turns")

TurnName: TypeAlias = tuple[str, int]
"""A turn of a user: session and number."""
Outcome: TypeAlias = "UpdateReport | Exception"


class Turns:
    """What `Diary` does with turns.

    Args:
        learner: what a turn passes through.
        blocking: the same over blocking stores, None where there are none.
        compacting: what compacts pages that are due after a turn, None for nothing.
        in_thread: this runs where it may block.
    """

    def __init__(
        self,
        learner: BatchLearner,
        blocking: BatchLearner | None = None,
        compacting: Compacting | None = None,
        *,
        in_thread: bool = False,
    ) -> None:
        self._learner = learner
        self._blocking = blocking
        self._compacting = compacting
        self._in_thread = in_thread

    @property
    def _twin(self) -> Self | None:
        return None if self._blocking is None else type(self)(self._blocking, in_thread=True)

    async def take_in(
        self, user_id: str, turn: Turn, messages: list[Message]
    ) -> list[UpdateReport]:
        """Log a turn, which is these messages, and bring it to the pages; then those that wait.

        Returns:
            The turn's report, then those of the turns that waited.
        """
        report, others_wait = await self._begin(user_id, turn, messages)
        if isinstance(report, Begun):
            report = await self._go_on(user_id, report)
        others, errors = await self._all_waiting(user_id) if others_wait else ([], [])
        await self._compact(user_id)
        for error in errors:
            _log.warning("a turn of %r still waits: %s", user_id, withheld(str(error)))
        return [report, *others]

    @one_hop
    async def record(
        self, user_id: str, session_id: str, messages: list[Message], now: datetime
    ) -> RecordedTurn:
        """Log a turn, and leave it waiting."""
        logged = await self._learner.record(user_id, session_id, messages, now, owner=None)
        assert logged.turn is not None
        return logged.turn

    async def catch_up(self, user_id: str) -> tuple[list[UpdateReport], list[Exception]]:
        """Bring the waiting turns to the pages; return reports, and why others wait on."""
        reports, errors = await self._all_waiting(user_id)
        if reports:
            await self._compact(user_id)
        return reports, errors

    async def _all_waiting(self, user_id: str) -> tuple[list[UpdateReport], list[Exception]]:
        reports: list[UpdateReport] = []
        errors: list[Exception] = []
        for session_id, number in await self.waiting(user_id):
            try:
                report = await self._resume(user_id, session_id, number)
                if isinstance(report, Begun):
                    report = await self._go_on(user_id, report)
            except Exception as error:  # noqa: BLE001 - the others are tried first
                errors.append(error)
            else:
                reports += [report] if report is not None else []
        return reports, errors

    @one_hop
    async def waiting(self, user_id: str) -> list[tuple[str, int]]:
        """Return session and number of the turns nobody works on, oldest first."""
        return await self._learner.waiting(user_id)

    def are_instant(self) -> bool:
        """Say whether several may be taken on at once."""
        return self._learner.is_instant()

    async def take_on(self, user_id: str, most: int) -> list[tuple[TurnName, Outcome]]:
        """Bring waiting turns to the pages, in order; several only where they are instant.

        Args:
            user_id: whose.
            most: how many at once.

        Returns:
            What became of each: a report, or the error that ended it, behind which no other was
            tried. Nothing where none waits, or somebody works on an earlier one.

        Raises:
            Exception: the log could not be read or written.
        """
        outcomes = await self._taken_on(user_id, most)
        await self._compact(user_id)
        return outcomes

    @one_hop
    async def give_up(self, user_id: str, name: tuple[str, int], reason: str) -> bool:
        """End a waiting turn as failed; say whether nobody else has it, so that this was done."""
        return await self._learner.give_up(user_id, *name, reason)

    # ------------------------------------------------------------ how

    async def _compact(self, user_id: str) -> None:
        """Compact what is due; the turns are done, so nothing of this is theirs."""
        if self._compacting is not None:
            await self._compacting.run_if_due(user_id)

    async def _taken_on(self, user_id: str, most: int) -> list[tuple[TurnName, Outcome]]:
        if self.are_instant():
            return await unbroken(self._take_all(user_id, most))
        begun, report = await self._take_next(user_id)
        if begun is None:
            return []
        if isinstance(report, Begun):
            try:
                report = await self._go_on(user_id, report)
            except Exception as error:  # noqa: BLE001 - it is this turn's, and returned
                report = error
        return [(_name(begun), report)]

    @one_hop
    async def _take_all(self, user_id: str, most: int) -> list[tuple[TurnName, Outcome]]:
        """Do several turns: three transactions and a write of each page, however many they are."""
        begun = await self._learner.take(user_id, most)
        if not begun:
            return []
        try:
            outcomes = await self._learner.take_all(user_id, begun, in_thread=self._in_thread)
        except Exception as error:  # noqa: BLE001 - it is returned
            return [(_name(begun[0]), error)]
        pairs = list(zip(begun, outcomes, strict=False))
        done = [one for one, outcome in pairs if not isinstance(outcome, Exception)]
        await self._learner.end_all(user_id, done)
        return [(_name(one), outcome) for one, outcome in pairs]

    @one_hop
    async def _take_next(self, user_id: str) -> tuple[Begun | None, Outcome | Begun]:
        """Return a turn that was taken on, and what came of it, or that its extraction is awaited.

        An error is returned, for it is the turn's.
        """
        begun = next(iter(await self._learner.take(user_id, 1)), None)
        if begun is None:
            return None, UpdateReport(user_id, "")
        try:
            return begun, await self._extracted(
                user_id, await self._learner.looked_at(user_id, begun)
            )
        except Exception as error:  # noqa: BLE001 - it is returned
            return begun, error

    @one_hop
    async def _begin(
        self, user_id: str, turn: Turn, messages: list[Message]
    ) -> tuple[UpdateReport | Begun, bool]:
        """Return the report, or a turn whose extraction is to be awaited; and if others wait."""
        begun = await self._learner.begin(user_id, turn, messages)
        assert begun is not None  # messages without ids are always new
        return await self._extracted(user_id, begun), begun.others_wait

    @one_hop
    async def _resume(
        self, user_id: str, session_id: str, number: int
    ) -> UpdateReport | Begun | None:
        begun = await self._learner.resume(user_id, session_id, number)
        return None if begun is None else await self._extracted(user_id, begun)

    async def _extracted(self, user_id: str, begun: Begun) -> UpdateReport | Begun:
        if self._learner.is_async():
            return begun
        found = await self._learner.extract(user_id, begun, in_thread=self._in_thread)
        if isinstance(found, Begun):
            return found
        return await self._learner.complete(user_id, begun, found)

    async def _go_on(self, user_id: str, begun: Begun) -> UpdateReport:
        """Do the rest of a turn whose extraction is awaited: in the caller's own loop, if any."""
        if begun.extraction is None:
            begun = cast("Begun", await self._learner.extract(user_id, begun, in_thread=False))
        found = self._learner.awaited(user_id, begun)
        return await self._complete(
            user_id, begun, background(found) if self._in_thread else await found
        )

    @one_hop
    async def _complete(self, user_id: str, begun: Begun, found: Extraction) -> UpdateReport:
        return await self._learner.complete(user_id, begun, found)


def _name(begun: Begun) -> TurnName:
    assert begun.recorded is not None
    return begun.recorded.session_id, begun.recorded.number
