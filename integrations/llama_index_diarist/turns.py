"""Turns among the messages of a session: which is the last, and which there are.

Turns are made of what is stored, so that no process has to know what another one began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarist import Message, Recorder

_FEW = 32
"""Messages that are looked at first for the last turn."""


async def record_last(recorder: Recorder, user_id: str, session_id: str) -> None:
    """Log the last turn of a session, of the messages that are there; see `last_turn`."""
    size = _FEW
    while True:
        found = await recorder.diary.messages.read(user_id, session_id, last=size, status=None)
        turn = last_turn(found, is_all=len(found) < size)
        if turn is not None:
            break
        size *= 8
    if turn:
        await recorder.record(user_id, session_id, turn)


async def record_all(
    recorder: Recorder, user_id: str, session_id: str, messages: Iterable[Message]
) -> None:
    """Log each turn among messages: what the user says, and all up to what they say next.

    What stands before the first message of the user is no turn.
    """
    turns: list[list[Message]] = []
    last = ""
    for message in messages:
        if message.role == "user" and last != "user":
            turns.append([])
        last = message.role
        if turns:
            turns[-1].append(message)
    for turn in turns:
        await recorder.record(user_id, session_id, turn)


def last_turn(messages: Sequence[Message], *, is_all: bool) -> list[Message] | None:
    """Return the last turn among messages; [] where there is none, or it was only put twice.

    What the user said twice in it counts once.

    Args:
        messages: the newest ones, in order.
        is_all: there are none before them.

    Returns:
        None where more messages have to be looked at.

    >>> from diarist import Message
    >>> said = [Message("assistant", "Hi!"), Message("user", "Tea?"), Message("assistant", "Yes.")]
    >>> [message.text for message in last_turn(said, is_all=True)]
    ['Tea?', 'Yes.']
    """
    middle = len(messages)
    while middle and messages[middle - 1].role != "user":
        middle -= 1
    begin = middle
    while begin and messages[begin - 1].role == "user":
        begin -= 1
    turn = messages[begin:]
    if not is_all and begin < len(turn):
        return None
    if middle == 0 or is_same(messages[max(begin - len(turn), 0) : begin], turn):
        return []
    asked = [
        message
        for place, message in enumerate(messages[begin:middle], begin + 1)
        if not any(is_same([message], [later]) for later in messages[place:middle])
    ]
    return [*asked, *messages[middle:]]


def is_same(some: Sequence[Message], others: Sequence[Message]) -> bool:
    """Say whether messages say the same as others."""
    return len(some) == len(others) and all(
        (one.role, one.text, one.name, one.payload)
        == (other.role, other.text, other.name, other.payload)
        for one, other in zip(some, others, strict=True)
    )
