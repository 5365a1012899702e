"""Pages as documents in Google Cloud Firestore, laid out as TOMLDiary lays them out.

<base_path>/<user>/preferences.toml      content: the page, updated_at, version
<base_path>/<user>/memory:main.md        content: the notebook of agent "main"
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import quote, unquote

from diarist import workers
from diarist.backends.base import ABSENT, ANY, blocking_of, update_by_version
from diarist.backends.ids import agent_name_of, check_kind, check_user_id, is_page
from diarist.blocking import at_once
from diarist.errors import (
    BackendError,
    ConflictError,
    DocumentError,
    InvalidIdError,
    MissingExtraError,
)
from diarist.pages.migrate import VERSION
from diarist.pages.rendering import clean

if TYPE_CHECKING:
    from collections.abc import Generator

    from diarist.backends.base import Change, Expected, Version
    from diarist.backends.records import RecordStore

T = TypeVar("T")

DEFAULT_BASE_PATH = "diarist/memory"
LARGEST = 1_048_576
"""Bytes of a document, by Firestore's own way of counting them."""

_LONGEST_NAME = 1500  # bytes of one part of a path
_TIMEOUT = 30.0  # seconds a call may take, with its retries
_MOST_WRITES = 500  # in one commit
_ESCAPED = ".~"  # TOMLDiary takes no id that begins with a point
_RESERVED = re.compile(r"__.*__\Z|\.|.*/", re.DOTALL)


class FirestoreBackend:
    """Pages and notebooks as documents in Firestore, where TOMLDiary keeps them.

    Any number of machines may share them: a write names the update time it has read, and Firestore
    refuses it where that is no longer the newest. The client asks the network for nothing before
    the first call. It is Google's blocking one, used from worker threads, so that no event loop
    owns it; a forked process gets one of its own.

    Firestore keeps no records: without `records`, there are no messages, notes or turns.

    Args:
        project_id: the Google Cloud project.
        base_path: the document below which each user has a collection. Firestore's paths alternate
            between collections and documents, so it has an even number of parts.
        credentials_path: a service account's key file; None is what the environment offers.
        database: the name of the database, None for `(default)`.
        records: where messages, turns and notes are kept, such as `SQLiteRecords(folder)`.

    Raises:
        ValueError: `base_path` names no document.
        MissingExtraError: google-cloud-firestore is not installed.

    Example:
        >>> backend = FirestoreBackend("my-project", "app/memory")
        >>> backend.locate("alice", "preferences")
        'firestore://my-project/app/memory/alice/preferences.toml'
    """

    def __init__(
        self,
        project_id: str,
        base_path: str = DEFAULT_BASE_PATH,
        credentials_path: str | os.PathLike[str] | None = None,
        database: str | None = None,
        *,
        records: RecordStore | None = None,
    ) -> None:
        _require_google()
        self.project_id = project_id
        self.base_path = _checked_base(base_path)
        self.records = records
        self._clients = _Clients(project_id, credentials_path, database)
        self._pages = _Pages(self._clients, self.base_path, f"firestore://{project_id}")
        self._run = workers.run

    @cached_property
    def blocking(self) -> Self:
        """The same backend, whose coroutines never suspend: they block the thread they run in."""
        twin = copy(self)
        twin._run = at_once
        twin.records = blocking_of(self.records) or self.records
        return twin

    async def aclose(self) -> None:
        """Close the connection, and the records; the next call opens them again."""
        await self._run(self._clients.close)
        close = getattr(self.records, "aclose", None)
        if close is not None:
            await close()

    def __repr__(self) -> str:
        return f"FirestoreBackend({self.project_id!r}, {self.base_path!r})"

    def locate(self, user_id: str, kind: str) -> str:
        """Return the address of a page, whether it exists or not."""
        return self._pages.place(user_id, kind)

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the page, None where there is none.

        Raises:
            DocumentError: there is a document, and its field `content` is no text.
        """
        return (await self.get(user_id, kind))[0]

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the page, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a page."""
        return await self._run(self._pages.exists, user_id, kind)

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the page."""
        await self._run(self._pages.delete, user_id, kind)

    async def delete_user(self, user_id: str) -> None:
        """Remove every document in the user's collection."""
        await self._run(self._pages.delete_user, user_id)

    async def list_users(self) -> list[str]:
        """Return every user who has a document, sorted."""
        return await self._run(self._pages.list_users)

    async def kinds(self, user_id: str) -> list[str]:
        """Return the kind of every document the user has: pages, then notebooks, each sorted."""
        return await self._run(self._pages.kinds, user_id)

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the page and its version, the time of its last update."""
        return await self._run(self._pages.get, user_id, kind) or (None, None)

    async def put(self, user_id: str, kind: str, content: str, *, expect: Expected) -> Version:
        """Write the page if its version is `expect`, and return the new version.

        Raises:
            ConflictError: the stored version is another.
            BackendError: the page would be larger than a document may be.
        """
        return await self._run(self._pages.put, user_id, kind, content, expect)

    async def update(self, user_id: str, kind: str, change: Change[T]) -> T:
        """Read, change and write the page, again where somebody else wrote in between."""
        return await update_by_version(self, user_id, kind, change, partial(self._run, time.sleep))


class _Clients:
    """Google's client, one for each process, made when it is first needed."""

    def __init__(
        self, project_id: str, credentials_path: str | os.PathLike[str] | None, database: str | None
    ) -> None:
        self._project_id, self._database = project_id, database
        self._credentials = None
        if credentials_path is not None:
            from google.oauth2 import service_account

            kind: Any = service_account.Credentials
            self._credentials = kind.from_service_account_file(os.fspath(credentials_path))
        self._by_process: dict[int, Any] = {}

    def get(self) -> Any:
        client = self._by_process.get(os.getpid())
        return client or self._by_process.setdefault(os.getpid(), self._new())

    def _new(self) -> Any:
        from google.cloud.firestore import Client

        return Client(
            project=self._project_id, credentials=self._credentials, database=self._database
        )

    def close(self) -> None:
        client = self._by_process.pop(os.getpid(), None)
        if client is not None:
            client.close()


