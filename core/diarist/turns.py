"""Turns driven to their end: in one hop to a thread where nothing has to be awaited."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self, cast

from diarist.blocking import background, one_hop
from diarist.learning import Begun
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    from datetime import datetime

    from diarist.learning import Learner
    from diarist.models import Extraction, Turn, UpdateReport
    from diarist.records import Message, RecordedTurn

_log = logging.getLogger("diarist.turns")


class Turns:
    """What `Diary` does with turns.

    Args:
        learner: what a turn passes through.
        blocking: the same over blocking stores, None where there are none.
        in_thread: this runs where it may block.
    """

    def __init__(
        self, learner: Learner, blocking: Learner | None = None, *, in_thread: bool = False
    ) -> None:
        self._learner = learner
        self._blocking = blocking
        self._in_thread = in_thread

    @property
    def _twin(self) -> Self | None:
        return None if self._blocking is None else type(self)(self._blocking, in_thread=True)

    async def take_in(self, user_id: str, turn: Turn, messages: list[Message]) -> UpdateReport:
        """Log a turn, which is these messages, and bring it to the pages; then those that wait."""
        report, others_wait = await self._begin(user_id, turn, messages)
        if isinstance(report, Begun):
            report = await self._go_on(user_id, report)
        if others_wait:
            for error in (await self.catch_up(user_id))[1]:
                _log.warning("a turn of %r still waits: %s", user_id, withheld(str(error)))
        return report

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
        reports: list[UpdateReport] = []
        errors: list[Exception] = []
        for session_id, number in await self._waiting(user_id):
            try:
                report = await self._resume(user_id, session_id, number)
                if isinstance(report, Begun):
                    report = await self._go_on(user_id, report)
            except Exception as error:  # noqa: BLE001 - the others are tried first
                errors.append(error)
            else:
                reports += [report] if report is not None else []
        return reports, errors

    # ------------------------------------------------------------ how

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

    @one_hop
    async def _waiting(self, user_id: str) -> list[tuple[str, int]]:
        return await self._learner.waiting(user_id)
