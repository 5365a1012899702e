"""The questions that are put to every memory, and what their scripted models say.

It runs in the environments of the peers too, so it needs nothing but Python. A part about one
library says how that is set up (`Memory`) and calls `main`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from inspect import isawaitable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

from records_material import answer, texts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

USER, OTHER = "ana", "bruno"
TURNS = 30
"""Turns of the questions about a model that fails and about what is where."""
EVERY = 10
"""Where a long conversation is stored, each tenth turn states a fact; the others are small talk."""
DIMENSIONS = 384
STATED = re.compile(r"I love (velmora\d+)\.")


class Memory(Protocol):
    """What is asked of a library, sync or async; `submit` only of those that have a background."""

    def remember(self, user: str, number: int, said: str) -> object:
        """Take in a turn, the number-th of the user, and return when it is stored."""
        ...

    def recall(self, user: str, question: str) -> object:
        """Return the five that fit a question best."""
        ...

    def context(self, user: str, question: str) -> object:
        """Return the text for a prompt."""
        ...

    def kept(self, user: str) -> object:
        """Return the texts of all that is kept of a user."""
        ...

    def origin(self, user: str) -> object:
        """Return what a fact says of the message it came from, or nothing."""
        ...

    def delete(self, user: str) -> object:
        """Delete a user."""
        ...

    def close(self) -> object:
        """End."""
        ...


class InBackground(Memory, Protocol):
    """One that takes in a turn before it is stored."""

    def submit(self, user: str, number: int, said: str) -> object:
        """Take in a turn, and store it in the background."""
        ...


class Script:
    """What the scripted models answer: the fact that a turn states, at once."""

    def __init__(self) -> None:
        self.fails = False
        self.seconds = 0.0

    def fact(self, turn: str) -> str | None:
        """Return the thing that the turn says is loved, or None.

        Raises:
            ConnectionError: the model fails, which it does in every third turn where it `fails`.
        """
        time.sleep(self.seconds)
        found = STATED.findall(turn)
        if found and self.fails and int(found[-1][-5:]) % 3 == 2:
            raise ConnectionError("the model can't be reached")
        return found[-1] if found else None


script = Script()


def thing(number: int) -> str:
    """Return a word that no other turn has."""
    return f"velmora{number:05}"


def statement(number: int) -> str:
    """Return a message that states a fact."""
    return f"I love {thing(number)}."


def vector(text: str) -> list[float]:
    """Return numbers that depend on a text's words, and cost little."""
    found = [0.01] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        found[crc32(word.encode()) % DIMENSIONS] += 1.0
    return found


# ---------------------------------------------------------------- the questions


async def first(memory: Memory) -> str:
    """Remember one fact."""
    await _done(memory.remember(USER, 0, statement(0)))
    return "remembered"


async def used(memory: Memory) -> str:
    """Use each call once: who is asked for help by that?"""
    await _done(memory.remember(USER, 0, statement(0)))
    await _done(memory.recall(USER, thing(0)))
    await _done(memory.context(USER, thing(0)))
    return "used"


async def kept(memory: Memory) -> list[str]:
    """Return which things are known."""
    said = "\n".join(await _done(memory.kept(USER)))
    return sorted(set(re.findall(r"velmora\d+", said)))


async def write(memory: Memory, start: int, many: int) -> dict[str, Any]:
    """Remember many facts once told to go; return how many calls returned, and what was raised."""
    print("ready", flush=True)
    sys.stdin.readline()
    raised: dict[str, int] = {}
    acknowledged = 0
    for number in range(start, start + many):
        try:
            await _done(memory.remember(USER, number, statement(number)))
        except Exception as error:  # noqa: BLE001 - any error of any library is counted
            name = type(error).__name__
            raised[name] = raised.get(name, 0) + 1
        else:
            acknowledged += 1
    return {"acknowledged": acknowledged, "raised": raised}


async def endless(memory: Memory) -> None:
    """Remember facts until killed, and print each that was acknowledged."""
    for number in count():
        await _done(memory.remember(USER, number, statement(number)))
        print(thing(number), flush=True)


