"""How a suite drives a store: in an event loop, or blocking, in plain threads."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar

import pytest

from diarist.blocking import finish

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

P = ParamSpec("P")
T = TypeVar("T")


class Driven:
    """Runs the coroutines of a suite; each test has an event loop of its own.

    Attributes:
        skips: the tests that this store can't pass, each with the reason.
    """

    skips: ClassVar[Mapping[str, str]] = {}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns."""
        return asyncio.run(coroutine)

    async def together(self, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[Any]:
        """Run coroutines at the same time; return a result or an exception for each."""
        return await asyncio.gather(*coroutines, return_exceptions=True)


class Blocking(Driven):
    """Drives a store whose coroutines never suspend; list it before the suite.

    class TestMyStoreBlocking(Blocking, RecordStoreTests): ...
    """

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns, driven to its end in this thread."""
        return finish(coroutine)

    async def together(self, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[Any]:
        """Run each coroutine in a thread of its own; return a result or an exception for each."""
        waiting = list(coroutines)
        with ThreadPoolExecutor(len(waiting)) as threads:
            running = [threads.submit(finish, coroutine) for coroutine in waiting]
        return [future.exception() or future.result() for future in running]


S = TypeVar("S", bound=Driven)


def driven(
    test: Callable[Concatenate[S, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[S, P], None]:
    """Make an async test one that pytest can call, and that a store may skip with a reason."""

    @functools.wraps(test)
    def call(self: S, *args: P.args, **kwargs: P.kwargs) -> None:
        reason = self.skips.get(test.__name__)
        if reason:
            pytest.skip(reason)
        self.run(test(self, *args, **kwargs))

    return call
