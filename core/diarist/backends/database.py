"""One SQLite database of one user, open: what its writers share, and what can go wrong with it."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from diarist.backends import files, openings, repair
from diarist.backends.statements import schema
from diarist.errors import BackendError, DamagedError, DiaristError, InvalidIdError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from sqlite3 import Connection

T = TypeVar("T")

BUSY_TIMEOUT = 30.0  # seconds
BUSY_POLL = 0.0005
_ADVICE = {
    "disk is full": "free some space and try again",
    "readonly": "make it and its folder writable",
    "read-only": "make it and its folder writable",
    "locked": "another program has held it for too long; try again",
    "disk i/o": "look at the disk; nothing was changed",
    "unable to open": "look at the rights of its folder",
}
_OWNER = "SELECT value FROM about WHERE name = 'owner'"
_DAMAGE = ("malformed", "could not decode", "not a database", "file is encrypted", "disk image")


Work: TypeAlias = "Callable[[Connection], T]"


class Job(Generic[T]):
    """Something to be done in a transaction, and what came of it."""

    def __init__(self, work: Work[T], *, lasting: bool = True) -> None:
        self.work = work
        self.lasting = lasting
        self.done = False
        self.stale = False
        self.result: T
        self.error: BaseException | None = None

    def outcome(self) -> T:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


class Database:
    """One open database; every method but `take` is called with the lock held."""

    def __init__(self, path: Path | None, *, synced: bool) -> None:
        self.path = path
        self._place = None if path is None else os.fspath(path)
        self.lock = threading.RLock()
        self._jobs: deque[Job[Any]] = deque()
        self._synced = self._syncs_now = synced
        with self._errors():
            self._connection = _connected(path, synced=synced)
            try:
                self._inode = _inode(path)
                self._migrate()
            except BaseException:
                self._connection.close()
                raise
            self._connection.execute("PRAGMA busy_timeout = 0")
        self._is_closed = False

    def is_of(self, user_id: str, *, claim: bool) -> bool:
        """Say whether the file is the user's; with `claim`, a file of nobody becomes theirs.

        Raises:
            InvalidIdError: it is another's, and was claimed.
        """
        with self._errors(), self._waiting():
            if claim:
                self._connection.execute(
                    "INSERT INTO about (name, value) VALUES ('owner', ?) ON CONFLICT DO NOTHING",
                    (user_id,),
                )
            found = self._connection.execute(_OWNER).fetchone()
        if found == (user_id,):
            return True
        self.close()
        if claim:
            raise InvalidIdError(
                f"{self.path} is the file of {found[0]!r}, not of {user_id!r}: one file, one owner"
            )
        return False

    def is_stale(self) -> bool:
        """Say whether this is no longer the database at the path."""
        return self._is_closed or _inode(self._place) != self._inode

    def take(self, jobs: list[Job[Any]]) -> None:
        """Do jobs; those of others that wait meanwhile are done in the same transaction."""
        self._jobs.extend(jobs)
        try:
            with self.lock:
                if not jobs[-1].done:
                    self._do_all()
        except BaseException:  # interrupted while it waited: nobody shall do them later
            for job in jobs:
                with suppress(ValueError):
                    self._jobs.remove(job)
            raise

    def read(self, work: Work[T]) -> T:
        """Return what `work` returns, of one state of the database."""

        def step() -> T:
            self._connection.execute("BEGIN")
            try:
                return work(self._connection)
            finally:
                self._roll_back()

        with self._errors():
            return self._patiently(step)

    def read_once(self, work: Work[T]) -> T:
        """Return what `work`, which is one statement, returns."""
        try:
            return work(self._connection)
        except sqlite3.DatabaseError:
            with self._errors():
                return self._patiently(lambda: work(self._connection))

    def unlink(self, last_look: Callable[[Connection], T]) -> T:
        """Remove the files, while nobody can write, and return what `last_look` returned."""
        with self._errors():
            self._begin()
            try:
                seen = last_look(self._connection)
                for path in files_of(self.path):
                    path.unlink(missing_ok=True)
            finally:
                self._roll_back()
                self.close()
        return seen

    def compact(self) -> None:
        """Give back the space of what was removed."""
        with self._errors(), self._waiting():
            for index in repair.INDEXES:
                self._connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
            free, pages = (
                self._connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("freelist_count", "page_count")
            )
            if free * 4 > pages:
                self._connection.execute("VACUUM")
            is_held, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_held:
                raise BackendError(
                    f"what was removed still stands in {self.path}-wal, which another program "
                    "reads; clean up again"
                )

    def close(self) -> None:
        """Close the connection; whoever waits for this database opens it again."""
        self._is_closed = True
        self._connection.close()

    # ------------------------------------------------------------ how

    def _do_all(self) -> None:
        jobs = [self._jobs.popleft() for _ in range(len(self._jobs))]
        is_begun = False
        try:
            if self._is_closed:
                _settle(jobs, stale=True)
                return
            with self._errors():
                self._sync_next(any(job.lasting for job in jobs))
                self._begin()
                if self.is_stale():
                    self._roll_back()
                    _settle(jobs, stale=True)
                    return
                is_begun = True
                for job in jobs:
                    self._do(job, alone=len(jobs) == 1)
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")
        except BaseException as error:
            is_committed = is_begun and not self._connection.in_transaction
            self._roll_back()
            if isinstance(error, Exception):
                for job in jobs:
                    job.error = job.error or error
                return
            if not is_committed:  # the caller was interrupted; the others try again
                _settle(jobs, stale=True)
            raise
        finally:
            for job in jobs:
                job.done = True

    def _do(self, job: Job[Any], *, alone: bool) -> None:
        """Do one job of a transaction; its own failure is no other's."""
        if alone:
            job.result = job.work(self._connection)
            return
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._connection)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - its caller gets it
            self._connection.execute("ROLLBACK TO job")
            job.error = error
        self._connection.execute("RELEASE job")

    def _sync_next(self, lasting: bool) -> None:
        """Have the next commit wait for the disk, or not."""
        if self._syncs_now != (self._synced and lasting):
            self._syncs_now = not self._syncs_now
            self._connection.execute(
                f"PRAGMA synchronous = {'FULL' if self._syncs_now else 'NORMAL'}"
            )

    def _begin(self) -> None:
        """Begin to write, as soon as nobody else does."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"))

    def _patiently(self, step: Callable[[], T]) -> T:
        """Return what `step` returns, tried again for as long as somebody else is in its way.

        SQLite's own wait grows to a tenth of a second, and a writer in a tight loop would keep
        others out for as long as it likes.
        """
        until = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                return step()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(BUSY_POLL)

    @contextmanager
    def _waiting(self) -> Generator[None]:
        """Have SQLite wait by itself, in statements that can't be tried again as they are."""
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA busy_timeout = 0")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _migrate(self) -> None:
        version = self._version()
        while version != schema.VERSION:
            if version > schema.VERSION:
                raise BackendError(
                    f"{self.path} was written by a newer diarist (version {version}, this one "
                    f"knows {schema.VERSION}): upgrade diarist"
                )
            self._begin()
            try:
                version = self._version()
                if version == 0:
                    schema.create(self._connection)
                elif version < schema.VERSION:
                    schema.MIGRATIONS[version](self._connection)
                    self._connection.execute(f"PRAGMA user_version = {version + 1}")
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            version = self._version()

    def _version(self) -> int:
        return self._connection.execute("PRAGMA user_version").fetchone()[0]

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _told(self.path, error) from error
        except OSError as error:
            if isinstance(error, DiaristError):
                raise
            assert self.path is not None
            raise files.failed("use", self.path, error) from error


