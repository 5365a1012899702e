"""What a new statement takes the place of, told from what is known of the user.

A home, a name, an employer and a favourite are one at a time, but only a user who says so ("moved
to", "now", "actually") changes one: in doubt nothing is replaced, for a merge costs a fact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from diarist.extraction.packs import own_guards, own_words, read_table
from diarist.extraction.sentences import lowered, pattern, regardless
from diarist.extraction.statements import UNSURE
from diarist.extraction.weights import LIGHT
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
    r"|(?:now |currently )*(?P<job>work(?:ing)? as |retired\b"
    r"|an? (?:[\w-]+ )?(?:{jobs})(?: now\b|$))"
    r"|(?:an? |now |just |strict |gone |become |went |turned )*(?P<diet>(?:vegetarian|vegan"
    r"|pescatarian|flexitarian|omnivore|keto|carnivore)(?= now| again|$))"
    r"|(?:now |newly |happily |recently |just |got |already )*"
    r"(?P<marital>(?:married|single|divorced|widowed|engaged|separated)\b)"
    r"|(?:now |usually |always )*(?P<time>(?:(?:get|wake) up|go to bed|start work"
    r"|(?:have|eat) (?:breakfast|lunch|dinner)|leave (?:home|work)) (?:at|around|by) )"
    r"|(?P<favourite>(?:all-time |new )?favou?rite [\w -]+? is )(?:now )?)"
)
_PREFERRED = (
    r"(?:\w+ly |now |nowadays |these days ){0,3}prefer (?P<one>.+?) "
    r"(?:to|over|rather than|instead of) (?P<other>.+?)(?: now| these days| nowadays| any ?more)*$"
)
_CHANGED = (
    r"\b(?:now|got|retired|new favou?rite|nowadays|these days|currently|moved|relocated|actually)\b"
)
_SAID_BEFORE = r"\b(?:actually|correction|i meant?|now|wait|in fact|sorry|changed)\b[^.!?\n]*$"
_DOUBTFUL = (
    r"\b(?:also|too|as well|another|part[- ]time|sometimes|ago|last|in \d{4}|when|as an?"
    r" (?:kid|child|boy|girl)|for (?:the|a|work))\b"
)
"""It may be beside the old one, or before it."""
_DOES = frozenset(
    "learn learning speak study use drink eat take play drive ride watch read wear smoke have own "
    "collect do practise practice work live".split()
)
"""Verbs whose objects one can change or give up."""
_ARTICLES = frozenset(["a", "an", "the", "my", "at", "for", "as", "in"])
_GIVEN_UP = (
    r"(?:\w+ly |just ){0,2}(?:(?:gave|given|giving) up|quit|stopped|cut out|dropped|ditched|kicked"
    r"|swore off|sworn off|weaned|come off|been off|off )"
)
_TAKEN_TO = (
    r"(?:just |now |recently )*(?:switched|moved|moved over|changed|converted|went over) to "
)


def replacing(finding: Finding, message: str, snapshot: Snapshot) -> Edit:
    """Return the edit of a finding with the text of the one item that it takes the place of."""
    edit = finding.edit
    if edit.action != "add":
        return edit
    if edit.replaces:
        ended = _ended(finding, snapshot)
        if len(ended) == 1:
            return _instead(edit, *ended[0])
    known = _known(edit, snapshot)
    same = _rivalled(edit, known) or _of_the_same_sort(edit, message, known)
    means = same or _narrowed(edit, known)
    return replace(edit, replaces=means[0]) if len(means) == 1 else edit


def _instead(edit: Edit, category: str, text: str) -> Edit:
    """Return `edit` in the place of an item, in that item's category where only this finds it."""
    beside = about(text, category).aspect == ""
    return replace(edit, replaces=text, category=category if beside else edit.category)


def _known(edit: Edit, snapshot: Snapshot) -> list[str]:
    items = snapshot.preferences.get(edit.category, {})
    return [text for item in items.values() if isinstance(text := item.get("text"), str)]


def _ended(finding: Finding, snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return category and text about the old value: "live in Leeds, UK" for "Leeds", "use vim".

    A taste is only ended by what is said of it, or by giving up the thing.
    """
    return [
        (category, text)
        for category, items in snapshot.preferences.items()
        for item in items.values()
        if isinstance(text := item.get("text"), str) and _is_about(text, category, finding)
    ]


def _is_about(text: str, category: str, finding: Finding) -> bool:
    edit, known = finding.edit, about(text, category)
    old = subject(edit.replaces or "", category, known.aspect).words
    if known.holds is (edit.category == "likes" and category == "dislikes"):
        return False
    if known.aspect == "home":
        moves = about(edit.text, edit.category).aspect == "home" or edit.rule == "biography/left"
        return moves and known.words[: len(old)] == old
    if known.aspect == "taste":
        given_up = edit.category in ("likes", "dislikes") or pattern(_GIVEN_UP).match(edit.text)
        return bool(given_up) and known.words == old
    if category != edit.category and edit.category != "dislikes" and finding.kind != "ending":
        return False
    leads = set(known.words[: -len(old)]) - _ARTICLES
    return known.words[-len(old) :] == old and _DOES.issuperset(leads)


def _rivalled(edit: Edit, known: list[str]) -> list[str]:
    """Return the texts about what "switched to tea" leaves: of coffee and tea one drinks one."""
    taken = pattern(_TAKEN_TO).match(lowered(edit.text))
    if taken is None:
        return []
    new = set(about(edit.text[taken.end() :], edit.category).words)
    rivals = frozenset[str]().union(*(group - new for group in _rivals() if group & new))
    stated = [(text, about(text, edit.category)) for text in known]
    return [
        text
        for text, one in stated
        if one.holds and one.words[-1] in rivals and _DOES.issuperset({*one.words[:-1]} - _ARTICLES)
    ]


@cache
def _rivals() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(words.split()) for words in read_table("domains")["rivals"]["of"])


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


@cache
def _single() -> str:
    return _SINGLE.replace("{jobs}", "|".join(own_words()["job"]))


def _sort(text: str) -> str | None:
    """Return what a text gives the value of, None where one may have several."""
    if preferred := pattern(_PREFERRED).match(lowered(text)):
        return " or ".join(sorted(preferred.group("one", "other")))
    found = regardless(_single()).match(text)
    if found is None:
        return None
    group = found.lastgroup or ""
    if group in ("favourite", "time"):
        return found[group].casefold().replace("favorite", "favourite").removeprefix("new ")
    return group


def lifted(finding: Finding, message: str, snapshot: Snapshot) -> Finding:
    """Return the finding, stored for certain where it changes what is on the page.

    "I used to love coffee" is no statement by itself, but it ends "love coffee"; and what is told
    in passing has weight enough where it takes the place of something known.
    """
    if finding.doubt not in _liftable():
        return finding
    ends = finding.edit.replaces is not None and len(_ended(finding, snapshot)) == 1
    changes = finding.doubt == LIGHT and replacing(finding, message, snapshot) != finding.edit
    if ends or changes or any(_taken_back(finding.edit, snapshot)):
        return replace(finding, doubt=None)
    return finding


@cache
def _liftable() -> frozenset[str]:
    return frozenset([UNSURE, LIGHT, *(guard.reason for guard in own_guards() if guard.lifts)])


def _taken_back(edit: Edit, snapshot: Snapshot) -> Iterator[bool]:
    stated = about(edit.text, edit.category)
    for category, items in snapshot.preferences.items():
        for item in items.values():
            text = item.get("text")
            if isinstance(text, str) and not stated.holds:
                known = about(text, category)
                yield known.holds and known.same(stated, within_category=category == edit.category)
