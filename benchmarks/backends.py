"""One diary for many: a folder beside a PostgreSQL server, with 1, 4 and 16 clients.

It needs a server on 127.0.0.1:5432, in which it makes and drops a database of its own.
The 1,000 users have 1,000,000 messages; `python benchmarks/backends.py 0.2` takes a fifth of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from measure import WORK, LackingError, Part, at_least, median, table

if TYPE_CHECKING:
    from collections.abc import Mapping

BESIDE = ("psycopg",)
USERS = 1_000
CLIENTS = (1, 4, 16)
CALLS = {"append": 800, "tail": 1600, "note put": 800, "note get": 1600, "recall": 320}
"""How often each call is made, by all clients together."""
PART = Path(__file__).parent / "parts" / "backend_client.py"
SERVER = "postgresql://postgres@127.0.0.1:5432/"
DATABASE = "diarist_benchmark"


def report(share: float = 1.0) -> str:
    """Return the table; `share` takes fewer users.

    Raises:
        LackingError: there is no server.
    """
    _needed()
    WORK.mkdir(exist_ok=True)
    users = at_least(20, share, USERS)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        _anew(make=True)
        try:
            places = {"folder": folder, "PostgreSQL": SERVER + DATABASE}
            filling = {name: _filled(place, users) for name, place in places.items()}
            _vacuum()
            found = {
                clients: {name: _asked(place, users, clients) for name, place in places.items()}
                for clients in CLIENTS
            }
        finally:
            _anew(make=False)
    rows = [
        (call, clients, *(_cell(found[clients][name][call]) for name in places))
        for call in CALLS
        for clients in CLIENTS
    ]
    head = ("call", "clients", *(f"{name}: a second (p50, p95 ms)" for name in places))
    filled = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in filling.items())
    return (
        f"### One diary of {users:,} users, 1,000 messages each\n\n{table(head, rows)}\n\n"
        f"Filled by two clients: {filled}."
    )


def _filled(place: str, users: int) -> float:
    start = perf_counter()
    for part in [Part(sys.executable, PART, place, users, seed, "fill") for seed in (0, 1)]:
        part.close()
    return perf_counter() - start


def _asked(place: str, users: int, clients: int) -> Mapping[str, tuple[float, list[float]]]:
    """Return calls a second, and the milliseconds of each."""
    parts = [
        Part(sys.executable, PART, place, users, 100 * clients + number, "answer")
        for number in range(clients)
    ]
    found: dict[str, tuple[float, list[float]]] = {}
    for call, times in CALLS.items():
        for is_warm in (False, True):
            each = times // clients if is_warm else 10
            start = perf_counter()
            for part in parts:
                part.begin(call, each)
            took = [second * 1000 for part in parts for second in part.outcome()]
            found[call] = len(took) / (perf_counter() - start), took
    for part in parts:
        part.close()
    return found


def _cell(outcome: tuple[float, list[float]]) -> str:
    rate, took = outcome
    return f"{rate:,.0f} ({median(took):.1f}, {sorted(took)[int(len(took) * 0.95)]:.1f})"


def _needed() -> None:
    """Check that the server answers."""
    import psycopg

    try:
        psycopg.connect(SERVER + "postgres", connect_timeout=5).close()
    except psycopg.OperationalError as error:
        raise LackingError(f"no PostgreSQL server takes us at {SERVER}") from error


def _anew(*, make: bool) -> None:
    """Drop the database, and make an empty one."""
    import psycopg

    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
        if make:
            connection.execute(
                f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0".encode()
            )


def _vacuum() -> None:
    """Do at once what PostgreSQL does by itself after so much was stored."""
    import psycopg

    with psycopg.connect(SERVER + DATABASE, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
