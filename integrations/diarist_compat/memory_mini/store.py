"""memory-mini's `Store` over the notes of one owner: a file of their own, or a diary."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from diarist import KEEP, ConflictError, DeleteNote, GetNote, ListNotes, PutNote
from diarist.adapters import is_address, open_diary, open_file
from diarist_compat.memory_mini.entries import (
    DuplicateKeyError,
    Entry,
    entry_of,
    index_name,
    parts_of,
    time_of,
)
from diarist_compat.memory_mini.patterns import matching

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from diarist import Diary, Note
    from diarist.adapters import AnyDiary

OWNER = "memory-mini"
"""Whose notes they are, unless told otherwise."""
RETENTION = timedelta(days=30)
REGEX_TIMEOUT = 2.0
"""Seconds that a regular expression may take."""


class Store:
    """Keep texts under keys in namespaces; any thread or process may use one file.

    It differs from memory-mini's where that loses or shows what it should not:
    what `store` is not told stays as it was; reading writes nothing; what has expired is hidden
    from every search and removed by `cleanup`; any text may be searched for; with a
    `default_namespace` every call without `ns` means that one.

    Args:
        path: a file, made when something is first stored; ":memory:", a server's address, a
            backend, or a diary.
        default_namespace: where calls without `ns` store and look. Without it they store in and
            get from "default", and list and search everywhere, as memory-mini does.
        user_id: whose notes they are, in a diary.

    In its methods `key` and `ns` name an entry; `k` is how many entries to find at most;
    `include_deleted` finds hidden ones, too; `model` is the name of what made a vector.

    Example:
        >>> with Store() as memory:
        ...     done = memory.store("theme", "dark", "user/settings", metadata={"by": "Ana"})
        ...     done = memory.store("theme", "light", "user/settings")
        ...     entry = memory.get("theme", "user/settings")
        >>> entry.value, entry.metadata
        ('light', {'by': 'Ana'})
    """

    def __init__(
        self,
        path: AnyDiary = ":memory:",
        *,
        default_namespace: str | None = None,
        user_id: str = OWNER,
    ) -> None:
        self._default = parts_of(default_namespace) or ("default",)
        self._looks_everywhere = default_namespace is None
        self._owner = user_id
        self.diary = _opened(path)
        self._notes = self.diary.sync.notes

    @property
    def default_namespace(self) -> str:
        """Where `store` and `get` look without `ns`."""
        return "/".join(self._default)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; nothing is lost without it."""
        self.diary.sync.close()

    # ------------------------------------------------------------ one entry

    def store(
        self,
        key: str,
        value: str,
        ns: str | None = None,
        *,
        upsert: bool = True,
        metadata: Mapping[str, Any] | Any | None = KEEP,
        expires_at: datetime | str | Any | None = KEEP,
        embedding: Iterable[float] | Any | None = KEEP,
        embedding_model: str | None = None,
    ) -> Entry:
        """Put a text under a key, over what is there; what is not told stays as it was.

        Args:
            key: its name.
            value: the text.
            ns: the namespace.
            upsert: False refuses to put it over another, a soft-deleted one too.
            metadata: anything JSON can hold; None clears it.
            expires_at: when it is over; None is never.
            embedding: a vector to be found by; None removes it.
            embedding_model: whose embedding that is.

        Raises:
            DuplicateKeyError: there is one, and `upsert` is False. It is a
                `sqlite3.IntegrityError`, too.
            TypeError: something is of another type than it has to be; nothing is written.
            ValueError: `expires_at` is no time, or the embedding holds what it can't.
        """
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a value is a string, not {type(value).__name__}")
        if embedding_model is not None and embedding is KEEP:
            raise ValueError("embedding_model names whose the embedding is; pass embedding=, too")
        put = PutNote(
            self._place(ns),
            key,
            value,
            metadata,
            vectors=_vectors(embedding, embedding_model),
            if_absent=not upsert,
            **_end(expires_at),
        )
        try:
            self._notes.batch(self._owner, [put])
        except ConflictError as error:
            raise DuplicateKeyError(str(error)) from error
        stored = self.get(key, ns, include_deleted=True)
        if stored is None:
            raise ConflictError(f"{key!r} was stored, and removed by somebody else at once")
        return stored

    def get(
        self, key: str, ns: str | None = None, *, include_deleted: bool = False
    ) -> Entry | None:
        """Return an entry, None where there is none; `include_deleted` shows expired ones, too."""
        note = self._notes.get(self._owner, self._place(ns), key, deleted=include_deleted)
        now = self.diary.clock()
        return None if note is None else entry_of(note, now, accessed_at=now)

    def soft_delete(self, key: str, ns: str | None = None) -> bool:
        """Hide an entry until `restore`, and say whether there is one.

        Doing it again doesn't put off its removal.
        """
        place = self._place(ns)
        operations = [GetNote(place, key, deleted=True), DeleteNote(place, key)]
        return self._notes.batch(self._owner, operations)[0] is not None

    def restore(self, key: str, ns: str | None = None) -> bool:
        """Bring back what was soft-deleted, and say whether there was something."""
        return self._notes.restore(self._owner, self._place(ns), key)

    # ------------------------------------------------------------ many

    def list(self, ns: str | None = None, *, include_deleted: bool = False) -> list[Entry]:
        """Return the entries of one namespace, or of all, by namespace and key."""
        return self._entries(self._listing(ns, include_deleted))

    def search(
        self,
        text: str,
        ns: str | None = None,
        *,
        mode: str = "prefix",
        include_deleted: bool = False,
        limit: int = 20,
        timeout: float = REGEX_TIMEOUT,
    ) -> builtins.list[Entry]:
        """Return entries of one namespace, or of all.

        Args:
            text: what to look for; any text will do.
            ns: the namespace.
            mode: "prefix" is how keys begin, "fts" words in keys and values, best first, "regex"
                a regular expression on keys and values.
            include_deleted: soft-deleted and expired ones, too.
            limit: the most to return.
            timeout: seconds that a regular expression may take.

        Raises:
            ValueError: there is no such mode.
            re.error: the regular expression is wrong.
            TimeoutError: it takes too long.
        """
        if mode == "prefix":
            return self._entries(self._listing(ns, include_deleted, key_prefix=text, limit=limit))
        if mode == "fts":
            return self._entries(self._listing(ns, include_deleted, query=text, limit=limit))
        if mode != "regex":
            raise ValueError(f"mode is 'prefix', 'fts' or 'regex', not {mode!r}")
        entries = self.list(ns, include_deleted=include_deleted)
        rows = [(entry.key, str(entry.value)) for entry in entries]
        return [entries[number] for number in matching(text, rows, limit, timeout=timeout)]

    def cleanup(self, *, retention: timedelta | None = RETENTION, all_deleted: bool = False) -> int:
        """Remove for good what has expired or was soft-deleted long enough ago; return how many.

        The bytes go from the file, too. None for `retention` is at once, as is `all_deleted`.
        """
        if all_deleted or retention is None:
            retention = timedelta(0)
        return self._notes.cleanup(self._owner, retention)

    def stats(self) -> dict[str, int]:
        """Return how many entries there are, by status and in total."""
        counts = self._notes.count(self._owner)
        return {
            "active": counts.active,
            "soft-deleted": counts.deleted,
            "expired": counts.expired,
            "total": counts.active + counts.deleted + counts.expired,
        }

    def namespaces(self) -> builtins.list[str]:
        """Return the namespaces that have entries, sorted."""
        return ["/".join(place) for place in self._notes.namespaces(self._owner)]

    # ------------------------------------------------------------ by meaning

    def vector_search(
        self,
        vector: Iterable[float],
        *,
        ns: str | None = None,
        k: int = 5,
        include_deleted: bool = False,
        model: str | None = None,
    ) -> builtins.list[tuple[Entry, float]]:
        """Return the entries closest to `vector`, each with its cosine, best first.

        Only embeddings of this length and of one model are compared.

        Raises:
            ImportError: numpy is not installed.
            ValueError: several models have embeddings of this length, and `model` names none.
        """
        wanted = tuple(vector)
        index = None if model is None else index_name(model, len(wanted))
        listing = self._listing(ns, include_deleted, vector=wanted, index=index, limit=k)
        found = self._notes.batch(self._owner, [listing])[0]
        now = self.diary.clock()
        return [(entry_of(scored.note, now), scored.score) for scored in found]

    def embed_and_store(
        self,
        key: str,
        value: str,
        embedder: Callable[[str], Iterable[float]],
        ns: str | None = None,
        *,
        model: str = "custom",
        metadata: Mapping[str, Any] | Any | None = KEEP,
    ) -> Entry:
        """Store a text with the vector that `embedder` gives it."""
        return self.store(
            key, value, ns, metadata=metadata, embedding=embedder(value), embedding_model=model
        )

    def embed_and_search(
        self,
        text: str,
        embedder: Callable[[str], Iterable[float]],
        *,
        ns: str | None = None,
        k: int = 5,
    ) -> builtins.list[tuple[Entry, float]]:
        """Return the entries that mean the like of a text, by `embedder`; see `vector_search`."""
        return self.vector_search(embedder(text), ns=ns, k=k)

    # ------------------------------------------------------------ how

    def _place(self, ns: str | None) -> tuple[str, ...]:
        return parts_of(ns) or self._default

    def _listing(self, ns: str | None, deleted: bool, **wanted: Any) -> ListNotes:
        everywhere = ns is None and self._looks_everywhere
        prefix = () if everywhere else self._place(ns)
        wanted = {"limit": sys.maxsize, **wanted}
        return ListNotes(prefix, deleted=deleted, below=everywhere, **wanted)

    def _entries(self, listing: ListNotes) -> builtins.list[Entry]:
        now = self.diary.clock()
        found = self._notes.batch(self._owner, [listing])[0]
        return [entry_of(cast("Note", scored.note), now) for scored in found]


def _opened(path: AnyDiary) -> Diary:
    if path == ":memory:":
        return open_diary(None)
    if isinstance(path, (str, os.PathLike)) and not is_address(path):
        return open_file(path)
    return open_diary(path)


def _end(expires_at: Any) -> dict[str, Any]:
    """Return how a put says when the entry is over."""
    if expires_at is None or expires_at is KEEP:
        return {"ttl": expires_at}
    return {"expires_at": time_of(expires_at)}


def _vectors(embedding: Any, model: str | None) -> Any:
    """Return an embedding in the index of its model; None and KEEP as they are."""
    if embedding is None or embedding is KEEP:
        return embedding
    vector = list(embedding)
    return {index_name(model, len(vector)): vector}
