"""Whether a clause speaks of what was or of what will be, so that "on Friday" finds its Friday."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Tense: TypeAlias = Literal[-1, 0, 1]
"""Past, unknown, future."""

_BOUNDARY = (
    r"[,;:()—]|\b(?:and|but|so|because|since|though|although|while|that|which|who|when|if)\b"
)
_SENTENCE = r"[.!?…]+(?=\s)|\n+|[。！？]"
_BE = r"(?:am|is|are|be|been|being|get|gets|'m|'s|'re)"
_WENT = (
    r"was|were|wasn't|weren't|did|didn't|had|hadn't|went|saw|met|got|came|took|made|bought|ate"
    r"|drank|ran|won|lost|left|found|told|said|gave|began|became|broke|brought|built|caught|chose"
    r"|drove|fell|felt|flew|forgot|froze|grew|heard|held|kept|knew|led|paid|rode|rang|sang|sent"
    r"|shot|slept|sold|spoke|spent|stood|stole|swam|taught|thought|threw|understood|woke|wore|wrote"
)
_MARKS = (
    rf"(?P<neutral>{_BE} (?:\w+ly |so |very |really |not |already |just )?(?:\w+ed|paid)\b"
    r"|\b(?:have|has|'ve) (?:\w+ly |just |already |not |never |now )?"
    r"(?:\w+ed|been|got|gone|made|bought|found|chosen|begun|sent|paid|written|taken|set|won|built)\b"
    r"|\b(?:was|were) (?:training|planning|hoping|preparing|thinking|looking|supposed|meant|due)\b"
    r"|\b(?:bed|red|wed|shed|sled|hundred|united|naked|sacred)\b)"
    r"|(?P<past>\b(?:had|used|wanted|needed|tried|went|came) to\b"
    r"|\b(?:was|were) (?:\w+ly |not |still |just )?\w+ing\b)"
    r"|(?P<future>\b(?:will|won't|shall|gonna|should|must|might|let's|hopefully)\b|'ll\b"
    r"|\b(?:going|due|about|have|has|need|needs|want|wants|plan|plans|hope|hopes|like|love|agreed"
    r"|decided|planned|promised|arranged|offered|invited|supposed|scheduled|hoping|planning"
    r"|trying|looking forward) to\b"
    rf"|{_BE} (?:\w+ly |not |also |still |now |finally |all )?\w+ing\b"
    rf"|{_BE} (?:away|off|free|back|busy|due|visiting)\b"
    r"|\b(?:planning|booked|deadline|expires?|leaves|starts|begins|opens|arrives|appointment)\b)"
    rf"|(?P<went>\b(?:{_WENT}|agreed|(?<!ing )(?<!been )\w\w+(?<!e)ed)\b)"
)
_GENERAL = (
    r"\b(?:every|each|always|usually|often|normally|typically|generally|sometimes|never|whenever"
    r"|most|any|per|mostly|rarely|once an?|twice an?|annual(?:ly)?|birthdays?|anniversar\w+"
    r"|name day|born|season|holidays?)\b"
)

_HABIT = (
    r"\b(?:i|we|you|they|he|she|user) (?:(?:don't|doesn't|do not|does not|also|only|really|just) )*"
    r"(?!\w+(?:ed|ing|ly)\b|(?:can|can't|cannot|could|would|may|am|are|aren't|is|isn't|do|does|have"
    r"|haven't|has|hasn't|had|want|need|think|hope|guess|believe|bet|expect|suppose|know|mean|wish"
    r"|see|meet|leave|fly|start|begin|finish|end|open|close|move|arrive|depart|return|travel|land"
    r"|visit|retire|graduate|marry|turn|read|hear|say|fix|set|put|let|hit|cut|quit|cost)(?:e?s)?\b"
    rf"|(?:{_WENT})\b)[a-z]+\b"
)
"""What somebody does, not once: "we swim"; after some verbs it is once: "I fly on Friday"."""


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source)


def tense(text: str, start: int, end: int) -> Tense:
    """Return the tense of what is said at a place of `text`, which is in lower case.

    The nearest verb before it in its clause decides, else the next one after it, else the nearest
    of the sentence.

    >>> tense("i met ana on friday and i'm leaving on sunday", 10, 19)
    -1
    >>> tense("i met ana on friday and i'm leaving on sunday", 36, 45)
    1
    """
    first, last = _within(_SENTENCE, text, start, end)
    for low, high in (_within(_BOUNDARY, text, start, end, first, last), (first, last)):
        before: list[Tense] = [*_marks(text, low, start)]
        told = before[-1:] or [*_marks(text, end, high)]
        if told:
            return told[0]
    return 0


def is_general(text: str, start: int, end: int) -> bool:
    """Say whether what is said there holds again and again: "every", a birthday, "we swim".

    >>> is_general("we swim on friday", 8, 17), is_general("we fly to rome on friday", 15, 24)
    (True, False)
    """
    first, last = _within(_SENTENCE, text, start, end)
    if _pattern(_GENERAL).search(text, first, last):
        return True
    low, high = _within(_BOUNDARY, text, start, end, first, last)
    told = [*_marks(text, low, high)]
    return not told and _pattern(_HABIT).search(text, low, high) is not None


def clause(text: str, start: int, end: int) -> str:
    """Return the clause around a place.

    >>> clause("we moved, and my lease ends in june", 28, 35)
    ' my lease ends in june'
    """
    bounds = _within(_SENTENCE, text, start, end)
    low, high = _within(_BOUNDARY, text, start, end, *bounds)
    return text[low:high]


def _marks(text: str, start: int, end: int) -> Iterator[Tense]:
    """Yield the tense of each verb that has one."""
    for mark in _pattern(_MARKS).finditer(text, start, end):
        if mark.lastgroup != "neutral":
            yield 1 if mark.lastgroup == "future" else -1


def _within(
    boundary: str, text: str, start: int, end: int, first: int = 0, last: int | None = None
) -> tuple[int, int]:
    """Return the bounds of the piece around a place."""
    last = len(text) if last is None else last
    before = [stop.end() for stop in _pattern(boundary).finditer(text, first, start)]
    after = _pattern(boundary).search(text, end, last)
    return (before[-1] if before else first), (after.start() if after else last)
