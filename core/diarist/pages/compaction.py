"""Compaction of a page: what may be done to its blocks, as data, and how much a page holds.

A block is a preference or a conversation. Whoever compacts works on what they saw; an operation is
applied to the newest text of the page, and only where its blocks are still as they were seen. What
a person laid out keeps its bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from diarist.errors import DocumentError
from diarist.pages.conversations import MAX_KEYWORDS, MAX_SUMMARY, TABLE, sessions, turns
from diarist.pages.items import MAX_CONTEXTS, items, merged, texts, united
from diarist.pages.migrate import META
from diarist.pages.preferences import MAX_TEXT
from diarist.pages.secrets import find_secret, withheld
from diarist.pages.subjects import fold
from diarist.pages.times import as_utc
from diarist.pages.toml import EMPTY, is_same, is_table
from diarist.showing import Displayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarist.models import Table
    from diarist.pages.blocks import Path
    from diarist.pages.toml import Document

STATISTICS: Path = (META, "compaction")
MINE = "a person laid it out by hand; it keeps its bytes"

_STRING, _STRINGS, _WHOLE = "a text", "a list of texts", "a whole number"
_ITEM = {
    "text": _STRING,
    "contexts": _STRINGS,
    "_count": _WHOLE,
    "_created": _STRING,
    "_updated": _STRING,
    "_created_by": _STRING,
    "_updated_by": _STRING,
    "_sources": _STRINGS,
    "_was": _STRING,
}
_SESSION = {
    "_created": _STRING,
    "_updated": _STRING,
    "_turns": _WHOLE,
    "summary": _STRING,
    "keywords": _STRINGS,
}
"""The keys that diarist writes; a block with others, or with other values, is a person's."""
_CAPITALISED = re.compile(r"[\w'’-]*[A-Z\u00c0-\u00de][\w'’-]*")

