"""Messages and sessions in SQL; each function is called inside one transaction."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diarist.backends.statements import vectors as vector_statements
from diarist.backends.statements.connection import ALL, LISTED, Terms
from diarist.backends.statements.schema import SHIFT, loaded, micros, moment
from diarist.pages.rendering import clean
from diarist.recall.candidates import ASKS, TELLS_WHEN
from diarist.recall.dates import tells_when
from diarist.recall.terms import index_terms
from diarist.records import EMPTY, Message, Payload, Session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from diarist.backends.statements.connection import Connection
    from diarist.records import MessageStatus, SessionOrder

_COLUMNS = "key, id, role, name, text, at, archived, metadata, format, payload"
_INSERT = (
    "INSERT INTO messages (key, session, id, role, name, text, at, archived, metadata, format,"
    " payload, terms, speaker, words, marks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SESSION = "id, active, archived, turns, created, updated, numbered"
_NO = "SELECT no FROM sessions WHERE id = ?"
_FIRST_KEY = f"(SELECT no << {SHIFT} FROM sessions WHERE id = ?)"
_LAST_KEY = f"(SELECT no + 1 << {SHIFT} FROM sessions WHERE id = ?)"
"""Between which keys a session's messages are; of a session that is not, between NULLs."""
_KEY_OF = f"(SELECT key FROM messages WHERE session = ({_NO}) AND id = ?)"
_ACTIVE = "SELECT key FROM messages WHERE key > ? AND key < ? AND archived = 0"
_FEW = 3
"""Positions that are looked up one by one; for more all keys are read once."""
_MANY = 500
"""Ids that are looked up at once; a NUL in one rules out a list in JSON."""
_FIELDS = ("role", "text", "name", "id", "metadata", "payload", "status")


def add_session(connection: Connection, session_id: str, at: int) -> tuple[int, int]:
    """Return a session's key and the last number it gave, making the session where it is new."""
    row = connection.execute(
        "SELECT no, numbered FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if row is not None:
        return row
    made = connection.execute(
        "INSERT INTO sessions (id, created, updated) VALUES (?, ?, ?) RETURNING no",
        (session_id, at, at),
    )
    return made.fetchone()[0], 0


def append(
    connection: Connection, session_id: str, messages: Sequence[Message], now: datetime
) -> tuple[tuple[Message, ...], int]:
    """Add messages in their order; one whose id the session knows is left as it is.

    Returns:
        All of them as they are stored, and how many were new.
    """
    at = micros(now)
    session, last = add_session(connection, session_id, at)
    known = _known(connection, session, session_id, [m.id for m in messages if m.id is not None])
    stored: list[Message] = []
    rows: list[tuple[Any, ...]] = []
    vectors: list[tuple[int, str, Sequence[float]]] = []
    latest = 0
    for message in messages:
        found = None if message.id is None else known.get(clean(message.id))
        if found is None:
            last += 1
            said = at if message.at is None else micros(message.at)
            latest = max(latest, said)
            row = _row(session, last, message, said)
            rows.append(row)
            vectors += [(row[0], name, vector) for name, vector in message.vectors.items()]
            found = _message((row[0], *row[2:11]), session_id)
            if found.id is not None:
                known[found.id] = found
        stored.append(found)
    connection.executemany(_INSERT, rows)
    if vectors:
        vector_statements.put(connection, vectors)
    connection.execute(
        "UPDATE sessions SET numbered = ?, "
        "updated = CASE WHEN updated < ? THEN ? ELSE updated END WHERE no = ?",
        (last, latest, latest, session),
    )
    return tuple(stored), len(rows)


def read(
    connection: Connection,
    session_id: str,
    *,
    last: int | None = None,
    before: str | int | datetime | None = None,
    after: str | int | datetime | None = None,
    status: MessageStatus | None = "active",
    limit: int | None = None,
    offset: int = 0,
) -> list[Message]:
    """Return messages in their order, by one statement; see `Messages.read`."""
    clauses = [f"key > {_FIRST_KEY} AND key < {_LAST_KEY}"]
    values: list[Any] = [session_id, session_id]
    for bound, sign in ((before, "<"), (after, ">")):
        if bound is None:
            continue
        if isinstance(bound, datetime):
            clauses.append(f"at {sign} ?")
            values.append(micros(bound))
        elif isinstance(bound, int):
            clauses.append(f"key {sign} ({_FIRST_KEY} | ?)")
            values += [session_id, bound]
        else:
            clauses.append(f"key {sign} {_KEY_OF}")
            values += [session_id, clean(bound)]
    if status is not None:
        clauses.append(f"archived = {int(status == 'archived')}")
    if last is not None:
        limit = last if limit is None else min(last, limit)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE {' AND '.join(clauses)} "
        f"ORDER BY key {'DESC' if last is not None else 'ASC'} LIMIT ? OFFSET ?",
        (*values, ALL if limit is None else limit, offset),
    ).fetchall()
    if last is not None:
        rows.reverse()
    return [_message(row, session_id) for row in rows]


