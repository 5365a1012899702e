"""Does a text that a model gives for another one say the same? Only what leaves words out can.

A paraphrase can't be checked, so it is not taken: in doubt the longer text stays.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from diarist.extraction.discretion import STOP_WORDS
from diarist.extraction.sentences import pattern, regardless, sentences
from diarist.pages.items import about
from diarist.pages.subjects import fold, says_more

if TYPE_CHECKING:
    from collections.abc import Iterable

_GLUE = frozenset(["a", "an", "and", "the"])
"""Words that a shorter text may have more of."""
_FILLER = _GLUE | frozenset(
    "i am is are my that this it its really very so just quite absolutely truly actually basically "
    "simply well also too please honestly totally completely definitely literally still".split()
)
"""Words that any text may do without."""
_LIMITING = frozenset(
    "not no never without nor neither none nothing nobody only except but before after until less "
    "more over under unless if instead rather or".split()
)
"""Words that turn a statement round, or narrow it: a text has all of them, or it says otherwise."""
_FIRST_PERSON = r"\b(?:i|me|my|mine|we|our|us|user)\b|\d"
_NAME = r"[\w'’-]*[A-Z\u00c0-\u00de][\w'’-]*"


def objection_to(shorter: str, text: str, *, is_summary: bool) -> str | None:
    """Return why `shorter` does not do for `text`, None where it does.

    Of a preference only words that say nothing may be left out; of a summary sentences that are
    about nobody, too.

    >>> objection_to("love black coffee", "really love black coffee", is_summary=False)
    >>> objection_to("love coffee", "really love black coffee", is_summary=False)
    "it leaves out 'black'"
    """
    if len(shorter) >= len(text):
        return "it is not shorter"
    old, new = fold(text), fold(shorter)
    if not _is_part([word for word in new if word not in _GLUE], old):
        return "it has other words than the old text, or another order"
    if _limits(old) != _limits(new):
        return "it leaves out a negation or a condition"
    needed = _needed(text) if is_summary else set(old) - _FILLER
    left = sorted(needed - set(new), key=old.index)
    return f"it leaves out {left[0]!r}" if left else None


def is_said_by(text: str, category: str, other: str, other_category: str) -> bool:
    """Say whether `other` says all that `text` says: one subject, one polarity, and no more.

    >>> is_said_by("allergic to walnuts", "allergies", "severely allergic to walnuts", "allergies")
    True
    >>> is_said_by("allergic to nuts", "allergies", "allergic to pine nuts", "allergies")
    False
    """
    mine, others = about(text, category), about(other, other_category)
    is_one = mine.same(others, within_category=category == other_category)
    if not is_one or mine.holds != others.holds or says_more(text, other):
        return False
    return _limits(fold(text)).keys() == _limits(fold(other)).keys()


def _needed(summary: str) -> set[str]:
    """Return the words of a summary that must stay: names, numbers, and what is about somebody."""
    names = {
        word
        for name in pattern(_NAME).findall(summary)
        for word in fold(name)
        if word not in STOP_WORDS
    }
    facts = {
        word
        for start, end in sentences(summary)
        if regardless(_FIRST_PERSON).search(summary, start, end)
        for word in fold(summary[start:end])
    }
    return (names | facts) - _FILLER


def _limits(words: Iterable[str]) -> Counter[str]:
    return Counter(word for word in words if word in _LIMITING)


def _is_part(words: Iterable[str], of: Iterable[str]) -> bool:
    """Say whether `words` are among others, in their order."""
    rest = iter(of)
    return all(word in rest for word in words)
