"""What a new statement takes the place of, told from what is known of the user.

A home, a name, an employer and a favourite are one at a time, but only a user who says so ("moved
to", "now", "actually") changes one: in doubt nothing is replaced, for a merge costs a fact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from diarist.extraction.packs import own_guards
from diarist.extraction.sentences import lowered, pattern, regardless
from diarist.extraction.statements import UNSURE
from diarist.pages.items import about
from diarist.pages.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarist.extraction.statements import Finding
    from diarist.models import Edit, Snapshot
    from diarist.pages.subjects import Subject

_SINGLE = (
    r"(?:(?:just |\w+ly |now |currently |am |been )*(?P<home>(?:live|living|based|reside) in"
    r"|(?:re)?(?:located|moved) (?:back |over )?to|moved from .+? to) (?:the )?(?-i:(?=[A-Z]))"
    r"|(?P<name>name is )|(?P<called>call me |everyone calls me )"
    r"|(?:just |now |currently )*(?P<employer>(?:work(?:ing)?|employed) (?:for|at|by) )"
    r"(?:(?-i:(?=[A-Z]))|an? )"
    r"|(?:now |currently )*(?P<job>work(?:ing)? as )"
    r"|(?:an? |now |just |strict |gone |become |went |turned )*(?P<diet>(?:vegetarian|vegan"
    r"|pescatarian|flexitarian|omnivore|keto|carnivore)(?= now| again|$))"
    r"|(?:now |newly |happily |recently |just |got |already )*"
    r"(?P<marital>(?:married|single|divorced|widowed|engaged|separated)\b)"
    r"|(?:now |usually |always )*(?P<time>(?:(?:get|wake) up|go to bed|start work"
    r"|(?:have|eat) (?:breakfast|lunch|dinner)|leave (?:home|work)) (?:at|around|by) )"
    r"|(?P<favourite>(?:all-time )?favou?rite [\w -]+? is )(?:now )?)"
)
_PREFERRED = (
    r"(?:\w+ly |now ){0,3}prefer (?P<one>.+?) (?:to|over|rather than|instead of) "
    r"(?P<other>.+?)(?: now| these days| nowadays| any ?more)*$"
)
_CHANGED = r"\b(?:now|got|nowadays|these days|currently|moved|relocated|actually)\b"
_SAID_BEFORE = r"\b(?:actually|correction|i meant?|now|wait|in fact|sorry|changed)\b[^.!?\n]*$"
_DOUBTFUL = (
    r"\b(?:also|too|as well|another|part[- ]time|sometimes|ago|last|in \d{4}|when|as an?"
    r" (?:kid|child|boy|girl)|for (?:the|a|work))\b"
)
"""It may be beside the old one, or before it."""
_DOES = frozenset(
    [
        "learn",
        "speak",
        "study",
        "use",
        "drink",
        "eat",
        "take",
        "play",
        "drive",
        "ride",
        "watch",
        "read",
        "wear",
    ]
)


def replacing(edit: Edit, message: str, snapshot: Snapshot) -> Edit:
    """Return `edit` with the text of the one item that it takes the place of."""
    if edit.action != "add":
        return edit
    known = snapshot.preferences.get(edit.category, {})
    texts = [text for item in known.values() if isinstance(text := item.get("text"), str)]
    means = _named(edit, texts) if edit.replaces else _of_the_same_sort(edit, message, texts)
    means = means or _narrowed(edit, texts)
    return replace(edit, replaces=means[0]) if len(means) == 1 else edit


def _named(edit: Edit, texts: list[str]) -> list[str]:
    """Return the texts about the old value: "live in Leeds, UK" for "Leeds", "use vim" for it."""
    moves = about(edit.text, edit.category).aspect == "home"
    return [text for text in texts if _is_about(text, edit, moves=moves)]


def _is_about(text: str, edit: Edit, *, moves: bool) -> bool:
    known = about(text, edit.category)
    old = subject(edit.replaces or "", edit.category, known.aspect).words
    if not known.holds or moves != (known.aspect == "home"):
        return False
    if moves:
        return known.words[: len(old)] == old
    return known.words[-len(old) :] == old and _DOES.issuperset(
        set(known.words[: -len(old)]) - {"a", "an", "the"}
    )


def _of_the_same_sort(edit: Edit, message: str, texts: list[str]) -> list[str]:
    """Return the texts with another value of what one has one of, where the user changes it."""
    sort = _sort(edit.text)
    before = lowered(message[: edit.span[0]] if edit.span else "")
    text = lowered(edit.text)
    said = pattern(_CHANGED).search(text) or pattern(_SAID_BEFORE).search(before)
    if sort is None or not said or pattern(_DOUBTFUL).search(text):
        return []
    own = about(edit.text, edit.category)
    means = [text for text in texts if _sort(text) == sort]
    stated = [about(text, edit.category) for text in means]
    return means if own.words not in [one.words for one in stated] else []


def _narrowed(edit: Edit, texts: list[str]) -> list[str]:
    """Return the texts that "only" narrows: "like dogs", where only small ones are liked."""
    rest, only = regardless(r"\bonly\s+").subn("", edit.text, count=1)
    new = about(rest, edit.category)
    if not only:
        return []
    return [text for text in texts if _is_narrower(new, about(text, edit.category))]


def _is_narrower(new: Subject, old: Subject) -> bool:
    if new.words == old.words or (new.aspect, new.holds) != (old.aspect, old.holds):
        return False
    return "".join(new.words).endswith("".join(old.words)) and len(new.words) <= len(old.words) + 2


def _sort(text: str) -> str | None:
    """Return what a text gives the value of, None where one may have several."""
    if preferred := pattern(_PREFERRED).match(lowered(text)):
        return " or ".join(sorted(preferred.group("one", "other")))
    found = regardless(_SINGLE).match(text)
    if found is None:
        return None
    group = found.lastgroup or ""
    if group in ("favourite", "time"):
        return found[group].casefold().replace("favorite", "favourite")
    return group


def lifted(finding: Finding, snapshot: Snapshot) -> Finding:
    """Return the finding, stored for certain where it takes back what is on the page.

    "I used to love coffee" is no statement by itself, but it ends "love coffee".
    """
    if finding.doubt not in _liftable() or not any(_taken_back(finding.edit, snapshot)):
        return finding
    return replace(finding, doubt=None)


@cache
def _liftable() -> frozenset[str]:
    return frozenset([UNSURE, *(guard.reason for guard in own_guards() if guard.lifts)])


def _taken_back(edit: Edit, snapshot: Snapshot) -> Iterator[bool]:
    stated = about(edit.text, edit.category)
    for category, items in snapshot.preferences.items():
        for item in items.values():
            text = item.get("text")
            if isinstance(text, str) and not stated.holds:
                known = about(text, category)
                yield known.holds and known.same(stated, within_category=category == edit.category)
