"""One `DiaryStore` after a fork, in several processes and in several event loops at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from langchain_diarist import DiaryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.places import Place

N = ("memories", "ana")
FORK = multiprocessing.get_context("fork")


def embed(texts: list[str]) -> list[list[float]]:
    return [[1.0, 0.0] if "tea" in text else [0.0, 1.0] for text in texts]


def forked(work: Callable[[], None]) -> Any:
    """Start a child that does some work and ends without another step."""

    def run() -> None:
        work()
        os._exit(0)

    child = FORK.Process(target=run)
    child.start()
    return child


def ended(child: Any) -> int | None:
    child.join(30)
    return child.exitcode


def names(store: DiaryStore) -> set[str]:
    return {item.key for item in store.search(N, limit=1000)}


def test_after_a_fork_child_and_parent_go_on_with_the_store_they_have(place: Place):
    store = DiaryStore(place, index={"embed": embed, "dims": 2, "fields": ["text"]})
    store.put(N, "before", {"text": "tea"})
    asyncio.run(store.aput(N, "awaited", {"text": "milk"}))

    def work() -> None:
        assert store.search(N, query="green tea")[0].key == "before"
        store.put(N, "child", {"text": "tea"})
        asyncio.run(store.aput(N, "child awaited", {"text": "milk"}))
        assert names(store) == {"before", "awaited", "child", "child awaited"}

    assert ended(forked(work)) == 0
    store.put(N, "parent", {"text": "milk"})
    assert names(store) == {"before", "awaited", "child", "child awaited", "parent"}
    best = store.search(N, query="tea", limit=2)
    assert {item.key for item in best} == {"before", "child"}


def test_a_fork_in_a_running_loop_leaves_what_is_awaited_there_alone(place: Place):
    store = DiaryStore(place)

    async def main() -> None:
        going_on = [asyncio.create_task(store.aput(N, f"loop{n}", {})) for n in range(50)]
        await asyncio.sleep(0)
        child = forked(lambda: store.put(N, "child", {}))
        await asyncio.gather(*going_on)
        assert await asyncio.to_thread(ended, child) == 0

    asyncio.run(main())
    assert names(store) == {"child", *(f"loop{n}" for n in range(50))}


def test_many_children_and_their_parent_put_at_once_and_nothing_is_lost(place: Place):
    store = DiaryStore(place)
    store.put(N, "first", {})
    start = time.monotonic() + 0.2

    def puts(who: str) -> None:
        time.sleep(max(0, start - time.monotonic()))
        for number in range(20):
            store.put(N, f"{who} {number}", {"n": number})

    children = [forked(lambda who=who: puts(who)) for who in ("a", "b", "c")]
    puts("parent")
    assert [ended(child) for child in children] == [0, 0, 0]
    everyone = {f"{who} {n}" for who in ("a", "b", "c", "parent") for n in range(20)}
    assert names(store) == {"first", *everyone}


def test_a_model_is_awaited_in_the_loop_of_each_caller_though_many_run_at_once(place: Place):
    loops: set[asyncio.AbstractEventLoop] = set()
    everyone = threading.Barrier(4)

    async def embed_in_loop(texts: list[str]) -> list[list[float]]:
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0.001)
        return embed(texts)

    store = DiaryStore(place, index={"embed": embed_in_loop, "dims": 2, "fields": ["text"]})
    callers: list[asyncio.AbstractEventLoop] = []

    async def work(number: int) -> None:
        callers.append(asyncio.get_running_loop())
        everyone.wait(10)
        await asyncio.gather(
            *(store.aput(N, f"{number} {n}", {"text": "tea" if n else "milk"}) for n in range(10))
        )
        found = await store.asearch(N, query="milk", limit=4)
        assert f"{number} 0" in {item.key for item in found}

    threads = [threading.Thread(target=lambda n=n: asyncio.run(work(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert loops == set(callers)
    assert len(names(store)) == 40


def test_a_store_made_in_a_loop_that_has_ended_serves_the_next_and_plain_code():
    async def made() -> DiaryStore:
        store = DiaryStore()
        await store.aput(N, "k", {"n": 1})
        return store

    store = asyncio.run(made())
    for item in (asyncio.run(store.aget(N, "k")), store.get(N, "k")):
        assert item is not None
        assert item.value == {"n": 1}
