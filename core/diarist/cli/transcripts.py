"""Transcripts as people have them, turned into turns: bytes in, values out, no disk.

A transcript is JSON Lines or a JSON list of messages with `role` and `content`, and if they have
them `id`, `name`, `timestamp` (or `at`) and `session`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from diarist.checks import check_local
from diarist.cli.failures import CommandError
from diarist.models import Problem
from diarist.pages.rendering import clean
from diarist.records import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SKIPPED_ROLES = ("system", "developer", "tool", "function")
"""Roles whose messages say nothing about the user."""
ROLES = ("user", "assistant", *SKIPPED_ROLES)
MOST_PROBLEMS = 10
"""How many bad lines are told one by one."""

_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn of a transcript; `at` is None where the transcript has no time for it.

    Each message has an id that is the same whenever the transcript is read.
    """

    session_id: str
    messages: tuple[Message, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript that was read as a whole.

    Attributes:
        turns: in the order of their first messages.
        skipped: how many messages of which role are in no turn.
        without_zone: how many times had no zone and were taken as UTC.
        speakers: the names of those who wrote as the user.
    """

    turns: tuple[SpokenTurn, ...]
    skipped: Mapping[str, int]
    without_zone: int
    speakers: tuple[str, ...]

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions, in the order in which they begin."""
        return tuple(dict.fromkeys(turn.session_id for turn in self.turns))


@dataclass(frozen=True, slots=True)
class _Message:
    role: str
    text: str
    id: str | None
    name: str | None
    session_id: str | None
    at: datetime | None
    has_zone: bool


@dataclass(slots=True)
class _Draft:
    session_id: str
    said: list[_Message] = field(default_factory=list["_Message"])
    is_answered: bool = False
    at: datetime | None = None


def read_transcript(content: bytes, *, location: str, session_id: str) -> Transcript:
    r"""Return the turns of a transcript.

    A turn is what the user said, in one message or several in a row, and the answers up to the
    user's next message; there may be none. A turn without a time takes that of the turn before it
    in its session.

    Args:
        content: the file.
        location: its name, for what is told about it.
        session_id: the session of messages that name none.

    Raises:
        CommandError: a line for each message that can't be used: file, line, reason.

    >>> line = b'{"role": "user", "content": "I live in Porto."}\n'
    >>> turn = read_transcript(line, location="chat.jsonl", session_id="chat").turns[0]
    >>> turn.messages[0].text
    'I live in Porto.'
    """
    problems: list[Problem] = []

    def tell(line: int, reason: str) -> None:
        problems.append(Problem(location, line, reason))

    messages = list(_messages(content, tell))
    if problems:
        told = [str(problem) for problem in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            told.append(f"{location}: {len(problems) - MOST_PROBLEMS} more messages like these")
        raise CommandError("\n".join(told))
    return _assembled(messages, session_id)


class _MessageError(Exception):
    """Why a message can't be used; `line` counts inside the text it was found in."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


def _messages(content: bytes, tell: Callable[[int, str], None]) -> Iterator[_Message]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        tell(line, f"not UTF-8 (byte 0x{content[error.start]:02x})")
        return
    values = _list_values if text.lstrip().startswith("[") else _line_values
    for line, value in values(text, tell):
        try:
            yield _message(value)
        except _MessageError as error:
            tell(line, str(error))


# ------------------------------------------------------------ text to values


def _line_values(text: str, tell: Callable[[int, str], None]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, _parsed(line)
        except _MessageError as error:
            tell(number, str(error))


def _list_values(text: str, tell: Callable[[int, str], None]) -> Iterator[tuple[int, Any]]:
    try:
        values: list[Any] = _parsed(text)
    except _MessageError as error:
        tell(error.line, str(error))
        return
    decoder = json.JSONDecoder()
    line, counted, position = 1, 0, text.index("[") + 1
    for value in values:
        match = _BETWEEN.match(text, position)
        start = match.end() if match else position
        line += text.count("\n", counted, start)
        counted = start
        yield line, value
        position = decoder.raw_decode(text, start)[1]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg.lower()} (column {error.colno})"
        raise _MessageError(reason, error.lineno) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond Python's limits
        raise _MessageError(f"not JSON that can be read: {error}") from error


# ------------------------------------------------------------ values to messages


def _message(value: Any) -> _Message:
    if not isinstance(value, dict):
        raise _MessageError('a message is an object, {"role": "user", "content": "…"}')
    fields = cast("dict[str, Any]", value)
    role = fields.get("role")
    if role is None:
        raise _MessageError('it has no role; a message is {"role": "user", "content": "…"}')
    if role not in ROLES:
        raise _MessageError(f"the role {str(role)[:40]!r} is unknown; known are {', '.join(ROLES)}")
    if role in SKIPPED_ROLES:
        return _Message(role, "", None, None, None, None, has_zone=True)
    at, has_zone = _time(fields)
    return _Message(
        role,
        _text(fields),
        _own_id(fields),
        _string(fields, "name"),
        _string(fields, "session"),
        at,
        has_zone,
    )


def _text(fields: dict[str, Any]) -> str:
    """Return the text of a message; parts without text (pictures, sound, files) say nothing."""
    content = fields.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (_part(part) for part in cast("list[Any]", content))
        return "\n".join(text for text in parts if text)
    if content is None and fields["role"] == "assistant" and fields.get("tool_calls"):
        return ""
    if content is None:
        raise _MessageError("it has no content")
    raise _MessageError(f"content is a text or a list of parts, not {_kind(content)}")


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise _MessageError(f"a part of content is an object or a text, not {_kind(part)}")
    text = cast("dict[str, Any]", part).get("text", "")
    if not isinstance(text, str):
        raise _MessageError(f"the text of a part is a text, not {_kind(text)}")
    return text


def _string(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _MessageError(f"{key} is a text, not {_kind(value)}")


def _own_id(fields: dict[str, Any]) -> str | None:
    """Return the message's own id; what no program would take for one is none."""
    value = fields.get("id")
    return str(value) if isinstance(value, (str, int)) and value != "" else None


def _time(fields: dict[str, Any]) -> tuple[datetime | None, bool]:
    """Return the time, in the zone it names, and whether it named one."""
    key = "timestamp" if fields.get("timestamp") is not None else "at"
    value = fields.get(key)
    if value is None:
        return None, True
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            has_zone = moment.tzinfo is not None
            return check_local(key, moment if has_zone else moment.replace(tzinfo=UTC)), has_zone
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC), True
    except (ValueError, OverflowError, OSError):
        pass
    raise _MessageError(
        f"{key} {value!r} is no time; write 2024-05-01T09:30:00Z, or seconds since 1970"
    )


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else "an object"


# ------------------------------------------------------------ messages to turns


def _assembled(messages: Iterable[_Message], session_id: str) -> Transcript:
    drafts: list[_Draft] = []
    latest: dict[str, _Draft] = {}
    skipped = Counter[str]()
    without_zone = 0
    speakers: dict[str, None] = {}
    for message in messages:
        session = clean(session_id if message.session_id is None else message.session_id)
        draft = latest.get(session)
        without_zone += not message.has_zone
        if message.role == "user":
            if draft is None or draft.is_answered:
                draft = latest[session] = _Draft(session)
                drafts.append(draft)
            if message.name is not None:
                speakers[message.name] = None
        elif message.role == "assistant" and draft is not None:
            draft.is_answered = True
        else:
            skipped[message.role] += 1
            continue
        draft.said.append(message)
        draft.at = draft.at or message.at
    return Transcript(tuple(_turns(drafts)), dict(skipped), without_zone, tuple(speakers))


def _turns(drafts: Iterable[_Draft]) -> Iterator[SpokenTurn]:
    last: dict[str, datetime | None] = {}
    positions, told = Counter[str](), Counter[tuple[str, str]]()
    for draft in drafts:
        session = draft.session_id
        at = last[session] = draft.at or last.get(session)
        messages: list[Message] = []
        for said in draft.said:
            positions[session] += 1
            id = _id(said, positions[session])
            told[session, id] += 1
            if told[session, id] > 1:  # the file tells this one twice: both were said
                id += f"-{told[session, id]}"
            messages.append(Message(said.role, said.text, said.name, id, said.at))
        yield SpokenTurn(session, tuple(messages), at)


def _id(said: _Message, position: int) -> str:
    """Return an id that a message has whenever it is read, and another one has never.

    It is made of what is said, who says it, and its own id, else its time, else its place: own ids
    alone may be counted anew in each file of a session.
    """
    place = said.id or (said.at.isoformat() if said.at else position)
    made_of = json.dumps([place, said.role, said.text])
    return f"ingest-{hashlib.blake2b(made_of.encode(), digest_size=16).hexdigest()}"
