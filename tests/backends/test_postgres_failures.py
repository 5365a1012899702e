"""What becomes of a call whose connection to PostgreSQL breaks, by where it breaks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from backends.counting_proxy import CountingProxy
from backends.postgres_server import DSN, run, schema
from diarist import BackendError, Message, PostgresBackend, SyncDiary
from diarist.blocking import finish

if TYPE_CHECKING:
    from collections.abc import Iterator


CLIENTS = """
SELECT DISTINCT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation
JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = '{}'
"""
"""Who is in a transaction that has to do with the tables of a schema."""


@pytest.fixture
def name() -> Iterator[str]:
    with schema() as name:
        yield name


@pytest.fixture
def proxy() -> Iterator[CountingProxy]:
    proxy = CountingProxy(int(conninfo_to_dict(DSN)["port"]))
    yield proxy
    proxy.close()


@pytest.fixture
def diary(proxy: CountingProxy, name: str) -> Iterator[SyncDiary]:
    dsn = DSN.replace(f":{proxy.server}/", f":{proxy.port}/")
    diary = SyncDiary(PostgresBackend(dsn, schema=name))
    diary.messages.append("ana", "chat", [Message("user", "first", id="1")])
    yield diary
    diary.close()


def texts(diary: SyncDiary) -> list[str]:
    return [message.text for message in diary.messages.read("ana", "chat")]


def test_what_broke_in_the_commit_may_be_stored_and_is_stored_once_when_done_again(diary, proxy):
    second = [Message("user", "second", id="2")]
    proxy.cut_at = b"COMMIT"
    with pytest.raises(BackendError, match="may or may not be stored"):
        diary.messages.append("ana", "chat", second)
    diary.messages.append("ana", "chat", second)
    assert texts(diary) == ["first", "second"]


def test_what_broke_before_the_commit_is_not_stored(name):
    backend = PostgresBackend(DSN, schema=name).blocking
    finish(backend.save("ana", "preferences", "# 1\n"))

    def change(text: str | None) -> tuple[str, None]:
        run(f"SELECT pg_terminate_backend(pid) FROM ({CLIENTS.format(name)}) AS clients")
        return f"{text}# 2\n", None

    with pytest.raises(BackendError, match="connection"):
        finish(backend.update("ana", "preferences", change))
    assert finish(backend.load("ana", "preferences")) == "# 1\n"
    finish(backend.aclose())


def test_a_read_on_a_connection_that_broke_meanwhile_is_answered_on_another(diary, proxy):
    proxy.cut_at = b"messages"
    assert texts(diary) == ["first"]


def test_a_write_whose_beginning_broke_is_done_on_another_connection_once(diary, proxy):
    proxy.cut_at = b"pg_advisory"
    diary.messages.append("ana", "chat", [Message("user", "second")])
    assert texts(diary) == ["first", "second"]


def test_a_call_that_fails_leaves_its_connection_usable(name):
    backend = PostgresBackend(DSN, schema=name, connections=1).blocking
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            finish(backend.update("ana", "preferences", lambda _: 1 / 0))  # type: ignore[arg-type]
        finish(backend.save("ana", "preferences", "# 1\n"))
        assert backend.records.stats()["idle_connections"] == 1
    finish(backend.aclose())


def test_a_process_uses_no_more_connections_than_it_may(name):
    diary = SyncDiary(PostgresBackend(DSN, schema=name, connections=2))
    seen: list[int] = []

    def talk(user: str) -> None:
        for number in range(10):
            diary.messages.append(user, "chat", [Message("user", str(number))])
            seen.append(len(run(CLIENTS.format(name))))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(talk, "abcdef"))
    assert 1 <= max(seen) <= 2
    diary.close()


def test_a_read_sees_one_state_while_somebody_writes(name):
    diary = SyncDiary(PostgresBackend(DSN, schema=name))
    is_over = threading.Event()

    def write() -> None:
        other, number = SyncDiary(PostgresBackend(DSN, schema=name)), 0
        while not is_over.is_set():
            number += 1
            said = [Message("user", str(number)), Message("assistant", str(number))]
            other.messages.append("ana", f"chat {number}", said)
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    records = PostgresBackend(DSN, schema=name).blocking.records
    try:
        for _ in range(60):
            found = finish(records.export("ana"))
            assert len(found.messages) == 2 * len(found.sessions)
    finally:
        is_over.set()
        writer.join()
        finish(records.aclose())
        diary.close()
