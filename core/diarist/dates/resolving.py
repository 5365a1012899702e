"""Writing a text so that its times stay true: "next Friday" becomes "on Friday 2026-11-27"."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from diarist.dates.phrases import opens_a_sentence, phrases
from diarist.dates.tenses import is_general, tense

if TYPE_CHECKING:
    from datetime import date

    from diarist.dates.phrases import Phrase

_TAKES_A_NAME = (
    r"\b(?:by|until|till|since|from|for|before|after|to|of|about|than|around|through|throughout"
    r"|towards?|between|during|over|starting|beginning|against|within|most of|versus|vs"
    r"|(?:is|was|song|film|book|band|show|album|game) called)\s+$"
)
_OPENS_A_CLAUSE = (
    r"(?:^|[.!?:;,\n(*•>-]|\b(?:and|but|so|because|that|if|think|hope|is|are|was|will|does|did"
    r"|would|might))\s*$"
)
_IS = (
    r"\s+(?:is|was|will|would|has|had|might|may|could|should|works?|worked|sounds?|looks?|suits?"
    r"|seems?|isn't|wasn't|won't|doesn't|can't|marks?|brings?)\b"
)
_VERB_BEFORE = r"(?:^|[.!?:;,\n(]\s*)(?:is|are|was|will|does|did|would|might)\s+$"
_SHORT_IS = r"['’]s (?=(?:going|gonna|not|an?|the|my|our|too|fine|ok|okay|good|great|bad|also)\b)"
_OWNS = r"['’]s (?=\w)"
_NEAR = 40
"""Characters around a phrase that are looked at."""


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.IGNORECASE)


def resolved(text: str, day: date, *, seen: str | None = None, said_in: str | None = None) -> str:
    """Return `text` with the times that hang on `day` written so that they don't.

    A day is written with its date, a week with its Monday's, longer ones by name. What says no
    time, or one that can't be told, stays as it is, and a second time changes nothing.

    Args:
        text: what was said.
        day: the day on which it was said.
        seen: the same text with other signs where nothing is to be changed, as in quotations.
        said_in: where `text` is a part of a sentence, that sentence; its verbs say what is past.

    >>> from datetime import date
    >>> resolved("My exam is next Friday, and I moved last month.", date(2026, 11, 21))
    'My exam is on Friday 2026-11-27, and I moved in October 2026.'
    """
    spoken, holds = None, False
    if said_in is not None and not tense(text.lower(), len(text), len(text)):
        place = max(said_in.find(text[:20]), 0)
        around = said_in.lower(), place, min(place + len(text), len(said_in))
        spoken, holds = tense(*around) or None, is_general(*around)
    written: list[str] = []
    reached = 0
    for phrase in phrases(text if seen is None else seen, day, tense_of=spoken, holds=holds):
        start, end, words = _written(text, phrase)
        written += [text[reached:start], words]
        reached = end
    return "".join([*written, text[reached:]])


def _written(text: str, phrase: Phrase) -> tuple[int, int, str]:
    """Return from where to where a phrase is replaced, and by what."""
    start, end, period = phrase.start, phrase.end, phrase.period
    before, after = text[:start], text[end : end + _NEAR]
    before = before if start <= _NEAR else f"…{before[-_NEAR:]}"
    words = period.when
    if phrase.lead == "within":
        words = f"by {period.name.removeprefix('around ')}"
    elif phrase.lead and phrase.lead not in ("on", "in", "at"):
        words = f"{phrase.lead} {period.name}"
    elif not phrase.lead and _pattern(r"\ball\s+$").search(before):
        words = f"of {period.name}"
    elif not phrase.lead and _pattern(_TAKES_A_NAME).search(before):
        words = period.name
    elif owns := _pattern(_SHORT_IS).match(after):
        words, end = f"{period.name} is ", end + owns.end()
    elif not phrase.lead and (
        _pattern(_VERB_BEFORE).search(before)
        or (_pattern(_OPENS_A_CLAUSE).search(before) and _pattern(_IS).match(after))
    ):
        words = period.name
    if owns := _pattern(_OWNS).match(text, end):
        words, end = _owning(phrase), owns.end()
    if text[start : start + 1].isupper() and opens_a_sentence(before):
        words = words[:1].upper() + words[1:]
    return start, end, words


def _owning(phrase: Phrase) -> str:
    """Return a time to which something belongs: "the 2026-11-20" for "last night's" dinner."""
    period = phrase.period
    lead = f"{phrase.lead} " if phrase.lead else ""
    if (period.end - period.start).days == 1:
        return f"{lead}the {period.name.rpartition(' of ')[2]} "
    return (
        f"{lead}{period.name}'s " if period.name.startswith("the ") else f"{lead}the {period.name} "
    )