def owner_of(path: Path) -> str | None:
    """Return whose file it is, None where it does not say."""
    with openings.one():
        database = Database(path, synced=False)
        with database.lock:
            row = database.read(lambda connection: connection.execute(_OWNER).fetchone())
            database.close()
    return row[0] if row else None


def _settle(jobs: list[Job[Any]], *, stale: bool) -> None:
    for job in jobs:
        job.stale = stale


def _connected(path: Path | None, *, synced: bool) -> Connection:
    is_new = path is not None and _made(path)
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    if not is_new and path is not None:
        _refuse_foreign(connection, path)
    for pragma in (
        "journal_mode = WAL",
        f"synchronous = {'FULL' if synced else 'NORMAL'}",
        "secure_delete = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if is_new and synced and path is not None:
        files.sync_folder(path.parent)
    return connection


def _refuse_foreign(connection: Connection, path: Path) -> None:
    """Leave another program's database as it is; nothing has been set in it yet."""
    tables, ours = connection.execute(
        "SELECT count(*), sum(name = 'about') FROM sqlite_master WHERE type = 'table'"
    ).fetchone()
    if tables and not ours:
        connection.close()
        raise BackendError(
            f"{path} is a database of another program; name another file (`diarist migrate` "
            "brings over what it knows)"
        )


def _made(path: Path) -> bool:
    """Make an empty file for its owner only, unless there is one, and say whether it is new.

    One that is there is not opened: closing it would drop every lock that SQLite holds on it in
    this process, and another process would then take the log away from under an open database.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        # SQLite would go on, and leave a log beside it that stays read-only.
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES)) from None
        return False
    return True


def _inode(path: Path | str | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def files_of(path: Path | None) -> list[Path]:
    """Return a database, what SQLite keeps beside it, and what a repair moved aside."""
    if path is None:
        return []
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]
    return [path, *beside, *path.parent.glob(f"{path.name}.damaged-*")]


def _told(path: Path | None, error: sqlite3.Error) -> BackendError:
    """Return SQLite's refusal in one sentence, with what to do."""
    reason = str(error).lower()
    place = path or "the database in memory"
    if any(word in reason for word in _DAMAGE):
        return DamagedError(place, reason)
    advice = next((advice for word, advice in _ADVICE.items() if word in reason), None)
    return BackendError(f"can't use {place}: {reason}" + (f"; {advice}" if advice else ""))
