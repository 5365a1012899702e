"""The log of turns in SQL: who works on which, and which wait. Called inside one transaction."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from diarist.backends.statements import messages as message_statements
from diarist.backends.statements.schema import micros, moment
from diarist.records import Appended, RecordedTurn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from diarist.backends.statements.connection import Connection
    from diarist.records import Message, NewTurn, TurnState

_COLUMNS = (
    "sessions.id, turns.number, turns.state, turns.reason, turns.attempts, turns.first, "
    "turns.last, turns.at, turns.east"
)
_FROM = "FROM turns JOIN sessions ON sessions.no = turns.session"
_SESSION = "SELECT no, turns FROM sessions WHERE id = ?"
_ONE = "session = (SELECT no FROM sessions WHERE id = ?) AND number = ?"


def record(
    connection: Connection,
    session_id: str,
    messages: Sequence[Message],
    now: datetime,
    new: NewTurn,
) -> Appended:
    """Append messages as one turn; messages of a turn that the session has make no second one.

    Those that were read from the session, and are still there, are not appended again.
    """
    known = connection.execute(_SESSION, (session_id,)).fetchone()
    if new.floor is None and (known is None or not known[1]):
        return Appended()
    there = _there(connection, session_id, messages)
    new_ones = [message for message in messages if _number(message, session_id) not in there]
    appended, added = message_statements.append(connection, session_id, new_ones, now)
    following = iter(appended)
    stored = tuple(
        there.get(_number(message, session_id)) or next(following) for message in messages
    )
    numbers = [message.number or 0 for message in stored]
    session, turns = known or connection.execute(_SESSION, (session_id,)).fetchone()
    waiting = connection.execute(
        "SELECT count(*) FROM turns WHERE state = 'pending' AND lease <= ?", (micros(now),)
    ).fetchone()[0]
    if not added:
        row = connection.execute(
            f"SELECT {_COLUMNS} {_FROM} "
            "WHERE session = ? AND first <= ? AND last >= ? ORDER BY number",
            (session, numbers[0], numbers[0]),
        ).fetchone()
        if row is not None:
            return Appended(stored, 0, _turn(connection, row), False, waiting)
    number = max(turns, new.floor or 0) + 1
    at = (stored[0].at or now).astimezone(now.tzinfo)
    connection.execute(
        "INSERT INTO turns (session, number, state, owner, lease, first, last, at, east) "
        "VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?)",
        (
            session,
            number,
            new.owner,
            micros(new.lease) if new.lease else 0,
            min(numbers),
            max(numbers),
            micros(at),
            _east(at),
        ),
    )
    connection.execute("UPDATE sessions SET turns = ? WHERE no = ?", (number, session))
    return Appended(
        stored, added, RecordedTurn(session_id, number, "pending", stored, at), True, waiting
    )


def waiting(connection: Connection, now: datetime) -> list[tuple[str, int]]:
    """Return session and number of the pending turns that nobody works on, oldest first."""
    return connection.execute(
        f"SELECT sessions.id, turns.number {_FROM} "
        "WHERE state = 'pending' AND lease <= ? ORDER BY turns.at, turns.session, turns.number",
        (micros(now),),
    ).fetchall()


def claim(
    connection: Connection,
    session_id: str,
    number: int,
    owner: str,
    now: datetime,
    until: datetime,
) -> RecordedTurn | None:
    """Give a pending turn to `owner` if nobody works on it, and return it; else None."""
    done = connection.execute(
        f"UPDATE turns SET owner = ?, lease = ? WHERE {_ONE} AND state = 'pending' AND lease <= ?",
        (owner, micros(until), session_id, number, micros(now)),
    )
    return get(connection, session_id, number) if done.rowcount else None


def take(
    connection: Connection, most: int, owner: str, now: datetime, until: datetime
) -> list[RecordedTurn]:
    """Give `owner` the next pending turns, up to the first that somebody works on."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, turns.session, turns.lease {_FROM} WHERE state = 'pending' "
        "ORDER BY turns.at, turns.session, turns.number LIMIT ?",
        (most,),
    ).fetchall()
    free = list(takewhile(lambda row: row[-1] <= micros(now), rows))
    connection.executemany(
        "UPDATE turns SET owner = ?, lease = ? WHERE session = ? AND number = ?",
        [(owner, micros(until), row[-2], row[1]) for row in free],
    )
    return [_turn(connection, row[:-2]) for row in free]