class _Page(NamedTuple):
    text: str
    version: Version


class _Pages:
    """The same in plain, blocking calls."""

    def __init__(self, clients: _Clients, base_path: str, root: str) -> None:
        self._clients = clients
        self._base_path = base_path
        self._root = root

    def place(self, user_id: str, kind: str) -> str:
        return f"{self._root}/{'/'.join(self._path(user_id, kind))}"

    def get(self, user_id: str, kind: str) -> _Page | None:
        place = self.place(user_id, kind)
        with _told("read", place):
            found = self._reference(user_id, kind).get(timeout=_TIMEOUT)
        if not found.exists:
            return None
        text = found.to_dict().get("content")
        if not isinstance(text, str):
            raise DocumentError("its field `content` holds no text", location=place)
        return _Page(text, found.update_time.isoformat())

    def exists(self, user_id: str, kind: str) -> bool:
        with _told("read", self.place(user_id, kind)):
            return self._reference(user_id, kind).get(["version"], timeout=_TIMEOUT).exists

    def put(self, user_id: str, kind: str, content: str, expect: Expected) -> Version:
        from google.api_core import exceptions

        place = self.place(user_id, kind)
        content = clean(content)
        _check_size(place, self._path(user_id, kind), content)
        with _told("write", place):
            try:
                written = self._write(self._reference(user_id, kind), content, expect)
            except (
                exceptions.Aborted,
                exceptions.AlreadyExists,
                exceptions.FailedPrecondition,
                exceptions.NotFound,
            ):
                written = None
        if written is None:
            raise ConflictError(f"{place} was written by somebody else; read it again")
        return written.update_time.isoformat()

    def _write(self, reference: Any, content: str, expect: Expected) -> Any:
        """Return what Firestore says of the write; None where `expect` is no version of its own.

        A conditional write is not tried again: a second try would meet what the first one wrote.
        """
        from google.cloud.firestore import SERVER_TIMESTAMP

        fields = {"content": content, "updated_at": SERVER_TIMESTAMP, "version": VERSION}
        if expect is ANY:
            return reference.set(fields, timeout=_TIMEOUT)
        if expect is ABSENT:
            return reference.create(fields, retry=None, timeout=_TIMEOUT)
        moment = _moment(expect)
        if moment is None:
            return None
        unchanged = self._clients.get().write_option(last_update_time=moment)
        return reference.update(fields, unchanged, retry=None, timeout=_TIMEOUT)

    def delete(self, user_id: str, kind: str) -> None:
        with _told("remove", self.place(user_id, kind)):
            self._reference(user_id, kind).delete(timeout=_TIMEOUT)

    def delete_user(self, user_id: str) -> None:
        with _told("remove", f"{self._root}/{self._base_path}/{collection_of(user_id)}"):
            names = self._names(user_id)
            for start in range(0, len(names), _MOST_WRITES):
                batch = self._clients.get().batch()
                for name in names[start : start + _MOST_WRITES]:
                    batch.delete(self._collection(user_id).document(name))
                batch.commit(timeout=_TIMEOUT)

    def list_users(self) -> list[str]:
        with _told("list", f"{self._root}/{self._base_path}"):
            found = self._clients.get().document(self._base_path).collections(timeout=_TIMEOUT)
            users = [_user_of(collection.id) for collection in found]
        return sorted(user for user in users if user is not None)

    def kinds(self, user_id: str) -> list[str]:
        with _told("list", f"{self._root}/{self._base_path}/{collection_of(user_id)}"):
            kinds = filter(None, map(_kind_of, self._names(user_id)))
        return sorted(kinds, key=lambda kind: (not is_page(kind), kind))

    def _names(self, user_id: str) -> list[str]:
        found = self._collection(user_id).select([]).stream(timeout=_TIMEOUT)
        return [document.id for document in found]

    def _collection(self, user_id: str) -> Any:
        return self._clients.get().collection(f"{self._base_path}/{collection_of(user_id)}")

    def _reference(self, user_id: str, kind: str) -> Any:
        return self._clients.get().document(*self._path(user_id, kind))

    def _path(self, user_id: str, kind: str) -> tuple[str, ...]:
        return (*self._base_path.split("/"), collection_of(user_id), _document_of(kind))


