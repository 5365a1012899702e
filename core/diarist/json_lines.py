"""Records as JSON Lines, out and in; what comes in is checked to the last field.

messages.jsonl  turns.jsonl  notes.jsonl  sessions.jsonl  one record a line
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, get_args

from diarist.checks import check_local
from diarist.pages.rendering import clean
from diarist.records import (
    Exported,
    Message,
    MessageStatus,
    Note,
    Payload,
    RecordedTurn,
    Session,
    TurnState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from diarist.records import Vectors

T = TypeVar("T")

MESSAGES, TURNS, NOTES = "messages.jsonl", "turns.jsonl", "notes.jsonl"
SESSIONS = "sessions.jsonl"
FILES = (MESSAGES, TURNS, NOTES, SESSIONS)

_MOST = (1 << 31) - 1  # a number shares 63 bits with its session's
_LARGEST = 3.4028235677973366e38  # that a 32-bit float can hold
_LONGEST = timedelta(microseconds=1) * ((1 << 63) - 1)  # that a table can hold


def written(exported: Exported) -> dict[str, str]:
    """Return the files by name."""
    return {
        MESSAGES: _lines(map(_from_message, exported.messages)),
        TURNS: _lines(map(_from_turn, exported.turns)),
        NOTES: _lines(_from_note(note, vectors) for note, vectors in exported.notes),
        SESSIONS: _lines(map(_from_session, exported.sessions)),
    }


def read(files: Mapping[str, str]) -> Exported:
    """Return what files hold; a missing one holds nothing.

    Raises:
        ValueError: a line can't be used; it says which and why.
    """
    messages = _records(files, MESSAGES, _to_message, _names_of_message)
    by_place = {(message.session_id, message.number): message for message in messages}
    turns = _records(
        files,
        TURNS,
        lambda row: _to_turn(row, by_place),
        lambda turn: {"number": (turn.session_id, turn.number)},
    )
    notes = _records(files, NOTES, _to_note, lambda each: {"key": (each[0].namespace, each[0].key)})
    sessions = _records(files, SESSIONS, _to_session, lambda session: {"id": session.id})
    return Exported(messages, turns, notes, _completed(sessions, messages, turns))


def _completed(
    sessions: Iterable[Session], messages: Iterable[Message], turns: Iterable[RecordedTurn]
) -> list[Session]:
    """Return the sessions, with those that only messages and turns name.

    Exports of older versions have no `sessions.jsonl`.
    """
    told = {session.id: session for session in sessions}
    found = dict(told)

    def see(id: str, at: datetime, *, numbered: int = 0, turns: int = 0) -> None:
        session = found.get(id) or Session(id, 0, 0, 0, at, at)
        session = replace(
            session,
            numbered=max(session.numbered, numbered),
            turns=max(session.turns, turns),
        )
        if id not in told:
            session = replace(
                session,
                created_at=min(session.created_at, at),
                updated_at=max(session.updated_at, at),
            )
        found[id] = session

    for message in messages:
        assert message.session_id is not None
        assert message.at is not None
        see(message.session_id, message.at, numbered=message.number or 0)
    for turn in turns:
        see(turn.session_id, turn.at, turns=turn.number)
    return list(found.values())


# ---------------------------------------------------------------- lines


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(map(_line, rows))


def _line(row: Mapping[str, Any]) -> str:
    """Return a row as a line that UTF-8 can hold: a lone surrogate stays what it is, escaped."""
    line = json.dumps(row, ensure_ascii=False)
    if clean(line) != line:
        line = json.dumps(row)
    return line + "\n"


def _records(
    files: Mapping[str, str],
    name: str,
    convert: Callable[[_Row], T],
    names_of: Callable[[T], Mapping[str, Hashable]],
) -> list[T]:
    """Return the records of a file, each with names of its own."""
    found: list[T] = []
    seen: set[tuple[str, Hashable]] = set()
    for number, line in enumerate(files.get(name, "").split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = convert(_Row(_object("a line", json.loads(line))))
            _note_names(seen, names_of(record))
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{name}, line {number}: {reason}; nothing is imported") from error
        found.append(record)
    return found


def _note_names(seen: set[tuple[str, Hashable]], names: Mapping[str, Hashable]) -> None:
    for name in names.items():
        if name in seen:
            raise ValueError(f"another line has the same {name[0]}")
        seen.add(name)


_KINDS: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    dict: "an object",
    list: "a list",
}


def _is(kind: type[T], what: str, value: Any) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{what} is {_KINDS[kind]}, not {json.dumps(value)[:40]}")
    return value


def _object(what: str, value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", _is(dict, what, value))


def _values(what: str, value: Any) -> list[Any]:
    return cast("list[Any]", _is(list, what, value))


class _Row(NamedTuple):
    """A line's fields; each is what it must be, or there is an error."""

    fields: dict[str, Any]

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str) -> str:
        return clean(_is(str, repr(name), self.fields[name]))

    def text_or_none(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def one_of(self, name: str, words: tuple[T, ...]) -> T:
        word = self.text(name)
        if word not in words:
            raise ValueError(f"{name!r} is one of {', '.join(map(str, words))}, not {word[:40]!r}")
        return cast("T", word)

    def number(self, name: str, least: int) -> int:
        return _number(repr(name), self.fields[name], least)

    def time(self, name: str) -> datetime:
        return self.local_time(name).astimezone(UTC)

    def local_time(self, name: str) -> datetime:
        return check_local(repr(name), datetime.fromisoformat(self.text(name)))

    def time_or_none(self, name: str) -> datetime | None:
        return self.time(name) if self.has(name) else None

    def table(self, name: str) -> dict[str, Any]:
        return _object(repr(name), self.fields[name]) if self.has(name) else {}

    def values(self, name: str) -> list[Any]:
        return _values(repr(name), self.fields[name])


def _number(what: str, value: object, least: int) -> int:
    number = _is(int, what, value)
    if not least <= number <= _MOST:
        raise ValueError(f"{what} is from {least} to {_MOST}, not {str(number)[:40]}")
    return number


def _vector(name: str, given: object) -> list[float]:
    vector = _values(f"the vector {name!r}", given)
    for each in vector:
        is_number = isinstance(each, (int, float)) and not isinstance(each, bool)
        if not is_number or not isfinite(each) or abs(each) > _LARGEST:
            raise ValueError(
                f"a vector is a list of finite 32-bit numbers; {name!r} has {json.dumps(each)[:40]}"
            )
    return vector


# ---------------------------------------------------------------- rows


def _slim(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing."""
    return {key: value for key, value in row.items() if value is not None and value != {}}


def _from_message(message: Message) -> dict[str, Any]:
    payload = message.payload
    return _slim({
        "session": message.session_id,
        "number": message.number,
        "role": message.role,
        "text": message.text,
        "name": message.name,
        "id": message.id,
        "at": message.at and message.at.isoformat(),
        "status": None if message.status == "active" else message.status,
        "metadata": dict(message.metadata),
        "payload": payload and {"format": payload.format, "data": payload.data},
        "vectors": {name: list(vector) for name, vector in message.vectors.items()},
    })  # fmt: skip


def _to_message(row: _Row) -> Message:
    payload = _Row(row.table("payload")) if row.has("payload") else None
    return Message(
        row.text("role"),
        row.text("text"),
        row.text_or_none("name"),
        row.text_or_none("id"),
        row.time("at"),
        row.table("metadata"),
        payload and Payload(payload.text("format"), payload.fields["data"]),
        row.one_of("status", get_args(MessageStatus)) if row.has("status") else "active",
        row.text("session"),
        row.number("number", 1),
        {clean(name): _vector(name, given) for name, given in row.table("vectors").items()},
    )


def _names_of_message(message: Message) -> dict[str, Hashable]:
    names: dict[str, Hashable] = {"number": (message.session_id, message.number)}
    return names if message.id is None else names | {"id": (message.session_id, message.id)}


def _from_turn(turn: RecordedTurn) -> dict[str, Any]:
    return _slim({
        "session": turn.session_id,
        "number": turn.number,
        "state": turn.state,
        "at": turn.at.isoformat(),
        "messages": [message.number for message in turn.messages],
        "reason": turn.reason,
        "attempts": turn.attempts,
    })  # fmt: skip


def _to_turn(row: _Row, messages: Mapping[tuple[str | None, int | None], Message]) -> RecordedTurn:
    session = row.text("session")
    numbers = [_number("a message's number", each, 1) for each in row.values("messages")]
    return RecordedTurn(
        session,
        row.number("number", 1),
        row.one_of("state", get_args(TurnState)),
        tuple(messages[session, number] for number in numbers if (session, number) in messages),
        row.local_time("at"),
        row.text_or_none("reason"),
        row.number("attempts", 0) if row.has("attempts") else 0,
    )


def _from_note(note: Note, vectors: Vectors) -> dict[str, Any]:
    return _slim({
        "namespace": list(note.namespace),
        "key": note.key,
        "value": note.value,
        "metadata": dict(note.metadata),
        "created_at": note.created_at.isoformat(),
        "updated_at": note.updated_at.isoformat(),
        "expires_at": note.expires_at and note.expires_at.isoformat(),
        "ttl": note.ttl and note.ttl.total_seconds(),
        "deleted_at": note.deleted_at and note.deleted_at.isoformat(),
        "vectors": dict(vectors),
    }) | {"value": note.value}  # fmt: skip


def _to_note(row: _Row) -> tuple[Note, Vectors]:
    vectors: dict[str, list[list[float]]] = {}
    for name, given in row.table("vectors").items():
        parts = _values(f"the vector {name!r}", given)
        several = parts if parts and isinstance(parts[0], list) else [parts]
        vectors[clean(name)] = [_vector(name, part) for part in several]
    note = Note(
        tuple(clean(_is(str, "a part of the namespace", each)) for each in row.values("namespace")),
        row.text("key"),
        row.fields["value"],
        row.table("metadata"),
        row.time("created_at"),
        row.time("updated_at"),
        row.time_or_none("expires_at"),
        _ttl(row.fields["ttl"]) if row.has("ttl") else None,
        row.time_or_none("deleted_at"),
    )
    return note, vectors


def _ttl(seconds: object) -> timedelta:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds > 0:
        raise ValueError(f"'ttl' is seconds, more than 0, not {json.dumps(seconds)[:40]}")
    ttl = timedelta(seconds=seconds)
    if ttl > _LONGEST:
        raise ValueError(f"'ttl' is too long: {seconds} seconds")
    return ttl


def _from_session(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "numbered": session.numbered,
        "turns": session.turns,
        "created_at": session.created_at.isoformat(),
        "updated_at": session.updated_at.isoformat(),
    }


def _to_session(row: _Row) -> Session:
    return Session(
        row.text("id"),
        0,
        0,
        row.number("turns", 0),
        row.time("created_at"),
        row.time("updated_at"),
        row.number("numbered", 0),
    )
