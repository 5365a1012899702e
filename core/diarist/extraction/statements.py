"""From a matched clause to edits: the words that are kept, when they hold, where they belong."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diarist.extraction.categories import choose, nearest
from diarist.extraction.sentences import pattern
from diarist.models import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diarist.extraction.matching import Match, Told
    from diarist.extraction.predicates import Predicate
    from diarist.extraction.sentences import Clause

MAX_TEXT = 300
"""Characters of the longest text that is stored."""

UNSURE = "its form is not sure enough to store it"
"""Why a rule that only offers stores nothing."""

_TAIL = (
    r"(?:[\s,]+(?:too|as well|also|please|though|by the way|btw|lol|haha|thanks?|thank you|actually"
    r"|you know|i guess|i think|honestly|to be honest|tbh|you see|sadly|unfortunately|here|in fact"
    r"|i'm afraid|sorry|and all|so|and|but|or|if that helps|if it helps|for the record))+[\s,]*$"
)
_CONTEXTS = (
    r"\b(?:because|since (?=i|we|my|it|they)|due to|owing to|as i |so that|in order to"
    r"|so as to)\b.+$"
    r"|\b(?:when(?:ever)?|while|unless|if|after|before|until)\b[^,]+"
    r"|\b(?:at (?:work|home|school|night|weekends|the office|the weekend)|on (?:weekdays|weekends"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days)|in (?:the )?(?:mornings?|evenings?|afternoons?"
    r"|winter|summer|spring|autumn)|during [^,]+|for (?:breakfast|lunch|dinner|work))\b"
)
_INSTEAD = (
    r"\binstead of ([^,]+?)(?= (?:now|these days|nowadays|any ?more|at|in|for|on|because)\b|$|,)"
)
_OVER = (
    r"\b(?:any ?more|any longer|no longer|no more|(?:has|have) (?:\w+ly )?grown on me"
    r"|had enough of|(?:done|finished|through) with|\A(?:i'm|i am) over)\b"
)
"""What is said of a thing that was otherwise before."""
_OPPOSED = (
    r"(?:(?:not|nor)\s+(?:to\s+)?(?!(?:\w+ly|too|very|so|that|if|when|in|any|as|at|on|all|just|to"
    r"|life|bad|the)\b)|to\s+)(?=\w)"
)
"""What is said otherwise of the next thing: "to walnuts, not (to) peanuts", "but to nuts"."""
_OTHER_CLAUSE = (
    r"(?:my|our|his|her|their|i|i'\w+|he|she|we|they|it|it's|you|so|not|nor)\b"
    r"|.*\b(?:is|are|was|were|am|has|have|had|does|do|did|can|could|will|would|\w+n't|can't)\b"
)
_THINGS = (
    r"\s*,\s*(?:and|or|&)\s+(?:to\s+)?|\s+(?:and|or|&)\s+(?:to\s+)?(?!other\b)"
    rf"|\s*,?\s+but\s+(?={_OPPOSED})"
    r"|\s*,\s+(?!(?:which|so|but|because|especially|like|such)\b)(?:to\s+)?"
)


_MOODS = {"I would": "would ", "I will": "will "}
"""What hangs on the subject and still belongs to the statement: "I'd like to sail"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An edit, and why it is not stored, or None where it is."""

    edit: Edit
    kind: str
    doubt: str | None = None


def findings(message: str, told: Told, categories: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what a clause of `message` says, or what it wants forgotten."""
    command = told.command
    if command is None:
        yield from _stated(message, told, told.clause, categories)
    elif command.statement and told.matched:
        for finding in _stated(message, told, command.clause, categories):
            edit = replace(finding.edit, action="forget", rule="forget/statement")
            yield Finding(edit, "forget", finding.doubt)
    else:
        text = message[command.clause.start : command.clause.end]
        category = nearest(text, categories)
        span = (told.clause.start, told.clause.end)
        edit = Edit("forget", category or "", text, span=span, rule="forget/subject")
        yield Finding(edit, "forget", None if category else "what to forget is not clear")


