"""memory-mini's `Store` over a diary: what it promises, and what memory-mini gets wrong."""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from diarist import DamagedError, Diary
from diarist.errors import BackendError
from diarist.testing import FrozenClock, MemoryBackend
from diarist_compat.memory_mini import Entry, EntryStatus, Store

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ODD_TEXTS = [
    '"', "don't", "C++", "foo-bar", "user@example.com", "AND", "NOT", "", "*", "(", "what is x?",
    "node.js", "key:alpha", "OR", "NEAR(a b)", "a\0b",
]  # fmt: skip


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture(params=["memory", "PostgreSQL"])
def store(clock: FrozenClock, request: pytest.FixtureRequest) -> Store:
    server = request.param == "PostgreSQL"
    backend = request.getfixturevalue("postgres") if server else MemoryBackend()
    return Store(Diary(backend, clock=clock))


def keys(entries: list[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_agent_stores_updates_hides_and_cleans_up(tmp_path: Path):
    with Store(tmp_path / "memory.db") as memory:
        memory.store("session-1", "Docs shipped.", "sessions/project")
        memory.store("session-1", "Docs and tests shipped.", "sessions/project")
        entry = memory.get("session-1", "/sessions//project/ ")
        assert entry is not None
        assert (entry.value, entry.namespace) == ("Docs and tests shipped.", "sessions/project")
        assert memory.soft_delete("session-0", "sessions/project") is False
        assert memory.cleanup(retention=timedelta(days=30)) == 0
    with Store(str(tmp_path / "memory.db")) as memory:
        assert keys(memory.search("session")) == ["session-1"]


def test_a_soft_deleted_entry_can_be_restored(store: Store):
    store.store("k", "v", metadata={"a": 1})
    assert store.soft_delete("k")
    assert store.get("k") is None
    hidden = store.get("k", include_deleted=True)
    assert hidden is not None
    assert hidden.status is EntryStatus.SOFT_DELETED
    assert store.restore("k")
    assert store.get("k").metadata == {"a": 1}
    assert not store.restore("k")


def test_a_listing_is_of_one_namespace_alone(store: Store):
    for place in ("project", "project/a", "projects"):
        store.store("k", "v", place)
    assert [entry.namespace for entry in store.list("project")] == ["project"]
    assert store.namespaces() == ["project", "project/a", "projects"]
    assert len(store.list()) == 3


def test_names_that_are_no_text_get_one_sentence(store: Store):
    with pytest.raises(TypeError, match="a namespace is a string, not int"):
        store.list(5)
    with pytest.raises(TypeError, match="a key is a string, not bytes"):
        store.store(b"k", "v")
    with pytest.raises(ValueError, match="mode is 'prefix', 'fts' or 'regex', not 'nope'"):
        store.search("x", mode="nope")


# ---------------------------------------------------------------- what memory-mini gets wrong


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"value": None}, TypeError),
        ({"value": {}}, TypeError),
        ({"value": 123}, TypeError),
        ({"value": b"bytes"}, TypeError),
        ({"upsert": False}, sqlite3.IntegrityError),
        ({"metadata": {1: "x", "a": "y"}}, TypeError),
        ({"metadata": {"a": float("nan")}}, TypeError),
        ({"metadata": "text"}, TypeError),
        ({"expires_at": "tomorrow"}, ValueError),
        ({"expires_at": 5}, TypeError),
        ({"embedding": [float("nan")]}, ValueError),
        ({"embedding": []}, ValueError),
        ({"embedding_model": "m"}, ValueError),
    ],
)
def test_a_call_that_fails_writes_nothing_and_holds_no_lock(
    tmp_path: Path, wrong: dict[str, Any], error: type[Exception]
):
    mine, others = Store(tmp_path / "memory.db"), Store(tmp_path / "memory.db")
    mine.store("k", "old")
    with pytest.raises(error):
        mine.store("k", **{"value": "new", **wrong})
    assert others.store("l", "theirs").value == "theirs"
    assert [(entry.key, entry.value) for entry in mine.list()] == [("k", "old"), ("l", "theirs")]
    assert mine.search("old", mode="fts")


