"""How a server is opened: the one place that asks for psycopg, and only when there is a DSN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.errors import MissingExtraError

if TYPE_CHECKING:
    from diarist.backends.postgres.server import Server

SCHEMA = "diarist"
CONNECTIONS = 8


def opened(dsn: str, *, schema: str, create: bool, connections: int) -> Server:
    """Return a server, of which nothing is asked yet.

    Raises:
        MissingExtraError: psycopg is not installed.
        ValueError: an argument can't be meant.
    """
    try:
        from diarist.backends.postgres.server import Server
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise MissingExtraError(
            "PostgreSQL is reached with psycopg: pip install 'diarist[postgres]'"
        ) from error
    return Server(dsn, schema=schema, create=create, connections=connections)
