"""Where the databases of users are: in each user's folder, in one file, or in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from diarist.backends import files
from diarist.backends.database import owner_of
from diarist.backends.folders import UserFolders, joined

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE = "diary.db"


class Places(Protocol):
    """Where each user's database is."""

    def path(self, user_id: str) -> Path | None:
        """Return the file, None for a database in memory."""
        ...

    def opening(self, user_id: str) -> AbstractContextManager[None]:
        """Guard the opening of a database, and make what it needs."""
        ...

    def is_owned(self) -> bool:
        """Say whether one file is one owner's, whose id it holds."""
        ...

    def list_users(self) -> list[str] | None:
        """Return every user who has a database, sorted; None for those whose database is open."""
        ...


class Folders:
    """A file in each user's folder."""

    def __init__(self, users: UserFolders) -> None:
        self._users = users

    def path(self, user_id: str) -> Path:
        """Return the file in the user's folder."""
        return joined(self._users.of(user_id), FILE)

    @contextmanager
    def opening(self, user_id: str) -> Generator[None]:
        """Hold the lock of the user's databases, and make the folder."""
        with self._users.locked(user_id, ".db"):  # so that nobody deletes the folder meanwhile
            self._users.make(user_id, self._users.of(user_id))
            yield

    def is_owned(self) -> bool:
        """Say no: each user has a file."""
        return False

    def list_users(self) -> list[str]:
        """Return every user whose folder has one, sorted."""
        return [
            user for user in self._users.list_users() if files.state_of(self.path(user)) is not None
        ]


class File:
    """One file, which holds its owner's id."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self, user_id: str) -> Path:
        """Return the file."""
        return self._path

    @contextmanager
    def opening(self, user_id: str) -> Generator[None]:
        """Hold the lock of the file's folder, and make it."""
        files.make_folder(self._path.parent, synced=True)
        with files.locked_folder(self._path.parent):
            yield

    def is_owned(self) -> bool:
        """Say yes: the first who writes owns it."""
        return True

    def list_users(self) -> list[str]:
        """Return the owner."""
        if files.state_of(self._path) is None:
            return []
        owner = owner_of(self._path)
        return [] if owner is None else [owner]


class Nowhere:
    """Databases in memory, for as long as the process keeps them open."""

    def path(self, user_id: str) -> None:
        """Return None: there is no file."""
        return

    @contextmanager
    def opening(self, user_id: str) -> Generator[None]:
        """Need nothing."""
        yield

    def is_owned(self) -> bool:
        """Say no: each user has a database."""
        return False

    def list_users(self) -> None:
        """Return None: those are the open ones."""
        return
