"""A folder for each user: where it is, whose it is, and the lock that guards it."""

from __future__ import annotations

import os
import re
import shutil
import zlib
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from diarist.backends import files
from diarist.backends.ids import check_user_id, folder_name, is_cut, user_id_of
from diarist.caching import BoundedCache
from diarist.errors import InvalidIdError

if TYPE_CHECKING:
    from collections.abc import Generator

_USER_ID_FILE = ".user_id"


class UserFolders:
    """The folders of all users below one root.

    Args:
        root: the folder of all users.
        synced: wait until the disk has what is made.
    """

    def __init__(self, root: str | os.PathLike[str], *, synced: bool) -> None:
        self.root = Path(root)
        self.synced = synced
        self._swept = BoundedCache[Path, bool](10_000, lambda _: 1)

    def of(self, user_id: str) -> Path:
        """Return the user's folder, whether it exists or not.

        A folder that another program made under the plain id, as TOMLDiary does, is used.

        Raises:
            InvalidIdError: nobody can have that id.
            BackendError: there is a symbolic link in its place.
        """
        path = joined(self.root, folder_name(user_id))
        if not files.is_folder(path) and _may_be_plain(user_id):
            plain = self.root / user_id
            if files.is_folder(plain):
                return plain
        return path

    def prepare(self, user_id: str, folder: Path) -> None:
        """Make the user's folder; remove what a killed writer left in it. The lock is held."""
        if self._swept.get(folder) and files.is_folder(folder):
            return
        if files.is_folder(folder):
            files.sweep(folder)
        else:
            self.make(user_id, folder)
        self._swept.put(folder, True)

    def make(self, user_id: str, folder: Path) -> None:
        """Make the user's folder, unless it is there."""
        if not files.is_folder(folder):
            files.make_folder(folder, synced=self.synced)
            if is_cut(folder.name):
                files.write(folder / _USER_ID_FILE, user_id.encode(), synced=self.synced)

    def remove_empty(self, user_id: str) -> None:
        """Remove the user's folder where nothing is left in it. The lock is held."""
        folder = self.of(user_id)
        with self.locked(user_id, ".db"):
            if not files.is_folder(folder):
                return
            if {path.name for path in folder.rglob("*") if not path.is_dir()} <= {_USER_ID_FILE}:
                shutil.rmtree(folder)
                self._swept.drop(folder)

    def list_users(self) -> list[str]:
        """Return the users that have a folder, sorted."""
        try:
            with os.scandir(self.root) as entries:
                names = [
                    entry.name
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failed("list the users in", self.root, error) from error
        return sorted({user for user in map(self._user_of, names) if user is not None})

    def _user_of(self, name: str) -> str | None:
        """Return whose folder it is, None where nobody can have that id."""
        if is_cut(name):
            found = files.read(self.root / name / _USER_ID_FILE)
            with suppress(UnicodeDecodeError, InvalidIdError):
                user_id = check_user_id(found[0].decode() if found else "")
                if folder_name(user_id) == name:
                    return user_id
            return None
        if (user_id := user_id_of(name)) is not None:
            return user_id
        return name if _may_be_plain(name) else None

    @contextmanager
    def locked(self, user_id: str, what: str = "") -> Generator[None]:
        """Hold the lock of the user's stripe, against threads and processes.

        Who holds the stripe of the pages may take that of the databases (`what` is ".db") too, and
        never the other way round.
        """
        stripe = zlib.crc32(check_user_id(user_id).encode()) & 0xFF
        folder = joined(self.root, ".locks")
        if not files.is_folder(folder):
            files.make_folder(folder, synced=self.synced)
        with files.locked(joined(folder, f"{stripe:02x}{what}")):
            yield


@lru_cache(maxsize=4096)
def joined(folder: Path, name: str) -> Path:
    """Return `folder / name`; the same few are asked for again and again."""
    return folder / name


def _may_be_plain(user_id: str) -> bool:
    """Say whether another program may have made a folder under the plain id."""
    try:
        check_user_id(user_id)
    except InvalidIdError:
        return False
    return (
        not re.search(r"[/\\]", user_id)
        and not is_cut(user_id)
        and not user_id.startswith(".")
        and len(user_id.encode()) < 256
        and user_id_of(user_id) is None
    )
