"""Connections to one PostgreSQL database: each is lent to one thread for one transaction.

A transaction begins in the message that asks the first thing of it, and ends in the one that has
its last changes; a read of one statement is one message. All writing of one user is done one after
the other, under an advisory lock of the transaction, as SQLite's writers of one file do it. Who the
user is, is set for the transaction alone, so that a connection pooler in between can't mix users
up. A connection that broke while nobody used it is replaced in silence; one that breaks in use is
an error.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import threading
import weakref
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PipelineStatus, TransactionStatus

from diarist.backends.postgres import schema as schemas
from diarist.backends.postgres.failures import told
from diarist.backends.postgres.rows import UserRows, sent
from diarist.backends.postgres.turnstile import Turnstile
from diarist.backends.postgres.values import adapt
from diarist.backends.postgres.vectors import place_of_pgvector
from diarist.checks import check_whole
from diarist.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from diarist.backends.postgres.rows import Answer, Said

T = TypeVar("T")
Connection: TypeAlias = "psycopg.Connection[Any]"
Work: TypeAlias = "Callable[[UserRows], T]"

PATIENCE = 30.0
"""Seconds that a thread waits for a connection."""
CONNECT_TIMEOUT = 10
"""Seconds in which a server must answer, unless the DSN says another number."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class _Begun(NamedTuple):
    """The transaction that a thread is in."""

    user_id: str
    writes: bool
    rows: UserRows


class Server:
    """Lends connections; shared by threads, never by processes.

    Args:
        dsn: how to reach the database: a URL, or `key=value` pairs.
        schema: where its tables are.
        create: make the tables at first use.
        connections: at most so many at once.

    Attributes:
        place: how the database is named, without user and password.
        schema: where its tables are.
        pgvector: the schema that has it, quoted; None where the database has none, or before the
            first call.
    """

    def __init__(self, dsn: str, *, schema: str, create: bool, connections: int) -> None:
        if not _NAME.fullmatch(schema):
            raise ValueError(f"schema is a lower-case name, not {schema!r}")
        check_whole("connections", connections, 1)
        self.place, self._conninfo = _parsed(dsn)
        self.schema = schema
        self._create = create
        self._most = connections
        self._idle: deque[Connection] = deque()
        self._forget_all()
        weakref.finalize(self, _close_all, self._idle)
        _every.add(self)

    def _forget_all(self) -> None:
        """Start with nothing open; what a parent process had open is neither used nor closed."""
        _abandoned.extend(self._idle)
        self._idle.clear()
        self._turnstile = Turnstile(self._most)
        self._local = threading.local()
        self._is_prepared = False
        self.pgvector: str | None = None

    def idle_connections(self) -> int:
        """Return how many connections wait for work."""
        return len(self._idle)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        _close_all(self._idle)

    def prepare(self) -> None:
        """Make sure that the tables are there."""
        with self._lent([]):
            pass

    def read(self, user_id: str, work: Work[T], *, is_single: bool = False) -> T:
        """Return what `work` finds in one state of the tables; a single one is one statement."""
        with self._transaction(user_id, writes=False, is_single=is_single) as rows:
            return work(rows)

    def write(self, user_id: str, work: Work[T], *, lasting: bool = True) -> T:
        """Return what `work` returns, once it is committed; an error of it changes nothing."""
        with self._transaction(user_id, writes=True, lasting=lasting) as rows:
            return work(rows)

    def write_all(
        self, user_id: str, works: Sequence[Work[Any]]
    ) -> list[tuple[Any, BaseException | None]]:
        """Do all of them in one transaction; return a result or an error for each."""
        if len(works) == 1:
            return [(self.write(user_id, works[0]), None)]
        with self._transaction(user_id, writes=True) as rows:
            return [self._outcome(rows, work) for work in works]

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what a statement finds about all users."""
        with self._lent([_settings(search_path=f'"{self.schema}"')], is_single=True) as rows:
            return rows.execute(statement).fetchall()

    # ------------------------------------------------------------ how

    def _outcome(self, rows: UserRows, work: Work[Any]) -> tuple[Any, BaseException | None]:
        """Do one job of several; its own failure is no other's."""
        try:
            with rows.savepoint():
                return work(rows), None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            return None, told(self.place, self.schema, error)
        except Exception as error:  # noqa: BLE001 - its caller gets it
            return None, error

    @contextmanager
    def _transaction(
        self, user_id: str, *, writes: bool, lasting: bool = True, is_single: bool = False
    ) -> Generator[UserRows]:
        """Give the rows of a user; inside a transaction of this thread for them, go on in it."""
        outer: _Begun | None = getattr(self._local, "begun", None)
        if outer is not None and outer.user_id == user_id and (outer.writes or not writes):
            with self._errors(), outer.rows.savepoint():
                yield outer.rows
            return

        settings = {"jit": "off", "search_path": f'"{self.schema}"', "diarist.user_id": user_id}
        if not lasting:
            settings["synchronous_commit"] = "off"
        beginning = [_settings(**settings)]
        if writes:
            lock = _lock_number(self.schema, user_id)
            beginning = [_BEGIN, *beginning, (b"SELECT pg_advisory_xact_lock(%s)", (lock,))]
        elif not is_single:
            beginning = [_BEGIN_READING, *beginning]
        with self._lent(beginning, is_single=is_single) as rows:
            self._local.begun = _Begun(user_id, writes, rows)
            try:
                yield rows
            finally:
                self._local.begun = outer

    @contextmanager
    def _lent(self, beginning: Sequence[Said], *, is_single: bool = False) -> Generator[UserRows]:
        """Lend a connection for a transaction, which is committed unless something is raised."""
        if not self._turnstile.enter(PATIENCE):
            raise BackendError(
                f"all {self._most} connections to {self.place} were in use for {PATIENCE:.0f} s; "
                "allow more with connections="
            )
        rows = UserRows(partial(self._begin, beginning), is_single=is_single)
        try:
            with self._errors():
                if not self._is_prepared:
                    self._idle.append(self._connected())
                try:
                    yield rows
                    self._commit(rows)
                finally:
                    if rows.connection is not None:
                        self._put_back(rows.connection)
        finally:
            self._turnstile.leave()

    def _begin(self, beginning: Sequence[Said], rows: UserRows, answers: Sequence[Answer]) -> None:
        """Begin on a connection, and ask there what is asked first; a broken one is replaced.

        Nothing is committed by that, so it can be sent again.
        """
        while True:
            rows.connection, is_fresh = self._taken()
            try:
                sent(rows.connection, answers, beginning)
            except psycopg.OperationalError as error:
                if is_fresh or not _is_gone(error):
                    raise
                rows.connection.close()
            else:
                return

    def _taken(self) -> tuple[Connection, bool]:
        """Return a connection, and whether it is a new one."""
        try:
            return self._idle.pop(), False
        except IndexError:
            return self._connected(), True

    def _connected(self) -> Connection:
        connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            adapt(connection)
            if not self._is_prepared:
                schemas.prepare(connection, self.schema, create=self._create)
            may_create = self._create and not self._is_prepared
            self.pgvector = place_of_pgvector(connection, create=may_create)
            if connection.info.backend_pid != _process_of(connection):
                connection.prepare_threshold = None  # a pooler, behind which servers change
            self._is_prepared = True
        except BaseException:
            connection.close()
            raise
        return connection

    def _commit(self, rows: UserRows) -> None:
        if rows.connection is None:
            rows.send()  # what can be sent again shall not be sent with what can't
        try:
            rows.commit()
        except psycopg.OperationalError as error:
            if rows.connection is None or not rows.connection.broken:
                raise
            raise BackendError(
                f"the connection to {self.place} broke while a change was being saved, which may "
                "or may not be stored; look, or write it again (what has an id is stored once)"
            ) from error

    def _put_back(self, connection: Connection) -> None:
        """Keep a connection for the next; what it left undone is rolled back."""
        with suppress(psycopg.Error):
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        is_free = connection.info.transaction_status == TransactionStatus.IDLE
        if is_free and connection.pgconn.pipeline_status == PipelineStatus.OFF:
            self._idle.append(connection)
        else:
            connection.close()

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise told(self.place, self.schema, error) from error
        except sqlite3.DatabaseError as error:  # what the statements call a damaged record
            raise BackendError(f"can't read a record in {self.place}: {error}") from error