async def background(memory: InBackground) -> None:
    """Do the same in the background, with a model that takes its time."""
    script.seconds = 0.02
    for number in count():
        await _done(memory.submit(USER, number, statement(number)))
        print(thing(number), flush=True)
        await asyncio.sleep(0.005)


async def failing(memory: Memory) -> int:
    """Remember turns of which every third meets a model that fails; return how many raised."""
    script.fails = True
    raised = 0
    for number in range(TURNS):
        try:
            await _done(memory.remember(USER, number, statement(number)))
        except Exception:  # noqa: BLE001 - any error of any library is counted
            raised += 1
    script.fails = False
    await _done(memory.remember(USER, TURNS, statement(TURNS)))  # the model is back
    return raised


async def fill(memory: Memory) -> str:
    """Remember some facts of two users, and return what one says of its message."""
    for number in range(TURNS):
        await _done(memory.remember(USER, number, statement(number)))
        await _done(memory.remember(OTHER, number, f"I love other{number:05}."))
    return await _done(memory.origin(USER))


async def delete(memory: Memory) -> None:
    """Delete a user."""
    await _done(memory.delete(USER))


async def timed(memory: Memory, turns: int) -> None:
    """Store a long conversation; then answer for how long a call takes."""
    said = texts(turns, seed=3, words=25)
    for number, text in enumerate(said):
        stated = f" {statement(number)}" if number % EVERY == 0 else ""
        await _done(memory.remember(USER, number, text + stated))
    numbers, asked = count(turns), count()

    async def turn() -> None:
        number = next(numbers)
        await _done(memory.remember(USER, number, statement(number)))

    def question() -> str:
        words = said[next(asked) * 7 % turns].split()
        return f"What about {thing(0)}, {words[0]} or {words[1]}?"

    await answer(
        {
            "turn": turn,
            "recall": lambda: memory.recall(USER, question()),
            "context": lambda: memory.context(USER, question()),
        }
    )


ASKED = (first, used, kept, write, endless, background, failing, fill, delete, timed)
QUESTIONS: dict[str, Callable[..., Awaitable[object]]] = {each.__name__: each for each in ASKED}


async def _done(result: Any) -> Any:
    return await result if isawaitable(result) else result


# ---------------------------------------------------------------- how they are put


def main(opened: Callable[[Path], Memory], plain: Callable[[Path], object]) -> None:
    """Put the question of the command line to a library, and print the answer as JSON.

    The arguments are a folder, the question's name, and what it takes.

    Args:
        opened: returns the library set up on a folder, with scripted models.
        plain: remembers one thing as the library's introduction does, without any key or model.
    """
    folder, name, *arguments = sys.argv[1:]
    hosts = guard() if name in {"used", "plain"} else set[str]()
    if name == "plain":
        print(json.dumps({"error": _error(plain, Path(folder))}), flush=True)
        return

    async def ask() -> object:
        memory = opened(Path(folder))
        found = await QUESTIONS[name](memory, *map(int, arguments))
        await _done(memory.close())
        return found

    found = asyncio.run(ask())
    if name == "used":
        time.sleep(6)  # what collects and sends in the background has its chance
        found = sorted(hosts)
    print(json.dumps(found), flush=True)


def guard() -> set[str]:
    """Refuse every connection to another machine from now on; return the set of who was wanted."""
    wanted: set[str] = set()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        host: Any = None
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event == "socket.connect" and not isinstance(arguments[1], (str, bytes)):
            host = arguments[1][0]  # a path is another process's on this machine
        name = host.decode() if isinstance(host, bytes) else host
        if name not in {None, "localhost", "127.0.0.1", "::1"}:
            wanted.add(str(name))
            raise OSError(f"{name} is out of reach")

    sys.addaudithook(watch)
    return wanted


def _error(plain: Callable[[Path], object], folder: Path) -> str:
    """Return the error of remembering one thing without a key, or nothing."""

    async def ask() -> None:
        await _done(plain(folder))

    try:
        asyncio.run(ask())
    except Exception as error:  # noqa: BLE001 - any error of any library is what is asked for
        return f"{type(error).__name__}: {error}".splitlines()[0][:120]
    return ""
