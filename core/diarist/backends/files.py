"""Files that are whole or not there: durable writes, reads that never follow a link, locks.

Every function blocks and raises `BackendError` with the path and the reason.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from diarist.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

LOCK_TIMEOUT = 60.0  # seconds
LOCK_POLL = 0.001
TEMPORARY = ".tmp"

_numbers = itertools.count()


class State(NamedTuple):
    """What tells two states of a file apart without reading it."""

    modified: int  # nanoseconds since the epoch
    size: int
    inode: int


def failed(action: str, path: Path, error: OSError) -> BackendError:
    """Return the error for a refusal of the operating system, in one sentence."""
    if error.errno == errno.ELOOP:
        reason = "it is a symbolic link, which diarist does not follow"
    else:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
    refusal = BackendError(f"can't {action} {path}: {reason}")
    refusal.errno = error.errno
    return refusal


def state_of(path: Path) -> State | None:
    """Return the state of the file, None where there is none."""
    try:
        return _state(os.lstat(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failed("read", path, error) from error


def read(path: Path) -> tuple[bytes, State] | None:
    """Return the bytes of the file and its state, None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - closes the descriptor
            found = os.fstat(descriptor)
            return file.read(), _state(found)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failed("read", path, error) from error


def write(
    path: Path, content: bytes, *, synced: bool, still: Callable[[], bool] | None = None
) -> State | None:
    """Replace the file in one step: it holds the old bytes or the new ones, also after a crash.

    Args:
        path: the file; its folder exists.
        content: the new bytes.
        synced: wait until the disk has them (a power loss then loses nothing).
        still: asked at the last moment; where it says no, nothing is written.

    Returns:
        The state of the new file, None where `still` said no.
    """
    name = f".{path.name}.{os.getpid()}.{next(_numbers)}{TEMPORARY}"
    temporary: str | None = f"{path.parent}{os.sep}{name}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - closes the descriptor
                file.write(content)
                file.flush()
                if synced:
                    os.fsync(descriptor)
                written = _state(os.fstat(descriptor))
            if still is not None and not still():
                return None
            os.replace(temporary, path)  # noqa: PTH105 - the same call, with less around it
            temporary = None
        finally:
            if temporary is not None:
                os.unlink(temporary)  # noqa: PTH108
        if synced:
            sync_folder(path.parent)
    except OSError as error:
        raise failed("write", path, error) from error
    return written


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, synced: bool) -> None:
    """Make the folder and those above it, readable by their owner only."""
    if is_folder(folder):
        return
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            if synced:
                sync_folder(path.parent)
        except OSError as error:
            raise failed("make the folder", path, error) from error


def is_folder(path: Path) -> bool:
    """Say whether there is a folder; a symbolic link in its place is refused."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failed("read", path, error) from error
    if stat.S_ISLNK(mode):
        raise failed("use", path, OSError(errno.ELOOP, "symbolic link"))
    return stat.S_ISDIR(mode)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left; the caller holds the lock, so nobody is writing."""
    try:
        with os.scandir(folder) as entries:
            left = [e.path for e in entries if e.name[0] == "." and e.name.endswith(TEMPORARY)]
        for path in left:
            os.unlink(path)  # noqa: PTH108
    except OSError as error:
        raise failed("clean up", folder, error) from error


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file `path`, against threads and processes, for the length of a `with` block.

    It goes with its process: what a killed one held is free.
    """
    with _holding(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW):
        yield


@contextmanager
def locked_folder(folder: Path) -> Generator[None]:
    """Hold the lock of a folder that exists; nothing is put into it."""
    with _holding(folder, os.O_RDONLY | os.O_DIRECTORY):
        yield


@contextmanager
def _holding(path: Path, flags: int) -> Generator[None]:
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise failed("lock", path, error) from error
    try:
        _wait_for(descriptor, path)
        try:
            yield
        finally:
            # In so many words: a child forked meanwhile still has the descriptor open.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path) -> None:
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise BackendError(
                    f"can't write: another process has held {path} for {LOCK_TIMEOUT:.0f} seconds"
                ) from None
            time.sleep(LOCK_POLL)
        except OSError as error:
            raise failed("lock", path, error) from error
        else:
            return


def _state(found: os.stat_result) -> State:
    return State(found.st_mtime_ns, found.st_size, found.st_ino)
