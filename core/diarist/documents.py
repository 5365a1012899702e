"""A user's pages as parsed documents, read and changed through any backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from diarist.backends import base
from diarist.backends.ids import check_user_id
from diarist.errors import DocumentError
from diarist.pages.migrate import open_conversations, open_preferences, stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from diarist.backends.base import PageStore
    from diarist.pages.toml import Document

T = TypeVar("T")

PREFERENCES = "preferences"
CONVERSATIONS = "conversations"


class Documents:
    """The pages in a backend.

    Args:
        backend: where they are kept.
        schema_name: the name of the preference table, for pages that name none.
    """

    def __init__(self, backend: PageStore, schema_name: str) -> None:
        self.backend = backend
        self.schema_name = schema_name

    def locate(self, user_id: str, kind: str) -> str:
        """Return the page's file, or what else names it."""
        locate = getattr(self.backend, "locate", None)
        return locate(user_id, kind) if locate is not None else f"{user_id}/{kind}"

    async def kinds(self, user_id: str) -> list[str]:
        """Return the kinds of documents a user has, as far as the backend can tell."""
        kinds = getattr(self.backend, "kinds", None)
        if kinds is not None:
            return sorted(await kinds(check_user_id(user_id)))
        pages = (CONVERSATIONS, PREFERENCES)
        return [kind for kind in pages if await self.backend.exists(user_id, kind)]

    async def text(self, user_id: str, kind: str) -> str | None:
        """Return the page as it is stored, None where there is none."""
        return await self.backend.load(check_user_id(user_id), kind)

    async def read(self, user_id: str, kind: str) -> Document:
        """Return the page; it is empty where there is none.

        Raises:
            DocumentError: it is broken.
        """
        return self.parsed(user_id, kind, await self.text(user_id, kind))

    async def settled(self, user_id: str, kind: str) -> Document:
        """Return the page; one that is unreadable just now may be in the middle of a save."""
        try:
            return await self.read(user_id, kind)
        except DocumentError:
            return await self.update(user_id, kind, lambda document: (document, document))

    async def usable(self, user_id: str, kind: str) -> tuple[Document, str | None]:
        """Return the page, or where it is broken the last good one and what is wrong."""
        try:
            return await self.read(user_id, kind), None
        except DocumentError as error:
            last_good = getattr(self.backend, "last_good", None)
            text = None if last_good is None else await last_good(user_id, kind)
            try:
                page = self.parsed(user_id, kind, text)
            except DocumentError:
                page, text = self.parsed(user_id, kind, None), None
            instead = "the page as it was before" if text is not None else "nothing of the page"
            return page, f"{error}; {instead} is used"

    def parsed(self, user_id: str, kind: str, text: str | None) -> Document:
        """Return `text` as a page; what is wrong with it is told with its place."""
        try:
            return _open(kind, text)
        except DocumentError as error:
            raise error.at(self.locate(user_id, kind)) from error

    async def update(
        self, user_id: str, kind: str, change: Callable[[Document], tuple[Document, T]]
    ) -> T:
        """Change the newest text of the page by a pure function, and return its result.

        Raises:
            DocumentError: it is broken; it stays as it is.
        """
        return await self._updated(base.update, user_id, kind, change)

    async def update_keeping(
        self, user_id: str, kind: str, change: Callable[[Document], tuple[Document, T]]
    ) -> T:
        """Do the same; the backend keeps the text before, if it can."""
        return await self._updated(base.update_keeping, user_id, kind, change)

    async def being_edited(self, user_id: str, kind: str, now: datetime) -> str | None:
        """Return what shows that a person edits the page, None where the backend knows nothing."""
        being_edited = getattr(self.backend, "being_edited", None)
        return None if being_edited is None else await being_edited(user_id, kind, now)

    async def _updated(
        self,
        update: Callable[..., Coroutine[Any, Any, T]],
        user_id: str,
        kind: str,
        change: Callable[[Document], tuple[Document, T]],
    ) -> T:
        def apply(text: str | None) -> tuple[str | None, T]:
            before = _open(kind, text)
            document, result = change(before)
            if document is before:
                return None, result
            return stamped(document, self.schema_name).text, result

        try:
            return await update(self.backend, check_user_id(user_id), kind, apply)
        except DocumentError as error:
            if error.location is not None:
                raise
            raise error.at(self.locate(user_id, kind)) from error


def _open(kind: str, text: str | None) -> Document:
    return open_preferences(text) if kind == PREFERENCES else open_conversations(text)
