"""What a `DiaryStore` keeps for a time."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from langgraph.store.base import TTLConfig

from diarist import Diary
from diarist.testing import FrozenClock
from langchain_diarist import DiaryStore

if TYPE_CHECKING:
    from integrations.places import Place

N = ("n",)


@pytest.fixture
def stored(place: Place) -> Any:
    """Give what makes a store, and a function that lets minutes go by."""

    def make(ttl: TTLConfig | None = None, **options: Any) -> tuple[DiaryStore, Any]:
        clock = FrozenClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
        store = DiaryStore(diary=Diary(place, clock=clock), ttl=ttl, **options)
        return store, lambda minutes: clock.advance(timedelta(minutes=minutes))

    return make


def test_what_has_expired_is_hidden_at_once_from_every_read(stored: Any):
    store, wait = stored()
    store.put(N, "k", {"text": "tea"}, ttl=1.5)
    store.put(("ever",), "k", {})
    wait(1.5)
    assert store.get(N, "k") is None
    assert store.search(N) == store.search(N, query="tea") == []
    assert store.list_namespaces() == [("ever",)]


def test_a_read_starts_the_time_anew_unless_it_or_the_store_says_no(stored: Any):
    for config, refresh, lives in (
        (None, None, True),
        (None, False, False),
        (TTLConfig(refresh_on_read=False), None, False),
        (TTLConfig(refresh_on_read=False), True, True),
        (TTLConfig(default_ttl=9), None, True),
    ):
        store, wait = stored(config)
        store.put(N, "got", {}, ttl=10)
        store.put(N, "found", {}, ttl=10)
        wait(6)
        assert store.get(N, "got", refresh_ttl=refresh)
        assert len(store.search(N, refresh_ttl=refresh)) == 2
        wait(6)
        assert [store.get(N, key) is not None for key in ("got", "found")] == [lives, lives]


def test_only_what_is_returned_lives_on(stored: Any):
    store, wait = stored()
    for n in range(3):
        store.put(N, f"{n}", {"n": n}, ttl=10)
    wait(6)
    assert len(store.search(N, filter={"n": {"$gt": 0}}, limit=1)) == 1
    wait(6)
    assert [item.key for item in store.search(N)] == ["2"]


def test_a_default_holds_unless_a_put_says_otherwise(stored: Any):
    store, wait = stored(TTLConfig(default_ttl=10))
    store.put(N, "default", {})
    store.put(N, "short", {}, ttl=1)
    store.put(N, "ever", {}, ttl=None)
    wait(5)
    assert {item.key for item in store.search(N, refresh_ttl=False)} == {"default", "ever"}
    store.put(N, "default", {}, ttl=None)
    wait(100)
    assert {item.key for item in store.search(N)} == {"default", "ever"}


@pytest.mark.parametrize("ttl", [0, -1])
def test_a_time_to_live_is_more_than_nothing(stored: Any, ttl: float):
    store, _ = stored()
    with pytest.raises(ValueError, match="ttl"):
        store.put(N, "k", {}, ttl=ttl)


def test_a_sweep_counts_what_it_removes_and_leaves_the_rest(stored: Any):
    store, wait = stored(owner=lambda namespace: namespace[0])
    for owner in ("ana", "ben"):
        store.put((owner,), "k", {}, ttl=1)
        store.put((owner,), "ever", {})
    store.diary.sync.notes.put("ana", ("ana",), "deleted", {})
    store.diary.sync.notes.delete("ana", ("ana",), "deleted")
    assert store.sweep_ttl() == 0
    wait(1)
    assert store.sweep_ttl() == 2
    assert asyncio.run(store.asweep_ttl()) == 0
    assert store.diary.sync.notes.restore("ana", ("ana",), "deleted")
    assert len(store.search(("ana",))) == 2


def test_a_sweeper_starts_and_stops_without_a_thread(stored: Any):
    store, wait = stored(TTLConfig(default_ttl=1, sweep_interval_minutes=1))
    before = threading.active_count()
    started = store.start_ttl_sweeper()
    assert started.done()
    assert started.result(timeout=0) is None
    store.put(N, "k", {})
    wait(1)
    assert store.get(N, "k") is None
    assert store.stop_ttl_sweeper(timeout=1)
    assert threading.active_count() == before


def test_what_async_stores_await_can_be_awaited(stored: Any):
    store, wait = stored()

    async def use() -> int:
        async with store:
            await store.setup()
            await store.start_ttl_sweeper()
            await store.aput(N, "k", {}, ttl=1)
            wait(1)
            count = await store.sweep_ttl()
            assert await store.stop_ttl_sweeper()
            return count

    assert asyncio.run(use()) == 1