def test_upsert_false_spares_what_can_be_restored(store: Store):
    store.store("k", "old")
    store.soft_delete("k")
    with pytest.raises(sqlite3.IntegrityError, match="a note 'k' in"):
        store.store("k", "new", upsert=False)
    assert store.restore("k")
    assert store.get("k").value == "old"


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_can_be_searched_for(store: Store, text: str):
    store.store("other", f"about {text}")
    found = store.search(text, mode="fts")
    assert keys(found) == (["other"] if re.search(r"\w", text) else [])
    store.store(text, "v")
    assert keys(store.search(text))[0] == text


def test_japanese_is_found(store: Store):
    store.store("tower", "東京タワーは赤い")
    assert keys(store.search("タワー", mode="fts")) == ["tower"]
    assert store.search("\ud83d", mode="fts") == []


def test_what_is_cleaned_up_is_in_no_file(tmp_path: Path):
    with Store(tmp_path / "memory.db") as store:
        store.store("k", "the secret is xylophone")
        store.store("over", "the other is zeppelin", expires_at=datetime(2000, 1, 1, tzinfo=UTC))
        store.soft_delete("k")
        assert b"xylophone" in everything(tmp_path)
        store.cleanup(all_deleted=True)
        assert store.search("xylophone", mode="fts", include_deleted=True) == []
    assert not re.search(b"xylophone|zeppelin", everything(tmp_path))


def test_what_has_expired_is_hidden_everywhere_counted_and_cleaned_up(
    store: Store, clock: FrozenClock
):
    store.store("k", "tea", expires_at=NOON + HOUR, embedding=[1.0, 0.0])
    store.store("deleted", "tea", expires_at=(NOON + HOUR).isoformat())
    store.soft_delete("deleted")
    assert keys(store.search("tea", mode="fts")) == ["k"]
    clock.advance(HOUR)
    assert store.get("k") is None
    assert store.list() == store.vector_search([1.0, 0.0]) == []
    for mode in ("prefix", "fts", "regex"):
        assert store.search("k" if mode == "prefix" else "tea", mode=mode) == []
    assert store.get("k", include_deleted=True).status is EntryStatus.EXPIRED
    assert store.stats() == {"active": 0, "soft-deleted": 1, "expired": 1, "total": 2}
    assert store.cleanup() == 2
    assert store.stats()["total"] == 0


def test_a_time_without_a_zone_is_local(store: Store):
    entry = store.store("k", "v", expires_at=datetime(2030, 1, 1, 12))
    assert entry.expires_at == datetime(2030, 1, 1, 12).astimezone(UTC)


def test_what_a_store_does_not_tell_stays(store: Store, clock: FrozenClock):
    store.store(
        "k", "one", metadata={"a": 1}, expires_at=NOON + DAY, embedding=[1, 0], embedding_model="m"
    )
    clock.advance(HOUR)
    entry = store.store("k", "two")
    assert (entry.metadata, entry.expires_at) == ({"a": 1}, NOON + DAY)
    assert (entry.embedding_model, entry.embedding_dims) == ("m", 2)
    assert (entry.created_at, entry.updated_at) == (NOON, NOON + HOUR)
    entry = store.store("k", "three", metadata=None, expires_at=None, embedding=None)
    assert (entry.metadata, entry.expires_at, entry.embedding_model) == ({}, None, None)


def test_a_default_namespace_is_meant_by_every_call(clock: FrozenClock):
    diary = Diary(MemoryBackend(), clock=clock)
    alice, bob = Store(diary, default_namespace="alice"), Store(diary, default_namespace="bob")
    alice.store("preference", "tea")
    bob.store("preference", "milk")
    for mode in ("prefix", "fts", "regex"):
        assert {entry.value for entry in alice.search("preference", mode=mode)} == {"tea"}
    assert [entry.value for entry in bob.list()] == ["milk"]
    assert alice.default_namespace == "alice"
    assert len(Store(diary).list()) == 2