def numbered(connection: Connection, session_id: str, numbers: Collection[int]) -> list[Message]:
    """Return the messages with these numbers, in order, archived ones too, by one statement."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE key IN"
        f" (SELECT value | {_FIRST_KEY} FROM json_each(?)) ORDER BY key",
        (session_id, json.dumps([number for number in numbers if 0 < number < 1 << SHIFT])),
    )
    return [_message(row, session_id) for row in rows]


def keys(connection: Connection, session_id: str, numbers: Iterable[int]) -> dict[int, int]:
    """Return the keys that messages of a session have, by their numbers."""
    session = _session(connection, session_id)
    return {} if session is None else {number: session << SHIFT | number for number in numbers}


def keyed(connection: Connection, keys: Collection[int]) -> dict[int, Message]:
    """Return the messages with these keys, archived ones too."""
    names = ", ".join(f"messages.{name}" for name in _COLUMNS.split(", "))
    rows = connection.execute(
        f"SELECT {names}, sessions.id FROM messages JOIN sessions ON no = session "
        f"WHERE key IN {LISTED} ORDER BY key",
        (json.dumps(list(keys)),),
    )
    return {row[0]: _message(row[:-1], row[-1]) for row in rows}


def count(connection: Connection, session_id: str, status: MessageStatus | None) -> int:
    """Return how many messages a session has."""
    column = {"active": "active", "archived": "archived", None: "active + archived"}[status]
    row = connection.execute(
        f"SELECT {column} FROM sessions WHERE id = ?",
        (session_id,),
    ).fetchone()
    return row[0] if row else 0


def replace_all(
    connection: Connection,
    session_id: str,
    messages: Sequence[Message],
    now: datetime,
    status: MessageStatus | None = "active",
) -> tuple[Message, ...]:
    """Put `messages` in the place of those with a status; the same ones at the start stay."""
    old = read(connection, session_id, status=status)
    same = 0
    for one, other in zip(old, messages, strict=False):
        if any(getattr(one, name) != getattr(other, name) for name in _FIELDS if name != "id"):
            break
        if other.id is not None and one.id != other.id:
            break
        same += 1
    _remove(connection, session_id, [m.number for m in old[same:] if m.number is not None])
    session = _session(connection, session_id)
    if session is not None:  # what has the id of a new message and another status comes back
        ids = [message.id for message in messages[same:] if message.id is not None]
        known = _known(connection, session, session_id, ids).values()
        others = [m.number for m in known if status is not None and m.status != status]
        _remove(connection, session_id, others)
    added, _ = append(connection, session_id, messages[same:], now)
    return (*old[:same], *added)


def insert(
    connection: Connection,
    session_id: str,
    position: int,
    messages: Sequence[Message],
    now: datetime,
) -> tuple[Message, ...]:
    """Put messages before the active one at a position, and return those that are new."""
    session, _ = add_session(connection, session_id, micros(now))
    ids = [message.id for message in messages if message.id is not None]
    known = _known(connection, session, session_id, ids)
    new = [message for message in messages if message.id is None or clean(message.id) not in known]
    tail = read(connection, session_id)[position:]
    keys = [session << SHIFT | (message.number or 0) for message in tail]
    if new and keys:
        vectors = vector_statements.of_messages(connection, keys[0], keys[-1])
        tail = [
            replace(message, vectors=vectors.get(key, EMPTY))
            for key, message in zip(keys, tail, strict=True)
        ]
        _remove(connection, session_id, [message.number for message in tail])
        stored, _ = append(connection, session_id, [*new, *tail], now)
    else:
        stored, _ = append(connection, session_id, new, now)
    return stored[: len(new)]


def delete(
    connection: Connection,
    session_id: str,
    ids: Collection[str | int] = (),
    positions: Collection[int] = (),
) -> list[Message]:
    """Delete by id, number or position among the active messages, and return what is gone."""
    session = _session(connection, session_id)
    if session is None:
        return []
    numbers = {_number_of(connection, session, id) if isinstance(id, str) else id for id in ids}
    numbers |= _numbers_at(connection, session, positions)
    gone = numbered(connection, session_id, [n for n in numbers if n is not None])
    _remove(connection, session_id, [m.number for m in gone if m.number is not None])
    return gone


def archive(
    connection: Connection, session_id: str, n: int, ids: Collection[str | int] = ()
) -> list[Message]:
    """Archive the `n` oldest active messages and those named, and return what was active."""
    session = _session(connection, session_id)
    if session is None:
        return []
    found = read(connection, session_id, limit=max(n, 0))
    if ids:
        numbers = {_number_of(connection, session, id) if isinstance(id, str) else id for id in ids}
        numbers -= {message.number for message in found}
        named = numbered(connection, session_id, [one for one in numbers if one is not None])
        found = sorted([*found, *named], key=lambda message: message.number or 0)
    active = [message for message in found if message.status == "active"]
    keys = json.dumps([session << SHIFT | (message.number or 0) for message in active])
    connection.execute(f"UPDATE messages SET archived = 1 WHERE key IN {LISTED}", (keys,))
    return [replace(message, status="archived") for message in active]


def clear(connection: Connection, session_id: str) -> int:
    """Delete all messages of a session, and return how many; its numbers go on."""
    session = _session(connection, session_id)
    if session is None:
        return 0
    done = connection.execute(
        "DELETE FROM messages WHERE key > ? AND key < ?",
        (session << SHIFT, session + 1 << SHIFT),
    )
    return done.rowcount


def sessions(
    connection: Connection,
    limit: int | None = None,
    offset: int = 0,
    order: SessionOrder = "updated",
) -> list[Session]:
    """Return sessions, the one touched last first, or in the order they were made."""
    by = {"updated": "updated DESC, no DESC", "created": "no"}[order]
    rows = connection.execute(
        f"SELECT {_SESSION} FROM sessions ORDER BY {by} LIMIT ? OFFSET ?",
        (ALL if limit is None else limit, offset),
    )
    return [_as_session(row) for row in rows]


def every(connection: Connection) -> list[Message]:
    """Return all messages with their vectors, by session and number."""
    vectors = vector_statements.of_messages(connection)
    sessions = dict(connection.execute("SELECT no, id FROM sessions"))
    rows = connection.execute(f"SELECT {_COLUMNS} FROM messages ORDER BY key")
    return [
        replace(_message(row, sessions[row[0] >> SHIFT]), vectors=vectors.get(row[0], EMPTY))
        for row in rows
    ]


def restore(
    connection: Connection, messages: Iterable[Message], sessions: Iterable[Session]
) -> None:
    """Put sessions back, and messages under their own numbers."""
    connection.executemany(
        "INSERT INTO sessions (id, turns, created, updated, numbered) VALUES (?, ?, ?, ?, ?)",
        [(s.id, s.turns, micros(s.created_at), micros(s.updated_at), s.numbered) for s in sessions],
    )
    known = dict(connection.execute("SELECT id, no FROM sessions"))
    rows: list[tuple[Any, ...]] = []
    vectors: list[tuple[int, str, Sequence[float]]] = []
    for message in messages:
        at = micros(message.at) if message.at else 0
        rows.append(_row(known[message.session_id], message.number or 0, message, at))
        vectors += [(rows[-1][0], name, vector) for name, vector in message.vectors.items()]
    connection.executemany(_INSERT, rows)
    vector_statements.put(connection, vectors)


# ---------------------------------------------------------------- how


def _row(session: int, number: int, message: Message, at: int) -> tuple[Any, ...]:
    payload, text = message.payload, clean(message.text)
    found = index_terms(text)
    return (
        session << SHIFT | number,
        session,
        None if message.id is None else clean(message.id),
        clean(message.role),
        None if message.name is None else clean(message.name),
        text,
        at,
        int(message.status == "archived"),
        as_json(message.metadata) if message.metadata else None,
        payload.format if payload else None,
        as_json(payload.data) if payload else None,
        Terms(" ".join(found)),
        None if message.name is None else Terms(" ".join(index_terms(message.name))),
        len(found),
        TELLS_WHEN * tells_when(text) | ASKS * ("?" in text or "？" in text),
    )


def _message(row: tuple[Any, ...], session_id: str) -> Message:
    key, id, role, name, text, at, archived, metadata, format, payload = row
    return Message(
        role,
        text,
        name,
        id,
        moment(at),
        loaded(metadata) if metadata else EMPTY,
        Payload(format, loaded(payload)) if format is not None else None,
        "archived" if archived else "active",
        session_id,
        _number(key),
    )


def _as_session(row: tuple[Any, ...]) -> Session:
    id, active, archived, turns, created, updated, numbered = row
    return Session(id, active, archived, turns, moment(created), moment(updated), numbered)


def _number(key: int) -> int:
    return key & (1 << SHIFT) - 1


def _session(connection: Connection, session_id: str) -> int | None:
    row = connection.execute(_NO, (session_id,)).fetchone()
    return row[0] if row else None


def _known(
    connection: Connection, session: int, session_id: str, ids: Sequence[str]
) -> dict[str, Message]:
    """Return the messages of a session that have these ids."""
    found: dict[str, Message] = {}
    for start in range(0, len(ids), _MANY):
        some = [clean(id) for id in ids[start : start + _MANY]]
        places = ", ".join("?" * len(some))
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE session = ? AND id IN ({places})",
            (session, *some),
        )
        found.update((row[1], _message(row, session_id)) for row in rows)
    return found


def _number_of(connection: Connection, session: int, id: str) -> int | None:
    row = connection.execute(
        "SELECT key FROM messages WHERE session = ? AND id = ?", (session, clean(id))
    ).fetchone()
    return _number(row[0]) if row else None


def _numbers_at(connection: Connection, session: int, positions: Collection[int]) -> set[int]:
    """Return the numbers of the active messages at positions."""
    if len(positions) > _FEW:
        rows = connection.execute(f"{_ACTIVE} ORDER BY key", _bounds(session)).fetchall()
        there = range(-len(rows), len(rows))
        return {_number(rows[position][0]) for position in positions if position in there}
    found: set[int] = set()
    for position in positions:
        order, offset = ("ASC", position) if position >= 0 else ("DESC", -position - 1)
        row = connection.execute(
            f"{_ACTIVE} ORDER BY key {order} LIMIT 1 OFFSET ?", (*_bounds(session), offset)
        ).fetchone()
        if row is not None:
            found.add(_number(row[0]))
    return found


def _bounds(session: int) -> tuple[int, int]:
    """Return between which keys a session's messages are."""
    return session << SHIFT, session + 1 << SHIFT


def _remove(connection: Connection, session_id: str, numbers: Iterable[int | None]) -> None:
    session = _session(connection, session_id)
    if session is not None:
        keys = json.dumps([session << SHIFT | n for n in numbers if n is not None])
        connection.execute(f"DELETE FROM messages WHERE key IN {LISTED}", (keys,))


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_json(value: Any) -> str:
    """Return `value` as JSON text, compact, with its keys in the order given."""
    text = _compact(value)
    if clean(text) == text:
        return text
    return json.dumps(value, separators=(",", ":"))  # a lone surrogate stays what it was, escaped
