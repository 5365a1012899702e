"""LangGraph's long-term store in a diary: `DiaryStore`, blocking and async in one class."""

from __future__ import annotations

import os
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from langgraph.store.base import BaseStore, validate_op_namespace

from diarist.adapters import check_operations, open_at, open_diary, whose
from langchain_diarist.indexing import Index, Unindexed
from langchain_diarist.operations import operation_of, owner_of, result_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import TracebackType

    from langgraph.store.base import Embeddings, IndexConfig, Op, Result, TTLConfig

    from diarist import Diary, SyncDiary
    from diarist.adapters import AnyDiary
    from langchain_diarist.indexing import Vectors
    from langchain_diarist.operations import Operation, Owner


class DiaryStore(BaseStore):
    """Keep what LangGraph stores in a diary, as its notes.

    Every owner is a user of the diary: `export_user` and `delete_user` cover what is stored for
    them. A batch is done wholly or not at all for each owner; its reads see the state before. What
    has expired is hidden at once, whatever `omit_expired` says. Without `query` the item put last
    comes first. With a query the items that fit come first, by vectors where there is an `index`,
    else by words; those that don't fit follow, with a score of None.

    Args:
        path: where the diary is: a folder, a server's address, a backend; None, without `diary`, is
            a private store in memory.
        diary: the diary, instead of a place.
        owner: whose diary: one user for every namespace, or a function from a namespace to a
            user id, which reads the first labels only: `lambda ns: read_label(ns[1])`.
        index: LangGraph's `IndexConfig`: `embed`, `dims`, `fields`. Needs numpy.
        ttl: LangGraph's `TTLConfig`: `default_ttl` in minutes, `refresh_on_read`.

    Raises:
        TypeError: both `path` and `diary` are given, or an argument is of another kind.

    Example:
        >>> from langchain_diarist import DiaryStore, read_label, safe_label
        >>> store = DiaryStore(owner=lambda namespace: read_label(namespace[1]))
        >>> mine = ("memories", safe_label("a@b.com"))
        >>> store.put(mine, "nuts", {"text": "allergic to walnuts"})
        >>> store.search(mine, query="walnuts")[0].key
        'nuts'
        >>> store.diary.sync.list_users()
        ['a@b.com']
    """

    supports_ttl = True

    def __init__(
        self,
        path: AnyDiary = None,
        *,
        diary: Diary | SyncDiary | None = None,
        owner: Owner = "langgraph",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        super().__init__()
        if path is not None and diary is not None:
            raise TypeError("DiaryStore takes a path or diary=, not both")
        if isinstance(owner, str):
            whose(owner)
        elif not callable(owner):  # pyright: ignore[reportUnnecessaryComparison]
            raise TypeError(f"owner= is a user id or a function of a namespace, not {owner!r}")
        if not isinstance(ttl, dict | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f'ttl= is a TTLConfig, such as {{"default_ttl": 60}}, not {ttl!r}')
        if not isinstance(index, dict | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f'index= is an IndexConfig, such as {{"embed": …, "dims": 384}}, not {index!r}'
            )
        self.diary = open_diary(path if diary is None else diary)
        self.ttl_config = ttl
        self._owner = owner
        self._index = None if index is None else Index(index)
        self._unindexed = Unindexed(self.diary.embedder is not None)
        self._notes = self.diary.sync.notes

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str | os.PathLike[str],
        *,
        owner: Owner = "langgraph",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> Self:
        """Return a store at a place: for `with` and `async with`, and without them.

        ":memory:" is private, in memory. A file that exists, and a name that ends in .db, .sqlite
        or .sqlite3, is one file, which has one owner. Anything else is a diary's folder, or the
        address of a server, such as `postgresql://user@host/database`.

        Args:
            conn_string: the place, as above.
            owner: as of the class, and so are the others.
            index: what embeds.
            ttl: when items expire.
        """
        is_private = os.fspath(conn_string) == ":memory:"
        diary = None if is_private else open_at(conn_string)
        return cls(diary=diary, owner=owner, index=index, ttl=ttl)

    @property
    def index_config(self) -> IndexConfig | None:
        """The index it was given."""
        return None if self._index is None else self._index.config

    @property
    def embeddings(self) -> Embeddings | None:
        """What embeds, None without an index."""
        return None if self._index is None else self._index.embeddings

    def setup(self) -> Done:
        """Do nothing: a diary makes what it needs. May be awaited."""
        return Done()

    # ------------------------------------------------------------ operations

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do all operations of each owner, or none; reads see the state before.

        Raises:
            InvalidNamespaceError: a label is not legal, or a namespace does not reach its owner.
            TypeError: a value is nothing that JSON can hold; it names the path in it.
            ValueError: a filter, a time to live or an operation can't be used.
        """
        ops = _checked(ops)
        vectors = self._unindexed if self._index is None else self._index.embedded(ops)
        found: dict[int, Any] = {}
        for owner, numbers, operations in self._shares(ops, vectors):
            found.update(zip(numbers, self._notes.batch(owner, operations), strict=True))
        return [result_of(op, found[number]) for number, op in enumerate(ops)]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do the same without blocking the loop."""
        ops = _checked(ops)
        vectors = self._unindexed if self._index is None else await self._index.aembedded(ops)
        found: dict[int, Any] = {}
        for owner, numbers, operations in self._shares(ops, vectors):
            results = await self.diary.notes.batch(owner, operations)
            found.update(zip(numbers, results, strict=True))
        return [result_of(op, found[number]) for number, op in enumerate(ops)]

    def _shares(
        self, ops: list[Op], vectors: Vectors
    ) -> list[tuple[str, list[int], list[Operation]]]:
        """Return each owner with the numbers of their operations, and what the diary is to do."""
        if len(ops) == 1:
            return [(owner_of(ops[0], self._owner), [0], [operation_of(ops[0], vectors)])]
        shares: dict[str, tuple[list[int], list[Operation]]] = {}
        for number, op in enumerate(ops):
            numbers, operations = shares.setdefault(owner_of(op, self._owner), ([], []))
            numbers.append(number)
            operations.append(operation_of(op, vectors))
        if len(shares) > 1:  # what can't be stored for one is not stored for the others
            for _, operations in shares.values():
                check_operations(operations)
        return [(owner, *share) for owner, share in shares.items()]

    # ------------------------------------------------------------ time to live

    def sweep_ttl(self) -> Swept:
        """Remove what has expired, bytes and all, and return how many items. May be awaited.

        What has expired is hidden before that, and removed at its owner's next write.
        """
        return Swept(sum(self._notes.cleanup(owner, timedelta.max) for owner in self._owners()))

    async def asweep_ttl(self) -> int:
        """Do the same without blocking the loop."""
        users = [self._owner] if isinstance(self._owner, str) else await self.diary.list_users()
        return sum([await self.diary.notes.cleanup(user, timedelta.max) for user in users])

    def _owners(self) -> list[str]:
        return [self._owner] if isinstance(self._owner, str) else self.diary.sync.list_users()

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Done:
        """Do nothing: what has expired is hidden without a thread. It is done at once.

        Args:
            sweep_interval_minutes: is not needed.
        """
        return Done()

    def stop_ttl_sweeper(self, timeout: float | None = None) -> Swept:
        """Say that no sweeper runs, which is true. May be awaited.

        Args:
            timeout: is not needed.
        """
        return Swept(True)

    # ------------------------------------------------------------ its end

    def close(self) -> None:
        """Let go of what the diary holds open; nothing is lost without it."""
        self.diary.sync.close()

    async def aclose(self) -> None:
        """Do the same without blocking the loop."""
        await self.diary.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Done(Future[None]):
    """Something that is done: what waits for it, or awaits it, goes on at once."""

    def __init__(self) -> None:
        super().__init__()
        self.set_result(None)

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


class Swept(int):
    """A number that may be awaited, too."""

    def __await__(self) -> Generator[Any, Any, int]:
        yield from ()
        return int(self)


def _checked(ops: Iterable[Op]) -> list[Op]:
    """Return operations with legal labels."""
    found = list(ops)
    for op in found:
        validate_op_namespace(op)
    return found
