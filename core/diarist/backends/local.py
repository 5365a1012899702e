"""Pages as files in a folder for each user, safe between threads, processes and editors."""

from __future__ import annotations

import hashlib
import shutil
import time
from contextlib import suppress
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeVar

from diarist import workers
from diarist.backends import files
from diarist.backends.base import ABSENT, ANY, blocking_of
from diarist.backends.folders import UserFolders, joined
from diarist.backends.ids import (
    NOTEBOOKS,
    agent_name_of,
    check_kind,
    is_cut,
    is_page,
    notebook_folder,
    notebook_kind,
)
from diarist.backends.outside import (
    PATIENCE,
    QUIET,
    Rest,
    looks_half_written,
    previous_path,
    read_mark,
    remove_traces,
    sign_of_editing,
    write_mark,
)
from diarist.blocking import at_once
from diarist.caching import BoundedCache
from diarist.errors import ConflictError, DocumentError, UserExistsError
from diarist.pages.toml import clean

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from diarist.backends.base import Change, Expected, Version
    from diarist.backends.records import RecordStore

T = TypeVar("T")
Durability = Literal["full", "normal"]

SEEN_BYTES = 32_000_000
"""How many bytes of pages are kept in memory to compare with."""

_NOTEBOOK = "MEMORY.md"
_AGENT_NAME_FILE = ".agent_name"


