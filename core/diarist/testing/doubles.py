"""A clock that stands still, and extractors that say what they were told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

from diarist.models import Extraction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from diarist.models import Snapshot, Turn

    Line: TypeAlias = Extraction | BaseException | Callable[[Turn, Snapshot], Extraction]


class FrozenClock:
    """A clock that moves only when it is told to; give it to `Diary(clock=…)`.

    Args:
        start: the time it shows first, with a time zone.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> clock = FrozenClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
        >>> clock() == clock()
        True
        >>> clock.advance(timedelta(minutes=5)).isoformat()
        '2026-01-01T12:05:00+00:00'
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"{start.isoformat()} has no time zone; pass one, such as UTC")
        self._now = start
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """Return the time."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock on, or back, and return the new time.

        Args:
            by: how far; negative is back.
        """
        with self._lock:
            self._now += by
            return self._now

    def __repr__(self) -> str:
        return f"FrozenClock({self._now.isoformat()})"


class _Script:
    def __init__(self, script: Iterable[Line] = ()) -> None:
        self._script = list(script)
        self._lock = threading.Lock()
        self.turns: list[Turn] = []
        self.snapshots: list[Snapshot] = []

    def _play(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        with self._lock:
            number = len(self.turns)
            self.turns.append(turn)
            self.snapshots.append(snapshot)
        if number >= len(self._script):
            raise LookupError(
                f"the script has {len(self._script)} lines, and this is turn {number + 1}: "
                f"{turn.user_msg!r}"
            )
        line = self._script[number]
        if isinstance(line, Extraction):
            return line
        if isinstance(line, BaseException):
            raise line
        return line(turn, snapshot)


class ScriptedExtractor(_Script):
    """An extractor that plays a script, one line for each turn, and keeps the turns it saw.

    A line is an `Extraction` to return, an exception to raise, or a function of turn and snapshot
    to call. A turn beyond the end of the script is a `LookupError`.

    Attributes:
        turns: the turns it saw, in order.
        snapshots: the pages as they were then.

    Example:
        >>> import asyncio
        >>> from diarist import Diary, Edit, Extraction
        >>> found = Extraction((Edit("add", "likes", "love tea"),))
        >>> extractor = ScriptedExtractor([found, TimeoutError("the model is asleep")])
        >>> from diarist.testing import MemoryBackend
        >>> diary = Diary(MemoryBackend(), agent=extractor)
        >>> print(asyncio.run(diary.update_memory("ana", "chat_1", "Tea, please.", "Here.")))
        ana, chat_1, turn 1:
          added likes/tea: love tea
        >>> extractor.turns[0].user_msg
        'Tea, please.'
    """

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        """Return, raise or call the next line of the script."""
        return self._play(turn, snapshot)


class AsyncScriptedExtractor(_Script):
    """The same, whose `extract` is a coroutine function, as a model's is.

    Example:
        >>> import asyncio
        >>> from diarist import Diary, Extraction
        >>> from diarist.testing import MemoryBackend
        >>> diary = Diary(MemoryBackend(), agent=AsyncScriptedExtractor([Extraction()]))
        >>> print(asyncio.run(diary.update_memory("ana", "chat_1", "Hello!", "Hi.")))
        ana, chat_1, turn 1: nothing to remember
    """

    async def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        """Return, raise or call the next line of the script."""
        import asyncio

        await asyncio.sleep(0)
        return self._play(turn, snapshot)
