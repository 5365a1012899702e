"""From coroutines to blocking calls: over a blocking backend a coroutine never suspends.

So the same code serves both worlds. A blocking caller drives the coroutine to its end in its own
thread; an async caller has that done in one worker thread, with one hop for the whole call.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, Self, TypeVar, cast

from diarist import workers

if TYPE_CHECKING:
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


class HasTwin(Protocol):
    """Something whose calls can be finished without suspending.

    Attributes:
        _twin: the same over a blocking backend, None where there is none, or where this is it.
    """

    @property
    def _twin(self) -> Self | None: ...


S = TypeVar("S", bound=HasTwin)
Method = Callable[Concatenate[S, P], Coroutine[Any, Any, T]]


def iscoroutinefunction(function: Callable[..., object]) -> bool:
    """Say whether calling `function` makes a coroutine."""
    import inspect

    return inspect.iscoroutinefunction(function)


async def at_once(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return `function(*args, **kwargs)`, called in this thread: the blocking `workers.run`."""
    return function(*args, **kwargs)


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what `coroutine` returns, driven to its end in this thread.

    >>> async def answer() -> int:
    ...     return 42
    >>> finish(answer())
    42
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waits for an event loop; over this backend it must not")


class _Background:
    """An event loop in a daemon thread, for what is really awaited."""

    def __init__(self) -> None:
        import asyncio

        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(
            target=self.loop.run_forever, name="diarist-loop", daemon=True
        )
        self.thread.start()


_lock = threading.Lock()
_backgrounds: list[_Background] = []


def _forget_in_child() -> None:
    global _lock, _backgrounds
    _lock, _backgrounds = threading.Lock(), []


os.register_at_fork(after_in_child=_forget_in_child)


def in_background(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Have `coroutine` awaited in a loop in the background, and return without waiting."""
    import asyncio

    return asyncio.run_coroutine_threadsafe(coroutine, _behind().loop)


def background(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what `coroutine` returns, awaited in a loop in the background; this thread waits.

    Raises:
        RuntimeError: called from that loop itself, which would wait for itself.
    """
    if _behind().thread is threading.current_thread():
        coroutine.close()
        raise RuntimeError(
            "a blocking call inside an async extractor or embedder of the same diary would wait "
            "for itself; await the async method there"
        )
    future = in_background(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _behind() -> _Background:
    with _lock:
        if not _backgrounds:
            _backgrounds.append(_Background())
        return _backgrounds[0]


async def unbroken(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what `coroutine` returns; a caller that is cancelled is so when it is at its end."""
    import asyncio

    task = asyncio.ensure_future(coroutine)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def one_hop(method: Method[S, P, T]) -> Method[S, P, T]:
    """Run the whole of an async method in one worker thread, where its object has a twin."""

    @wraps(method)
    async def hop(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        twin = self._twin  # pyright: ignore[reportPrivateUsage]
        if twin is None:
            return await method(self, *args, **kwargs)
        return await workers.run(lambda: finish(method(twin, *args, **kwargs)))

    return hop