def test_threads_share_a_store(tmp_path: Path):
    store = Store(tmp_path / "memory.db")

    def work(name: int) -> None:
        for number in range(20):
            store.store(f"{name}-{number}", "v")
            assert store.get(f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.stats()["active"] == 80


def _stores(path: Path, name: int) -> None:
    with Store(path) as store:
        for number in range(25):
            store.store(f"{name}-{number}", "v")


def test_processes_share_a_file(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=_stores, args=(tmp_path / "memory.db", name)) for name in range(4)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert Store(tmp_path / "memory.db").stats()["active"] == 100


def test_deleting_again_does_not_put_off_the_removal(store: Store, clock: FrozenClock):
    store.store("k", "v")
    assert store.soft_delete("k")
    clock.advance(29 * DAY)
    assert store.soft_delete("k")
    clock.advance(DAY)
    assert store.cleanup(retention=30 * DAY) == 1


def test_a_pattern_that_takes_for_ever_is_stopped(store: Store):
    store.store("k", "a" * 28 + "b")
    with pytest.raises(TimeoutError, match=r"'\(a\+\)\+\$' takes longer than 0.5 s"):
        store.search(r"(a+)+$", mode="regex", timeout=0.5)
    assert keys(store.search(r"a{28}b$", mode="regex")) == ["k"]
    with pytest.raises(re.error, match="unterminated"):
        store.search("(", mode="regex")


def test_embeddings_of_two_models_are_never_compared(store: Store):
    pytest.importorskip("numpy")
    store.store("one", "v", embedding=[1.0, 0.0], embedding_model="first")
    store.store("two", "v", embedding=[0.8, 0.6], embedding_model="second")
    store.store("three", "v", embedding=[1.0, 0.0, 0.0], embedding_model="first")
    with pytest.raises(ValueError, match="several indexes have 2 dimensions: first:2, second:2"):
        store.vector_search([1.0, 0.0])
    ((entry, cosine),) = store.vector_search([1.0, 0.0], model="second")
    assert (entry.key, cosine) == ("two", pytest.approx(0.8))
    assert store.vector_search([1.0, 0.0, 0.0, 0.0]) == []


def test_texts_are_found_by_what_they_mean(store: Store):
    pytest.importorskip("numpy")

    def embed(text: str) -> list[float]:
        return [float("tea" in text), float("car" in text)]

    for key, text in {"a": "green tea", "b": "a red car"}.items():
        store.embed_and_store(key, text, embed, "here", metadata={"k": key})
    store.embed_and_store("c", "black tea", embed, "there")
    found = store.embed_and_search("tea time", embed, ns="here", k=1)
    assert [(entry.key, entry.embedding_model, score) for entry, score in found] == [
        ("a", "custom", 1.0)
    ]


def test_reading_writes_nothing(tmp_path: Path):
    with Store(tmp_path / "memory.db") as store:
        store.store("k", "v")
        before = everything(tmp_path)
        entry = store.get("k")
        assert entry is not None
        assert entry.last_accessed_at is not None
        assert (store.list(), store.search("k")) != ([], [])
        assert everything(tmp_path) == before


def test_a_folder_is_made_and_a_broken_file_named(tmp_path: Path):
    with Store(tmp_path / "deep" / "memory.db") as store:
        store.store("k", "v")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 500)
    with pytest.raises(DamagedError, match=r"broken\.db: the database is damaged"):
        Store(broken).list()


def test_a_file_of_memory_mini_itself_is_left_alone(tmp_path: Path):
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE entries (key TEXT)")
    connection.close()
    with pytest.raises(BackendError, match=r"another program.*`diarist migrate`"):
        Store(path).store("k", "v")


def test_importing_it_loads_little():
    code = "import diarist_compat.memory_mini, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlite3", "pydantic", "numpy"} & set(done.stdout.split())
