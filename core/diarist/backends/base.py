"""What every backend offers, and the one read-modify-write built on it."""

from __future__ import annotations

import random
import threading
import weakref
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from diarist.errors import ConflictError

S = TypeVar("S")
T = TypeVar("T")
Version: TypeAlias = str
"""Names one state of one document; opaque."""

Change: TypeAlias = Callable[[str | None], tuple[str | None, T]]
"""A pure function: the text (None for none yet) in, the new text (None for no change) and a result
out. It runs again on the fresh text whenever somebody else wrote in between, and once more on None
after it made a document: is that still wanted?"""


class _Expected(Enum):
    ABSENT = "absent"
    ANY = "any"


ABSENT: Final = _Expected.ABSENT
"""`put` only where there is no document yet."""
ANY: Final = _Expected.ANY
"""`put` whatever is there."""
Expected: TypeAlias = Version | Literal[_Expected.ABSENT, _Expected.ANY]

ATTEMPTS = 60
LONGEST_PAUSE = 0.5  # seconds


class TextStore(Protocol):
    """What a document needs that is only read and changed, as a notebook is."""

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the document, None where there is none."""
        ...

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the document, whatever was there."""
        ...


class PageStore(TextStore, Protocol):
    """The six methods of a TOMLDiary backend; enough inside one process.

    `kind` is "preferences" or "conversations"; `content` is text and means nothing here.
    """

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a document."""
        ...

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the document; a missing one is no error."""
        ...

    async def delete_user(self, user_id: str) -> None:
        """Remove all a user has; an unknown user is no error."""
        ...

    async def list_users(self) -> list[str]:
        """Return every user who has something stored, sorted."""
        ...


@runtime_checkable
class DocumentStore(PageStore, Protocol):
    """A backend that several processes may share: get and put carry versions.

    `kind` is also "memory/AGENT/MEMORY.md", a notebook; `content` is text and means nothing here.
    """

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the document and its version, (None, None) where there is none."""
        ...

    async def put(self, user_id: str, kind: str, content: str, *, expect: Expected) -> Version:
        """Write the document if its version is `expect`, and return the new version.

        Raises:
            ConflictError: the stored version is another.
        """
        ...


def blocking_of(store: S) -> S | None:
    """Return a store's blocking twin, whose coroutines never suspend; None where it has none.

    A store that waits for nothing but the disk offers it as its attribute `blocking`.
    """
    return getattr(store, "blocking", None)


@runtime_checkable
class _Updating(Protocol):
    """A store that does its own read-modify-write, which must be as good as the one below."""

    async def update(self, user_id: str, kind: str, change: Change[T]) -> T: ...


@runtime_checkable
class _Keeping(Protocol):
    """A store that can keep the text before a change."""

    async def update_keeping(self, user_id: str, kind: str, change: Change[T]) -> T: ...


async def update(store: TextStore, user_id: str, kind: str, change: Change[T]) -> T:
    """Read a document, change it and write it, so that nobody's write in between is lost.

    This is the only read-modify-write in the library. A store with versions is retried with full
    jitter; one without is held under a lock for the user, which protects inside this process only.

    Raises:
        ConflictError: others wrote all the time, for every attempt.
    """
    if isinstance(store, _Updating):
        return await store.update(user_id, kind, change)
    if isinstance(store, DocumentStore):
        import asyncio

        return await update_by_version(store, user_id, kind, change, asyncio.sleep)
    return await _update_under_lock(store, user_id, kind, change)


async def update_keeping(store: PageStore, user_id: str, kind: str, change: Change[T]) -> T:
    """Do the same; a store that can keeps the text before, as its contract says.

    `LocalBackend` does, in `.previous/`.
    """
    if isinstance(store, _Keeping):
        return await store.update_keeping(user_id, kind, change)
    return await update(store, user_id, kind, change)


async def update_by_version(
    store: DocumentStore,
    user_id: str,
    kind: str,
    change: Change[T],
    sleep: Callable[[float], Awaitable[object]],
) -> T:
    """Do what `update` does by nothing but get and put; `sleep` waits so many seconds."""
    for attempt in range(ATTEMPTS):
        text, version = await store.get(user_id, kind)
        changed, result = change(text)
        if changed is None or changed == text:
            return result
        try:
            made = await store.put(
                user_id, kind, changed, expect=ABSENT if version is None else version
            )
        except ConflictError:
            await sleep(random.uniform(0, min(LONGEST_PAUSE, 0.002 * 2**attempt)))
            continue
        if version is None and change(None)[0] is None:
            await _take_back(store, user_id, kind, made)
        return result
    raise ConflictError(
        f"{kind} of {user_id!r}: {ATTEMPTS} attempts met another write each; try again later"
    )


async def _take_back(store: DocumentStore, user_id: str, kind: str, version: Version) -> None:
    """Remove a document that its maker does not want any more, unless somebody wrote to it.

    A user may be deleted between the look at what there is and the first write of a page, which
    no version shows: there was none before, and there is none after.
    """
    if (await store.get(user_id, kind))[1] == version:
        await store.delete(user_id, kind)


async def _update_under_lock(store: TextStore, user_id: str, kind: str, change: Change[T]) -> T:
    import asyncio

    lock = _lock_of(store, user_id)
    while not lock.acquire(blocking=False):  # noqa: ASYNC110 - another thread may hold it
        await asyncio.sleep(random.uniform(0, 0.004))
    try:
        text = await store.load(user_id, kind)
        changed, result = change(text)
        if changed is not None and changed != text:
            await store.save(user_id, kind, changed)
        return result
    finally:
        lock.release()


STRIPES = 64
_locks: weakref.WeakKeyDictionary[Any, tuple[threading.Lock, ...]] = weakref.WeakKeyDictionary()


def _lock_of(store: TextStore, user_id: str) -> threading.Lock:
    stripes = _locks.get(store)
    if stripes is None:
        made = tuple(threading.Lock() for _ in range(STRIPES))
        stripes = _locks.setdefault(store, made)
    return stripes[hash(user_id) % STRIPES]
