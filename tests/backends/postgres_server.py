"""PostgreSQL for tests: the server on 127.0.0.1:5432, or the one `DIARIST_POSTGRES` names.

`OwnServer` is one of a test's own, which it may stop and start.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Generator

DSN = os.environ.get("DIARIST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
TABLES = ("turns", "messages", "sessions", "notes", "documents", "about")


@cache
def _missing() -> str | None:
    """Return why there is no server, None where one answers."""
    try:
        psycopg.connect(DSN, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL server answers: {str(error).splitlines()[0]}"
    return None


@contextmanager
def schema() -> Generator[str]:
    """Give the name of a schema that nobody else has, and drop what was made under it."""
    reason = _missing()
    if reason is not None:
        lack(f"{reason}; set DIARIST_POSTGRES to the URL of another")
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield name
    finally:
        run(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def empty(name: str) -> None:
    """Remove all rows of a schema: much quicker than another one."""
    run("; ".join(f"DELETE FROM {name}.all_{table}" for table in TABLES))


def run(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement as the owner of everything."""
    with psycopg.connect(DSN, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


class OwnServer:
    """A server in a folder and on a port of its own; it refuses to run as root."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        initdb = shutil.which("initdb") or next(map(str, reversed(found)), None)
        if initdb is None:
            lack("initdb is missing: install PostgreSQL's server")
        self._bin = Path(str(initdb)).parent
        self._user = "postgres" if os.geteuid() == 0 else None
        reachable = "/tmp" if self._user else None  # root's own folders are not, for that user
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=reachable))
        if self._user:
            shutil.chown(self._folder, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._options = f"-p {port} -h 127.0.0.1 -k {self._folder}"
        self.dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8")

    def start(self) -> None:
        self._run("pg_ctl", "start", "-w", "-o", self._options, "-l", f"{self._folder}/log")

    def stop(self, mode: str) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def remove(self) -> None:
        """Stop it, whatever state it is in, and leave nothing behind."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, "-D", self._folder / "data", *arguments],
            user=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
