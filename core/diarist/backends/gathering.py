"""Async writers of one user that come while another writes go together in the next transaction.

A lone writer goes straight through. However many wait, they cost one hop to a thread and one wait
for the disk.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from diarist import workers

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable, Sequence

T = TypeVar("T")
Work: TypeAlias = "Callable[[Any], T]"
"""What is done with a connection of the store."""
Outcome: TypeAlias = "tuple[Any, BaseException | None]"
_Waiting: TypeAlias = "list[tuple[Work[Any], Future[Any]]]"


class Gathering:
    """Hands the work of many to `write_all`, in batches.

    Args:
        write_all: takes a user and what to do, and returns a result or an error for each.
    """

    def __init__(self, write_all: Callable[[str, Sequence[Work[Any]]], list[Outcome]]) -> None:
        self._write_all = write_all
        self._start_anew()
        _every.add(self)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[int, str], _Waiting] = {}

    async def write(self, user_id: str, work: Work[T]) -> T:
        """Return what `work` returns, once it is committed."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: Future[T] = loop.create_future()
        key = (id(loop), user_id)
        with self._lock:
            queue = self._waiting.get(key)
            is_first = queue is None
            if queue is None:
                queue = self._waiting[key] = []
            queue.append((work, future))
        if is_first:
            workers.start(lambda: self._flush(key, loop))
        return await future

    def _flush(self, key: tuple[int, str], loop: AbstractEventLoop) -> None:
        while True:
            with self._lock:
                batch = self._waiting[key]
                if not batch:
                    del self._waiting[key]
                    return
                self._waiting[key] = []
            try:
                outcomes = self._write_all(key[1], [work for work, _ in batch])
            except BaseException as error:  # noqa: BLE001 - it is raised again in each caller
                outcomes: list[Outcome] = [(None, error)] * len(batch)
            futures = [future for _, future in batch]
            workers.tell(loop, lambda f=futures, o=outcomes: _settle(f, o))


_every: weakref.WeakSet[Gathering] = weakref.WeakSet()


def _start_anew_in_child() -> None:
    for gathering in list(_every):
        gathering._start_anew()  # pyright: ignore[reportPrivateUsage]


os.register_at_fork(after_in_child=_start_anew_in_child)


def _settle(futures: list[Future[Any]], outcomes: list[Outcome]) -> None:
    for future, (result, error) in zip(futures, outcomes, strict=True):
        workers.settle(future, result, error)
