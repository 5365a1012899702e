"""Turns in tables, and how whoever keeps tables gives access to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self, TypeVar

from diarist import workers
from diarist.backends.matrices import Matrices
from diarist.backends.statements import turns as turn_statements
from diarist.blocking import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from diarist.backends.statements.connection import Connection
    from diarist.records import Appended, Message, NewTurn, RecordedTurn, TurnState

T = TypeVar("T")


class SQLTurns(ABC):
    """The part of `SQLRecords` that logs turns."""

    def __init__(self) -> None:
        self._run = workers.run
        self._matrices = Matrices()

    @cached_property
    def blocking(self) -> Self:
        """The same store, whose coroutines never suspend: they block the thread they run in."""
        twin = copy(self)
        twin._run = at_once
        return twin

    @abstractmethod
    async def _write(self, user_id: str, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once what it changed is durable."""

    @abstractmethod
    async def _change(
        self, user_id: str, work: Callable[[Connection], T], *, lasting: bool = True
    ) -> T | None:
        """Do the same for what makes no record; None where the user has none.

        With `lasting` false a power loss may undo it.
        """

    @abstractmethod
    async def _read(
        self, user_id: str, work: Callable[[Connection], T], *, is_single: bool = False
    ) -> T | None:
        """Return what `work` finds in one state of the tables; None where the user has nothing.

        With `is_single` it is one statement.
        """

    # ------------------------------------------------------------ turns

    async def record(
        self,
        user_id: str,
        session_id: str,
        messages: Sequence[Message],
        turn: NewTurn,
        *,
        now: datetime,
    ) -> Appended:
        """Append messages as one pending turn; known messages make no second turn."""
        work = partial(
            turn_statements.record, session_id=session_id, messages=messages, now=now, new=turn
        )
        return await self._write(user_id, work)

    async def waiting(self, user_id: str, *, now: datetime) -> list[tuple[str, int]]:
        """Return session and number of the pending turns nobody works on, oldest first."""
        work = partial(turn_statements.waiting, now=now)
        return await self._read(user_id, work, is_single=True) or []

    async def claim(
        self,
        user_id: str,
        session_id: str,
        number: int,
        *,
        owner: str,
        now: datetime,
        until: datetime,
    ) -> RecordedTurn | None:
        """Give a pending turn to `owner` unless somebody works on it."""
        work = partial(
            turn_statements.claim,
            session_id=session_id,
            number=number,
            owner=owner,
            now=now,
            until=until,
        )
        return await self._change(user_id, work, lasting=False)

    async def take(
        self, user_id: str, *, most: int, owner: str, now: datetime, until: datetime
    ) -> list[RecordedTurn]:
        """Give `owner` the next pending turns; none while somebody works on an earlier one."""
        work = partial(turn_statements.take, most=most, owner=owner, now=now, until=until)
        return await self._change(user_id, work, lasting=False) or []

    async def renew(
        self, user_id: str, session_id: str, number: int, *, owner: str, until: datetime
    ) -> bool:
        """Lengthen a lease, and say whether the turn is still the owner's."""
        work = partial(
            turn_statements.renew, session_id=session_id, number=number, owner=owner, until=until
        )
        return bool(await self._change(user_id, work, lasting=False))

    async def release(
        self, user_id: str, session_id: str, number: int, *, owner: str, reason: str
    ) -> None:
        """Leave a turn pending, with the reason."""
        work = partial(
            turn_statements.release,
            session_id=session_id,
            number=number,
            owner=owner,
            reason=reason,
        )
        await self._change(user_id, work, lasting=False)

    async def finish(
        self,
        user_id: str,
        session_id: str,
        number: int,
        state: TurnState,
        reason: str | None = None,
    ) -> None:
        """End a turn."""
        work = partial(
            turn_statements.finish,
            session_id=session_id,
            number=number,
            state=state,
            reason=reason,
        )
        await self._change(user_id, work, lasting=False)

    async def finish_all(self, user_id: str, turns: Collection[tuple[str, int]]) -> None:
        """End turns as done."""
        work = partial(turn_statements.finish_all, turns=turns)
        await self._change(user_id, work, lasting=False)

    async def has_turn(self, user_id: str, session_id: str, number: int) -> bool:
        """Say whether there is such a turn."""
        work = partial(turn_statements.has, session_id=session_id, number=number)
        return bool(await self._read(user_id, work, is_single=True))

    async def turn(self, user_id: str, session_id: str, number: int) -> RecordedTurn | None:
        """Return a turn, None where there is none."""
        work = partial(turn_statements.get, session_id=session_id, number=number)
        return await self._read(user_id, work)

    async def turns(self, user_id: str, state: TurnState | None = None) -> list[RecordedTurn]:
        """Return the turns in a state, or all, oldest first."""
        return await self._read(user_id, partial(turn_statements.all_turns, state=state)) or []
