"""What a `MemoryWriter` does in the background: a lane for each user, and workers that serve them.

Everything here belongs to one event loop, and nothing is kept that is not in the log as well.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, cast

from diarist.errors import BackendError, DocumentError
from diarist.models import UpdateReport
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    from contextvars import Context

    from diarist.backends.records import RecordStore
    from diarist.diary import Diary
    from diarist.turns import TurnName, Turns

_log = logging.getLogger("diarist.writer")

BATCH = 64
"""The most turns that an instant extractor reads before the pages are written."""

REST = 0.25
"""Seconds that pass before a user's next turns are read by an instant extractor, so that many come
together; unless somebody waits for them."""

LONGEST_PAUSE = 30.0
"""Seconds between two attempts, at most."""

LONGEST_ASIDE = 1.0
"""Seconds between two looks at what somebody else works on, at most."""


def pause(rounds: int, first: float) -> float:
    """Return seconds that double with each round; jitter keeps many from coming at once."""
    longest = min(LONGEST_PAUSE, first * 2.0 ** min(rounds - 1, 30))
    return longest * random.uniform(0.5, 1)


class Lane:
    """The turns of one user that wait.

    Attributes:
        user_id: whose.
        turns: each that is neither done nor failed, and how often it was tried in vain.
        recording: how many are being logged just now.
        found: those seen in the log while others were being logged.
        is_busy: a worker serves it, or will.
        again: there is something new since the worker came.
        timer: it is served again at a certain time.
        is_pausing: not before that time.
        is_resting: not before that time either, unless somebody waits for it, or it is full.
        is_new: the log is to be asked for what others left, too.
        is_instant: several turns are read at once.
        is_full: as many were read at once as may be, so that more may wait.
        is_elsewhere: all that is left is worked on by others.
        trouble: why nothing can be read or written.
        rounds: how often in a row it was served in vain.
        steps: how often it was served.
    """

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.turns: dict[TurnName, int] = {}
        self.recording = 0
        self.found: set[TurnName] = set()
        self.is_busy = self.again = self.is_pausing = False
        self.is_resting = self.is_new = self.is_elsewhere = False
        self.is_instant = self.is_full = False
        self.timer: asyncio.TimerHandle | None = None
        self.trouble: Exception | None = None
        self.rounds = self.steps = 0
        self._watchers: list[asyncio.Future[None]] = []

    def has_work(self) -> bool:
        """Say whether anything is left to do."""
        return bool(self.turns) or self.is_new

    def is_in_use(self) -> bool:
        """Say whether anything is about to come, or somebody waits."""
        return bool(self.recording or self._watchers)

    async def step(self) -> None:
        """Wait until it was served."""
        watcher = asyncio.get_running_loop().create_future()
        self._watchers.append(watcher)
        await watcher

    def tell(self, error: Exception | None = None) -> None:
        """Tell those who wait that it was served, or that it won't be any more."""
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if watcher.done():
                continue
            if error is None:
                watcher.set_result(None)
            else:
                watcher.set_exception(error)


class Room:
    """Counts what is inside; beyond its size one waits at the door, first come, first served.

    Args:
        size: how many `enter` lets in.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._inside = 0
        self._door: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Come in when there is room."""
        if self._inside < self.size and not self._door:
            self._inside += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._door.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.leave()
            else:
                with suppress(ValueError):
                    self._door.remove(place)
            raise

    def occupy(self, count: int = 1) -> None:
        """Come in whether there is room or not."""
        self._inside += count

    def leave(self, count: int = 1) -> None:
        """Make room, and let in who waits."""
        self._inside -= count
        while self._door and self._inside < self.size:
            place = self._door.popleft()
            if not place.done():
                self._inside += 1
                place.set_result(None)

    def close(self, error: Exception) -> None:
        """Send those at the door away."""
        while self._door:
            place = self._door.popleft()
            if not place.done():
                place.set_exception(error)


