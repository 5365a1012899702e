"""What every method of a diary stands on: its settings, its parts, and its blocking twin."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from diarist.backends.base import blocking_of
from diarist.batches import BatchLearner
from diarist.checks import check_local, check_whole
from diarist.documents import Documents
from diarist.messages import Messages
from diarist.notes import Notes
from diarist.pages.preferences import Limits
from diarist.pages.times import rfc3339
from diarist.tokens import estimate
from diarist.turns import Turns

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable
    from types import TracebackType

    from pydantic import BaseModel

    from diarist.backends.base import PageStore
    from diarist.backends.records import RecordStore
    from diarist.compacting import Compacting
    from diarist.compaction import CompactionConfig
    from diarist.embedding import Embed, Embedder
    from diarist.extraction.base import Extractor
    from diarist.notebook import Notebook
    from diarist.writer import MemoryWriter


class Foundation:
    """Holds what a diary was made with; see `Diary`."""

    def __init__(
        self,
        backend: str | os.PathLike[str] | PageStore = "memories",
        pref_table_cls: type[BaseModel] | None = None,
        agent: Extractor | None = None,
        max_prefs_per_category: int = 100,
        max_conversations: int = 100,
        similarity_threshold: int = 70,
        compaction_config: CompactionConfig | None = None,
        *,
        records: RecordStore | None = None,
        embed: Embed | None = None,
        count_tokens: Callable[[str], int] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if isinstance(backend, (str, os.PathLike)):
            from diarist.backends.addresses import open_backend

            backend = open_backend(backend)
        if not _has(backend, "load", "save"):
            raise TypeError(
                "backend is a folder's path, a server's address or a backend, not "
                f"{_kind_of(backend)}"
            )
        if records is not None and not _has(records, "record", "notes"):
            raise TypeError(f"records is a store of records, not {_kind_of(records)}")
        if count_tokens is not None and not callable(count_tokens):
            raise TypeError(f"count_tokens is a function of a text, not {_kind_of(count_tokens)}")
        if agent is None:
            from diarist.extraction.rules import RuleExtractor

            agent = RuleExtractor()
        if not _has(agent, "extract"):
            raise TypeError(
                "agent is an object with a method extract(turn, snapshot), such as "
                f"RuleExtractor(), not {_kind_of(agent)}"
            )
        if compaction_config is not None and not _has(compaction_config, "should_run"):
            raise TypeError(
                f"compaction_config is a CompactionConfig, not {_kind_of(compaction_config)}"
            )
        from diarist import schema  # with Pydantic, which importing this module does not need

        if pref_table_cls is None:
            from diarist.tables import DefaultPreferences

            pref_table_cls = DefaultPreferences
        check_whole("max_prefs_per_category", max_prefs_per_category, 1)
        check_whole("max_conversations", max_conversations, 1)
        check_whole("similarity_threshold", similarity_threshold)
        self.backend: PageStore = backend
        self.records: RecordStore | None = records or getattr(backend, "records", None)
        self.extractor: Extractor = agent
        self.pref_table_cls = pref_table_cls
        self.categories = schema.categories(pref_table_cls)
        self.max_prefs_per_category = max_prefs_per_category
        self.max_conversations = max_conversations
        self.similarity_threshold = similarity_threshold
        self.compaction_config = compaction_config
        self.clock = _utc_now if clock is None else _checked_clock(clock)
        self.count_tokens = count_tokens or estimate
        self.embedder: Embedder | None = None
        if embed is not None:
            from diarist.embedding import Embedder

            self.embedder = Embedder(embed)
        self.writers_behind: dict[AbstractEventLoop, MemoryWriter] = {}
        """The writer of `Recorder` in the loop in the background."""
        self.notices_behind: set[Task[None]] = set()
        """What `Recorder` tells that writer just now."""
        self._is_twin = False
        self._made_twin: Self | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.backend!r})"

    @property
    def learns_at_once(self) -> bool:
        """Whether the extractor answers at once, as rules do, so that nobody need wait for it."""
        return self._turns.are_instant()

    @property
    def messages(self) -> Messages:
        """What was said, verbatim."""
        return Messages(
            self.records,
            self.clock,
            self.count_tokens,
            self.embedder,
            in_thread=self._is_twin,
        )

    @property
    def notes(self) -> Notes:
        """Values under keys in namespaces."""
        return Notes(self.records, self.clock, self.embedder, in_thread=self._is_twin)

    def notebook(self, user_id: str, agent_name: str = "main") -> Notebook:
        """Return an agent's own `MEMORY.md` in a user's diary.

        Args:
            user_id: in whose diary.
            agent_name: whose notebook; each agent has one for each user.
        """
        from diarist.notebook import Notebook

        return Notebook(
            self.backend,
            user_id,
            agent_name,
            count_tokens=self.count_tokens,
            in_thread=self._is_twin,
        )

    def stats(self) -> dict[str, Any]:
        """Return figures of this process for a health end point; callable from any thread.

        What the stores tell, such as `open_databases`, and `background`: what `MemoryWriter.stats`
        says of the writer that learns for a `Recorder`, None where there is none.

        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> Diary(MemoryBackend()).stats()
        {'open_databases': 0, 'background': None}
        """
        found: dict[str, Any] = {}
        for store in (self.backend, self.records):
            stats = getattr(store, "stats", None)
            found |= {} if stats is None else stats()
        writers = [writer.stats() for writer in self.writers_behind.values()]
        return {**found, "background": writers[0] if writers else None}

    @property
    def blocking(self) -> Self | None:
        """This diary over blocking stores: its coroutines never suspend. None without such."""
        return self if self._is_twin else self._twin

    @property
    def _twin(self) -> Self | None:
        """What a call is handed to for one hop, None where there is none, or where this is it."""
        if self._is_twin or self._made_twin is not None:
            return self._made_twin
        backend, records = blocking_of(self.backend), blocking_of(self.records)
        if backend is None or (records is None and self.records is not None):
            return None
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, _is_twin=True, backend=backend, records=records)
        self._made_twin = twin
        return twin

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of what the backend holds open; nothing is lost without it."""
        for store in (self.backend, self.records):
            close = getattr(store, "aclose", None)
            if close is not None:
                await close()

    @property
    def _documents(self) -> Documents:
        return Documents(self.backend, self.pref_table_cls.__name__)

    @property
    def _limits(self) -> Limits:
        return Limits(self.max_prefs_per_category, self.similarity_threshold)

    @property
    def _learner(self) -> BatchLearner:
        return BatchLearner(
            self._documents,
            self.records,
            self.extractor,
            self.categories,
            self._limits,
            self.max_conversations,
            self.clock,
            self.compaction_config is not None,
        )

    @property
    def _turns(self) -> Turns:
        twin = self._twin
        due = None if self.compaction_config is None else self._compacting
        return Turns(self._learner, twin and twin._learner, due, in_thread=self._is_twin)

    @property
    def _compacting(self) -> Compacting:
        from diarist.compacting import Compacting

        twin = self._twin
        return Compacting(
            self._documents,
            self.categories,
            self.compaction_config,
            self.clock,
            twin and twin._compacting,
            in_thread=self._is_twin,
        )

    def _moment(self, at: datetime | None) -> datetime:
        return self.clock() if at is None else check_local("at", at)

    def _time(self, at: datetime | None) -> str:
        return rfc3339(self._moment(at))


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _checked_clock(clock: object) -> Callable[[], datetime]:
    """Return a clock that refuses to tell a time without a zone."""
    if not callable(clock):
        raise TypeError(f"clock is a function that returns a datetime, not {_kind_of(clock)}")
    return lambda: check_local("clock()", clock())


def _has(value: object, *methods: str) -> bool:
    """Say whether a value, which is no class, has these methods."""
    return not isinstance(value, type) and all(
        callable(getattr(value, name, None)) for name in methods
    )


def _kind_of(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
