"""Pages and records in the memory of this process: a real backend for tests, gone with them."""

from __future__ import annotations

import itertools
import threading
from copy import copy
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from diarist.backends.base import ABSENT, ANY, blocking_of
from diarist.backends.ids import check_kind, check_user_id
from diarist.errors import ConflictError, UserExistsError
from diarist.pages.rendering import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from diarist.backends.base import Change, Expected, Version
    from diarist.backends.records import RecordStore

T = TypeVar("T")


class _Page(NamedTuple):
    text: str
    version: Version


class MemoryBackend:
    """Pages in a dict, and records in SQLite databases that no file holds.

    Threads and event loops of this process may share one. It behaves as `LocalBackend` does, but
    for what needs a file: nobody edits a page from outside.

    Args:
        records: where messages, turns and notes are kept; None is in memory.

    Example:
        >>> import asyncio
        >>> from diarist import Diary
        >>> diary = Diary(MemoryBackend())
        >>> print(asyncio.run(diary.upsert_preference("ana", "likes", "love tea")))
        ana:
          added likes/tea: love tea
        >>> asyncio.run(diary.list_users())
        ['ana']
    """

    def __init__(self, *, records: RecordStore | None = None) -> None:
        if records is None:
            from diarist.backends.sqlite import SQLiteRecords

            records = SQLiteRecords.in_memory()
        self.records: RecordStore = records
        self._pages: dict[str, dict[str, _Page]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()  # a change may look at another page

    @property
    def blocking(self) -> Self:
        """The same backend, whose coroutines never suspend: they block the thread they run in."""
        twin = copy(self)
        twin.records = blocking_of(self.records) or self.records
        return twin

    def __repr__(self) -> str:
        return "MemoryBackend()"

    def locate(self, user_id: str, kind: str) -> str:
        """Return the name of a page in messages."""
        return f"memory:{check_user_id(user_id)}/{check_kind(kind)}"

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the page, None where there is none."""
        return (await self.get(user_id, kind))[0]

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the page, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a page."""
        return self._find(user_id, kind) is not None

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the page."""
        with self._lock:
            self._pages.get(check_user_id(user_id), {}).pop(check_kind(kind), None)

    async def delete_user(self, user_id: str) -> None:
        """Remove all pages of the user; the records are the record store's to remove."""
        with self._lock:
            self._pages.pop(check_user_id(user_id), None)

    async def list_users(self) -> list[str]:
        """Return every user who ever had a page, sorted."""
        with self._lock:
            return sorted(self._pages)

    async def kinds(self, user_id: str) -> list[str]:
        """Return the kind of every document the user has: pages, then notebooks, each sorted."""
        with self._lock:
            kinds = list(self._pages.get(check_user_id(user_id), ()))
        return sorted(kinds, key=lambda kind: (kind.startswith("memory/"), kind))

    async def create_user(
        self, user_id: str, pages: Mapping[str, str], around: AbstractContextManager[None]
    ) -> None:
        """Write the pages of a user who has none, while nobody else can write any.

        Args:
            user_id: whose.
            pages: the text of each kind.
            around: entered before the first is written; where it fails, none is.

        Raises:
            UserExistsError: the user has a page.
        """
        with self._lock:
            if self._pages.get(check_user_id(user_id)):
                raise UserExistsError.of(user_id)
            with around:
                for kind, text in pages.items():
                    await self.put(user_id, kind, text, expect=ANY)

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the page and its version, (None, None) where there is none."""
        return self._find(user_id, kind) or (None, None)

    async def put(self, user_id: str, kind: str, content: str, *, expect: Expected) -> Version:
        """Write the page if its version is `expect`, and return the new version.

        Raises:
            ConflictError: the stored version is another.
        """
        with self._lock:
            found = self._find(user_id, kind)
            version = found.version if found else None
            if expect is not ANY and version != (None if expect is ABSENT else expect):
                place = self.locate(user_id, kind)
                raise ConflictError(f"{place} was written by somebody else; read it again")
            page = _Page(clean(content), str(next(self._numbers)))
            self._pages.setdefault(user_id, {})[kind] = page
            return page.version

    async def update(self, user_id: str, kind: str, change: Change[T]) -> T:
        """Read, change and write the page in one step."""
        with self._lock:
            found = self._find(user_id, kind)
            text = found.text if found else None
            changed, result = change(text)
            if changed is not None and changed != text:
                await self.put(user_id, kind, changed, expect=ANY)
            return result

    def _find(self, user_id: str, kind: str) -> _Page | None:
        with self._lock:
            return self._pages.get(check_user_id(user_id), {}).get(check_kind(kind))
