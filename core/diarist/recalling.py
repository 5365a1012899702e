"""`recall`: a question to everything a diary holds, best answers first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from diarist.backends.ids import agent_name_of
from diarist.caching import BoundedCache
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.notes import text_of
from diarist.recall.candidates import Wanted
from diarist.recall.items import Item, of_conversations, of_notebook, of_preferences
from diarist.recall.query import parse
from diarist.recall.ranking import NEWEST_SHARE, Shelf, merged, ranked_items, ranked_messages
from diarist.recall.terms import texts_in
from diarist.records import Hit, ListNotes
from diarist.stemming import stemmed, stems

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.documents import Documents
    from diarist.recall.query import Query
    from diarist.records import Message, Scored

SPARE = 20
"""How many hits are fetched beyond `k`, for those that say what a better one says."""

_NOTES = 100
"""How many notes are looked at closer."""
_INSTANT = timedelta(microseconds=1)
_shelves = BoundedCache[tuple[str, ...], Shelf](20_000, len)


@dataclass(frozen=True, slots=True)
class Filters:
    """What counts.

    Attributes:
        session_id: only what was said or learned in this session.
        since: only what was said or touched then or later.
        until: only what was said or touched before.
    """

    session_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def allows(self, item: Item) -> bool:
        """Say whether an item counts; one without a time does where no time is asked for."""
        if self.session_id is not None and self.session_id not in item.sessions:
            return False
        if self.since is None and self.until is None:
            return True
        return (
            item.at is not None
            and (self.since is None or item.at >= self.since)
            and (self.until is None or item.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Recaller:
    """Everything that is looked at.

    Attributes:
        documents: the pages and notebooks.
        records: messages and notes, None where there are none.
        categories: the table's categories.
    """

    documents: Documents
    records: RecordStore | None
    categories: Mapping[str, str]

    async def recall(
        self,
        user_id: str,
        question: str,
        k: int,
        kinds: Collection[str],
        filters: Filters,
        now: datetime,
    ) -> list[Hit]:
        """Return up to `k` hits, the best first; see `Diary.recall`."""
        query = parse(question, now)
        items = [
            *await self.items(user_id, kinds),
            *await self._notes(user_id, query, kinds, now),
        ]
        words = list(dict.fromkeys(stems(query.words)))
        hits = [
            _of_item(user_id, item, score, features)
            for score, item, features in ranked_items(items, _shelf(items), words)
            if filters.allows(item)
        ]
        newest: list[Hit] = []
        if "messages" in kinds and self.records is not None:
            hits += await self._messages(self.records, user_id, query, k, filters)
            newest = await self._newest(self.records, user_id, k // NEWEST_SHARE, filters)
        return merged(hits, newest, k)

    async def items(self, user_id: str, kinds: Collection[str]) -> list[Item]:
        """Return what stands on the pages and in the notebooks."""
        found: list[Item] = []
        if PREFERENCES in kinds:
            page = await self.documents.read(user_id, PREFERENCES)
            found += of_preferences(page, self.categories)
        if CONVERSATIONS in kinds:
            found += of_conversations(await self.documents.read(user_id, CONVERSATIONS))
        if "notebook" in kinds:
            for kind in await self.documents.kinds(user_id):
                agent_name = agent_name_of(kind)
                text = None if agent_name is None else await self.documents.text(user_id, kind)
                if agent_name is not None and text:
                    found += of_notebook(agent_name, text)
        return found

    async def _notes(
        self, user_id: str, query: Query, kinds: Collection[str], now: datetime
    ) -> list[Item]:
        if "notes" not in kinds or self.records is None or not query.words:
            return []
        wanted = ListNotes(query=" ".join(query.words), limit=_NOTES)
        found = cast("list[Scored]", (await self.records.notes(user_id, [wanted], now=now))[0])
        return [
            Item(
                "notes",
                text_of(note.value),
                "/".join((*note.namespace, note.key)),
                " ".join((note.key, *texts_in(note.value))),
                at=note.updated_at,
                metadata=note.metadata,
                note=note,
            )
            for note in (scored.note for scored in found)
        ]

    async def _messages(
        self, records: RecordStore, user_id: str, query: Query, k: int, filters: Filters
    ) -> list[Hit]:
        wanted = Wanted(query.words, filters.session_id, filters.since, filters.until)
        found = await records.find(user_id, wanted)
        if found is None:
            return []
        best = ranked_messages(found, query)[: k + SPARE]
        said = await records.keyed(user_id, [key for _, key, _ in best])
        return [
            _of_message(user_id, said[key], score, features)
            for score, key, features in best
            if key in said
        ]

    async def _newest(
        self, records: RecordStore, user_id: str, most: int, filters: Filters
    ) -> list[Hit]:
        """Return the newest messages of the session, or of the one touched last, newest first."""
        if most <= 0:
            return []
        session_id = filters.session_id
        if session_id is None:
            sessions = await records.sessions(user_id)
            session_id = sessions[0].id if sessions else None
        if session_id is None:
            return []
        said = await records.read(
            user_id,
            session_id,
            last=most,
            after=None if filters.since is None else filters.since - _INSTANT,
            before=filters.until,
        )
        return [_of_message(user_id, one, 0.0, {"newest": 1.0}) for one in reversed(said)]


def _shelf(items: Sequence[Item]) -> Shelf:
    texts = tuple(item.searched or item.text for item in items)
    shelf = _shelves.get(texts)
    if shelf is None:
        shelf = Shelf([stemmed(text) for text in texts])
        _shelves.put(texts, shelf)
    return shelf


def _of_item(user_id: str, item: Item, score: float, features: Mapping[str, float]) -> Hit:
    return Hit(
        item.kind,
        item.text,
        score,
        user_id,
        item.source,
        item.session_id,
        item.at,
        item.metadata,
        note=item.note,
        features=features,
    )


def _of_message(user_id: str, message: Message, score: float, features: Mapping[str, float]) -> Hit:
    return Hit(
        "messages",
        message.text,
        score,
        user_id,
        message.source if message.id is None else message.id,
        message.session_id,
        message.at,
        message.metadata,
        message=message,
        features=features,
    )
