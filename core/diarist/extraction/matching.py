"""Which rule a clause follows, and which clauses only go on with the one before them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from diarist.extraction import commands
from diarist.extraction.openings import OPENING, may_open
from diarist.extraction.packs import Guard, Rule, own_guards, own_rules
from diarist.extraction.predicates import Predicate, predicate
from diarist.extraction.sentences import CLAUSE_LIMIT, REASONS, Clause, pattern, regardless

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

_BODILY = frozenset(["allergy", "health", "diet"])
_CHOSEN = frozenset(["taste", "routine"]) | _BODILY
_CONSEQUENCES = frozenset(["so", "which is why"])
_LINK = 16
"""The most characters between a statement and what goes on with it."""

_ASKED_TO = r"\W*(?:and |so |but )?(?:can|could|would|will) you\b"


@dataclass(frozen=True, slots=True)
class Match:
    """A rule, what it matched, and the category of the default table that follows from it."""

    rule: Rule
    match: re.Match[str]
    category: str
    shift: int = 0

    def group(self, name: str) -> str | None:
        """Return what the group `name` matched, None without such a group or match."""
        return self.match[name] if name in self.match.re.groupindex else None

    def span(self, name: str) -> tuple[int, int] | None:
        """Return where the group `name` is in the clause as it was said."""
        if not self.group(name):
            return None
        start, end = self.match.span(name)
        return start - self.shift, end - self.shift


Matched: TypeAlias = tuple[Predicate, Match] | None


@dataclass(frozen=True, slots=True)
class Told:
    """A clause, the command in it, and what it says."""

    clause: Clause
    command: commands.Forget | None
    matched: Matched
    doubt: str | None = None

    def joined(self, new: Told) -> Told:
        """Return this with the words of `new` as its end."""
        return replace(self, clause=self.clause.joined(new.clause))

    def goes_on_with(self, new: Told) -> bool:
        """Say whether `new` is a part of this statement: a reason, a consequence, or more of it."""
        if self.matched is None or new.clause.start - self.clause.end > _LINK:
            return False
        if len(self.clause.text) + len(new.clause.text) > CLAUSE_LIMIT:
            return False
        if self.doubt is not None:
            return False
        if new.clause.link in REASONS or new.refers_back():
            return True
        if new.matched is None or new.doubt is not None:
            return False
        if self.prefers() and new.matched[1].rule.kind in _CHOSEN:
            return True
        if new.clause.shared and new.prefers() and self.matched[1].rule.kind == "taste":
            return True
        if new.clause.link in _CONSEQUENCES:
            return self.is_like(new) or self.has_consequences()
        return new.clause.shared and self.is_like(new)

    def has_consequences(self) -> bool:
        """Say whether what follows from it ("a phobia of birds, so …") is one fact with it."""
        if self.matched is None:
            return False
        rule = self.matched[1].rule
        return rule.kind in _CHOSEN and not rule.split

    def prefers(self) -> bool:
        """Say whether it is a choice ("prefer tea and avoid coffee"), one statement as a whole."""
        if self.matched is None:
            return False
        said = self.matched[0]
        return bool(pattern(r"prefers?\b").match(said.reading, said.verb))

    def is_like(self, new: Told) -> bool:
        """Say whether both state the same sort of thing, in the same category."""
        if self.matched is None or new.matched is None:
            return False
        mine, other = self.matched[1], new.matched[1]
        return mine.category == other.category and mine.rule.kind == other.rule.kind

    def refers_back(self) -> bool:
        """Say whether it is about something that was named before ("prefer not to use them")."""
        thing = self.matched[1].group("thing") if self.matched else None
        return bool(thing) and bool(
            pattern(r"(?:.*\b)?(?:them|it|those|these|that)$").match(thing or "")
        )


def told_in(parts: Iterable[Clause], packs: tuple[Rule, ...]) -> Iterator[Told]:
    """Yield what the clauses of a sentence tell, each with the clauses that only go on with it.

    A clause without a subject of its own tells something only after one that does. What a reason
    says of the body counts beside the statement it explains.
    """
    told: list[Told] = []
    for clause in parts:
        if clause.shared and not told:
            continue
        command = commands.forget(clause)
        said = command.clause if command else clause
        found = matched(said, packs)
        new = Told(clause, command, found, doubt(said, *found) if found else None)
        if told and told[-1].goes_on_with(new):
            told[-1] = told[-1].joined(new)
            if not (new.matched and new.matched[1].rule.kind in _BODILY):
                continue
        if new.matched or command:
            told.append(new)
    yield from told


def matched(clause: Clause, packs: tuple[Rule, ...]) -> Matched:
    """Return the first rule that `clause` follows, with its predicate, None if it follows none."""
    said = predicate(clause)
    opening = said.reading[said.verb : said.verb + OPENING]
    early = said.reading[said.begins : said.begins + OPENING]
    for rule in _candidates(packs, said.subject, said.modal, clause.shared, opening, early):
        if found := _try(rule, clause, said):
            return said, found
    return None


@lru_cache(maxsize=4096)
def _candidates(
    packs: tuple[Rule, ...], subject: str, modal: str, shared: bool, opening: str, early: str
) -> tuple[Rule, ...]:
    """Return the rules for a subject, a modal and the first letters of a verb, in their order."""
    subjects = {subject}
    if shared:
        subjects = {"I", "elided"}
    elif subject == "other":
        subjects = {"other", "elided"}
    return tuple(
        rule
        for rule in (*packs, *own_rules())
        if rule.subjects & subjects
        and modal in rule.modals
        and (may_open(rule.source, opening) or may_open(rule.source, early))
    )


def _try(rule: Rule, clause: Clause, said: Predicate) -> Match | None:
    if rule.habit and not said.habit:
        return None
    elided = said.subject == "other" and "other" not in rule.subjects
    if elided and rule.elided and not pattern(rule.elided).match(said.reading, said.verb):
        return None
    if rule.require and not pattern(rule.require).search(clause.text):
        return None
    match = _match(rule, clause, said, said.verb)
    if match is None and said.verb != said.begins and _may_start_early(rule, said):
        match = _match(rule, clause, said, said.begins)
    if match is None:
        return None
    found = Match(rule, match, "", 0 if rule.cased else len(said.reading) - len(clause.text))
    denied = said.negated != (found.group("bad") is not None)
    category = rule.negated if denied else rule.affirmed
    return replace(found, category=category) if category else None


def _may_start_early(rule: Rule, said: Predicate) -> bool:
    """Say whether what looks like a modal or an adverb may be a part of the statement.

    So it is in "I do yoga", and in all that does not speak of the user first ("Never use emojis").
    """
    return "other" in rule.subjects or (said.modal == "do" and not said.negated)


def _match(rule: Rule, clause: Clause, said: Predicate, position: int) -> re.Match[str] | None:
    if rule.cased:
        regex, text = regardless(rule.source), clause.cased
    else:
        regex, text = pattern(rule.source), said.reading
    return regex.match(text, position)


def doubt(clause: Clause, said: Predicate, found: Match) -> str | None:
    """Return why a match is no statement, or None."""
    kind = found.rule.kind
    if clause.question and not (kind == "instruction" and pattern(_ASKED_TO).match(clause.text)):
        return "a question"
    for guard in own_guards():
        if guard.on in ("message", "aside"):
            continue
        if guard.on == "clause":
            looked_at: str | None = clause.text
        elif guard.on == "subject":
            looked_at = clause.text[said.begins :] if said.subject == "other" else None
        else:
            looked_at = found.group(guard.on)
        if looked_at and guard.stops(looked_at.lower(), kind):
            return guard.reason
    return None


def frame(text: str) -> tuple[Guard, ...]:
    """Return the guards that a message as a whole sets off: a story, a role, a text."""
    return tuple(guard for guard in own_guards() if guard.on == "message" and guard.sees(text))


def asides() -> tuple[Guard, ...]:
    """Return the guards for what is told beside a question."""
    return tuple(guard for guard in own_guards() if guard.on == "aside")
