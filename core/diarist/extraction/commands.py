"""Commands of the user to forget something, and what on the page they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diarist.extraction.categories import same_field, stems
from diarist.extraction.sentences import Clause, pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarist.models import Edit, Snapshot

_POLITE = (
    r"(?:(?:please|pls|can you|could you|you can|just|i want you to|now|ok|actually|oh|and)[ ,]+)*"
)
_FORGET = r"(?:forget|delete|remove|erase|unlearn|wipe|discard|drop)\b"
_STATEMENT = (
    rf"{_POLITE}{_FORGET}(?: the (?:fact|note|entry|line))?(?: that| about)? (?=(?:i|i'm"
    rf"|i've|my|we)\b)"
)
_SUBJECT = (
    rf"{_POLITE}{_FORGET} (?:everything|all|anything|whatever|what|the things?"
    rf"|your (?:notes?|memor\w+))"
    r"(?: that)?(?: (?:you|i)(?:'ve| have)? (?:know|remember|stored|saved|learn\w+|noted"
    r"|wrote|have|said"
    r"|told you|mentioned)(?: down)?)? (?:about|of|on|regarding) "
)


@dataclass(frozen=True, slots=True)
class Forget:
    """A command to forget, and the words that say what.

    Attributes:
        clause: what is to be forgotten.
        statement: it is a statement ("I like jazz"), not a subject ("my job").
    """

    clause: Clause
    statement: bool


def forget(clause: Clause) -> Forget | None:
    """Return the command in `clause`, None if there is none.

    >>> text = "please forget that i like jazz"
    >>> forget(Clause(text, text, 0)).clause.text
    'i like jazz'
    >>> forget(Clause("i forget that i have a key", "", 0)) is None
    True
    """
    for source, statement in ((_SUBJECT, False), (_STATEMENT, True)):
        if command := pattern(source).match(clause.text):
            at = command.end()
            rest = Clause(clause.text[at:], clause.cased[at:], clause.start + at)
            return Forget(rest, statement)
    return None


def resolve(edits: Iterable[Edit], snapshot: Snapshot) -> Iterator[Edit]:
    """Yield `edits`, each command to forget with the ids of the items it means.

    A command that means no item stays as it is, so that the report can say so.
    """
    for edit in edits:
        if edit.action != "forget":
            yield edit
            continue
        means = list(_meant(edit, snapshot))
        yield from means or [edit]


def _meant(edit: Edit, snapshot: Snapshot) -> Iterator[Edit]:
    """Yield a command for each item that says all of the words, or is of the subject's field."""
    words = stems(edit.text)
    for category, items in snapshot.preferences.items():
        for identifier, item in items.items():
            text = str(item.get("text", ""))
            in_field = edit.rule == "forget/subject" and category == edit.category
            if words <= stems(text) or (in_field and same_field(edit.text, text)):
                yield replace(edit, category=category, id=identifier, text=text)
