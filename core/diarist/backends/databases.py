"""Open SQLite databases, one for each user: shared by threads, never by processes.

Writers of one user that come at the same time share a transaction, and so one wait for the disk. A
connection whose file is no longer the one at its path is dropped: an unlinked database would take
writes and lose them. Before a fork all files are closed, and opened again where they are needed:
SQLite takes a lock that the parent holds for the child's own.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import weakref
from collections import OrderedDict, deque
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from diarist.backends import files, repair
from diarist.backends.statements import schema
from diarist.errors import BackendError, DamagedError, InvalidIdError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path
    from sqlite3 import Connection

T = TypeVar("T")

MOST_OPEN = 64
BUSY_TIMEOUT = 30.0  # seconds
_ADVICE = {
    "disk is full": "free some space and try again",
    "readonly": "make it and its folder writable",
    "read-only": "make it and its folder writable",
    "locked": "another program has held it for too long; try again",
    "disk i/o": "look at the disk; nothing was changed",
    "unable to open": "look at the rights of its folder",
}
_OWNER = "SELECT value FROM about WHERE name = 'owner'"
_DAMAGE = ("malformed", "not a database", "file is encrypted", "disk image")


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


Work: TypeAlias = "Callable[[Connection], T]"


class _Job(Generic[T]):
    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.done = False
        self.stale = False
        self.result: T
        self.error: BaseException | None = None

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result


class Databases:
    """The open databases, the ones used last kept open.

    Args:
        places: where they are.
        synced: wait until the disk has each commit.
    """

    def __init__(self, places: Places, *, synced: bool) -> None:
        self._places = places
        self._synced = synced
        self._forget_all()
        _every.add(self)

    def _forget_all(self) -> None:
        """Start with nothing open; what a parent process had open is neither used nor closed."""
        _abandoned.append(getattr(self, "_open", None))
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Database] = OrderedDict()

    def write(self, user_id: str, work: Work[T]) -> T:
        """Return what `work` returns, once it is committed; an error of it changes nothing."""
        job = _Job(work)
        self._write(user_id, [job])  # pyright: ignore[reportArgumentType]
        return job.outcome()

    def change(self, user_id: str, work: Work[T]) -> T | None:
        """Do the same where the user has a database; make none."""
        job = _Job(work)
        self._write(user_id, [job], make=False)  # pyright: ignore[reportArgumentType]
        return job.outcome() if job.done else None

    def write_all(
        self, user_id: str, works: Sequence[Work[Any]]
    ) -> list[tuple[Any, BaseException | None]]:
        """Do all of them in one transaction; return a result or an error for each."""
        jobs = [_Job(work) for work in works]
        self._write(user_id, jobs)
        return [(job.result if job.error is None else None, job.error) for job in jobs]

    def _write(self, user_id: str, jobs: list[_Job[Any]], *, make: bool = True) -> None:
        while jobs:
            database = self._database(user_id, make=make)
            if database is None:
                return
            database.take(jobs)
            jobs = [job for job in jobs if job.stale]
            if jobs:
                self._drop(user_id, database)
                for job in jobs:
                    job.stale = job.done = False

    def read(self, user_id: str, work: Work[T]) -> T | None:
        """Return what `work` returns, None where the user has no database."""
        while True:
            database = self._database(user_id, make=False)
            if database is None:
                return None
            with database.lock:
                if not database.is_stale():
                    return database.read(work)
            self._drop(user_id, database)

    def remove(self, user_id: str, last_look: Callable[[Connection], T]) -> T | None:
        """Unlink a user's database; nobody can write to it after `last_look`.

        The files go while the database's own lock is held, and every writer compares its file with
        the one at the path once it holds that lock. Nobody opens a new one before the last is gone.
        """
        while True:
            database = self._database(user_id, make=False)
            if database is None:
                self._sweep(user_id)
                return None
            with self._places.opening(user_id), database.lock:
                if not database.is_stale():
                    seen = database.unlink(last_look)
                    self._drop(user_id, database)
                    return seen
            self._drop(user_id, database)

    def users(self) -> list[str]:
        """Return every user who has a database, sorted."""
        found = self._places.list_users()
        if found is None:
            with self._lock:
                found = sorted(self._open)
        return found

    def compact(self, user_id: str) -> None:
        """Give back the space of what was removed, so that no file holds its words."""
        while True:
            database = self._database(user_id, make=False)
            if database is None:
                return
            with database.lock:
                if not database.is_stale():
                    database.compact()
                    return
            self._drop(user_id, database)

    def fault(self, user_id: str) -> str | None:
        """Return what is wrong with a user's database, None where it is sound or there is none.

        Raises:
            DamagedError: it can't even be opened.
        """
        return self.change(user_id, repair.fault_of)

    def repair(self, user_id: str) -> repair.Repair | None:
        """Save what can be read of a damaged database, and move it aside; leave a sound one."""
        try:
            if self.fault(user_id) is None:
                return None
        except DamagedError:
            pass
        path = self._places.path(user_id)
        assert path is not None
        with self._lock:
            database = self._open.pop(user_id, None)
        if database is not None:
            with database.lock:
                database.close()
        with self._places.opening(user_id):
            return repair.repair(path, synced=self._synced)

    def close(self) -> None:
        """Close everything."""
        with self._lock:
            opened, self._open = self._open, OrderedDict()
        for database in opened.values():
            with database.lock:
                database.close()

    def close_files(self) -> None:
        """Close everything but what is in memory."""
        with self._lock:
            opened = [each for each in self._open.items() if each[1].path is not None]
            for user_id, _ in opened:
                del self._open[user_id]
        for _, database in opened:
            with database.lock:
                database.close()

    # ------------------------------------------------------------ how

    def _database(self, user_id: str, *, make: bool) -> _Database | None:
        with self._lock:
            database = self._open.get(user_id)
            if database is not None:
                self._open.move_to_end(user_id)
                return database
            path = self._places.path(user_id)
            if path is None and not make:
                return None
            if path is None:
                with self._places.opening(user_id):
                    return self._open.setdefault(user_id, _Database(None, synced=False))
        if not make and files.state_of(path) is None:
            return None
        # Opened without this lock, for it may have to wait for a lock that somebody else holds.
        with _openings.one():
            with self._places.opening(user_id):
                opened = _Database(path, synced=self._synced)
            if self._places.is_owned() and not opened.is_of(user_id, claim=make):
                return None
            with self._lock:
                database = self._open.setdefault(user_id, opened)
                surplus = self._surplus()
            if database is not opened:  # another thread was quicker
                opened.close()
        for old in surplus:
            old.close()
            old.lock.release()
        return database

    def _surplus(self) -> list[_Database]:
        """Take the databases used longest ago, and not just now, out; their locks are held."""
        found: list[_Database] = []
        for user_id in list(self._open)[: max(len(self._open) - MOST_OPEN, 0)]:
            database = self._open[user_id]
            if database.path is not None and database.lock.acquire(blocking=False):
                del self._open[user_id]
                found.append(database)
        return found

    def _sweep(self, user_id: str) -> None:
        """Remove what a killed `remove` left beside a database that is gone."""
        path = self._places.path(user_id)
        left = [each for each in _files_of(path) if files.state_of(each) is not None]
        if path is None or not left:
            return
        with self._places.opening(user_id):
            if files.state_of(path) is None:
                for each in left:
                    each.unlink(missing_ok=True)

    def _drop(self, user_id: str, database: _Database) -> None:
        with self._lock:
            if self._open.get(user_id) is database:
                del self._open[user_id]


class _Openings:
    """Counts the databases that are being opened: a fork waits for them, and they for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @contextmanager
    def one(self) -> Generator[None]:
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        self._changed.acquire()
        self._changed.wait_for(lambda: not self._count)

    def go_on(self) -> None:
        self._changed.release()


