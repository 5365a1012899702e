"""Messages, turns and notes in PostgreSQL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from diarist.backends.gathering import Gathering
from diarist.backends.ids import check_user_id
from diarist.backends.postgres import full_text
from diarist.backends.postgres.opening import CONNECTIONS, SCHEMA, opened
from diarist.backends.sql import SQLRecords
from diarist.backends.statements import notes as note_statements
from diarist.blocking import at_once
from diarist.records import DeletionReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from diarist.backends.postgres.server import Server
    from diarist.backends.statements.connection import Connection, TextIndex, VectorIndex
    from diarist.models import Problem

T = TypeVar("T")

_TABLES = ("turns", "messages", "sessions", "notes", "about")
"""What a user's records are in; about goes last, since removing vectors writes to it."""


class PostgresRecords(SQLRecords):
    """Records in a PostgreSQL database: those of all users in the same tables.

    Any number of threads, event loops, processes and machines may share one. Nothing is asked of
    the server before the first call, which makes the tables where they are missing.

    Args:
        dsn: how to reach the database: a URL, or `key=value` pairs, as libpq reads them.
        schema: where its tables are.
        create: make the tables at first use; otherwise they must be there
            (`diarist backend init`).
        connections: how many there are at most at once in this process.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: `dsn` can't be read.

    Example:
        >>> from diarist import PostgresRecords
        >>> PostgresRecords("postgresql://app:secret@db.example/diary")
        PostgresRecords('postgresql://db.example:5432/diary')
    """

    def __init__(
        self,
        dsn: str,
        *,
        schema: str = SCHEMA,
        create: bool = True,
        connections: int = CONNECTIONS,
    ) -> None:
        self._set_up(opened(dsn, schema=schema, create=create, connections=connections))

    @classmethod
    def over(cls, server: Server) -> Self:
        """Keep records where the pages of a `PostgresBackend` are, over its connections."""
        self = cls.__new__(cls)
        self._set_up(server)
        return self

    def _set_up(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._gathering = Gathering(server.write_all)

    def __repr__(self) -> str:
        return f"PostgresRecords({self._server.place!r})"

    @property
    def _index(self) -> TextIndex:
        return full_text

    def _vectors(self, in_memory: VectorIndex) -> VectorIndex:
        place = self._server.pgvector
        if place is None:
            return in_memory
        from diarist.backends.postgres.vectors import InServer

        return InServer(place, in_memory)

    @property
    def compared_by(self) -> str:
        """What compares vectors; known after the first call."""
        return "pgvector, in the server" if self._server.pgvector else super().compared_by

    def stats(self) -> dict[str, int]:
        """Return how many connections of this process wait for work."""
        return {"idle_connections": self._server.idle_connections()}

    async def aclose(self) -> None:
        """Close the connections that nobody uses; nothing is lost without it."""
        await self._run(self._server.close)

    async def cleanup(self, user_id: str, *, now: datetime, retention: timedelta) -> int:
        """Remove expired notes and those deleted for longer than `retention`.

        Their bytes go when PostgreSQL vacuums the table, which it does by itself.
        """
        work = partial(note_statements.cleanup, now=now, retention=retention)
        return await self._change(user_id, work) or 0

    async def check(self, user_id: str) -> list[Problem]:
        """Return nothing: PostgreSQL checks its own files (`pg_amcheck`, data checksums)."""
        check_user_id(user_id)
        return []

    async def delete_user(self, user_id: str) -> DeletionReport:
        """Remove everything of a user; what is on its way waits, and goes to a new one."""

        def work(rows: Connection) -> DeletionReport:
            counts = {
                name: rows.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in ("messages", "notes", "turns")
            }
            for name in _TABLES:
                rows.execute(f"DELETE FROM {name}")
            return DeletionReport(user_id, **counts)

        return await self._change(user_id, work) or DeletionReport(user_id)

    async def list_users(self) -> list[str]:
        """Return every user who has records, sorted."""
        found = await self._run(
            self._server.ask,
            "SELECT user_id FROM all_sessions UNION SELECT user_id FROM all_notes ORDER BY 1",
        )
        return [user_id for (user_id,) in found]

    # ------------------------------------------------------------ how

    async def _write(self, user_id: str, work: Callable[[Connection], T]) -> T:
        check_user_id(user_id)
        if self._run is at_once:
            return self._server.write(user_id, work)
        return await self._gathering.write(user_id, work)

    async def _change(
        self, user_id: str, work: Callable[[Connection], T], *, lasting: bool = True
    ) -> T | None:
        check_user_id(user_id)
        return await self._run(self._server.write, user_id, work, lasting=lasting)

    async def _read(
        self, user_id: str, work: Callable[[Connection], T], *, is_single: bool = False
    ) -> T | None:
        check_user_id(user_id)
        return await self._run(self._server.read, user_id, work, is_single=is_single)
