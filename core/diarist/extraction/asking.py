"""Asking a model: rounds of prompt and answer, driven to their end wherever the answers come from.

What to ask, and what to make of it, is a generator that never waits. A caller's `complete` that
blocks is called in the present thread; what it gives to be awaited is awaited by the caller.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")

Complete: TypeAlias = "Callable[[str, type[BaseModel]], Any]"
"""A prompt and the model of the answer in, the answer out: as that model, as a dict or as JSON
text; sync or async."""

Rounds: TypeAlias = "Generator[tuple[str, type[BaseModel]], object, T]"
"""Yields what to ask, takes the answers, returns what came of them."""


def checked_complete(complete: object) -> Complete:
    """Return what asks a model.

    Raises:
        TypeError: it can't be called.
    """
    if not callable(complete):
        raise TypeError(f"complete is a callable of prompt and schema, not {complete!r}")
    return cast("Complete", complete)


def asked(complete: Complete, rounds: Rounds[T], answer: object = None) -> T | Awaitable[T]:
    """Ask until there is an end, in this thread, or an answer that must be awaited."""
    while True:
        try:
            question = rounds.send(answer)
        except StopIteration as end:
            return end.value
        try:
            answer = complete(*question)
        except ValueError as error:
            answer = _misread(error)
        if isinstance(answer, Awaitable):
            return _awaited(complete, rounds, cast("Awaitable[object]", answer))


async def _awaited(complete: Complete, rounds: Rounds[T], awaited: Awaitable[object]) -> T:
    try:
        answer = await awaited
    except ValueError as error:
        answer = _misread(error)
    found = asked(complete, rounds, answer)
    return await cast("Awaitable[T]", found) if isinstance(found, Awaitable) else found


def _misread(error: ValueError) -> ValueError:
    """Return an error that is about the answer's form; any other is raised on."""
    from diarist.extraction.answers import is_misread

    if not is_misread(error):
        raise error
    return error
