"""`MemoryWriter`: turns are logged now and brought to the pages in the background.

What `submit` acknowledged is in the log, on disk; this writer only remembers that it waits. So a
killed process loses nothing, and doubles nothing: the log says what is still to be done.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from diarist.backends.ids import check_user_id
from diarist.checks import check_text, check_whole
from diarist.errors import BackendError, DamagedError, UnsupportedError
from diarist.lanes import Lanes, Room, pause
from diarist.records import Message

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from diarist.backends.records import RecordStore
    from diarist.diary import Diary
    from diarist.lanes import Lane
    from diarist.records import RecordedTurn

_log = logging.getLogger("diarist.writer")

_CLOSED = "this MemoryWriter is closed; what waits is in the log, and a new writer finds it"


@dataclass(frozen=True, slots=True)
class WriterReport:
    """What a writer leaves when it is closed.

    Attributes:
        done: how many of the turns it took on are on the pages, whoever brought them there.
        failed: how many it gave up; `retry_failed` takes them up again.
        waiting: how many wait in the log; the next writer finds them.
        users: whose turns wait.
    """

    done: int
    failed: int
    waiting: int
    users: tuple[str, ...] = ()

    def __str__(self) -> str:
        whose = f" (of {', '.join(self.users)})" if self.users else ""
        return f"{self.done} done, {self.failed} failed, {self.waiting} waiting{whose}"


class MemoryWriter:
    """Takes turns in at once, and brings them to the pages in the background.

    The turns of one user are done in their order, one after the other: the extractor of each sees
    what those before it left. Users are served side by side. Where the extractor is instant (it
    says `is_instant = True`, as the rules do), turns of a user that wait are read together and each
    page is written once. Writers in several processes may share a folder: no turn is read by two of
    them, and none while an earlier one of its user is; after a writer was killed in the middle of a
    turn, that user's turns wait up to two minutes for its lease to end. `update_memory` and
    `catch_up` wait for nobody. A writer belongs to the event loop that it is first used in.

    Args:
        diary: where to; it needs records.
        workers: how many users are served at once.
        qsize: how many turns may wait here until `submit` waits, too. Turns that wait for a broken
            page to be mended don't count.
        retry_limit: how often the extractor may fail for a turn; then the turn is `failed`.
        retry_delay: seconds after the first failure; doubled after each, with jitter, up to
            30. The user's later turns wait that long.

    Raises:
        UnsupportedError: the diary has no records.

    Example:
        >>> import asyncio
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> async def main() -> None:
        ...     async with MemoryWriter(Diary(MemoryBackend())) as writer:
        ...         await writer.submit("ana", "chat_1", "I'm allergic to walnuts.", "Noted!")
        ...         await writer.flush("ana")
        ...     print(await writer.close())
        >>> asyncio.run(main())
        1 done, 0 failed, 0 waiting
    """

    def __init__(
        self,
        diary: Diary,
        workers: int = 8,
        qsize: int = 1000,
        retry_limit: int = 3,
        retry_delay: float = 1.0,
    ) -> None:
        for name, value in (("workers", workers), ("qsize", qsize), ("retry_limit", retry_limit)):
            check_whole(name, value, 1)
        if retry_delay < 0:
            raise ValueError(f"retry_delay must not be negative, it is {retry_delay}")
        if diary.records is None:
            raise UnsupportedError("this diary has no records to log turns in; pass records=")
        self.diary = diary
        self._records: RecordStore = diary.records
        self._room = Room(qsize)
        self._size = workers
        self._lanes = Lanes(
            diary,
            diary.records,
            self._room,
            workers=workers,
            retry_limit=retry_limit,
            retry_delay=retry_delay,
        )
        self._patience = max(retry_delay, 0.05)
        self._search: asyncio.Task[None] | None = None
        self._has_looked = asyncio.Event()
        self._recordings: set[asyncio.Task[RecordedTurn]] = set()
        self._closing: asyncio.Task[WriterReport] | None = None

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; after an error without waiting for what is not done yet."""
        await self.close(None if exc_type is None else 0)

    # ------------------------------------------------------------ in

    async def submit(
        self,
        user_id: str,
        session_id: str,
        user_msg: str,
        assistant_msg: str,
        *,
        at: datetime | None = None,
    ) -> RecordedTurn:
        """Log a turn; it is durable when this returns, and on the pages a little later.

        Where `qsize` turns wait, this waits as well. A call that is cancelled meanwhile has logged
        the turn wholly or not at all.

        Args:
            user_id: whose diary.
            session_id: the conversation; any string that is valid Unicode.
            user_msg: what the user said.
            assistant_msg: what the assistant answered.
            at: when it was said, in the time zone of who said it; None is now.

        Raises:
            RuntimeError: the writer is closed.
            ValueError: `at` has no time zone.
        """
        check_user_id(user_id)
        check_text("user_msg", user_msg)
        check_text("assistant_msg", assistant_msg)
        said = [Message("user", user_msg, at=at), Message("assistant", assistant_msg, at=at)]
        self._start()
        await self._room.enter()
        if self._closing is not None:
            self._room.leave()
            raise RuntimeError(_CLOSED)
        lane = self._lanes.of(user_id)
        lane.recording += 1
        recording = asyncio.ensure_future(self._record(lane, session_id, said, at))
        self._recordings.add(recording)
        recording.add_done_callback(self._recorded)
        return await asyncio.shield(recording)

    async def notice(self, user_id: str) -> None:
        """Look in the log for turns of a user that others recorded, and do them in the background.

        Raises:
            RuntimeError: the writer is closed.
        """
        self._start()
        await self._look(check_user_id(user_id))

    async def flush(self, user_id: str | None = None) -> None:
        """Wait until all that was submitted before, or found at the start, is done or failed.

        With a user it is a read barrier: the pages then hold what that user said.

        Raises:
            DocumentError: a page is broken. It was tried again just now, all other turns are done,
                and its turns wait.
            BackendError: the same of a store that can't be read or written.
            RuntimeError: the writer is, or was meanwhile, closed.
        """
        search = self._start()
        unfound = None
        if user_id is None:
            await self._has_looked.wait()
            if not search.done():
                _, unfound = await self._look_at()
            lanes = list(self._lanes.open.values())
        else:
            if not search.done():
                await self._look(check_user_id(user_id))
            lanes = [self._lanes.open[user_id]] if user_id in self._lanes.open else []
        for trouble in [*await asyncio.gather(*map(self._lanes.drained, lanes)), unfound]:
            if trouble is not None:
                raise trouble

    async def close(self, timeout: float | None = None) -> WriterReport:  # noqa: ASYNC109
        """Take no more turns, bring those that wait to the pages, and report what is left.

        Turns that somebody else works on, and those of broken pages, are not waited for.

        Args:
            timeout: the most seconds to wait, None for as long as it takes. What is not done then
                stays in the log; a turn whose extractor was cancelled waits, too. One whose
                extractor runs in a thread may be leased for up to two minutes.
        """
        if self._closing is None:
            self._room.close(RuntimeError(_CLOSED))
            self._closing = asyncio.ensure_future(self._close(timeout))
        return await asyncio.shield(self._closing)

    # ------------------------------------------------------------ failed turns

    async def failed(self, user_id: str | None = None) -> dict[str, list[RecordedTurn]]:
        """Return the failed turns in the log by user, oldest first, each with its reason."""
        users = await self._records.list_users() if user_id is None else [check_user_id(user_id)]
        found = {user: await self._records.turns(user, "failed") for user in users}
        return {user: turns for user, turns in found.items() if turns}

    def failed_count(self) -> int:
        """Return how many turns this writer gave up and nobody resubmitted since."""
        return len(self._lanes.failed)

    async def retry_failed(self, user_id: str | None = None) -> int:
        """Let failed turns of a user, or of all, wait again, and return how many there are.

        Raises:
            RuntimeError: the writer is closed.
        """
        self._start()
        count = 0
        for user, turns in (await self.failed(user_id)).items():
            for turn in turns:
                place = turn.session_id, turn.number
                await self._records.finish(user, *place, "pending", turn.reason)
                self._lanes.find(self._lanes.of(user), place)
                count += 1
            self._lanes.wake(self._lanes.of(user))
        return count

    # ------------------------------------------------------------ how it is

    @property
    def is_running(self) -> bool:
        """Whether it takes turns."""
        return self._closing is None

    def stats(self) -> dict[str, Any]:
        """Return figures for a health end point; callable from any thread.

        `queue_size` turns wait and `pending` are not done yet, turns of broken pages too;
        `queue_capacity` is `qsize`, `queue_utilization` the one through the other. `total_workers`,
        `active_workers` and `idle_workers` serve users. `submitted` counts the turns found at the
        start as well, `completed` those on the pages, `failed` those given up; `error_rate` is the
        share of these in `submitted`. `is_running` says whether it takes turns.
        """
        failed, active = len(self._lanes.failed), self._lanes.active
        pending = self._lanes.submitted - self._lanes.completed - failed
        waiting = max(pending - self._lanes.in_work, 0)
        return {
            "queue_size": waiting,
            "queue_capacity": self._room.size,
            "queue_utilization": waiting / self._room.size,
            "total_workers": self._size,
            "active_workers": active,
            "idle_workers": self._size - active,
            "submitted": self._lanes.submitted,
            "completed": self._lanes.completed,
            "failed": failed,
            "pending": pending,
            "error_rate": failed / max(self._lanes.submitted, 1),
            "is_running": self.is_running,
        }

    # ------------------------------------------------------------ what is to be done

    def _start(self) -> asyncio.Task[None]:
        if self._closing is not None:
            raise RuntimeError(_CLOSED)
        if self._search is None:
            self._search = asyncio.create_task(self._look_everywhere(), name="diarist-search")
            self._lanes.start()
        return self._search

    async def _record(
        self, lane: Lane, session_id: str, said: list[Message], at: datetime | None
    ) -> RecordedTurn:
        try:
            turn = await self.diary.record_turn(lane.user_id, session_id, said, at=at)
        except BaseException:
            self._room.leave()
            raise
        else:
            name = turn.session_id, turn.number
            if name in lane.turns or name in lane.found:  # it was seen in the log before
                self._room.leave()
            else:
                lane.turns[name] = 0
                self._lanes.submitted += 1
                if lane.trouble is not None:
                    self._room.leave()
            return turn
        finally:
            lane.recording -= 1
            if not lane.recording:
                lane.found.clear()
            self._lanes.arrive(lane)

    def _recorded(self, recording: asyncio.Task[RecordedTurn]) -> None:
        self._recordings.discard(recording)
        if not recording.cancelled():
            recording.exception()  # its caller has it, unless cancelled

    async def _look_everywhere(self) -> None:
        """Find the turns that others left, leased or not; ask again where that fails."""
        users: list[str] | None = None
        for rounds in count(1):
            try:
                users, trouble = await self._look_at(users)
            finally:
                self._has_looked.set()
            if trouble is None:
                return
            if rounds == 1:
                _log.warning("turns left from before are looked for again: %s", trouble)
            await asyncio.sleep(pause(rounds, self._patience))

    async def _look_at(
        self, users: list[str] | None = None
    ) -> tuple[list[str] | None, BackendError | None]:
        """Look for turns of users, None is all; return who could not be looked at, and why."""
        try:
            users = await self._records.list_users() if users is None else users
        except BackendError as error:
            return None, error
        unread: list[str] = []
        trouble: BackendError | None = None
        for user_id in users:
            try:
                await self._look(user_id)
            except DamagedError as error:
                _log.warning("turns of %r left from before can't be found: %s", user_id, error)
            except BackendError as error:
                unread.append(user_id)
                trouble = error
        return unread, trouble

    async def _look(self, user_id: str) -> None:
        if await self._records.turns(user_id, "pending"):
            lane = self._lanes.of(user_id)
            lane.is_new = True
            self._lanes.wake(lane)

    # ------------------------------------------------------------ waiting for it

    async def _close(self, seconds: float | None) -> WriterReport:
        if self._search is not None:
            try:
                async with asyncio.timeout(seconds):
                    await self._drain()
            except TimeoutError:
                pass
            self._search.cancel()
            await asyncio.gather(self._search, return_exceptions=True)
            await self._lanes.stop(RuntimeError(_CLOSED))
        left = {
            user_id: len(lane.turns) for user_id, lane in self._lanes.open.items() if lane.turns
        }
        return WriterReport(
            self._lanes.completed, len(self._lanes.failed), sum(left.values()), tuple(sorted(left))
        )

    async def _drain(self) -> None:
        if self._recordings:
            await asyncio.wait(self._recordings)
        await self._has_looked.wait()
        lanes = list(self._lanes.open.values())
        await asyncio.gather(*(self._lanes.drained(lane, elsewhere=False) for lane in lanes))
