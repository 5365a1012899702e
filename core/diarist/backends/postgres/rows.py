"""The rows of one user in one transaction, as the statements know a database.

The statements are SQLite's; what they call there, the schema has under the same names. What nobody
asks the outcome of waits, and is sent in one message with what comes next.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeAlias

from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    import psycopg

Connection: TypeAlias = "psycopg.Connection[Any]"
Said: TypeAlias = "tuple[bytes, Sequence[Any] | None]"
"""A statement in PostgreSQL's words, and the values of its places."""

_HINT = re.compile(r" (?:NOT INDEXED|INDEXED BY \w+)")
_NAMED = re.compile(r"(?<!:):([a-z]\w*)")
_ROW = re.compile(r"(?<=VALUES )\([%s, ]+\)$")
_AT_ONCE = 100
"""Rows in one statement."""


@lru_cache(1000)
def in_postgres(statement: str) -> str:
    """Return a statement of `statements` as PostgreSQL understands it.

    It finds its indexes itself, every key begins with the user, and places for values are `%s`.

    >>> in_postgres("SELECT key FROM notes NOT INDEXED WHERE name = ? AND value = :wanted")
    'SELECT key FROM notes WHERE name = %s AND value = %(wanted)s'
    >>> in_postgres("INSERT INTO about VALUES (?) ON CONFLICT (name) DO NOTHING")
    'INSERT INTO about VALUES (%s) ON CONFLICT (user_id, name) DO NOTHING'
    """
    statement = _HINT.sub("", statement).replace("ON CONFLICT (", "ON CONFLICT (user_id, ")
    return _NAMED.sub(r"%(\1)s", statement).replace("?", "%s")


class Answer:
    """What a statement gives; it is waited for when it is looked at.

    Args:
        rows: through which it was said.
        statement: in PostgreSQL's words.
        values: of its places.
    """

    def __init__(
        self, rows: UserRows, statement: str, values: Sequence[Any] | Mapping[str, Any] | None
    ) -> None:
        self._rows, self._statement, self._values = rows, statement.encode(), values
        self._given: psycopg.Cursor[Any] | None = None

    def send(self, connection: psycopg.Connection[Any]) -> None:
        """Send the statement; inside a pipeline, the outcome is there when that is over."""
        self._given = connection.execute(self._statement, self._values, binary=True)

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._outcome().rowcount

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""
        return self._outcome().fetchone()

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return self._outcome().fetchall()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._outcome())

    def _outcome(self) -> psycopg.Cursor[Any]:
        if self._given is None:
            self._rows.send()
        assert self._given is not None, "asked for after the end of its transaction"
        return self._given


class UserRows:
    """The tables of one user, inside one transaction.

    Args:
        begin: takes a connection, begins, and sends there what is asked first, in one message.
        is_single: nothing more may be asked.

    Attributes:
        connection: where it began, None while nothing was sent.
    """

    def __init__(
        self, begin: Callable[[UserRows, Sequence[Answer]], None], *, is_single: bool = False
    ) -> None:
        self._begin, self._is_single = begin, is_single
        self._waiting: list[Answer] = []
        self.connection: Connection | None = None

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Answer:
        """Run a statement in SQLite's words."""
        return self._said(in_postgres(sql), values or None)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Run a statement for each row of values; one that inserts takes many rows at once."""
        statement, left = in_postgres(sql), iter(rows)
        row = _ROW.search(statement)
        if row is None:
            for values in left:
                self._said(statement, values)
            return
        while some := list(islice(left, _AT_ONCE)):
            places = ", ".join([row[0]] * len(some))
            self._said(statement[: row.start()] + places, list(chain.from_iterable(some)))

    def send(self) -> None:
        """Send what waits, in one message."""
        answers, self._waiting = self._waiting, []
        if not answers:
            return
        if self.connection is None:
            self._begin(self, answers)
        elif self._is_single:
            raise AssertionError("a read that was to be one statement asks a second one")
        else:
            sent(self.connection, answers)

    def commit(self) -> None:
        """End the transaction, and send what waits with that; one that never began needs no end."""
        if self.connection is not None and not self._is_single:
            self._said("COMMIT", None)
            self.send()

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo what is done inside where it fails, and leave the transaction usable."""
        start = self._said("SAVEPOINT inner_work", None)
        try:
            yield
            self._said("RELEASE SAVEPOINT inner_work", None)
            self.send()  # what fails is to fail inside
        except BaseException:
            if start in self._waiting:
                del self._waiting[self._waiting.index(start) :]
            else:
                self._waiting.clear()
                if self.connection is not None and _is_inside(self.connection):
                    self.connection.execute("ROLLBACK TO SAVEPOINT inner_work")
            raise

    def _said(self, statement: str, values: Sequence[Any] | Mapping[str, Any] | None) -> Answer:
        answer = Answer(self, statement, values)
        self._waiting.append(answer)
        return answer


def sent(connection: Connection, answers: Sequence[Answer], first: Iterable[Said] = ()) -> None:
    """Send what is asked in one message, after statements whose outcome nobody looks at."""
    statements = list(first)
    if len(answers) == 1 and not statements:
        answers[0].send(connection)
        return
    with connection.pipeline():
        for statement, values in statements:
            connection.execute(statement, values)
        for answer in answers:
            answer.send(connection)


def _is_inside(connection: Connection) -> bool:
    """Say whether a transaction is going on, which may have failed."""
    status = connection.info.transaction_status
    return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)
