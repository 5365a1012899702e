"""One preference on the page: finding it, and what a repeated or changed statement makes of it.

An item names the messages it came from, so that a message counts once and an older one never
overrides a later one. What a person broke by hand is read over and kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from diarist.caching import BoundedCache
from diarist.pages.subjects import Subject, subject
from diarist.pages.times import as_utc
from diarist.pages.toml import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diarist.models import Table
    from diarist.pages.toml import Document

MAX_SOURCES = 8
MAX_CONTEXTS = 12
_NUMBERED = re.compile(r"#\d+\Z")


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and from where a change comes.

    Attributes:
        at: the time, RFC 3339 in UTC, to the second.
        session_id: the conversation, None for a direct edit.
        source: the message ("chat_123#4") or turn ("chat_123#t4"), None for a direct edit.
    """

    at: str
    session_id: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An item on the page."""

    category: str
    id: str
    item: Table
    about: Subject

    @property
    def path(self) -> tuple[str, str]:
        """The item's place in the document."""
        return self.category, self.id

    @property
    def text(self) -> str:
        """What the item says."""
        return cast("str", self.item["text"])

    def is_about(self, other: Subject, category: str) -> bool:
        """Say whether a statement of `category` has the item's subject, agreeing or not."""
        return self.about.same(other, within_category=self.category == category)

    def names(self, stamp: Stamp) -> bool:
        """Say whether the change was applied before: the item names its message."""
        return stamp.source is not None and stamp.source in texts(self.item.get("_sources"))

    def is_later_than(self, stamp: Stamp) -> bool:
        """Say whether the item's newest source is later than the message a change comes from."""
        sources = texts(self.item.get("_sources"))
        if stamp.source and sources:
            later = _is_later(sources[-1], stamp.source)
            if later is not None:
                return later
        return as_utc(self.item.get("_updated")) > stamp.at

    def restated(self, text: str, contexts: Sequence[str], stamp: Stamp) -> dict[str, Any]:
        """Return the item after one more statement of it, as `text`."""
        item, is_old = self.item, self.is_later_than(stamp)
        count = item.get("_count")
        values = {
            **item,
            "text": text,
            "_count": count + 1 if type(count) is int else 2,
            "_updated": max(as_utc(item.get("_updated")), stamp.at),
        }
        if contexts:
            values["contexts"] = merged(item.get("contexts"), contexts)
        if stamp.session_id is not None and not is_old:
            values["_updated_by"] = stamp.session_id
        if stamp.source is not None:
            sources = texts(item.get("_sources"))
            place = _place(sources, stamp.source)
            place -= place == len(sources) > 0 and is_old
            surplus = max(len(sources) + 1 - MAX_SOURCES, 0)
            older, later = sources[min(surplus, place) : place], sources[max(surplus, place) :]
            values["_sources"] = (*older, stamp.source, *later)  # this one always stays
        if text != self.text:
            values["_was"] = self.text
        return values


def items(document: Document, category: str) -> Mapping[str, Table]:
    """Return the readable items of `category` by id; what a hand edit broke is left out."""
    table = document.tree.get(category)
    if not is_table(table):
        return {}
    known = _readable.get(id(table))
    if known is None:
        readable = {
            name: item
            for name, item in table.items()
            if is_table(item) and isinstance(item.get("text"), str)
        }
        known = table, MappingProxyType(readable)
        _readable.put(id(table), known)
    return known[1]


def find(document: Document, category: str, id: str) -> Found | None:
    """Return the item with an id, None where there is none that can be read."""
    item = document.get((category, id))
    if item is None or not isinstance(item.get("text"), str):
        return None
    return Found(category, id, item, about(item["text"], category))


def search(
    document: Document, categories: Iterable[str], subjects: Iterable[tuple[str, ...]]
) -> Iterator[Found]:
    """Yield the items whose text has one of these subject words, in the order of `categories`."""
    return _search(document, categories, subjects, "text")


def search_before(
    document: Document, categories: Iterable[str], subjects: Iterable[tuple[str, ...]]
) -> Iterator[Found]:
    """Yield the items whose text before the last change has one of these subject words."""
    return _search(document, categories, subjects, "_was")


