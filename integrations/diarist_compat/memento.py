"""Memento's `MemoryManager` over a diary: what was added is on the disk, and found again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from diarist import Diary, Message

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from diarist import Hit

Importance: TypeAlias = Literal["short", "medium", "long"]
Storage: TypeAlias = Literal["sqlite", "file", "memory"]

OWNER = SESSION = "memento"
_RANKS = {name: rank for rank, name in enumerate(get_args(Importance))}
_NEWEST_SHARE = 5
"""One place in so many, and one at least, is kept for what was added last."""
_SWEPT = 20
"""How many items behind the newest are looked at for those that are to be forgotten."""


class MemoryManager:
    """Remember texts in a folder of their own.

    Every text is in the short-term memory, the newest `stm_size` of them. A "short" one is
    forgotten for good when it leaves it; "medium" and "long" ones stay, and of two that fit a
    question alike the long one comes first. Any number of threads and processes may use one folder.

    Args:
        root: the folder, made at once; two folders never share anything.
        stm_storage: "sqlite" and "file" keep the short-term memory for the next start, both in the
            diary's database; "memory" begins each time with none.
        stm_size: how many texts it has.
        embed: texts in, vectors out, as `Diary(embed=…)` takes it, to find texts by what they mean.

    Raises:
        ValueError: there is no such storage, or the size is negative.

    Example:
        >>> import tempfile
        >>> memory = MemoryManager(tempfile.mkdtemp())
        >>> memory.add("The tea is in the blue tin.", "long")
        >>> memory.add("It rains today.", "short")
        >>> memory.retrieve("Where is the tea?", k=1), memory.retrieve("tea", k=0)
        (['The tea is in the blue tin.'], [])
    """

    def __init__(
        self,
        root: str | os.PathLike[str] = ".",
        stm_storage: Storage = "sqlite",
        stm_size: int = 50,
        *,
        embed: Callable[[list[str]], list[list[float]]] | None = None,
    ) -> None:
        if stm_storage not in get_args(Storage):
            raise ValueError(f"stm_storage is one of {get_args(Storage)}, not {stm_storage!r}")
        Path(root).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.diary = Diary(root, embed=embed)
        self._messages = self.diary.sync.messages
        newest = self._messages.read(OWNER, SESSION, last=1) if stm_storage == "memory" else []
        self.stm = ShortTermMemory(self.diary, stm_size, after=newest[0].number if newest else 0)

    def add(self, text: str, importance: Importance = "medium", force_flush: bool = False) -> None:
        """Remember a text; it is on the disk when this returns, with or without `force_flush`.

        Raises:
            TypeError: it is no text.
            ValueError: it is empty, or there is no such importance.
        """
        if importance not in _RANKS:
            raise ValueError(f"importance is one of {tuple(_RANKS)}, not {importance!r}")
        message = Message("user", text, metadata={"importance": importance})
        if not text.strip():
            raise ValueError("there is nothing to remember: the text is empty")
        self._messages.append(OWNER, SESSION, [message])
        self._forget()

    def retrieve(self, query: str, k: int = 6) -> list[str]:
        """Return up to `k` texts: those that fit a question, the best first, then the newest.

        Any text is a safe question. The text added last is among them, unless `k` is 1.

        Args:
            query: any text.
            k: how many at most.
        """
        ring = self.stm.newest()
        start = ring[0].number or 0 if ring else None
        most = k + _SWEPT if k > 0 else k
        hits = self.diary.sync.recall(OWNER, query, most, kinds=["messages"])
        hits.sort(key=lambda hit: (-round(hit.score, 6), -_rank(hit)))
        fitting = _once(hit.text for hit in hits if hit.score > 0 and _is_kept(hit, start))[:k]
        newest = _once(message.text for message in reversed(ring))
        kept = newest[: max(1, k // _NEWEST_SHARE)] if k > 1 else []
        late = [text for text in kept if text not in fitting[: k - len(kept)]]
        best = [text for text in fitting if text not in late][: k - len(late)]
        return _once((*best, *late, *newest))[:k]

    def flush(self) -> None:
        """Do nothing: nothing waits to be written."""

    def _forget(self) -> None:
        """Delete the short ones that have just left the short-term memory."""
        behind = self._messages.read(OWNER, SESSION, last=_SWEPT, offset=self.stm.maxlen)
        gone = [message.number or 0 for message in behind if _importance(message) == "short"]
        if gone:
            self._messages.delete(OWNER, SESSION, ids=gone)


class ShortTermMemory:
    """The newest texts of a `MemoryManager`; get it as `.stm`.

    Args:
        diary: where they are.
        maxlen: how many.
        after: only those with a higher number.
    """

    def __init__(self, diary: Diary, maxlen: int, after: int | None) -> None:
        if maxlen < 0:
            raise ValueError(f"stm_size must not be negative, it is {maxlen}")
        self.maxlen = maxlen
        self._messages, self._after = diary.sync.messages, after

    def all(self) -> list[str]:
        """Return the texts, the oldest first."""
        return [message.text for message in self.newest()]

    def newest(self) -> list[Message]:
        """Return them as the diary's messages."""
        return self._messages.read(OWNER, SESSION, last=self.maxlen, after=self._after)


def _importance(message: Message) -> str:
    return message.metadata["importance"]


def _rank(hit: Hit) -> int:
    assert hit.message is not None
    return _RANKS[_importance(hit.message)]


def _is_kept(hit: Hit, start: int | None) -> bool:
    """Say whether a text counts: a short one only while it is in the short-term memory."""
    assert hit.message is not None
    if _importance(hit.message) != "short":
        return True
    return start is not None and (hit.message.number or 0) >= start


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