_openings = _Openings()
_abandoned: list[object] = []
"""A connection must not even be closed in a forked child; here it is never collected."""
_every: weakref.WeakSet[Databases] = weakref.WeakSet()


def _close_before_fork() -> None:
    _openings.stop()
    for databases in list(_every):
        databases.close_files()


def _go_on() -> None:
    _openings.go_on()


def _forget_in_child() -> None:
    global _openings
    _openings = _Openings()
    for databases in list(_every):
        databases._forget_all()  # pyright: ignore[reportPrivateUsage]


os.register_at_fork(
    before=_close_before_fork, after_in_parent=_go_on, after_in_child=_forget_in_child
)


class _Database:
    """One open database; every method but `take` is called with the lock held."""

    def __init__(self, path: Path | None, *, synced: bool) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._jobs: deque[_Job[Any]] = deque()
        with self._errors():
            self._connection = _connected(path, synced=synced)
            try:
                self._inode = _inode(path)
                self._migrate()
            except BaseException:
                self._connection.close()
                raise
        self._is_closed = False

    def is_of(self, user_id: str, *, claim: bool) -> bool:
        """Say whether the file is the user's; with `claim`, a file of nobody becomes theirs.

        Raises:
            InvalidIdError: it is another's, and was claimed.
        """
        with self._errors():
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
        return self._is_closed or _inode(self.path) != self._inode

    def take(self, jobs: list[_Job[Any]]) -> None:
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
        with self._errors():
            self._connection.execute("BEGIN")
            try:
                return work(self._connection)
            finally:
                self._roll_back()

    def unlink(self, last_look: Callable[[Connection], T]) -> T:
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                seen = last_look(self._connection)
                for path in _files_of(self.path):
                    path.unlink(missing_ok=True)
            finally:
                self._roll_back()
                self.close()
        return seen

    def compact(self) -> None:
        with self._errors():
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
                self._connection.execute("BEGIN IMMEDIATE")
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

    def _do(self, job: _Job[Any], *, alone: bool) -> None:
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
            self._connection.execute("BEGIN IMMEDIATE")
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
            if isinstance(error, BackendError):
                raise
            assert self.path is not None
            raise files.failed("use", self.path, error) from error


def owner_of(path: Path) -> str | None:
    """Return whose file it is, None where it does not say."""
    with _openings.one():
        database = _Database(path, synced=False)
        with database.lock:
            row = database.read(lambda connection: connection.execute(_OWNER).fetchone())
            database.close()
    return row[0] if row else None


def _settle(jobs: list[_Job[Any]], *, stale: bool) -> None:
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


def _inode(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _files_of(path: Path | None) -> list[Path]:
    """Return a database and what SQLite keeps beside it."""
    if path is None:
        return []
    return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]


def _told(path: Path | None, error: sqlite3.Error) -> BackendError:
    """Return SQLite's refusal in one sentence, with what to do."""
    reason = str(error).lower()
    place = path or "the database in memory"
    if any(word in reason for word in _DAMAGE):
        return DamagedError(place, reason)
    advice = next((advice for word, advice in _ADVICE.items() if word in reason), None)
    return BackendError(f"can't use {place}: {reason}" + (f"; {advice}" if advice else ""))
