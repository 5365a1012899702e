"""Turns among the messages of a session: which is the last, and which there are.

Turns are made of what is stored, so that no process has to know what another one began.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from llama_index_diarist.chat import is_answer
from llama_index_diarist.messages import from_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarist import Diary, Message, Recorder

_FEW = 32
"""Messages that are looked at first for the last turn."""


async def record_ended(
    recorder: Recorder, user_id: str, session_id: str, newer: Sequence[Message]
) -> None:
    """Log the turns that end among newer messages, of the messages that are there.

    A turn ends with an answer that nothing follows but what the user says. What others store
    meanwhile, in other threads or processes, changes nothing.
    """
    for message, after in zip_longest(newer, newer[1:]):
        if not _answers(message) or (after is not None and after.role != "user"):
            continue
        turn = await _turn_up_to(recorder.diary, user_id, session_id, message.number or 0)
        if turn:
            await recorder.record(user_id, session_id, turn)


async def _turn_up_to(diary: Diary, user_id: str, session_id: str, number: int) -> list[Message]:
    """Return the turn that a message ends; see `last_turn`."""
    size = _FEW
    while True:
        found = await diary.messages.read(
            user_id, session_id, last=size, before=number + 1, status=None
        )
        turn = last_turn(found, is_all=len(found) < size)
        if turn is not None:
            return turn
        size *= 8


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

    It begins with the first question after the answer before: what was asked in a run that failed,
    or that one agent handed over to another, is a part of it. What the user said twice in it counts
    once.

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
    asked = [place for place, message in enumerate(messages) if message.role == "user"]
    newest = asked[-1] if asked else 0
    before = next((place for place in range(newest - 1, -1, -1) if _answers(messages[place])), -1)
    begin = next((place for place in asked if place > before), 0)
    turn = messages[begin:]
    if not is_all and (before < 0 or begin < len(turn)):
        return None
    if not asked or is_same(messages[max(begin - len(turn), 0) : begin], turn):
        return []
    return [
        message
        for place, message in enumerate(turn, 1)
        if message.role != "user" or not any(is_same([message], [later]) for later in turn[place:])
    ]


def is_same(some: Sequence[Message], others: Sequence[Message]) -> bool:
    """Say whether messages say the same as others."""
    return len(some) == len(others) and all(
        (one.role, one.text, one.name, one.payload)
        == (other.role, other.text, other.name, other.payload)
        for one, other in zip(some, others, strict=True)
    )


def _answers(message: Message) -> bool:
    """Say whether a message ends a turn."""
    return message.role == "assistant" and is_answer(from_message(message))
