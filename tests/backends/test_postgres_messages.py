"""How often PostgreSQL is asked and waited for: what a call costs where the server is far away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from backends.counting_proxy import CountingProxy
from backends.postgres_server import DSN, schema
from diarist import Message, PostgresBackend, SyncDiary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

N = ("home",)


@pytest.fixture(scope="module")
def proxy() -> Iterator[CountingProxy]:
    proxy = CountingProxy(int(conninfo_to_dict(DSN)["port"] or 5432))
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def diary(proxy: CountingProxy) -> Iterator[SyncDiary]:
    with schema() as name:
        dsn = DSN.replace(f":{proxy.server}/", f":{proxy.port}/")
        diary = SyncDiary(PostgresBackend(dsn, schema=name))
        diary.messages.append("ana", "chat", [Message("user", f"tea {n}") for n in range(30)])
        diary.notes.put("ana", N, "k", "v")
        diary.upsert_preference("ana", "likes", "love tea")
        yield diary
        diary.close()


CALLS: dict[str, tuple[Callable[[SyncDiary], object], int]] = {
    "the newest messages": (lambda diary: diary.messages.read("ana", "chat", last=20), 1),
    "messages between two": (
        lambda diary: diary.messages.read("ana", "chat", after=3, before=9),
        1,
    ),
    "a count": (lambda diary: diary.messages.count("ana", "chat"), 1),
    "sessions": (lambda diary: diary.messages.sessions("ana"), 1),
    "a page": (lambda diary: diary.preferences("ana"), 1),
    "a note": (lambda diary: diary.notes.get("ana", N, "k"), 1),
    "a list of notes": (lambda diary: diary.notes.list("ana", N), 1),
    "namespaces": (lambda diary: diary.notes.namespaces("ana"), 1),
    "everybody": (lambda diary: diary.list_users(), 2),
    "a message appended": (
        lambda diary: diary.messages.append("ana", "c", [Message("user", "x")]),
        2,
    ),
    "ten appended": (
        lambda diary: diary.messages.append("ana", "c", [Message("user", "x")] * 10),
        2,
    ),
    "messages deleted": (lambda diary: diary.messages.clear("ana", "new"), 2),
    "a note put": (lambda diary: diary.notes.put("ana", N, "k", "v"), 2),
    "a page changed": (lambda diary: diary.upsert_preference("ana", "likes", "tea", id="new"), 2),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_waits_for_the_server_as_often_as(what: str, diary: SyncDiary, proxy: CountingProxy):
    call, waits = CALLS[what]
    for _ in range(7):  # psycopg prepares a statement when it comes for the sixth time
        call(diary)
    proxy.reset()
    call(diary)
    assert proxy.waits == waits
