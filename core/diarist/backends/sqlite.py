"""Messages, turns and notes in SQLite: a database for each user, or one file for one owner."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from diarist.backends.databases import Databases
from diarist.backends.folders import UserFolders
from diarist.backends.gathering import Gathering
from diarist.backends.ids import check_user_id
from diarist.backends.places import File, Folders, Nowhere
from diarist.backends.sql import SQLRecords
from diarist.backends.statements import full_text
from diarist.backends.statements import notes as note_statements
from diarist.blocking import at_once
from diarist.errors import DamagedError
from diarist.models import Problem
from diarist.records import DeletionReport

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from sqlite3 import Connection

    from diarist.backends.places import Places
    from diarist.backends.repair import Repair
    from diarist.backends.statements.connection import TextIndex

T = TypeVar("T")


class SQLiteRecords(SQLRecords):
    """Records in `<folder>/<user>/diary.db`, one database for each user.

    Any number of threads, event loops and processes on one machine may share a folder. Nothing is
    created before the first write.

    Args:
        folder: the folder of all users.
        durability: "full" survives a power loss, "normal" a killed process.

    Example:
        >>> import asyncio, tempfile
        >>> from datetime import UTC, datetime
        >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        >>> from diarist import Message
        >>> records = SQLiteRecords(tempfile.mkdtemp())
        >>> hello = [Message("user", "Hello!")]
        >>> done = records.append("ana", "chat_1", hello, now=noon)
        >>> asyncio.run(done).messages[0].number
        1
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        durability: Literal["full", "normal"] = "full",
    ) -> None:
        if durability not in ("full", "normal"):
            raise ValueError(f'durability is "full" or "normal", not {durability!r}')
        synced = durability == "full"
        self._set_up(Folders(UserFolders(folder, synced=synced)), synced=synced)

    @classmethod
    def file(
        cls, path: str | os.PathLike[str], *, durability: Literal["full", "normal"] = "full"
    ) -> Self:
        """Keep the records of one owner in one file; the first user who writes is the owner.

        Args:
            durability: as of the class.
            path: of the database; it is made when something is first stored.
        """
        if durability not in ("full", "normal"):
            raise ValueError(f'durability is "full" or "normal", not {durability!r}')
        self = cls.__new__(cls)
        self._set_up(File(Path(path)), synced=durability == "full")
        return self

    @classmethod
    def in_memory(cls) -> Self:
        """Keep the records of this process, for tests."""
        self = cls.__new__(cls)
        self._set_up(Nowhere(), synced=False)
        return self

    def _set_up(self, places: Places, *, synced: bool) -> None:
        super().__init__()
        self._places = places
        self._databases = Databases(places, synced=synced)
        self._gathering = Gathering(self._databases.write_all)

    @property
    def _index(self) -> TextIndex:
        return full_text

    def stats(self) -> dict[str, int]:
        """Return how many databases are open in this process."""
        return {"open_databases": len(self._databases)}

    async def aclose(self) -> None:
        """Close the databases; nothing is lost without it."""
        await self._run(self._databases.close)

    async def cleanup(self, user_id: str, *, now: datetime, retention: timedelta) -> int:
        """Remove expired notes and those deleted for longer than `retention`, bytes and all."""

        def work() -> int:
            check_user_id(user_id)
            if self._databases.read(user_id, lambda _: True) is None:
                return 0
            done = partial(note_statements.cleanup, now=now, retention=retention)
            removed = self._databases.write(user_id, done)
            self._databases.compact(user_id)
            return removed

        return await self._run(work)

    async def check(self, user_id: str) -> list[Problem]:
        """Return what is wrong with a user's database: its pages, its tables, its index."""

        def work() -> list[Problem]:
            check_user_id(user_id)
            place = str(self._places.path(user_id) or "the database in memory")
            try:
                fault = self._databases.fault(user_id)
            except DamagedError as error:
                return [Problem(place, None, error.reason)]
            return [Problem(place, None, DamagedError(place, fault).reason)] if fault else []

        return await self._run(work)

    async def repair(self, user_id: str) -> Repair | None:
        """Save what can be read of a damaged database; None where it is sound.

        The damaged file stays beside the new one, under a name with the time.
        """
        check_user_id(user_id)
        return await self._run(self._databases.repair, user_id)

    async def delete_user(self, user_id: str) -> DeletionReport:
        """Remove a user's database; what is on its way to it is refused, or goes to a new one."""

        def counts(connection: Connection) -> DeletionReport:
            messages, notes, turns = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("messages", "notes", "turns")
            )
            return DeletionReport(user_id, messages=messages, notes=notes, turns=turns)

        def work() -> DeletionReport:
            check_user_id(user_id)
            return self._databases.remove(user_id, counts) or DeletionReport(user_id)

        return await self._run(work)

    async def list_users(self) -> list[str]:
        """Return every user who has a database, sorted."""
        return await self._run(self._databases.users)

    # ------------------------------------------------------------ how

    async def _write(self, user_id: str, work: Callable[[Connection], T]) -> T:
        check_user_id(user_id)
        if self._run is at_once:
            return self._databases.write(user_id, work)
        return await self._gathering.write(user_id, work)

    async def _change(
        self, user_id: str, work: Callable[[Connection], T], *, lasting: bool = True
    ) -> T | None:
        """Write, where the user has a database: what only changes makes none."""
        check_user_id(user_id)
        if self._run is at_once:
            return self._databases.change(user_id, work, lasting=lasting)
        return await self._run(self._databases.change, user_id, work, lasting=lasting)

    async def _read(
        self, user_id: str, work: Callable[[Connection], T], *, is_single: bool = False
    ) -> T | None:
        check_user_id(user_id)
        if self._run is at_once:
            return self._databases.read(user_id, work, is_single=is_single)
        return await self._run(self._databases.read, user_id, work, is_single=is_single)
