"""The preferences page: edits applied by rule, limits kept.

Every function takes a document and returns a new one. Applying an edit twice is the same as
applying it once: an item names the messages it came from, and a message counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from diarist.models import Edit, EditResult, Match
from diarist.pages.items import Found, Stamp, about, find, items, merged, search, search_before
from diarist.pages.rendering import clean
from diarist.pages.secrets import WITHHELD, find_secret, withheld
from diarist.pages.subjects import says_more, slug, subject
from diarist.pages.toml import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarist.models import Status
    from diarist.pages.subjects import Subject
    from diarist.pages.toml import Document

__all__ = ["Limits", "Stamp", "apply", "forget", "items", "similar", "upsert"]

MAX_ITEMS = 2000
"""Items on one page; a page is read as a whole, what is more belongs into notes."""
MAX_TEXT = 1000
"""Characters in one statement."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a page may hold, and from which resemblance (in per cent) `upsert` asks back."""

    per_category: int = 100
    similarity: int = 70


def apply(
    document: Document,
    edits: Iterable[Edit],
    *,
    categories: Iterable[str],
    stamp: Stamp,
    limits: Limits,
) -> tuple[Document, tuple[EditResult, ...]]:
    """Return the page after `edits`, in their order, and what became of each.

    Raises:
        DocumentError: an edit needs a table that a person wrote in a way that can't be edited, or
            a category that is a plain value on the page; the whole turn waits until it is mended.
    """
    allowed = tuple(categories)
    results: list[EditResult] = []
    for edit in edits:
        document, result = _apply(document, _tidied(edit), allowed, stamp, limits)
        results.append(result)
    return document, tuple(results)


def upsert(
    document: Document,
    category: str,
    text: str | None,
    *,
    id: str | None,
    contexts: Sequence[str],
    categories: Iterable[str],
    stamp: Stamp,
    limits: Limits,
) -> tuple[Document, EditResult]:
    """Add or change one item directly; see `Diary.upsert_preference`.

    `id` must be None, "new" or an id on the page.
    """
    allowed = tuple(categories)
    edit = _tidied(Edit("add", category, text or "", contexts=tuple(contexts)))
    named = None if id is None or id == "new" else find(document, category, id)
    if named is not None and text is None:
        edit = replace(edit, text=named.text)
    refusal = _refusal(edit, allowed)
    if refusal:
        return document, refusal
    if named is not None:
        status = "confirmed" if edit.text == named.text else "revised"
        return _write(document, named, edit, stamp, status)
    if id == "new":
        return _add(document, edit, stamp, limits)
    stated = about(edit.text, category)
    if not any(
        found.is_about(stated, category) for found in search(document, allowed, [stated.words])
    ):
        matches = similar(document, category, edit.text, limits.similarity)
        if matches:
            return document, EditResult(
                "similar",
                category,
                edit.text,
                matches=matches,
                reason='an id updates one of them, id="new" creates another',
            )
    return _apply(document, edit, allowed, stamp, limits)


def similar(document: Document, category: str, text: str, threshold: int) -> tuple[Match, ...]:
    """Return the five items of `category` most like `text`, in per cent, best first."""
    texts = {id: cast("str", item["text"]) for id, item in items(document, category).items()}
    best = resembling(texts, text, threshold)
    return tuple(Match(category, id, texts[id], score) for id, score in best.items())


def resembling(texts: Mapping[str, str], text: str, threshold: int) -> dict[str, int]:
    """Return the names of the five texts most like `text`, best first, and how much in per cent.

    The score is rapidfuzz's token_set_ratio. It is advice for a model or a person: nothing is
    merged or dropped by it.

    >>> resembling({"a": "love tea", "b": "allergic to walnuts"}, "love green tea", 70)
    {'a': 100}
    """
    from rapidfuzz import fuzz, process, utils

    best = process.extract(
        text,
        texts,
        scorer=fuzz.token_set_ratio,
        processor=utils.default_process,
        score_cutoff=threshold,
        limit=5,
    )
    return {name: round(score) for _, score, name in best}


def forget(document: Document, category: str, id: str) -> tuple[Document, EditResult]:
    """Take one item away, also one of a category the table does not know."""
    item = document.get((category, id))
    assert item is not None
    was = item.get("text")
    text = withheld(was) if isinstance(was, str) else id
    return document.remove((category, id)), EditResult("forgotten", category, text, id=id)


# ---------------------------------------------------------------- rules


