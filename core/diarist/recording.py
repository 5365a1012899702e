"""What an adapter records is learned from: at once by rules, in the background by a model.

A turn is durable before anything is learned from it. Learning that fails never fails the recording:
the turn waits in the log, and is tried again with the user's next one.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, cast

from diarist.blocking import background, finish, in_background
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from datetime import datetime

    from diarist.diary import Diary
    from diarist.records import Message, RecordedTurn
    from diarist.writer import MemoryWriter

_log = logging.getLogger("diarist.recording")


class Recorder:
    """Logs the turns of a framework's agent, and has the diary learn from them.

    Where the diary's extractor is instant, as rules are, the pages have what was said when a call
    returns; any other is asked in the background, by a `MemoryWriter` of this process. Recorders of
    one diary share it. What a process that ends had not learned is learned by the next one.

    Args:
        diary: where to; it needs records.

    Example:
        >>> from diarist import Diary, Message
        >>> from diarist.testing import MemoryBackend
        >>> diary = Diary(MemoryBackend())
        >>> said = [Message("user", "I love tea."), Message("assistant", "Noted.")]
        >>> Recorder(diary).record_sync("ana", "chat_1", said).number
        1
        >>> print(diary.sync.pretty_preferences("ana", show_timestamps=False))
        likes:
          tea: love tea (said 1×)
    """

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def record(
        self,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        *,
        at: datetime | None = None,
    ) -> RecordedTurn:
        """Log a turn durably, and learn from it; see `Diary.record_turn`."""
        return await self._record(self.diary, user_id, session_id, messages, at)

    def record_sync(
        self,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        *,
        at: datetime | None = None,
    ) -> RecordedTurn:
        """Do the same, blocking.

        Args:
            user_id: whose turn.
            session_id: in which conversation.
            messages: of the turn, in order.
            at: when it was; None is now.
        """
        twin = self.diary.blocking
        if twin is None:
            return background(self._record(self.diary, user_id, session_id, messages, at))
        return finish(self._record(twin, user_id, session_id, messages, at))

    async def flush(self, user_id: str | None = None) -> None:
        """Wait until what was recorded is on the pages, for one user or for all.

        Raises:
            DocumentError: a page is broken; its turns wait.
        """
        import asyncio

        await asyncio.wrap_future(in_background(self._flush(user_id)))

    def flush_sync(self, user_id: str | None = None) -> None:
        """Do the same, blocking."""
        background(self._flush(user_id))

    # ------------------------------------------------------------ how

    async def _record(
        self,
        diary: Diary,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        at: datetime | None,
    ) -> RecordedTurn:
        turn = await diary.record_turn(user_id, session_id, messages, at=at)
        if turn.state != "pending":
            return turn
        if diary.learns_at_once:
            await _learned(diary, user_id)
        else:
            import_module("diarist.writer")  # a fork while the thread behind does it would hang
            in_background(self._notice(user_id))
        return turn

    async def _notice(self, user_id: str) -> None:
        import asyncio

        task = cast("asyncio.Task[None]", asyncio.current_task())
        self.diary.notices_behind.add(task)
        task.add_done_callback(self.diary.notices_behind.discard)
        await (await self._writer()).notice(user_id)

    async def _flush(self, user_id: str | None) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        notices = {task for task in self.diary.notices_behind if task.get_loop() is loop}
        if notices:  # after a fork the parent's are there, too, and never end
            await asyncio.wait(notices)
        await (await self._writer()).flush(user_id)

    async def _writer(self) -> MemoryWriter:
        """Return the diary's writer in the loop that this runs in; a fork has a loop of its own."""
        import asyncio

        loop = asyncio.get_running_loop()
        writers = self.diary.writers_behind
        if loop not in writers:
            from diarist.writer import MemoryWriter

            writers.clear()
            writers[loop] = MemoryWriter(self.diary)
        return writers[loop]


async def _learned(diary: Diary, user_id: str) -> None:
    try:
        await diary.catch_up(user_id)
    except Exception as error:  # noqa: BLE001 - whatever a page or an extractor raises
        _log.warning("a turn of %r waits: %s", user_id, withheld(str(error)))
