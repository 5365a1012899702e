"""How the text can begin that a regular expression matches: a cheap test before the dear one.

It reads the part of the syntax that rules use (groups, alternatives, quantifiers, classes) and says
"unknown" to everything else. A rule is only ever skipped where it could not have matched.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from diarist.extraction.sentences import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENING = 2
"""Letters of an opening."""

_QUANTIFIER = r"[?*+]|\{\d*(?:,\d*)?\}"
_EMPTY_GROUPS = ("(?=", "(?!", "(?<=", "(?<!")
_OPEN_GROUP = r"\((?:\?:|\?P<\w+>|(?!\?))"


class UnknownOpeningError(Exception):
    """The expression may begin with anything."""


@cache
def openings(source: str) -> frozenset[str] | None:
    """Return the first one or two letters of all that `source` can match, None if it may be any.

    >>> sorted(openings("(?:really )?(?:like|love)s? .+"))
    ['li', 'lo', 're']
    >>> openings("[a-z]+ing") is None
    True
    """
    try:
        found, empty = _alternatives(source)
    except UnknownOpeningError:
        return None
    return None if empty else found


def may_open(source: str, opening: str) -> bool:
    """Say whether `source` could match a text that begins with the letters `opening`."""
    found = openings(source)
    return found is None or opening in found or opening[:1] in found


def _alternatives(source: str) -> tuple[frozenset[str], bool]:
    """Return the openings of each of the alternatives, and whether one of them may be empty."""
    found: frozenset[str] = frozenset()
    empty = False
    for alternative in _split(source):
        opening, nothing = _sequence(alternative)
        found |= opening
        empty |= nothing
    return found, empty


def _sequence(source: str) -> tuple[frozenset[str], bool]:
    """Return the openings of a sequence: of its atoms up to the first that can't be empty."""
    found: frozenset[str] = frozenset()
    position = 0
    while position < len(source):
        opening, empty, end = _atom(source, position)
        quantifier = pattern(_QUANTIFIER).match(source, end)
        if quantifier:
            empty |= quantifier[0][0] in "?*" or quantifier[0].startswith(("{0", "{,"))
            end = quantifier.end() + (source[quantifier.end() : quantifier.end() + 1] in ("?", "+"))
        found |= opening
        if not empty:
            return found, False
        position = end
    return found, True


def _atom(source: str, position: int) -> tuple[frozenset[str], bool, int]:
    """Return the openings of the atom at `position`, whether it may be empty, and where it ends."""
    if source.startswith(r"\b", position) or source[position] in "^$":
        return frozenset(), True, position + (2 if source[position] == "\\" else 1)
    if source.startswith("(", position):
        end = _closing(source, position)
        if source.startswith(_EMPTY_GROUPS, position):
            return frozenset(), True, end
        if group := pattern(_OPEN_GROUP).match(source, position):
            return (*_alternatives(source[group.end() : end - 1]), end)
        raise UnknownOpeningError
    if source[position] in r"\[.":
        raise UnknownOpeningError
    following = source[position + 1 : position + 3]
    pair = following[:1].isalpha() or following[:1] in ("'", " ")
    if pattern(_QUANTIFIER).match(source, position + 1):
        return frozenset(source[position]), False, position + 1
    if pair and not pattern(_QUANTIFIER).match(source, position + 2):
        return frozenset([source[position : position + OPENING]]), False, position + OPENING
    return frozenset(source[position]), False, position + 1


def _marks(source: str, start: int = 0) -> Iterator[tuple[int, str, int]]:
    """Give each "(", ")" and "|" from `start` on that stands for itself in no class.

    Returns:
        Its place, the mark, and how many groups are open after it.
    """
    depth, position, in_class = 0, start, False
    while position < len(source):
        character = source[position]
        if character == "\\":
            position += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()|":
            depth += {"(": 1, ")": -1, "|": 0}[character]
            yield position, character, depth
        position += 1


def _closing(source: str, position: int) -> int:
    """Return where the group that opens at `position` is over."""
    for place, mark, depth in _marks(source, position):
        if mark == ")" and depth == 0:
            return place + 1
    raise UnknownOpeningError


def _split(source: str) -> list[str]:
    """Split an expression at its outermost "|"."""
    parts, start = list[str](), 0
    for place, mark, depth in _marks(source):
        if mark == "|" and depth == 0:
            parts.append(source[start:place])
            start = place + 1
    return [*parts, source[start:]]
