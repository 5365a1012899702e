"""pgvector answers as numpy does, without bringing the vectors here, and only where it may."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from backends.counting_proxy import CountingProxy
from backends.postgres_server import empty, grants, run, with_pgvector
from diarist import Message, PostgresBackend, SQLiteRecords, SyncDiary
from diarist.blocking import finish
from diarist.recall.candidates import Wanted
from diarist.records import DeleteNote, ListNotes, PutNote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IN_SERVER, IN_MEMORY = "pgvector, in the server", "numpy, in memory"


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with with_pgvector() as dsn:
        PostgresBackend(dsn).prepare()
        yield dsn


@pytest.fixture
def stores(dsn: str, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """Give two stores: one that compares in the server, one that compares with numpy."""
    ours = PostgresBackend(dsn).blocking.records
    assert ours is not None
    empty("diarist", dsn)
    theirs = SQLiteRecords(tmp_path / "records").blocking
    yield ours, theirs
    for store in (ours, theirs):
        finish(store.aclose())


numbers = st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0, 3.0, 1e-3])
vectors = st.lists(numbers, min_size=3, max_size=3)
notes = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),  # some keys come again: a text is replaced
        st.sampled_from([("x",), ("x", "y"), ("z",)]),
        st.lists(vectors, min_size=1, max_size=3),
        st.sampled_from(["m:3", "other:3"]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    said=notes,
    question=vectors,
    measure=st.sampled_from(["cosine", "distance"]),
    prefix=st.sampled_from([(), ("x",), ("x", "y"), ("nowhere",)]),
    limit=st.integers(1, 6),
    offset=st.integers(0, 3),
)
def test_notes_are_found_by_pgvector_as_by_numpy(
    stores, said, question, measure, prefix, limit, offset
):
    user = f"user{random.getrandbits(64)}"
    every = ListNotes(prefix, vector=tuple(question), index="m:3", measure=measure, limit=50)
    page = replace(every, limit=limit, offset=offset)
    found: list[dict[Any, float]] = []
    for store in stores:
        for key, namespace, given_vectors, index, is_deleted in said:
            put = PutNote(namespace, key, {"text": key}, vectors={index: given_vectors})
            finish(store.notes(user, [put], now=NOW))
            if is_deleted:
                finish(store.notes(user, [DeleteNote(namespace, key)], now=NOW))
        hits, some = finish(store.notes(user, [every, page], now=NOW))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert some == hits[offset : offset + limit]
        found.append({(hit.note.namespace, hit.note.key): hit.score for hit in hits})
    assert found[0] == pytest.approx(found[1], abs=1e-5)


@pytest.mark.parametrize("measure", ["cosine", "distance"])
def test_of_notes_that_are_alike_the_older_comes_first(stores, measure):
    for store in stores:
        for key in "badc":
            for vectors in ({"m:2": [0.5, 0.25]}, {"m:2": [[0.5, 0.25], [0.5, 0.25]]}):
                finish(store.notes("ana", [PutNote((), key, 1, vectors=vectors)], now=NOW))
        wanted = ListNotes(vector=(1.0, 1.0), measure=measure, limit=2, offset=1)
        (hits,) = finish(store.notes("ana", [wanted], now=NOW))
        assert [hit.note.key for hit in hits] == ["a", "d"]


@pytest.mark.parametrize("dimensions", [3, 384, 1536])
def test_messages_are_found_by_pgvector_as_by_numpy(stores, dimensions: int):
    draw = random.Random(dimensions)

    def vector() -> list[float]:
        return [draw.gauss(0, 1) for _ in range(dimensions)]

    name = f"m:{dimensions}"
    said = [
        Message(
            "user", f"number {n}", id=str(n), at=NOW + timedelta(minutes=n),
            vectors={name: vector(), **({f"old:{dimensions}": vector()} if n % 3 else {})},
        )
        for n in range(600)
    ]  # fmt: skip
    again = {n: vector() for n in range(1, 20)}
    questions = [vector() for _ in range(5)]
    scopes: list[dict[str, Any]] = [
        {}, {"session_id": "even"}, {"session_id": "odd"}, {"session_id": "none"},
        {"since": NOW + timedelta(hours=2)}, {"until": NOW + timedelta(hours=2)},
    ]  # fmt: skip
    for store in stores:
        for session, some in (("even", said[::2]), ("odd", said[1::2])):
            finish(store.append("ana", session, some, now=NOW))
        finish(store.set_vectors("ana", "even", name, again))
        finish(store.delete("ana", "odd", ids=[str(n) for n in range(1, 40, 2)]))
    for question in questions:
        for scope in scopes:
            wanted = Wanted((), vector=tuple(question), index=name, **scope)
            ours, theirs = (finish(store.find("ana", wanted)) for store in stores)
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                assert ours.chosen == theirs.chosen
                assert ours.cosines == pytest.approx(theirs.cosines, abs=1e-6)


def test_a_note_elsewhere_takes_nothing_from_the_score_of_words_and_vectors_together(stores):
    for store in stores:
        for place, vector in (("here", [1.0, 1.0]), ("elsewhere", [1.0, 0.0])):
            put = PutNote((place,), "k", "tea", vectors={"m:2": vector})
            finish(store.notes("ana", [put], now=NOW))
        wanted = ListNotes(("here",), query="tea", vector=(1.0, 0.0))
        (hits,) = finish(store.notes("ana", [wanted], now=NOW))
        assert [hit.score for hit in hits] == [pytest.approx(2.0)]


def test_a_user_never_meets_the_vectors_of_another(stores):
    for store in stores:
        for user in ("ana", "ben"):
            put = PutNote((), user, "tea", vectors={"m:2": [1.0, 0.0]})
            finish(store.notes(user, [put], now=NOW))
        (hits,) = finish(store.notes("ana", [ListNotes(vector=(1.0, 0.0))], now=NOW))
        assert [hit.note.key for hit in hits] == ["ana"]


def test_a_vector_that_is_too_long_for_pgvector_is_compared_in_memory(stores):
    long = [1.0] + [0.0] * 16_000
    put = PutNote((), "k", "tea", vectors={"m": long})
    for store in stores:
        finish(store.notes("ana", [put], now=NOW))
        (hits,) = finish(store.notes("ana", [ListNotes(vector=tuple(long))], now=NOW))
        assert [(hit.note.key, hit.score) for hit in hits] == [("k", 1.0)]


def test_the_vectors_stay_in_the_server(dsn: str):
    proxy = CountingProxy(int(conninfo_to_dict(dsn)["port"]))
    there = dsn.replace(f":{proxy.server}/", f":{proxy.port}/")
    backend = PostgresBackend(there).blocking
    diary = SyncDiary(backend)
    for start in range(0, 2000, 100):
        said = [
            Message("user", f"number {n}", vectors={"m:64": [float(n % 7), 1.0] * 32})
            for n in range(start, start + 100)
        ]
        diary.messages.append("ana", "chat", said)
    proxy.reset()
    finish(backend.records.find("ana", Wanted((), vector=(1.0, 0.5) * 32, index="m:64")))
    assert proxy.received < 2000 * 64 * 4 / 2
    diary.close()
    proxy.close()


def test_vectors_from_before_the_extension_are_compared_by_it_once_it_is_there(caplog):
    with with_pgvector() as dsn:
        owner = f"owner_{random.getrandbits(64)}"
        database = dsn.rpartition("/")[2]
        run(f"CREATE ROLE {owner} LOGIN; GRANT CREATE ON DATABASE {database} TO {owner}", dsn)
        try:
            as_owner = dsn.replace("postgres@", f"{owner}@", 1)
            caplog.set_level(logging.WARNING, "diarist")
            for by in (IN_MEMORY, IN_SERVER):
                backend = PostgresBackend(as_owner)
                diary = SyncDiary(backend)
                if by == IN_MEMORY:
                    diary.notes.put("ana", (), "near", 1, vectors={"m": [1.0, 0.1]})
                    diary.notes.put("ana", (), "far", 1, vectors={"m": [-1.0, 0.1]})
                found = diary.notes.search("ana", vector=[1.0, 0.0])
                assert [hit.source.split("/")[-1] for hit in found] == ["near", "far"]
                assert backend.records.compared_by == by
                diary.close()
                if by == IN_MEMORY:
                    run("CREATE EXTENSION vector", dsn)
            (told,) = caplog.messages
            assert "the user may not create it" in told
            assert "CREATE EXTENSION vector" in told
        finally:
            run(f"DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}", dsn)


def test_without_create_no_extension_is_made():
    with with_pgvector() as dsn:
        PostgresBackend(dsn).prepare()
        run("DROP EXTENSION vector", dsn)
        backend = PostgresBackend(dsn, create=False)
        diary = SyncDiary(backend)
        assert diary.notes.list("ana") == []
        assert backend.records.compared_by == IN_MEMORY
        diary.close()


def test_a_user_with_the_rights_in_the_docs_is_served_by_pgvector(dsn: str):
    role = f"role_{random.getrandbits(64)}"
    run(f"CREATE ROLE {role} LOGIN", dsn)
    try:
        run(grants("diarist", role), dsn)
        backend = PostgresBackend(dsn.replace("postgres@", f"{role}@", 1), create=False)
        diary = SyncDiary(backend)
        diary.notes.put("dora", (), "k", "v", vectors={"m": [1.0, 0.0]})
        assert [hit.text for hit in diary.notes.search("dora", vector=[1.0, 0.5])] == ["v"]
        assert backend.records.compared_by == IN_SERVER
        diary.close()
    finally:
        run(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}", dsn)