class Lanes:
    """The lanes of all users, and the workers that serve them.

    Args:
        diary: where the turns go.
        records: their log.
        room: how many turns may wait.
        workers: how many lanes are served at once.
        retry_limit: how often an extractor may fail for a turn.
        retry_delay: seconds after the first failure.

    Attributes:
        open: user -> lane, of those that have something to do.
        submitted: how many turns were taken on.
        completed: how many of them are on the pages.
        failed: those that were given up.
        active: how many workers serve a lane.
        in_work: how many turns are worked on.
    """

    def __init__(
        self,
        diary: Diary,
        records: RecordStore,
        room: Room,
        *,
        workers: int,
        retry_limit: int,
        retry_delay: float,
    ) -> None:
        self._diary, self._records, self._room = diary, records, room
        self._size, self._retry_limit, self._retry_delay = workers, retry_limit, retry_delay
        self.open: dict[str, Lane] = {}
        self.submitted = self.completed = self.active = self.in_work = 0
        self.failed: set[tuple[str, TurnName]] = set()
        self._ready: deque[Lane] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._context: Context | None = None

    def start(self) -> None:
        """Let the workers begin, each in the context that this is called in."""
        self._context = copy_context()
        self._call_workers()

    def _call_workers(self) -> None:
        """Have a worker for each lane that is ready; one with nothing to do goes home.

        A diary that nobody holds any more leaves no task behind.
        """
        while self._context is not None and len(self._workers) < min(
            self._size, self.active + len(self._ready)
        ):
            worker = asyncio.get_running_loop().create_task(
                self._work(), name="diarist-writer", context=self._context.copy()
            )
            self._workers.add(worker)

    async def stop(self, error: Exception) -> None:
        """End the workers; who waits for them gets the error."""
        for lane in self.open.values():
            if lane.timer is not None:
                lane.timer.cancel()
        self._context = None
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for lane in self.open.values():
            lane.tell(error)

    def of(self, user_id: str) -> Lane:
        """Return the lane of a user."""
        lane = self.open.get(user_id)
        if lane is None:
            lane = self.open[user_id] = Lane(user_id)
        return lane

    def find(self, lane: Lane, name: TurnName) -> None:
        """Take a turn of the log on, unless it is here already."""
        if name in lane.turns:
            return
        lane.turns[name] = 0
        if lane.recording:
            lane.found.add(name)
        if (lane.user_id, name) in self.failed:
            self.failed.remove((lane.user_id, name))
        else:
            self.submitted += 1
        if lane.trouble is None:
            self._room.occupy()

    def arrive(self, lane: Lane) -> None:
        """Have a lane served to which a turn came: at once, or when it has rested."""
        if not lane.is_resting or len(lane.turns) >= BATCH:
            self.wake(lane)

    def wake(self, lane: Lane) -> None:
        """Have a lane served, now unless a turn of it has to pause."""
        if lane.is_busy:
            lane.again = True
            return
        if lane.timer is not None:
            if lane.is_pausing:
                return
            lane.timer.cancel()
            lane.timer = None
        lane.is_resting = False
        lane.is_busy = True
        self._ready.append(lane)
        self._call_workers()

    async def drained(self, lane: Lane, *, elsewhere: bool = True) -> Exception | None:
        """Wait until the turns of a lane are done; return what is in their way, tried just now."""
        names, tried = set(lane.turns), lane.steps + 1 + lane.is_busy
        while lane.is_new or not names.isdisjoint(lane.turns):
            if lane.trouble is not None or (lane.is_elsewhere and not elsewhere):
                if lane.steps >= tried:
                    return lane.trouble
                self.wake(lane)
            if lane.is_resting:
                self.wake(lane)
            is_new = lane.is_new
            await lane.step()
            if is_new:
                names |= set(lane.turns)
        return None

    # ------------------------------------------------------------ doing it

    async def _work(self) -> None:
        try:
            while self._ready:
                await self._work_on(self._ready.popleft())
                await asyncio.sleep(0)  # a store in memory may not have waited at all
        finally:  # at once, so that the next lane that is ready finds that nobody is here
            self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _work_on(self, lane: Lane) -> None:
        lane.again = False
        self.active += 1
        try:
            delay = await self._serve(lane)
        except Exception as error:  # noqa: BLE001 - nothing may end a worker
            delay = self._in_trouble(lane, error)
        finally:
            self.active -= 1
        self._served(lane, delay)

    async def _serve(self, lane: Lane) -> float | None:
        """Do some turns; return the seconds until the lane is to be served again, if it is."""
        turns = self._turns
        lane.is_pausing = lane.is_elsewhere = False
        lane.is_instant = turns.are_instant()
        if lane.is_new:
            await self._find_all(lane)
        if not lane.turns:
            self._out_of_trouble(lane)
            return None
        at_once = min(len(lane.turns), BATCH if lane.is_instant else 1)
        self.in_work += at_once
        try:
            outcomes = await turns.take_on(lane.user_id, BATCH)
        finally:
            self.in_work -= at_once
        lane.is_full = len(outcomes) == BATCH
        if not outcomes:
            return await self._left_to_others(lane)
        reports = [outcome for _, outcome in outcomes if isinstance(outcome, UpdateReport)]
        await self._embed(lane, reports)
        for name, outcome in outcomes:
            self.find(lane, name)
            if isinstance(outcome, Exception):
                return await self._failed_at(lane, name, outcome)
            lane.rounds = 0
            self._out_of_trouble(lane)
            self._end(lane, name)
            self.completed += 1
        return 0 if lane.turns else None

    async def _embed(self, lane: Lane, reports: list[UpdateReport]) -> None:
        """Give what is on the pages its vectors; without them it is found by its words."""
        try:
            await self._diary._embed_turns(lane.user_id, reports)  # pyright: ignore[reportPrivateUsage]
        except Exception as error:  # noqa: BLE001 - the turns are done, whatever an embedder says
            _log.warning(
                "turns of %r have no vectors until `reembed`: %s",
                lane.user_id,
                withheld(f"{type(error).__name__}: {error}"),
            )

    async def _find_all(self, lane: Lane) -> None:
        """Ask the log what others left."""
        for turn in await self._records.turns(lane.user_id, "pending"):
            self.find(lane, (turn.session_id, turn.number))
        lane.is_new = False

    async def _left_to_others(self, lane: Lane) -> float | None:
        """Ask the log what became of turns that others took; return when to ask again, if ever."""
        self._out_of_trouble(lane)
        for name in list(lane.turns):
            turn = await self._records.turn(lane.user_id, *name)
            if turn is not None and turn.state == "pending":
                break
            self._end(lane, name)
            if turn is not None and turn.state == "failed":
                self.failed.add((lane.user_id, name))
            else:
                self.completed += 1
        lane.is_elsewhere = bool(lane.turns)
        lane.rounds += 1
        return min(pause(lane.rounds, 0.05), LONGEST_ASIDE) if lane.turns else None

    async def _failed_at(self, lane: Lane, name: TurnName, error: Exception) -> float:
        """Judge an error: a page or a store may wait for ever, an extractor has so many tries."""
        if isinstance(error, DocumentError | BackendError):
            return self._in_trouble(lane, error)
        lane.turns[name] += 1
        attempts = lane.turns[name]
        reason = withheld(f"{type(error).__name__}: {error}")[:1000]
        if attempts < self._retry_limit:
            _log.info("a turn of %r is tried again: %s", lane.user_id, reason)
            lane.is_pausing = True
            return pause(attempts, self._retry_delay)
        if await self._turns.give_up(lane.user_id, name, reason):
            _log.warning("a turn of %r failed: %s", lane.user_id, reason)
            self._end(lane, name)
            self.failed.add((lane.user_id, name))
        return 0

    def _in_trouble(self, lane: Lane, error: Exception) -> float:
        """Leave the turns of a lane waiting, without holding up other users."""
        if lane.trouble is None:
            _log.warning(
                "the turns of %r wait: %s",
                lane.user_id,
                withheld(f"{type(error).__name__}: {error}"),
            )
            self._room.leave(len(lane.turns))
            lane.rounds = 0
        lane.trouble = error
        lane.rounds += 1
        return pause(lane.rounds, max(self._retry_delay, 0.05))

    def _out_of_trouble(self, lane: Lane) -> None:
        if lane.trouble is not None:
            lane.trouble = None
            self._room.occupy(len(lane.turns))

    def _end(self, lane: Lane, name: TurnName) -> None:
        del lane.turns[name]
        if lane.trouble is None:
            self._room.leave()

    def _served(self, lane: Lane, delay: float | None) -> None:
        lane.is_busy = False
        lane.steps += 1
        lane.tell()
        if delay == 0 and lane.is_full:
            self.wake(lane)
        elif not delay and lane.trouble is None and lane.is_instant:
            lane.is_resting = True
            self._wait(lane, REST)
        elif delay == 0 or (lane.again and not lane.is_pausing):
            self.wake(lane)
        elif delay is not None:
            self._wait(lane, delay)
        else:
            self._ring(lane)

    def _wait(self, lane: Lane, seconds: float) -> None:
        lane.timer = asyncio.get_running_loop().call_later(seconds, self._ring, lane)

    def _ring(self, lane: Lane) -> None:
        lane.timer = None
        lane.is_resting = False
        if lane.has_work():
            self.wake(lane)
        elif not lane.is_in_use():  # what comes wakes it
            self.open.pop(lane.user_id, None)

    @property
    def _turns(self) -> Turns:
        return self._diary._turns  # pyright: ignore[reportPrivateUsage] - settings may change