def _stated(
    message: str, told: Told, clause: Clause, categories: Mapping[str, str]
) -> Iterator[Finding]:
    if told.matched is None:
        return
    said, found = told.matched
    why_not = told.doubt
    if not found.rule.stores:
        why_not = why_not or UNSURE
    for start, end, text in _texts(message, clause, said, found):
        category = choose(found.category, found.rule.kind, text, categories)
        reason = why_not
        if len(text) > MAX_TEXT:
            reason = reason or "too long for one statement"
        if category is None:
            reason = reason or "fits no category of this table"
        edit = Edit(
            "add",
            category or "",
            text,
            contexts=_contexts(clause, said, text),
            replaces=_replaced(clause, found),
            span=(start, end),
            rule=found.rule.path,
        )
        yield Finding(edit, found.rule.kind, reason)


def _texts(
    message: str, clause: Clause, said: Predicate, found: Match
) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of each statement, in the user's own words."""
    begin, end = found.span("text") or (said.begins, len(clause.text))
    if tail := pattern(_TAIL).search(clause.text, begin, end):
        end = max(tail.start(), begin + 1)
    start, stop = clause.start + begin, clause.start + end
    words = message[start:stop].strip(" ,\n")
    if words.count('"') == 1:
        words = words.strip('"')
    front = f"{said.fronted[0].lower()}{said.fronted[1:]} " if _keeps_front(said) else ""
    if begin == said.begins:
        front += _MOODS.get(said.subject, "")
    for part in parts(words) if found.rule.split else [words]:
        if part:
            yield start, stop, " ".join((front + part).split())


def _keeps_front(said: Predicate) -> bool:
    """Say whether what stands before the subject is a part of the statement."""
    apart = pattern(r"(?:as|since|for|having|being|speaking) ")
    return bool(said.fronted) and not apart.match(said.fronted.lower())


def parts(words: str) -> list[str]:
    """Split "allergic to a, b and c" into statements about a, b and c.

    >>> parts("allergic to walnuts and peanuts, but not severely")
    ['allergic to walnuts', 'allergic to peanuts, but not severely']
    >>> parts("allergic to walnuts, not peanuts")
    ['allergic to walnuts', 'not allergic to peanuts']
    """
    lead = re.match(r"(.*?\b(?:to|of)\s+)(.+)$", words, re.IGNORECASE)
    if not lead:
        return [words]
    first, *more = re.split(_THINGS, lead[2])
    found = [lead[1] + first]
    for thing in more:
        opposed = re.match(_OPPOSED, thing, re.IGNORECASE)
        if opposed is None and re.match(_OTHER_CLAUSE, thing, re.IGNORECASE):
            break
        if len(thing.split()) > 6 or not thing:
            return [words]
        front = _opposite(lead[1]) if opposed else lead[1]
        found.append(front + thing[opposed.end() if opposed else 0 :])
    return found


def _opposite(lead: str) -> str:
    """Return lead words, denied where they were not.

    >>> _opposite("allergic to "), _opposite("not allergic to ")
    ('not allergic to ', 'allergic to ')
    """
    affirmed = re.sub(r"\bnot\s+", "", lead, count=1, flags=re.IGNORECASE)
    return affirmed if affirmed != lead else f"not {lead}"


def _replaced(clause: Clause, found: Match) -> str | None:
    """Return the old value, where the user says in so many words that it is one."""
    span = found.span("replaces") or found.span("old")
    if span is None and pattern(_OVER).search(clause.text):
        span = found.span("np") or found.span("thing")
    if span is None and found.category in ("likes", "routines", "goals"):
        instead = pattern(_INSTEAD).search(clause.text)
        span = instead.span(1) if instead else None
    return clause.cased[slice(*span)].strip(" ,") if span else None


def _contexts(clause: Clause, said: Predicate, text: str) -> tuple[str, ...]:
    """Return when or why it holds, as said."""
    found = [said.fronted] if said.fronted else []
    for part in pattern(_CONTEXTS).finditer(clause.text, said.verb):
        found.append(clause.cased[slice(*part.span())].strip(" ,"))  # noqa: PERF401
    return tuple(dict.fromkeys(part[:100] for part in found if part != text))[:4]