ChangeStatus: TypeAlias = Literal["merged", "trimmed", "rewritten", "deleted", "skipped"]
_STATUS: dict[str, ChangeStatus] = {
    "merge": "merged",
    "trim": "trimmed",
    "rewrite": "rewritten",
    "delete": "deleted",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of a block, with the block as it was seen.

    Attributes:
        action: `trim` and `rewrite` give a new text, `delete` takes the block away, `merge` does
            that too and adds its counts, contexts and sources to `into`.
        path: the block's place on its page.
        seen: the block as it was.
        text: the new text or summary.
        labels: the new contexts or keywords, None keeps them.
        into: the place of the block that carries the fact on.
        into_seen: that block as it was.
    """

    action: Literal["merge", "trim", "rewrite", "delete"]
    path: Path
    seen: Table
    text: str = ""
    labels: tuple[str, ...] | None = None
    into: Path | None = None
    into_seen: Table | None = None


@dataclass(frozen=True, slots=True)
class BlockChange(Displayed):
    """What became of one block, or of a page that was left alone.

    Attributes:
        status: what happened; `skipped` wrote nothing.
        page: "preferences" or "conversations".
        block: "category/id" or the session, "" for the whole page.
        text: the text it has now; of one that is gone, the text it had.
        was: the text before, where it changed.
        into: the block that it was merged into.
        reason: why nothing was written.
    """

    status: ChangeStatus
    page: str
    block: str = ""
    text: str = ""
    was: str | None = None
    into: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        line = f"{self.status} {self.page}"
        if self.block:
            line += f" {self.block}"
        if self.into is not None:
            line += f" into {self.into}"
        if self.was is not None:
            line += f", {len(self.was)} to {len(self.text)} characters"
        if self.reason is not None:
            return f"{line}: {self.reason}"
        return f"{line}: {self.text}" if self.text else line


def apply(document: Document, operation: Operation) -> tuple[Document, BlockChange]:
    """Return the page after an operation, and what became of it.

    Where a block is no longer as it was seen, or is a person's, the page stays as it is.
    """
    reason = _objection(document, operation)
    if reason is None:
        try:
            return _applied(document, operation), _done(operation)
        except DocumentError as error:
            reason = error.reason
    return document, skipped(operation, reason)


def skipped(operation: Operation, reason: str) -> BlockChange:
    """Return that nothing was done, and why."""
    return BlockChange(
        "skipped",
        page_of(operation.path),
        name_of(operation.path),
        into=None if operation.into is None else name_of(operation.into),
        reason=reason,
    )


def page_of(path: Path) -> str:
    """Return the name of the page on which a block stands."""
    return "conversations" if path[0] == TABLE else "preferences"


def name_of(path: Path) -> str:
    """Return the name of a block: "likes/tea", or a session's id."""
    return path[1] if path[0] == TABLE else "/".join(path)


def is_by_hand(document: Document, path: Path) -> bool:
    """Say whether a person laid a block out: comments, keys or values of their own, no header."""
    table = document.get(path)
    known = _SESSION if path[0] == TABLE else _ITEM
    if table is None or not all(_fits(value, known.get(key)) for key, value in table.items()):
        return True
    own = [block for block in document.blocks if block.is_under(path)]
    return len(own) != 1 or own[0].is_array or own[0].has_comments


# ---------------------------------------------------------------- doubles


def doubles(document: Document, categories: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """Yield pairs of items that say the same, word for word: what goes, and the older that stays.

    Case, punctuation and contractions don't count; names must be spelled alike. Only inside one
    category.
    """
    for category in categories:
        groups: dict[tuple[str, ...], list[str]] = {}
        for id, item in items(document, category).items():
            groups.setdefault(fold(item["text"]), []).append(id)
        for words, ids in groups.items():
            if not words or len(ids) < 2:
                continue
            mine = [id for id in ids if not is_by_hand(document, (category, id))]
            oldest = min(mine or ids, key=lambda one: _since(document, (category, one)))
            yield from (((category, id), (category, oldest)) for id in ids if id != oldest)


def _since(document: Document, path: Path) -> str:
    """Return since when an item is known; what names no time is the newest."""
    return as_utc((document.get(path) or EMPTY).get("_created")) or "~"


def together(kept: Table, gone: Table) -> Table | str:
    """Return `kept` with what `gone` adds, or why they can't be one."""
    labels = merged(kept.get("contexts"), texts(gone.get("contexts")))
    if not set(texts(gone.get("contexts"))) <= set(texts(labels)):
        return f"together they have more than {MAX_CONTEXTS} contexts"
    earlier, later = kept, gone
    if as_utc(gone.get("_updated")) < as_utc(kept.get("_updated")):
        earlier, later = gone, kept
    first = kept if _created(kept) <= _created(gone) else gone
    values: dict[str, Any] = {**kept, "_count": _count(kept) + _count(gone)}
    if labels:
        values["contexts"] = labels
    for key in ("_created", "_created_by"):
        values |= {key: first[key]} if key in first else {}
    for key in ("_updated", "_updated_by"):
        values |= {key: later[key]} if key in later else {}
    sources = united(texts(earlier.get("_sources")), texts(later.get("_sources")))
    values |= {"_sources": sources} if sources else {}
    was = later.get("_was", earlier.get("_was"))
    values |= {"_was": was} if was is not None else {}
    return values


def same_text(kept: str, gone: str) -> str | None:
    """Return the one of two texts with the same words that has all names of both, None for none."""
    mine, others = set(_CAPITALISED.findall(kept)), set(_CAPITALISED.findall(gone))
    if others <= mine:
        return kept
    return gone if mine <= others else None


def _created(item: Table) -> str:
    return as_utc(item.get("_created")) or "~"


def _count(item: Table) -> int:
    count = item.get("_count")
    return count if type(count) is int else 1


# ---------------------------------------------------------------- statistics


def measure(document: Document) -> tuple[int, int]:
    """Return the characters of a page, and of its longest text or summary.

    Neither `_meta` nor the blank lines between tables count, so that the figures don't change
    because they are written.
    """
    total = sum(len(block.text.strip()) for block in document.blocks if block.path[:1] != (META,))
    longest = 0
    for key, table in document.tree.items():
        if key == META or not is_table(table):
            continue
        for block in table.values():
            text = block.get("summary" if key == TABLE else "text") if is_table(block) else None
            longest = max(longest, len(text) if isinstance(text, str) else 0)
    return total, longest


def statistics(document: Document) -> Table:
    """Return what a page says of its compaction, empty where it says nothing."""
    return document.get(STATISTICS) or EMPTY


def last_run(document: Document) -> str:
    """Return when a page was last compacted, RFC 3339 in UTC, "" for never."""
    return as_utc(statistics(document).get("last_run"))


def turns_since(document: Document) -> int:
    """Return how many turns came in since the conversations were last compacted."""
    counted = statistics(document).get("turns_since_compaction")
    return counted if type(counted) is int else 0


def with_statistics(document: Document, page: str, at: str, *, new_turns: int = 0) -> Document:
    """Return a page, which has its `_meta`, with its figures brought up to date."""
    total, longest = measure(document)
    values = {**statistics(document), "total_chars": total, "largest_block": longest}
    if page == "conversations":
        values["turns_since_compaction"] = turns_since(document) + new_turns
        values["total_turns"] = sum(map(turns, sessions(document).values()))
    return _noted(document, {**values, "updated_at": at})


def with_run(document: Document, page: str, at: str) -> Document:
    """Return a page that was compacted just now."""
    values = {**statistics(document), "last_run": at}
    if page == "conversations":
        values["turns_since_compaction"] = 0
    return with_statistics(_noted(document, values), page, at)


def _noted(document: Document, values: Table) -> Document:
    try:
        return document.set(STATISTICS, values)
    except DocumentError:  # a person wrote `_meta` their own way: figures are not worth a turn
        return document


# ---------------------------------------------------------------- how


def _objection(document: Document, operation: Operation) -> str | None:
    for path, seen in ((operation.path, operation.seen), (operation.into, operation.into_seen)):
        if path is None:
            continue
        block = document.get(path)
        if block is None or seen is None:
            return f"{name_of(path)} is gone"
        if not is_same(block, seen):
            return f"{name_of(path)} changed meanwhile"
        if is_by_hand(document, path):
            return MINE if path == operation.path else f"{name_of(path)}: {MINE}"
    if operation.action in ("delete", "merge"):
        return "a block can't be merged into itself" if operation.into == operation.path else None
    most = MAX_SUMMARY if operation.path[0] == TABLE else MAX_TEXT
    secret = find_secret("\n".join([operation.text, *(operation.labels or ())]))
    if secret:
        return f"the new text looks like {secret}"
    if not operation.text:
        return "the new text is empty"
    if len(operation.text) > most:
        return f"the new text is longer than {most} characters"
    return None


def _applied(document: Document, operation: Operation) -> Document:
    path, seen = operation.path, operation.seen
    if operation.action == "delete":
        return document.remove(path)
    if operation.action == "merge":
        assert operation.into is not None
        assert operation.into_seen is not None
        values = together(operation.into_seen, seen)
        if isinstance(values, str):
            raise DocumentError(values)
        if operation.text:
            values = {**values, "text": operation.text}
        return document.remove(path).set(operation.into, values)
    if path[0] == TABLE:
        changed: dict[str, Any] = {**seen, "summary": operation.text}
        if operation.labels is not None:
            changed["keywords"] = operation.labels[:MAX_KEYWORDS]
        return document.set(path, changed)
    changed = {**seen, "text": operation.text}
    if operation.labels is not None:
        changed["contexts"] = operation.labels[:MAX_CONTEXTS]
    if operation.text != seen["text"]:
        changed["_was"] = seen["text"]
    return document.set(path, changed)


def _done(operation: Operation) -> BlockChange:
    key = "summary" if operation.path[0] == TABLE else "text"
    before = operation.seen.get(key)
    was = withheld(before) if isinstance(before, str) else ""
    status = _STATUS[operation.action]
    page, name = page_of(operation.path), name_of(operation.path)
    if operation.action in ("delete", "merge"):
        into = None if operation.into is None else name_of(operation.into)
        return BlockChange(status, page, name, was, into=into)
    return BlockChange(status, page, name, operation.text, was=was)


def _fits(value: object, kind: str | None) -> bool:
    if kind == _STRINGS:
        return isinstance(value, tuple) and all(
            isinstance(one, str) for one in cast("tuple[object, ...]", value)
        )
    return isinstance(value, str) if kind == _STRING else kind == _WHOLE and type(value) is int