def _search(
    document: Document, categories: Iterable[str], subjects: Iterable[tuple[str, ...]], key: str
) -> Iterator[Found]:
    wanted = dict.fromkeys(subjects)
    for category in categories:
        table = document.tree.get(category)
        if not is_table(table):
            continue
        index = _index(table, category)
        for words in wanted:
            for id, stated in index.get((key, words), ()):
                yield Found(category, id, table[id], stated)


_Index: TypeAlias = dict[tuple[str, tuple[str, ...]], list[tuple[str, Subject]]]


def _index(table: Table, category: str) -> _Index:
    """Return the items of a category by their subject words.

    Tables are immutable and shared by later documents: most turns change one category of many.
    """
    known = _indexes.get((id(table), category))
    if known is not None:
        return known[1]
    index: _Index = {}
    for name, item in table.items():
        if not (is_table(item) and isinstance(item.get("text"), str)):
            continue
        for key in ("text", "_was"):
            text = item.get(key)
            if isinstance(text, str):
                stated = about(text, category)
                index.setdefault((key, stated.words), []).append((name, stated))
    _indexes.put((id(table), category), (table, index))
    return index


_indexes = BoundedCache[tuple[int, str], "tuple[Table, _Index]"](
    100_000, lambda entry: len(entry[0])
)
_readable = BoundedCache[int, "tuple[Table, Mapping[str, Table]]"](
    100_000, lambda entry: len(entry[0])
)
"""By the table's identity: an entry holds its table, so that no other can get its number."""

about = lru_cache(maxsize=16_384)(subject)
"""`subject`, remembered: a page's texts are compared with every new statement."""


def merged(old: object, new: Iterable[str]) -> object:
    """Return contexts with new ones added; a value that is no list of texts stays what it is."""
    if isinstance(old, str):
        old = (old,)
    if old is None:
        old = ()
    if not isinstance(old, tuple):
        return old
    known = cast("tuple[Any, ...]", old)
    added = dict.fromkeys(context for context in new if context and context not in known)
    return (*known, *tuple(added)[: max(MAX_CONTEXTS - len(known), 0)])


def texts(value: object) -> tuple[str, ...]:
    """Return the texts in a page's list, () for what is none."""
    if not isinstance(value, tuple):
        return ()
    return tuple(text for text in cast("tuple[Any, ...]", value) if isinstance(text, str))


def sources(document: Document, category: str, id: str) -> list[tuple[str, int]]:
    """Return session and number of each message an item names.

    What names none, or only a turn ("chat_1#t4", written without records), is left out.
    """
    item = document.get((category, id))
    named = [source for source in texts((item or {}).get("_sources")) if _NUMBERED.search(source)]
    return [(session, number) for session, number in map(split_source, named) if number is not None]


def split_source(source: str) -> tuple[str, int | None]:
    """Return the session and the number a source names; None for a number that is none.

    >>> split_source("chat#1#t4")
    ('chat#1', 4)
    """
    session, _, number = source.rpartition("#")
    digits = number.removeprefix("t")
    return session, int(digits) if digits.isdecimal() else None


def united(sources: Sequence[str], later: Iterable[str]) -> tuple[str, ...]:
    """Return the newest of two items' sources, newest last; `later` are of the one said later.

    >>> united(["a#1", "a#9"], ["b#2", "a#4"])
    ('a#1', 'a#4', 'a#9', 'b#2')
    """
    found = list(sources)
    for source in later:
        if source not in found:
            behind = (n for n, other in enumerate(found) if _is_later(other, source))
            found.insert(next(behind, len(found)), source)
    return tuple(found[-MAX_SOURCES:])


def _is_later(source: str, other: str) -> bool | None:
    """Say whether `source` is a later message than `other`, None where sources can't tell."""
    (session, number), (other_session, other_number) = split_source(source), split_source(other)
    if session != other_session or number is None or other_number is None:
        return None
    return number > other_number


def _place(sources: Sequence[str], source: str) -> int:
    """Return where among `sources` a new one goes: before the later messages of its session."""
    place = len(sources)
    while place and _is_later(sources[place - 1], source):
        place -= 1
    return place
