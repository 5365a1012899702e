"""Pages and notebooks in PostgreSQL, beside the records."""

from __future__ import annotations

from copy import copy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from diarist import workers
from diarist.backends.base import ABSENT, ANY, blocking_of
from diarist.backends.ids import agent_name_of, check_kind, check_user_id
from diarist.backends.postgres.opening import CONNECTIONS, SCHEMA, opened
from diarist.backends.postgres.records import PostgresRecords
from diarist.blocking import at_once
from diarist.errors import ConflictError, UserExistsError
from diarist.pages.rendering import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from diarist.backends.base import Change, Expected, Version
    from diarist.backends.postgres.rows import UserRows
    from diarist.backends.records import RecordStore

T = TypeVar("T")

_GET = "SELECT content, version::TEXT FROM documents WHERE kind = ?"
_PUT = (
    "INSERT INTO documents (kind, content) VALUES (?, ?) ON CONFLICT (kind) "
    "DO UPDATE SET content = excluded.content, version = gen_random_uuid() RETURNING version::TEXT"
)


class PostgresBackend:
    """Pages, notebooks and records of all users in one PostgreSQL database.

    Any number of threads, event loops, processes and machines may share one. Nothing is asked of
    the server before the first call, which makes the tables where they are missing.

    Args:
        dsn: how to reach the database: a URL, or `key=value` pairs, as libpq reads them.
        records: where messages, turns and notes are kept; None is the same database, False is
            nowhere.
        schema: where its tables are.
        create: make the tables at first use; otherwise they must be there
            (`diarist backend init`).
        connections: how many there are at most at once in this process.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: `dsn` can't be read.

    Example:
        >>> from diarist import PostgresBackend
        >>> PostgresBackend("postgresql://app:secret@db.example/diary")
        PostgresBackend('postgresql://db.example:5432/diary')
    """

    def __init__(
        self,
        dsn: str,
        *,
        records: RecordStore | Literal[False] | None = None,
        schema: str = SCHEMA,
        create: bool = True,
        connections: int = CONNECTIONS,
    ) -> None:
        self._server = opened(dsn, schema=schema, create=create, connections=connections)
        if records is None:
            records = PostgresRecords.over(self._server)
        self.records: RecordStore | None = records or None
        self._run = workers.run

    @cached_property
    def blocking(self) -> Self:
        """The same backend, whose coroutines never suspend: they block the thread they run in."""
        twin = copy(self)
        twin._run = at_once
        twin.records = blocking_of(self.records) or self.records
        return twin

    def __repr__(self) -> str:
        return f"PostgresBackend({self._server.place!r})"

    @property
    def place(self) -> str:
        """Where it is, without the user and the password."""
        return self._server.place

    def prepare(self) -> None:
        """Make the tables where they are missing, and see that they are of today.

        Raises:
            BackendError: the server can't be reached or used, or a newer diarist made the tables.
        """
        self._server.prepare()

    async def aclose(self) -> None:
        """Close the connections that nobody uses; nothing is lost without it."""
        await self._run(self._server.close)

    def locate(self, user_id: str, kind: str) -> str:
        """Return the name of a page in messages."""
        return f"{self._server.place}: {check_user_id(user_id)}/{check_kind(kind)}"

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the page, None where there is none."""
        return (await self.get(user_id, kind))[0]

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the page, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a page."""
        return (await self.get(user_id, kind))[1] is not None

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the page."""
        _check(user_id, kind)

        def work(rows: UserRows) -> None:
            rows.execute("DELETE FROM documents WHERE kind = ?", (kind,))

        await self._run(self._server.write, user_id, work)

    async def delete_user(self, user_id: str) -> None:
        """Remove all pages of the user; the records are the record store's to remove."""
        check_user_id(user_id)

        def work(rows: UserRows) -> None:
            rows.execute("DELETE FROM documents")

        await self._run(self._server.write, user_id, work)

    async def list_users(self) -> list[str]:
        """Return every user who has a page, sorted."""
        found = await self._run(
            self._server.ask, "SELECT DISTINCT user_id FROM all_documents ORDER BY 1"
        )
        return [user_id for (user_id,) in found]

    async def kinds(self, user_id: str) -> list[str]:
        """Return the kind of every document the user has: pages, then notebooks, each sorted."""
        check_user_id(user_id)
        kinds = await self._run(self._server.read, user_id, _kinds, is_single=True)
        return sorted(kinds, key=lambda kind: (agent_name_of(kind) is not None, kind))

    async def create_user(
        self, user_id: str, pages: Mapping[str, str], around: AbstractContextManager[None]
    ) -> None:
        """Write the pages of a user who has none, while nobody else can write any.

        Args:
            user_id: whose.
            pages: the text of each kind.
            around: entered before the first is written; where it fails, none is. What it writes to
                records in the same database is part of the same transaction.

        Raises:
            UserExistsError: the user has a page.
        """
        check_user_id(user_id)

        def work(rows: UserRows) -> None:
            if _kinds(rows):
                raise UserExistsError.of(user_id)
            with around, rows.savepoint():  # what is around may have to take back its own
                for kind, text in pages.items():
                    rows.execute(_PUT, (check_kind(kind), clean(text)))

        await self._run(self._server.write, user_id, work)

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the page and its version, (None, None) where there is none."""
        _check(user_id, kind)
        read = partial(self._server.read, user_id, partial(_get, kind=kind), is_single=True)
        return await self._run(read)

    async def put(self, user_id: str, kind: str, content: str, *, expect: Expected) -> Version:
        """Write the page if its version is `expect`, and return the new version.

        Raises:
            ConflictError: the stored version is another.
        """
        place = self.locate(user_id, kind)

        def work(rows: UserRows) -> Version:
            if expect is not ANY and _get(rows, kind)[1] != (None if expect is ABSENT else expect):
                raise ConflictError(f"{place} was written by somebody else; read it again")
            return _put(rows, kind, content)

        return await self._run(self._server.write, user_id, work)

    async def update(self, user_id: str, kind: str, change: Change[T]) -> T:
        """Read, change and write the page in one transaction, which other writers wait for."""
        _check(user_id, kind)

        def work(rows: UserRows) -> T:
            text, _ = _get(rows, kind)
            changed, result = change(text)
            if changed is not None and changed != text:
                rows.execute(_PUT, (kind, clean(changed)))
            return result

        return await self._run(self._server.write, user_id, work)


def _check(user_id: str, kind: str) -> None:
    check_user_id(user_id)
    check_kind(kind)


def _get(rows: UserRows, kind: str) -> tuple[str | None, Version | None]:
    return rows.execute(_GET, (kind,)).fetchone() or (None, None)


def _put(rows: UserRows, kind: str, content: str) -> Version:
    (version,) = rows.execute(_PUT, (kind, clean(content))).fetchall()[0]
    return version


def _kinds(rows: UserRows) -> list[str]:
    return [kind for (kind,) in rows.execute("SELECT kind FROM documents")]
