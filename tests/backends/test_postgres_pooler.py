"""PostgreSQL behind PgBouncer in transaction mode: each transaction may have another connection."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from backends.postgres_server import DSN, empty, schema, servant
from diarist import Message, PostgresBackend, SyncDiary
from diarist.blocking import finish
from diarist.testing import Blocking, DocumentStoreTests, RecordStoreTests
from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture(scope="module")
def pooler(name: str) -> Iterator[str]:
    """Give the URL of a PgBouncer with two connections to the server, for any number of clients."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        lack("PgBouncer is missing: install pgbouncer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    found, user = conninfo_to_dict(DSN), servant() if os.geteuid() == 0 else None
    reachable = "/tmp" if user else None  # root's own folders are not, for that user
    with tempfile.TemporaryDirectory(prefix="pooler-", dir=reachable) as folder:
        path = Path(folder, "settings.ini")
        path.write_text(
            SETTINGS.format(
                host=found["host"], port=found.get("port", 5432), user=found["user"], own=own
            )
        )
        if user:
            shutil.chown(folder, user)
        process = subprocess.Popen([program, "--quiet", path], user=user)
        try:
            end = time.monotonic() + 20
            while time.monotonic() < end:
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", own)):
                        break
                time.sleep(0.05)
            yield f"postgresql://postgres@127.0.0.1:{own}/{found['dbname']}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    with schema() as name:
        yield name


@pytest.fixture
def backend(pooler: str, name: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(pooler, schema=name).blocking
    backend.prepare()
    empty(name)
    yield backend
    finish(backend.aclose())


class TestPages(Blocking, DocumentStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend


class TestRecords(Blocking, RecordStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend.records


def test_many_clients_on_two_connections_never_meet(backend: PostgresBackend, pooler, name):
    def talk(user: str) -> list[str]:
        diary = SyncDiary(PostgresBackend(pooler, schema=name, connections=2))
        for number in range(20):
            diary.messages.append(user, "chat", [Message("user", f"{user} {number}")])
            assert len(diary.messages.read(user, "chat", last=50)) == number + 1
            diary.notes.put(user, (), "k", user)
        texts = [message.text for message in diary.messages.read(user, "chat")]
        assert [note.value for note in diary.notes.list(user)] == [user]
        diary.close()
        return texts

    users = [f"user{number}" for number in range(8)]
    with ThreadPoolExecutor(len(users)) as pool:
        for user, texts in zip(users, pool.map(talk, users), strict=True):
            assert texts == [f"{user} {number}" for number in range(20)]