def _apply(
    document: Document, edit: Edit, categories: tuple[str, ...], stamp: Stamp, limits: Limits
) -> tuple[Document, EditResult]:
    named = None
    if edit.id is not None and edit.category in categories:
        named = find(document, edit.category, edit.id)
    if edit.action == "forget":
        return _forget(document, edit, named, categories, stamp)
    if named is not None and edit.action == "confirm":
        edit = replace(edit, text=named.text)
    refusal = _refusal(edit, categories)
    if refusal:
        return document, refusal
    if named is not None and edit.action == "confirm":
        return _confirm(document, named, edit, stamp)
    if named is not None and edit.action == "revise":
        return _revise(document, named, edit, stamp)
    return _state(document, edit, categories, stamp, limits)


def _state(
    document: Document, edit: Edit, categories: tuple[str, ...], stamp: Stamp, limits: Limits
) -> tuple[Document, EditResult]:
    """Store a statement: confirm or revise what it repeats, replace what it contradicts, or add.

    A change of taste moves the item; what is denied otherwise stays in its category.
    """
    stated = about(edit.text, edit.category)
    replaced = _replaced(edit, stated)
    known: Found | None = None
    contradicted: Found | None = None
    own_first = dict.fromkeys((edit.category, *categories))
    for found in search(document, own_first, (stated.words, replaced.words)):
        if found.is_about(stated, edit.category):
            if found.about.holds == stated.holds:
                known = known or found
            else:
                contradicted = contradicted or found
        elif edit.replaces and found.is_about(replaced, edit.category):
            contradicted = contradicted or found
    if contradicted is None:
        if known is not None:
            return _confirm(document, known, edit, stamp)
        return _add_unless_outdated(document, edit, categories, stamp, limits)
    if known is None:
        if contradicted.about.aspect != "taste":
            edit = replace(edit, category=contradicted.category)
        return _replace(document, contradicted, edit, stamp, limits)
    document, result = _confirm(document, known, edit, stamp)
    if contradicted.is_later_than(stamp):
        return document, result
    gone = f"{contradicted.category}/{contradicted.id} is gone"
    return document.remove(contradicted.path), replace(result, reason=gone)


def _replaced(edit: Edit, stated: Subject) -> Subject:
    """Return what `edit` takes the place of: "Leeds", in the sense of what is stated."""
    if not edit.replaces:
        return stated
    return subject(edit.replaces, edit.category, stated.aspect)


def _confirm(
    document: Document, found: Found, edit: Edit, stamp: Stamp
) -> tuple[Document, EditResult]:
    if found.names(stamp):
        return document, _result("confirmed", found, edit, reason="already applied")
    if says_more(edit.text, found.text) and not found.is_later_than(stamp):
        return _write(document, found, edit, stamp, "revised")
    return _write(document, found, replace(edit, text=found.text), stamp, "confirmed")


def _revise(
    document: Document, found: Found, edit: Edit, stamp: Stamp
) -> tuple[Document, EditResult]:
    if found.names(stamp):
        return document, _result("revised", found, edit, reason="already applied")
    if found.is_later_than(stamp):
        return document, _outdated(found, edit)
    return _write(document, found, edit, stamp, "revised")


def _replace(
    document: Document, found: Found, edit: Edit, stamp: Stamp, limits: Limits
) -> tuple[Document, EditResult]:
    """Let `edit` take the place of an item that says otherwise, also from another category."""
    if found.is_later_than(stamp):
        return document, _outdated(found, edit)
    moves = found.category != edit.category
    if moves and _is_full(document, edit.category, limits, more=0):
        return document, _full(edit, limits, f"{found.category}/{found.id} stays as it is")
    same_subject = found.about.words == about(edit.text, edit.category).words
    if not moves and (same_subject or not document.has_header(found.path)):
        return _write(document, found, edit, stamp, "revised")
    id = _free_id(document, edit)
    if document.has_header(found.path):
        document = document.rename(found.path, (edit.category, id))
    else:
        document = document.remove(found.path).set((edit.category, id), found.item)
    moved = Found(edit.category, id, found.item, found.about)
    document, result = _write(document, moved, edit, stamp, "revised")
    return document, replace(result, reason=f"moved from {found.category}/{found.id}")


def _add_unless_outdated(
    document: Document, edit: Edit, categories: tuple[str, ...], stamp: Stamp, limits: Limits
) -> tuple[Document, EditResult]:
    """Add, unless a later message took back just this: it is the old text of an item."""
    stated = about(edit.text, edit.category)
    for found in search_before(document, categories, [stated.words]):
        if found.is_about(stated, edit.category) and (
            found.names(stamp) or found.is_later_than(stamp)
        ):
            return document, _outdated(found, edit)
    return _add(document, edit, stamp, limits)


