"""`recall`: a question to everything a diary holds, best answers first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from diarist.backends.ids import agent_name_of
from diarist.caching import BoundedCache
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.embedding import BATCH
from diarist.errors import DamagedError
from diarist.pages.toml import thaw
from diarist.recall.candidates import Wanted
from diarist.recall.context import build, conversation_lines, preference_lines, related_lines
from diarist.recall.items import Item, of_conversations, of_notebook, of_preferences
from diarist.recall.query import parse
from diarist.recall.ranking import NEWEST_SHARE, Shelf, merged, ranked_items, ranked_messages
from diarist.recall.terms import text_of, texts_in
from diarist.records import Hit, ListNotes
from diarist.stemming import stemmed, stems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.documents import Documents
    from diarist.embedding import Embedder
    from diarist.pages.toml import Document
    from diarist.recall.candidates import Found
    from diarist.recall.context import Context
    from diarist.recall.query import Query
    from diarist.records import Embedded, Message, Namespace, Scored

RELATED_HITS = 30
"""How many hits for a question a context may choose from."""
IN_PROMPT = 20
"""How many of the newest messages of a conversation its prompt has anyway."""
SPARE = 20
"""How many hits are fetched beyond `k`, for those that say what a better one says."""

_NOTES = 100
"""How many notes are looked at closer."""
_RELATED = ("messages", "notes", "notebook")
_INSTANT = timedelta(microseconds=1)
_pages = BoundedCache[tuple[int, tuple[str, ...]], "tuple[Document, tuple[Item, ...]]"](
    20_000, lambda known: len(known[1]) + 1
)
_shelves = BoundedCache[tuple[str, ...], Shelf](20_000, len)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        text: in words.
        now: when.
        vector: its index and vector, None where words alone decide.
    """

    text: str
    now: datetime
    vector: tuple[str, tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What counts.

    Attributes:
        session_id: only what was said or learned in this session.
        since: only what was said or touched then or later.
        until: only what was said or touched before.
        namespace: only notes below it.
        where: only what it is true of.
    """

    session_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    namespace: Namespace = ()
    where: Callable[[Hit], bool] | None = None

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
        question: Question,
        k: int,
        kinds: Collection[str],
        filters: Filters,
    ) -> list[Hit]:
        """Return up to `k` hits, the best first; see `Diary.recall`."""
        hits = await self.ranked(user_id, question, k, kinds, filters)
        newest: list[Hit] = []
        if "messages" in kinds and self.records is not None:
            newest = await self._newest(self.records, user_id, k // NEWEST_SHARE, filters)
        if filters.where is not None:
            hits, newest = list(filter(filters.where, hits)), list(filter(filters.where, newest))
        return merged(hits, newest, k)

    async def ranked(
        self, user_id: str, question: Question, k: int, kinds: Collection[str], filters: Filters
    ) -> list[Hit]:
        """Return the hits of each kind with their scores, in no order, somewhat more than `k`."""
        query = parse(question.text, question.now)
        items = await self.items(user_id, kinds)
        if "notes" in kinds and self.records is not None:
            items += await self._notes(self.records, user_id, query, question, filters)
        found = None
        if "messages" in kinds and self.records is not None:
            found = await self._found(self.records, user_id, query, question, filters)
        cosines = [item.cosine for item in items]
        closest = max([0.0, *cosines, *(found.cosines.values() if found else ())])
        words = list(dict.fromkeys(stems(query.words)))
        hits = [
            _of_item(user_id, item, score, features)
            for score, item, features in ranked_items(items, _shelf(items), words, closest)
            if filters.allows(item)
        ]
        if found is not None and self.records is not None:
            best = ranked_messages(found, query, closest)[: k + SPARE]
            said = await self.records.keyed(user_id, [key for _, key, _ in best])
            hits += [
                _of_message(user_id, said[key], score, features)
                for score, key, features in best
                if key in said and said[key].text.strip()
            ]
        return hits

    async def items(self, user_id: str, kinds: Collection[str]) -> list[Item]:
        """Return what stands on the pages and in the notebooks."""
        found: list[Item] = []
        if PREFERENCES in kinds:
            page = await self.documents.read(user_id, PREFERENCES)
            found += self.preferences(page)
        if CONVERSATIONS in kinds:
            found += _conversations(await self.documents.read(user_id, CONVERSATIONS))
        if "notebook" in kinds:
            for kind in await self.documents.kinds(user_id):
                agent_name = agent_name_of(kind)
                text = None if agent_name is None else await self.documents.text(user_id, kind)
                if agent_name is not None and text:
                    found += of_notebook(agent_name, text)
        return found

    def preferences(self, page: Document) -> Sequence[Item]:
        """Return the preferences of a page, read once for each state of it."""
        categories = tuple(self.categories)
        return _read(page, categories, lambda: of_preferences(page, categories))

    async def latest(self, user_id: str, session_id: str | None) -> list[Message]:
        """Return the newest messages of a conversation that goes on."""
        if session_id is None or self.records is None:
            return []
        return await self.records.read(user_id, session_id, last=IN_PROMPT)

    async def _notes(
        self,
        records: RecordStore,
        user_id: str,
        query: Query,
        question: Question,
        filters: Filters,
    ) -> list[Item]:
        """Return the notes that have a word of the question, and those that mean the like."""
        place = filters.namespace
        by_words = ListNotes(place, query=" ".join(query.words), limit=_NOTES)
        index, vector = question.vector or (None, None)
        by_meaning = ListNotes(place, vector=vector, index=index, limit=_NOTES if vector else 0)
        worded, alike = cast(
            "tuple[list[Scored], list[Scored]]",
            await records.notes(user_id, [by_words, by_meaning], now=question.now),
        )
        cosines = {(one.note.namespace, one.note.key): one.score or 0.0 for one in alike}
        notes = {(one.note.namespace, one.note.key): one.note for one in (*worded, *alike)}
        return [
            Item(
                "notes",
                text_of(note.value),
                "/".join((*note.namespace, note.key)),
                " ".join((note.key, *texts_in(note.value))),
                at=note.updated_at,
                metadata=note.metadata,
                note=note,
                cosine=cosines.get(place, 0.0),
            )
            for place, note in notes.items()
        ]

    async def _found(
        self,
        records: RecordStore,
        user_id: str,
        query: Query,
        question: Question,
        filters: Filters,
    ) -> Found | None:
        index, vector = question.vector or (None, None)
        since, until = filters.since, filters.until
        times = tuple((span.start, span.end) for span in query.spans)
        wanted = Wanted(query.words, filters.session_id, since, until, vector, index, times)
        return await records.find(user_id, wanted)

    async def _newest(
        self, records: RecordStore, user_id: str, most: int, filters: Filters
    ) -> list[Hit]:
        """Return the newest messages of the session, or of the one touched last, newest first."""
        if most <= 0:
            return []
        session_id = filters.session_id
        if session_id is None:
            sessions = await records.sessions(user_id, limit=1)
            session_id = sessions[0].id if sessions else None
        if session_id is None:
            return []
        said = await records.read(
            user_id,
            session_id,
            last=most,
            after=_before(filters.since),
            before=filters.until,
        )
        return [
            _of_message(user_id, one, 0.0, {"newest": 1.0})
            for one in reversed(said)
            if one.text.strip()
        ]


async def context(
    recaller: Recaller,
    user_id: str,
    question: Question | None,
    session_id: str | None,
    max_tokens: int,
    count_tokens: Callable[[str], int],
) -> Context:
    """Return the prompt text of a user's diary; see `Diary.context`."""
    documents, warnings = recaller.documents, list[str]()
    page, broken = await documents.usable(user_id, PREFERENCES)
    preferences = recaller.preferences(page)
    warnings += [] if broken is None else [broken]
    page, broken = await documents.usable(user_id, CONVERSATIONS)
    talks = [item for item in _conversations(page) if item.source != session_id]
    warnings += [] if broken is None else [broken]
    relevance: dict[str, float] = {}
    hits: list[Hit] = []
    if question is not None:
        words = list(dict.fromkeys(stems(parse(question.text, question.now).words)))
        ranked = ranked_items(preferences, _shelf(preferences), words)
        relevance = {item.source: score for score, item, _ in ranked}
        try:
            found = await recaller.ranked(user_id, question, RELATED_HITS, _RELATED, Filters())
            shown = await recaller.latest(user_id, session_id)
            hits = merged([hit for hit in found if hit.message not in shown], (), RELATED_HITS)
        except DamagedError as error:
            warnings.append(f"{error}; nothing of what was said is used")
    lines = [
        *preference_lines(preferences, relevance),
        *conversation_lines(talks),
        *related_lines(hits),
    ]
    return build(lines, max_tokens, count_tokens, warnings)


async def reembed(
    records: RecordStore, embedder: Embedder, user_id: str, *, in_thread: bool
) -> int:
    """Give what has no vector of the embedder's model one; see `Diary.reembed`."""
    index, _ = await embedder.vectors(["which index?"], in_thread=in_thread)
    count = 0
    kinds: tuple[Embedded, ...] = ("messages", "notes")
    for kind in kinds:
        after = 0
        while True:
            rows = await records.lacking(user_id, kind, index, after=after, limit=BATCH)
            if not rows:
                break
            after = rows[-1][0]
            said = [(key, text) for key, text in rows if text.strip()]
            if said:
                _, vectors = await embedder.vectors([t for _, t in said], in_thread=in_thread)
                found = {key: vector for (key, _), vector in zip(said, vectors, strict=True)}
                count += await records.add_vectors(user_id, kind, index, found)
    return count


def _conversations(page: Document) -> Sequence[Item]:
    return _read(page, (), lambda: of_conversations(page))


def _read(
    page: Document, categories: tuple[str, ...], items: Callable[[], Iterable[Item]]
) -> Sequence[Item]:
    """Return what stands on a page; the same state of it, which is one object, is read once."""
    key = id(page), categories
    known = _pages.get(key)
    if known is None or known[0] is not page:
        known = page, tuple(items())
        _pages.put(key, known)
    return known[1]


def _before(moment: datetime | None) -> datetime | None:
    """Return the instant before a moment, None where there is none."""
    try:
        return None if moment is None else moment - _INSTANT
    except OverflowError:
        return None


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
        thaw(item.metadata),
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
