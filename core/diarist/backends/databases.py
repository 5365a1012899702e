"""Open SQLite databases, one for each user: shared by threads, never by processes.

Writers of one user that come at the same time share a transaction, and so one wait for the disk. A
connection whose file is no longer the one at its path is dropped: an unlinked database would take
writes and lose them. Before a fork all files are closed, and opened again where they are needed:
SQLite takes a lock that the parent holds for the child's own.
"""

from __future__ import annotations

import os
import resource
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

from diarist.backends import files, openings, repair
from diarist.backends.database import Database, Job, Work, files_of
from diarist.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Connection

    from diarist.backends.places import Places

T = TypeVar("T")

MOST_OPEN = max(16, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8, 256))
"""Databases that stay open. Each has up to three files: together well below what a process may
have open, of which there are 256 on some systems and 1,024 on most."""


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
        self._open: OrderedDict[str, Database] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def write(self, user_id: str, work: Work[T]) -> T:
        """Return what `work` returns, once it is committed; an error of it changes nothing."""
        job = Job(work)
        self._write(user_id, [job])  # pyright: ignore[reportArgumentType]
        return job.outcome()

    def change(self, user_id: str, work: Work[T], *, lasting: bool = True) -> T | None:
        """Do the same where the user has a database; make none.

        Args:
            user_id: whose.
            work: what to do.
            lasting: it must survive a power loss, where commits are synced at all. What does not
                have to reaches the disk with the next commit that has to.
        """
        job = Job(work, lasting=lasting)
        self._write(user_id, [job], make=False)  # pyright: ignore[reportArgumentType]
        return job.outcome() if job.done else None

    def write_all(
        self, user_id: str, works: Sequence[Work[Any]]
    ) -> list[tuple[Any, BaseException | None]]:
        """Do all of them in one transaction; return a result or an error for each."""
        jobs = [Job(work) for work in works]
        self._write(user_id, jobs)
        return [(job.result if job.error is None else None, job.error) for job in jobs]

    def _write(self, user_id: str, jobs: list[Job[Any]], *, make: bool = True) -> None:
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

    def read(self, user_id: str, work: Work[T], *, is_single: bool = False) -> T | None:
        """Return what `work` returns, None where the user has no database.

        Args:
            user_id: whose.
            work: what to do.
            is_single: it is one statement, which sees one state without a transaction.
        """
        while True:
            database = self._database(user_id, make=False)
            if database is None:
                return None
            with database.lock:
                if not database.is_stale():
                    return database.read_once(work) if is_single else database.read(work)
            self._drop(user_id, database)

    def remove(self, user_id: str, last_look: Callable[[Connection], T]) -> T | None:
        """Unlink a user's database; nobody can write to it after `last_look`.

        The files go while the database's own lock is held, and every writer compares its file with
        the one at the path once it holds that lock. Whoever opens it waits until they are gone. A
        damaged one, of which nothing can be told, goes all the same.

        Returns:
            What `last_look` returned; None where there was no database, or a damaged one.
        """
        try:
            return self._unlinked(user_id, last_look)
        except DamagedError:
            with self._lock:
                database = self._open.pop(user_id, None)
            with self._places.opening(user_id):
                if database is not None:
                    with database.lock:
                        database.close()
                for path in files_of(self._places.path(user_id)):
                    path.unlink(missing_ok=True)
            return None

    def _unlinked(self, user_id: str, last_look: Callable[[Connection], T]) -> T | None:
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

    def _database(self, user_id: str, *, make: bool) -> Database | None:
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
                    return self._open.setdefault(user_id, Database(None, synced=False))
        if not make and files.state_of(path) is None:
            return None
        # Opened without this lock, for it may have to wait for a lock that somebody else holds.
        with openings.one():
            with self._places.opening(user_id):
                opened = Database(path, synced=self._synced)
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

    def _surplus(self) -> list[Database]:
        """Take the databases used longest ago, and not just now, out; their locks are held."""
        found: list[Database] = []
        for user_id in list(self._open)[: max(len(self._open) - MOST_OPEN, 0)]:
            database = self._open[user_id]
            if database.path is not None and database.lock.acquire(blocking=False):
                del self._open[user_id]
                found.append(database)
        return found

    def _sweep(self, user_id: str) -> None:
        """Remove what a killed `remove` left beside a database that is gone."""
        path = self._places.path(user_id)
        left = [each for each in files_of(path) if files.state_of(each) is not None]
        if path is None or not left:
            return
        with self._places.opening(user_id):
            if files.state_of(path) is None:
                for each in left:
                    each.unlink(missing_ok=True)

    def _drop(self, user_id: str, database: Database) -> None:
        with self._lock:
            if self._open.get(user_id) is database:
                del self._open[user_id]


_abandoned: list[object] = []
"""A connection must not even be closed in a forked child; here it is never collected."""
_every: weakref.WeakSet[Databases] = weakref.WeakSet()


def _close_before_fork() -> None:
    openings.stop()
    for databases in list(_every):
        databases.close_files()


def _forget_in_child() -> None:
    openings.start_anew()
    for databases in list(_every):
        databases._forget_all()  # pyright: ignore[reportPrivateUsage]


os.register_at_fork(
    before=_close_before_fork, after_in_parent=openings.go_on, after_in_child=_forget_in_child
)