class LocalBackend:
    """Pages as TOML files, `<path>/<user>/<kind>.toml`, and notebooks as Markdown.

    The notebook of an agent has the kind `memory/<name>`, as `ids.notebook_kind` writes the name,
    and is the file `<path>/<user>/memory/<name>/MEMORY.md`.

    Any number of threads, event loops and processes on one machine may share a folder; a network
    file system is not supported. Nothing is created before the first write. Files are 0600,
    folders 0700.

    Args:
        path: the folder of all users.
        records: where messages, turns and notes are kept; None is a database in each user's
            folder, False is nowhere.
        durability: "full" survives a power loss, "normal" a killed process.

    Example:
        >>> import asyncio, tempfile
        >>> backend = LocalBackend(path=tempfile.mkdtemp())
        >>> asyncio.run(backend.save("alice", "preferences", ""))
        >>> asyncio.run(backend.list_users())
        ['alice']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        records: RecordStore | Literal[False] | None = None,
        durability: Durability = "full",
    ) -> None:
        if durability not in ("full", "normal"):
            raise ValueError(f'durability is "full" or "normal", not {durability!r}')
        self.path = Path(path)
        self._folder = _Folder(UserFolders(self.path, synced=durability == "full"))
        if records is None:
            from diarist.backends.sqlite import SQLiteRecords

            records = SQLiteRecords(self.path, durability=durability)
        self.records: RecordStore | None = records or None
        self._run = workers.run

    @cached_property
    def blocking(self) -> Self:
        """The same backend, whose coroutines never suspend: they block the thread they run in."""
        twin = copy(self)
        twin._run = at_once
        twin.records = blocking_of(self.records) or self.records
        return twin

    async def aclose(self) -> None:
        """Close the databases of the records; nothing is lost without it."""
        close = getattr(self.records, "aclose", None)
        if close is not None:
            await close()

    def __repr__(self) -> str:
        return f"LocalBackend({str(self.path)!r})"

    def locate(self, user_id: str, kind: str) -> str:
        """Return the path of the user's page, whether it exists or not."""
        return str(self._folder.page_path(user_id, kind))

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the page, None where there is none.

        Raises:
            DocumentError: the file is not UTF-8.
        """
        page = await self._run(self._folder.read, user_id, kind)
        return page.text if page else None

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the page, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a page."""
        return await self._run(self._folder.exists, user_id, kind)

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the page and its former text."""
        await self._run(self._folder.delete, user_id, kind)

    async def delete_user(self, user_id: str) -> None:
        """Remove the user's folder."""
        await self._run(self._folder.delete_user, user_id)

    async def list_users(self) -> list[str]:
        """Return every user who has a folder, sorted."""
        return await self._run(self._folder.list_users)

    async def kinds(self, user_id: str) -> list[str]:
        """Return the kind of every document the user has: pages, then notebooks, each sorted.

        Raises:
            BackendError: a symbolic link is in the place of a folder.
        """
        return await self._run(self._folder.kinds, user_id)

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
        await self._run(self._folder.create_user, user_id, pages, around)

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the page and its version, a hash of its bytes."""
        page = await self._run(self._folder.read, user_id, kind)
        return (page.text, _version(page)) if page else (None, None)

    async def last_good(self, user_id: str, kind: str) -> str | None:
        """Return the page as diarist wrote it last, or as it was before an outside change."""
        return await self._run(self._folder.last_good, user_id, kind)

    async def put(self, user_id: str, kind: str, content: str, *, expect: Expected) -> Version:
        """Write the page if its version is `expect`, and return the new version."""
        return await self._run(self._folder.put, user_id, kind, content, expect)

    async def update(self, user_id: str, kind: str, change: Change[T]) -> T:
        """Read, change and write the page in one step, once it has come to rest.

        Raises:
            DocumentError: `change` can't read the page; it stays as it is.
        """
        return await self._run(self._folder.update, user_id, kind, change, False)

    async def update_keeping(self, user_id: str, kind: str, change: Change[T]) -> T:
        """Do the same with `change`, and keep the bytes before in `.previous/`."""
        return await self._run(self._folder.update, user_id, kind, change, True)

    async def being_edited(self, user_id: str, kind: str, now: datetime) -> str | None:
        """Return what shows that a person edits the page just now, None where nothing does.

        An editor's own file beside it, or a change from outside within the last minute before
        `now`.
        """
        return await self._run(self._folder.being_edited, user_id, kind, now)


class _Page(NamedTuple):
    raw: bytes
    text: str


class _Folder:
    """The same in plain, blocking calls: each is one hop to a thread."""

    def __init__(self, users: UserFolders) -> None:
        self.users = users
        self._synced = users.synced
        # What diarist itself wrote last, as far as this process knows; never an outside change.
        self._seen = BoundedCache[Path, _Page](SEEN_BYTES, lambda page: len(page.raw))
        self._swept = BoundedCache[Path, bool](10_000, lambda _: 1)
        # When somebody else last changed a page, as far as this process saw it: nanoseconds.
        self._changed = BoundedCache[Path, int](10_000, lambda _: 1)

    # ------------------------------------------------------------ users

    def page_path(self, user_id: str, kind: str) -> Path:
        name = notebook_folder(check_kind(kind))
        if name is None:
            return joined(self.users.of(user_id), f"{kind}.toml")
        memory = joined(self.users.of(user_id), "memory")
        files.is_folder(memory)  # a symbolic link in its place is refused
        folder = joined(memory, name)
        files.is_folder(folder)
        return joined(folder, _NOTEBOOK)

    def kinds(self, user_id: str) -> list[str]:
        home = self.users.of(user_id)
        stems = [name.removesuffix(".toml") for name in _names(home) if name.endswith(".toml")]
        memory = joined(home, "memory")
        notebooks = [_notebook_in(memory / name) for name in _names(memory)]
        return sorted(filter(is_page, stems)) + sorted(filter(None, notebooks))

    def list_users(self) -> list[str]:
        return self.users.list_users()

    def create_user(
        self, user_id: str, pages: Mapping[str, str], around: AbstractContextManager[None]
    ) -> None:
        with self.users.locked(user_id):
            if self.kinds(user_id):
                raise UserExistsError.of(user_id)
            paths = {self.page_path(user_id, kind): kind for kind in pages}
            written: list[Path] = []
            try:
                with around:
                    for path, kind in paths.items():
                        written.append(path)
                        self._write(user_id, kind, path, _as_page(pages[kind]))
            except BaseException:
                for path in written:
                    self._remove(path)
                self.users.remove_empty(user_id)
                raise

    def delete_user(self, user_id: str) -> None:
        with self.users.locked(user_id):
            path = self.users.of(user_id)
            if not files.is_folder(path):
                return
            pages = [*path.glob("*.toml"), *path.glob(f"memory/*/{_NOTEBOOK}")]
            try:
                with self.users.locked(user_id, ".db"):
                    shutil.rmtree(path)
                if self._synced:
                    files.sync_folder(self.users.root)
            except OSError as error:
                raise files.failed("remove", path, error) from error
            for page in pages:
                self._seen.drop(page)

    # ------------------------------------------------------------ pages

    def last_good(self, user_id: str, kind: str) -> str | None:
        path = self.page_path(user_id, kind)
        seen = self._seen.get(path)
        if seen is not None:
            return seen.text
        found = files.read(previous_path(path))
        return None if found is None else found[0].decode(errors="replace")

    def exists(self, user_id: str, kind: str) -> bool:
        return files.state_of(self.page_path(user_id, kind)) is not None

    def read(self, user_id: str, kind: str) -> _Page | None:
        path = self.page_path(user_id, kind)
        found = files.read(path)
        return self._page(path, *found) if found else None

    def delete(self, user_id: str, kind: str) -> None:
        with self.users.locked(user_id):
            self._remove(self.page_path(user_id, kind))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
            remove_traces(path)
            if self._synced and files.is_folder(path.parent):
                files.sync_folder(path.parent)
        except OSError as error:
            raise files.failed("remove", path, error) from error
        self._seen.drop(path)
        if path.name == _NOTEBOOK:
            self._remove_folder(path.parent)

    def put(self, user_id: str, kind: str, content: str, expect: Expected) -> Version:
        with self.users.locked(user_id):
            path = self.page_path(user_id, kind)
            if expect is not ANY:
                found = files.read(path)
                version = _version(_Page(found[0], "")) if found else None
                if version != (None if expect is ABSENT else expect):
                    raise ConflictError(f"{path} was written by somebody else; read it again")
            page = _as_page(content)
            self._write(user_id, kind, path, page)
            return _version(page)

    def being_edited(self, user_id: str, kind: str, now: datetime) -> str | None:
        path = self.page_path(user_id, kind)
        return sign_of_editing(path, now.timestamp(), self._changed.get(path))

    def update(self, user_id: str, kind: str, change: Change[T], keeps: bool) -> T:
        rest = Rest()
        while True:
            with self.users.locked(user_id):
                path = self.page_path(user_id, kind)
                found = files.read(path)
                raw, state = found or (None, None)
                former = self._seen.get(path)
                pause = self._pause(path, raw, state, former, rest)
                if not pause:
                    try:
                        self._refuse_emptied(path, raw, state)
                        page = self._page(path, *found) if found else None
                        text, result = change(page.text if page else None)
                    except DocumentError as error:
                        pause = rest.missing(PATIENCE)
                        if not pause:
                            raise error.at(str(path)) from error
                    else:
                        if text is None or (page is not None and text == page.text):
                            return result
                        if rest.was_needed and state is not None:
                            self._changed.put(path, state.modified)
                        kept = page if keeps else former if rest.was_needed else None
                        if kept is not None:
                            self._keep(path, kept)
                        still = lambda: files.state_of(path) == state  # noqa: B023,E731
                        if self._write(user_id, kind, path, _as_page(text), still):
                            return result
            time.sleep(pause)

    def _pause(
        self,
        path: Path,
        raw: bytes | None,
        state: files.State | None,
        former: _Page | None,
        rest: Rest,
    ) -> float:
        """Return how long an outside change still needs to come to rest, 0 where none does."""
        if former is not None and former.raw == raw:
            return 0.0
        mark = read_mark(path)
        if mark == state:
            return 0.0  # another process's write, or nobody ever wrote
        rest.look(raw, state)
        half = looks_half_written(path, raw, former.raw if former else None, mark)
        return rest.missing(PATIENCE if half else QUIET)

    def _refuse_emptied(self, path: Path, raw: bytes | None, state: files.State | None) -> None:
        """A page emptied outside may be an editor's, still at work: nothing is written to it."""
        if raw is None or raw.strip():
            return
        mark = read_mark(path)
        if mark is not None and mark.size and mark != state:
            raise DocumentError(
                f"it is empty, and was {mark.size} bytes long; save it again, or delete the file "
                "to start anew",
                line=1,
            )

    def _page(self, path: Path, raw: bytes, state: files.State) -> _Page:
        seen = self._seen.get(path)
        if seen is not None and seen.raw == raw:
            return seen
        page = _Page(raw, _decoded(raw, path))
        if read_mark(path) == state:
            self._seen.put(path, page)
        return page

    def _write(
        self,
        user_id: str,
        kind: str,
        path: Path,
        page: _Page,
        still: Callable[[], bool] | None = None,
    ) -> bool:
        self._prepare(user_id, kind, path.parent)
        written = files.write(path, page.raw, synced=self._synced, still=still)
        if written is None:
            return False
        write_mark(path, written)
        self._seen.put(path, page)
        return True

    def _prepare(self, user_id: str, kind: str, folder: Path) -> None:
        """Make the folder of a page; remove what a killed writer left in it. The lock is held."""
        agent_name = agent_name_of(kind)
        if agent_name is None:
            self.users.prepare(user_id, folder)
            return
        self.users.prepare(user_id, self.users.of(user_id))
        if self._swept.get(folder) and files.is_folder(folder):
            return
        files.make_folder(folder, synced=self._synced)
        files.sweep(folder)
        if is_cut(folder.name) and files.state_of(folder / _AGENT_NAME_FILE) is None:
            files.write(folder / _AGENT_NAME_FILE, agent_name.encode(), synced=self._synced)
        self._swept.put(folder, True)

    def _remove_folder(self, folder: Path) -> None:
        """Remove the folder of a notebook that is gone; what a person put into it stays."""
        self._swept.drop(folder)
        with suppress(OSError):
            (folder / ".previous").rmdir()
        if set(_names(folder)) <= {_AGENT_NAME_FILE}:
            with suppress(OSError):
                (folder / _AGENT_NAME_FILE).unlink(missing_ok=True)
                folder.rmdir()

    def _keep(self, path: Path, page: _Page) -> None:
        """Keep the text before a compaction or an outside change."""
        previous = previous_path(path)
        files.make_folder(previous.parent, synced=False)
        files.write(previous, page.raw, synced=False)


def _names(folder: Path) -> list[str]:
    """Return the names in the folder, none where it is missing; a symbolic link is refused."""
    files.is_folder(folder)
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.failed("list the documents in", folder, error) from error


def _notebook_in(folder: Path) -> str | None:
    """Return the kind of the notebook in the folder, None where there is none by our naming."""
    name = folder.name
    if is_cut(name):
        found = files.read(folder / _AGENT_NAME_FILE) if files.is_folder(folder) else None
        kind = notebook_kind(found[0].decode(errors="replace")) if found else ""
    else:
        kind = NOTEBOOKS + name
    if notebook_folder(kind) != name or not files.is_folder(folder):
        return None
    return kind if files.state_of(folder / _NOTEBOOK) is not None else None


def _as_page(text: str) -> _Page:
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        text = clean(text)
        raw = text.encode()
    return _Page(raw, text)


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise DocumentError(
            f"not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8",
            line=before.count(b"\n") + 1,
            column=len(before) - before.rfind(b"\n"),
            location=str(path),
        ) from None


def _version(page: _Page) -> Version:
    return hashlib.blake2b(page.raw, digest_size=16).hexdigest()
