"""Threads that do what blocks, so that an event loop never does.

They are daemons: a program that ends without closing anything ends at once. What a call had not
returned by then was not acknowledged. Nothing here is bound to one loop; a forked child starts with
threads of its own.
"""

from __future__ import annotations

import os
import threading
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

MOST = 32
"""Threads at once; what comes beyond waits for one."""


class _Crew:
    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.idle = threading.Semaphore(0)
        self.size = 0
        self.lock = threading.Lock()

    def do(self, job: Callable[[], None]) -> None:
        """Have `job`, which must not raise, done by an idle thread, or by a new one."""
        self.jobs.put(job)
        if self.idle.acquire(blocking=False):
            return
        with self.lock:
            if self.size >= MOST:
                return
            self.size += 1
        threading.Thread(target=self._work, name="diarist", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.jobs.get()()
            self.idle.release()


_crew = _Crew()


def _start_anew() -> None:
    global _crew
    _crew = _Crew()


os.register_at_fork(after_in_child=_start_anew)


def start(job: Callable[[], None]) -> None:
    """Have `job`, which must not raise, done in a worker thread."""
    _crew.do(job)


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return `function(*args, **kwargs)`, called in a worker thread with the caller's context."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: Future[T] = loop.create_future()
    context = copy_context()

    def job() -> None:
        result, failure = None, None
        try:
            result = context.run(function, *args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            failure = error
        tell(loop, lambda: settle(future, result, failure))

    start(job)
    return await future


def tell(loop: AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have `call` done in the loop's thread; a loop that is closed has nobody who waits."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        if not loop.is_closed():
            raise


def settle(future: Future[Any], result: object, error: BaseException | None) -> None:
    """Give a future its outcome, unless it was cancelled meanwhile."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):  # a future can't carry it
        future.set_exception(RuntimeError("StopIteration was raised in a worker thread"))
    else:
        future.set_exception(error)