def _parsed(dsn: str) -> tuple[str, str]:
    """Return how to name a database, without its password, and how to reach it.

    Raises:
        ValueError: `dsn` is none.
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as error:
        reason = str(error).strip().replace("\n", " ")
        raise ValueError(
            "dsn is a URL such as postgresql://user@host/database, or key=value pairs: "
            + (reason if _is_harmless(reason, dsn) else "it can't be read")
        ) from None
    host, port = given.get("host") or "localhost", given.get("port") or 5432
    place = f"postgresql://{host}:{port}/{given.get('dbname') or ''}"
    usual = {
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_TIMEOUT,
        "fallback_application_name": "diarist",
    }
    return place, make_conninfo("", **{**usual, **given})


def _is_harmless(reason: str, dsn: str) -> bool:
    """Say whether what libpq says of a DSN shows no password."""
    has_secrets = "password" in dsn or "@" in dsn
    return not has_secrets or reason.startswith("invalid URI query parameter")


_BEGIN: Said = (b"BEGIN", None)
_BEGIN_READING: Said = (b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", None)


def _settings(**values: str) -> Said:
    """Return what sets something for one transaction.

    Nothing is compiled there (`jit`): that took 270 ms for a search of one.
    """
    steps = ", ".join(f"set_config('{name}', %s, true)" for name in values)
    return f"SELECT {steps}".encode(), list(values.values())


def _process_of(connection: Connection) -> int:
    """Return the process that serves a connection; a pooler tells another one than the server."""
    found = connection.execute("SELECT pg_backend_pid()").fetchone()
    return found[0] if found else 0


def _is_gone(error: psycopg.OperationalError) -> bool:
    """Say whether the server has gone away, or has sent the connection away."""
    return error.sqlstate is None or error.sqlstate.startswith("57P")


def _lock_number(schema: str, user_id: str) -> int:
    """Return the number of a user's lock; two who share one wait for each other now and then."""
    digest = hashlib.blake2b(f"{schema}\0{user_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _close_all(connections: deque[Connection]) -> None:
    with suppress(IndexError):
        while True:
            connections.pop().close()


_abandoned: list[object] = []
"""A connection must not even be closed in a forked child; here it is never collected."""
_every: weakref.WeakSet[Server] = weakref.WeakSet()


def _forget_in_child() -> None:
    for server in list(_every):
        server._forget_all()  # pyright: ignore[reportPrivateUsage]


os.register_at_fork(after_in_child=_forget_in_child)