def _add(
    document: Document, edit: Edit, stamp: Stamp, limits: Limits
) -> tuple[Document, EditResult]:
    if _is_full(document, edit.category, limits, more=1):
        return document, _full(edit, limits)
    id = _free_id(document, edit)
    item: dict[str, Any] = {
        "text": edit.text,
        "contexts": merged((), edit.contexts),
        "_count": 1,
        "_created": stamp.at,
        "_updated": stamp.at,
    }
    if stamp.session_id is not None:
        item |= {"_created_by": stamp.session_id, "_updated_by": stamp.session_id}
    if stamp.source is not None:
        item["_sources"] = (stamp.source,)
    document = document.set((edit.category, id), item)
    return document, EditResult("added", edit.category, edit.text, id=id)


def _forget(
    document: Document,
    edit: Edit,
    named: Found | None,
    categories: tuple[str, ...],
    stamp: Stamp,
) -> tuple[Document, EditResult]:
    found = named or _meant(document, edit, categories)
    if found is None:
        reason = "nothing on the page says so"
        text = withheld(edit.text)[:MAX_TEXT]
        return document, EditResult("rejected", withheld(edit.category), text, reason=reason)
    if found.is_later_than(stamp):
        return document, _outdated(found, edit)
    return forget(document, found.category, found.id)


def _meant(document: Document, edit: Edit, categories: tuple[str, ...]) -> Found | None:
    """Return the item that a text to forget means; "hate tea" is not meant by "like tea"."""
    stated = about(edit.text, edit.category)
    says_how = subject(edit.text).aspect != ""
    meant = [
        found
        for found in search(document, categories, [stated.words])
        if (stated.aspect == found.about.aspect or "" in (stated.aspect, found.about.aspect))
        and (stated.holds == found.about.holds or not says_how)
    ]
    return min(meant, key=lambda found: found.category != edit.category, default=None)


def _refusal(edit: Edit, categories: tuple[str, ...]) -> EditResult | None:
    """Return why `edit` can't reach the page, None where it can."""
    secret = find_secret("\n".join([edit.text, *edit.contexts]))
    if secret:
        reason = f"it looks like {secret}"
        return EditResult("rejected", withheld(edit.category), WITHHELD, reason=reason)
    category = withheld(edit.category)
    reason = None
    if edit.category not in categories:
        reason = f"the table has no category {category!r}"
    elif not edit.text:
        reason = "it is empty"
    elif len(edit.text) > MAX_TEXT:
        reason = f"it is longer than {MAX_TEXT} characters; keep long texts as notes"
    if reason is None:
        return None
    return EditResult("rejected", category, edit.text[:80], reason=reason)


def _outdated(found: Found, edit: Edit) -> EditResult:
    edit = replace(edit, text=withheld(edit.text))
    return _result("rejected", found, edit, reason="a later message says otherwise")


def _is_full(document: Document, category: str, limits: Limits, *, more: int) -> bool:
    """Say whether `category` has no place, or the page none for `more` items."""
    if _size(document.tree.get(category)) >= limits.per_category:
        return True
    sizes = (_size(table) for key, table in document.tree.items() if key != "_meta")
    return sum(sizes) + more > MAX_ITEMS


def _full(edit: Edit, limits: Limits, also: str = "") -> EditResult:
    reason = (
        f"{edit.category} is full ({limits.per_category} a category, {MAX_ITEMS} a page): forget "
        f"something, raise max_prefs_per_category, or keep it as a note"
    )
    reason = f"{reason}; {also}" if also else reason
    return EditResult("full", edit.category, edit.text, reason=reason)


def _size(table: Any) -> int:
    return len(table) if is_table(table) else 0


def _write(
    document: Document, found: Found, edit: Edit, stamp: Stamp, status: Status
) -> tuple[Document, EditResult]:
    values = found.restated(edit.text, edit.contexts, stamp)
    was = withheld(found.text) if edit.text != found.text else None
    result = EditResult(status, found.category, edit.text, id=found.id, was=was)
    return document.set(found.path, values), result


def _result(status: Status, found: Found, edit: Edit, *, reason: str) -> EditResult:
    return EditResult(status, found.category, edit.text, id=found.id, reason=reason)


def _free_id(document: Document, edit: Edit) -> str:
    """Return an id that the category has not; "new" means something to `upsert`."""
    taken = document.get((edit.category,)) or {}
    wanted = slug(edit.text)
    id, number = wanted, 1
    while id in taken or id == "new":
        number += 1
        id = f"{wanted}-{number}"
    return id


def _tidied(edit: Edit) -> Edit:
    contexts = tuple(_tidy(context) for context in edit.contexts)
    return replace(edit, text=_tidy(edit.text), contexts=tuple(filter(None, contexts)))


def _tidy(text: str) -> str:
    return " ".join(clean(text).split())