def renew(
    connection: Connection, session_id: str, number: int, owner: str, until: datetime
) -> bool:
    """Lengthen the lease of `owner`, and say whether the turn is still theirs."""
    done = connection.execute(
        f"UPDATE turns SET lease = ? WHERE {_ONE} AND owner = ?",
        (micros(until), session_id, number, owner),
    )
    return done.rowcount == 1


def release(connection: Connection, session_id: str, number: int, owner: str, reason: str) -> None:
    """Leave a turn pending, with the reason, for whoever comes next."""
    connection.execute(
        "UPDATE turns SET lease = 0, owner = NULL, attempts = attempts + 1, reason = ? "
        f"WHERE {_ONE} AND owner = ? AND state = 'pending'",
        (reason, session_id, number, owner),
    )


def finish(
    connection: Connection, session_id: str, number: int, state: TurnState, reason: str | None
) -> None:
    """End a turn."""
    connection.execute(
        f"UPDATE turns SET state = ?, reason = ?, lease = 0, owner = NULL WHERE {_ONE}",
        (state, reason, session_id, number),
    )


def finish_all(connection: Connection, turns: Iterable[tuple[str, int]]) -> None:
    """End turns as done."""
    connection.executemany(
        f"UPDATE turns SET state = 'done', reason = NULL, lease = 0, owner = NULL WHERE {_ONE}",
        turns,
    )


def has(connection: Connection, session_id: str, number: int) -> bool:
    """Say whether there is such a turn, in one statement."""
    found = connection.execute(f"SELECT 1 FROM turns WHERE {_ONE}", (session_id, number))
    return found.fetchone() is not None


def get(connection: Connection, session_id: str, number: int) -> RecordedTurn | None:
    """Return a turn with its messages, None where there is none."""
    row = connection.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE sessions.id = ? AND turns.number = ?",
        (session_id, number),
    ).fetchone()
    return _turn(connection, row) if row else None


def all_turns(connection: Connection, state: TurnState | None) -> list[RecordedTurn]:
    """Return the turns of the user in a state, or all, oldest first."""
    chosen, values = ("", ()) if state is None else (" WHERE state = ?", (state,))
    rows = connection.execute(
        f"SELECT {_COLUMNS} {_FROM}{chosen} ORDER BY turns.at, turns.session, turns.number", values
    ).fetchall()
    return [_turn(connection, row) for row in rows]


def add(connection: Connection, turn: RecordedTurn, numbers: Sequence[int]) -> None:
    """Put a turn back as it was exported, in a session that is there."""
    connection.execute(
        "INSERT INTO turns (session, number, state, reason, attempts, first, last, at, east) "
        "VALUES ((SELECT no FROM sessions WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            turn.session_id,
            turn.number,
            turn.state,
            turn.reason,
            turn.attempts,
            min(numbers, default=0),
            max(numbers, default=0),
            micros(turn.at),
            _east(turn.at),
        ),
    )


def _east(at: datetime) -> int:
    return int((at.utcoffset() or timedelta()).total_seconds())


def _number(message: Message, session_id: str) -> int:
    """Return the number that a message has in a session, 0 where it was not read from it."""
    return (message.number or 0) if message.session_id == session_id else 0


def _there(
    connection: Connection, session_id: str, messages: Sequence[Message]
) -> dict[int, Message]:
    """Return those messages by number that were read from a session, and are still in it."""
    numbers = [number for message in messages if (number := _number(message, session_id))]
    if not numbers:
        return {}
    found = message_statements.numbered(connection, session_id, numbers)
    return {message.number or 0: message for message in found}


def _turn(connection: Connection, row: tuple[Any, ...]) -> RecordedTurn:
    session_id, number, state, reason, attempts, first, last, at, east = row
    said: list[Message] = []
    if first:
        said = message_statements.read(
            connection, session_id, after=first - 1, before=last + 1, status=None
        )
    return RecordedTurn(session_id, number, state, tuple(said), moment(at, east), reason, attempts)
