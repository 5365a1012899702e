"""What a store of messages, turns and notes offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from diarist.models import Problem
    from diarist.recall.candidates import Found, Wanted
    from diarist.records import (
        Appended,
        DeletionReport,
        Embedded,
        Exported,
        Message,
        MessageStatus,
        NewTurn,
        NoteOperation,
        RecordedTurn,
        Session,
        SessionOrder,
        TurnState,
    )


@runtime_checkable
class RecordStore(Protocol):
    """Messages, turns and notes of each user.

    Every call is one transaction: it is done wholly, or not at all. A call returns when what it
    wrote is durable; only who works on a turn, and how it ended, may be lost with the power: it is
    then done again. Times are given by the caller; no store reads a clock.

    What its parameters mean, in every method that has them:

    - `user_id`: whose.
    - `session_id`: a conversation of that user.
    - `now`: when it is: the time of what is written, and what has expired by it is hidden.
    - `number`: a turn's in its session, from 1 on.
    - `owner`: who works on a turn, in a text that nobody else has.
    - `until`: when a lease is over that is not renewed.
    - `state`: of a turn: "pending", "done" or "failed".
    - `reason`: why, in words for a person.
    - `status`: of messages: "active", "archived", or None for both.
    - `last`: the newest so many only.
    - `before`: only what is before this id, number or time.
    - `after`: only what is after this id, number or time; a key, where keys are returned.
    - `limit`: how many at most; None is all.
    - `offset`: how many of the first to leave out.
    - `ids`: of messages, as ids or numbers.
    - `wanted`: a question, and how many of what is found are wanted.
    - `index`: the name of an index of vectors.
    - `vectors`: key or number -> vector, all of the length that the index has.
    """

    # messages

    async def append(
        self, user_id: str, session_id: str, messages: Sequence[Message], *, now: datetime
    ) -> Appended:
        """Add messages in order; one whose id the session knows is not added again."""
        ...

    async def read(
        self,
        user_id: str,
        session_id: str,
        *,
        last: int | None = None,
        before: str | int | datetime | None = None,
        after: str | int | datetime | None = None,
        status: MessageStatus | None = "active",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Message]:
        """Return messages in order; None for `status` is all."""
        ...

    async def numbered(
        self, user_id: str, session_id: str, numbers: Collection[int]
    ) -> list[Message]:
        """Return the messages with these numbers that there are, in order."""
        ...

    async def count(self, user_id: str, session_id: str, status: MessageStatus | None) -> int:
        """Return how many messages a session has."""
        ...

    async def replace(
        self,
        user_id: str,
        session_id: str,
        messages: Sequence[Message],
        *,
        now: datetime,
        status: MessageStatus | None = "active",
    ) -> list[Message]:
        """Put `messages` in the place of those with a status, None for all of the session.

        Those that stay at the start keep their numbers.
        """
        ...

    async def insert(
        self,
        user_id: str,
        session_id: str,
        position: int,
        messages: Sequence[Message],
        *,
        now: datetime,
    ) -> list[Message]:
        """Put messages before the active one at a position; return those that are new.

        Those after them get new numbers, and keep their times and vectors.
        """
        ...

    async def delete(
        self,
        user_id: str,
        session_id: str,
        *,
        ids: Collection[str | int] = (),
        positions: Collection[int] = (),
    ) -> list[Message]:
        """Delete by id, number or position among the active messages; return what is gone."""
        ...

    async def archive(
        self, user_id: str, session_id: str, n: int, *, ids: Collection[str | int] = ()
    ) -> list[Message]:
        """Archive the `n` oldest active messages, and others by id or number; return them.

        What is archived already, by whomever, is not returned.
        """
        ...

    async def clear(self, user_id: str, session_id: str) -> int:
        """Delete all messages of a session, and return how many."""
        ...

    async def sessions(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: SessionOrder = "updated",
    ) -> list[Session]:
        """Return sessions: the one touched last first, or in the order they were made."""
        ...

    async def find(self, user_id: str, wanted: Wanted) -> Found | None:
        """Return the messages that may answer a question, None where there are none."""
        ...

    async def keyed(self, user_id: str, keys: Collection[int]) -> dict[int, Message]:
        """Return the messages with these keys that there are, archived ones too."""
        ...

    async def lacking(
        self, user_id: str, kind: Embedded, index: str, *, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Return key and text of messages, or notes, that have no vector in an index, by key."""
        ...

    async def add_vectors(
        self, user_id: str, kind: Embedded, index: str, vectors: Mapping[int, Sequence[float]]
    ) -> int:
        """Give what is still there a vector, by its key; return how many there were."""
        ...

    async def set_vectors(
        self, user_id: str, session_id: str, index: str, vectors: Mapping[int, Sequence[float]]
    ) -> int:
        """Give messages of a session a vector, by their numbers; return how many there were."""
        ...

    # turns

    async def record(
        self,
        user_id: str,
        session_id: str,
        messages: Sequence[Message],
        turn: NewTurn,
        *,
        now: datetime,
    ) -> Appended:
        """Append messages as one pending turn; known messages make no second turn.

        Where `turn.floor` is None and the session has no turn yet, nothing is done, and the result
        has no turn.

        A message with the number and session of one that is there, as reading gives it, is known.
        """
        ...

    async def waiting(self, user_id: str, *, now: datetime) -> list[tuple[str, int]]:
        """Return session and number of the pending turns nobody works on, oldest first."""
        ...

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
        ...

    async def take(
        self, user_id: str, *, most: int, owner: str, now: datetime, until: datetime
    ) -> list[RecordedTurn]:
        """Give `owner` the pending turns that are next, oldest first, at most so many.

        A turn is not next while somebody works on an earlier one of the user: so several processes
        keep the order.
        """
        ...

    async def renew(
        self, user_id: str, session_id: str, number: int, *, owner: str, until: datetime
    ) -> bool:
        """Lengthen a lease, and say whether the turn is still the owner's."""
        ...

    async def release(
        self, user_id: str, session_id: str, number: int, *, owner: str, reason: str
    ) -> None:
        """Leave a turn pending, with the reason."""
        ...

    async def finish(
        self,
        user_id: str,
        session_id: str,
        number: int,
        state: TurnState,
        reason: str | None = None,
    ) -> None:
        """End a turn."""
        ...

    async def finish_all(self, user_id: str, turns: Collection[tuple[str, int]]) -> None:
        """End turns as done; each is a session and a number."""
        ...

    async def has_turn(self, user_id: str, session_id: str, number: int) -> bool:
        """Say whether there is such a turn."""
        ...

    async def turn(self, user_id: str, session_id: str, number: int) -> RecordedTurn | None:
        """Return a turn, None where there is none."""
        ...

    async def turns(self, user_id: str, state: TurnState | None = None) -> list[RecordedTurn]:
        """Return the turns in a state, or all, oldest first."""
        ...

    # notes

    async def notes(
        self, user_id: str, operations: Sequence[NoteOperation], *, now: datetime
    ) -> list[Any]:
        """Do all operations or none; reads see the state before. Return a result for each.

        A put gives None, a get a note or None, a delete or restore whether there was something, a
        listing scored notes, a count its counts, a listing of namespaces tuples.

        Raises:
            ConflictError: a put with `if_absent` finds a note.
        """
        ...

    async def cleanup(self, user_id: str, *, now: datetime, retention: timedelta) -> int:
        """Remove expired notes and those deleted for longer than `retention`, bytes and all."""
        ...

    # the whole

    async def export(self, user_id: str) -> Exported:
        """Return everything of a user as it is at one moment; of a stranger nothing."""
        ...

    async def restore(self, user_id: str, exported: Exported) -> None:
        """Put everything back as it was exported; `sessions` names every session that is used.

        Raises:
            UserExistsError: the user has a record; nothing is changed. Of two at the same time,
                one is.
        """
        ...

    async def check(self, user_id: str) -> list[Problem]:
        """Return what is wrong with a user's records; a damaged store is not touched."""
        ...

    async def delete_user(self, user_id: str) -> DeletionReport:
        """Remove everything of a user; what is on its way to the store is refused or goes anew."""
        ...

    async def list_users(self) -> list[str]:
        """Return every user who has records, sorted."""
        ...