# ---------------------------------------------------------------- names


def collection_of(user_id: str) -> str:
    """Return the name of a user's collection.

    Ids stay as they are, as in TOMLDiary, but for those that Firestore has no name for.

    Raises:
        InvalidIdError: see `check_user_id`; or it is too long for Firestore.

    >>> collection_of("Bob@example.com"), collection_of("https://issuer/7"), collection_of(".")
    ('Bob@example.com', '.~https%3A%2F%2Fissuer%2F7', '.~.')
    """
    is_reserved = _RESERVED.match(check_user_id(user_id))
    return _checked_name(_ESCAPED + quote(user_id, safe="") if is_reserved else user_id)


def _user_of(collection: str) -> str | None:
    """Return the user whose collection it is, None where it is nobody's."""
    is_escaped = collection.startswith(_ESCAPED)
    user_id = unquote(collection.removeprefix(_ESCAPED)) if is_escaped else collection
    try:
        return user_id if collection_of(user_id) == collection else None
    except InvalidIdError:
        return None


def _document_of(kind: str) -> str:
    is_notebook = agent_name_of(check_kind(kind)) is not None
    return _checked_name(f"{kind.replace('/', ':')}.md" if is_notebook else f"{kind}.toml")


def _kind_of(document: str) -> str | None:
    """Return the kind that a document has the name of, None where it is none's."""
    kind = document.removesuffix(".toml").removesuffix(".md").replace(":", "/", 1)
    try:
        return kind if _document_of(kind) == document else None
    except InvalidIdError:
        return None


def _checked_name(name: str) -> str:
    if len(name.encode()) > _LONGEST_NAME:
        raise InvalidIdError(
            f"Firestore takes names of at most {_LONGEST_NAME} bytes, and {name[:40]!r}… is longer"
        )
    return name


def _checked_base(base_path: str) -> str:
    parts = [part for part in base_path.split("/") if part]
    if not parts or len(parts) % 2:
        raise ValueError(
            "base_path names a document, so it has an even number of parts, such as "
            f"{DEFAULT_BASE_PATH!r}; {base_path!r} has {len(parts)}"
        )
    return "/".join(parts)


# ---------------------------------------------------------------- limits and errors


def _check_size(place: str, path: tuple[str, ...], content: str) -> None:
    """Refuse a document that Firestore would; it counts names, fields and 32 bytes besides."""
    name = 16 + sum(len(part.encode()) + 1 for part in path)
    fields = len("content") + len("updated_at") + len("version") + 3
    size = name + fields + len(content.encode()) + 1 + 8 + len(VERSION) + 1 + 32
    if size > LARGEST:
        raise BackendError(
            f"{place} would have {size:,} bytes, and a document in Firestore has at most "
            f"{LARGEST:,}; take items off the page, or compact it. Nothing was written"
        )


def _moment(version: Version) -> datetime | None:
    """Return the update time that a version stands for; another store's version is none."""
    try:
        return datetime.fromisoformat(version)
    except ValueError:
        return None


@contextmanager
def _told(doing: str, place: str) -> Generator[None]:
    """Tell what Firestore refuses, or can't be asked, in one sentence."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError) as error:
        reason = " ".join(str(error).split())
        raise BackendError(f"could not {doing} {place}: {reason}") from error


def _require_google() -> None:
    try:
        import google.cloud.firestore  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError(
            "FirestoreBackend needs google-cloud-firestore: pip install 'diarist[firestore]'"
        ) from error
