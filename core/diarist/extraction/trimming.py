"""A stale summary without what says nothing: greetings, repetitions, questions already answered.

Sentences are left out whole, and the rest keeps its characters. A sentence with a name, a number or
somebody's fact stays, unless another one says the same with the same words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from diarist.extraction.discretion import STOP_WORDS
from diarist.extraction.sentences import pattern, regardless, sentences

_SMALL_TALK = (
    r"\W*(?:(?:oh|ok(?:ay)?|and|well|so)\W+)?(?:hi(?: there)?|hello(?: there)?|hey(?: there)?"
    r"|good (?:morning|afternoon|evening|night)|(?:many )?thanks(?: a lot| so much| again)?"
    r"|thank you(?: so much| very much| again)?|thx|cheers|bye|goodbye|see you(?: later| soon)?"
    r"|ok(?:ay)?|great|cool|nice|perfect|wow|awesome|lovely|noted|got it|sounds (?:good|great)"
    r"|you(?:'re| are)(?: very)? welcome|no problem|how are you(?: today)?|how can i help(?: you)?"
    r"|happy to help|of course|certainly|absolutely|i see|i hope this helps|feel free to ask"
    r"|let me know(?: if you need anything(?: else)?)?|is there anything else)\W*$"
)
_FIRST_PERSON = (
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself|we|we're|we've|our|ours|us|user|user's)\b"
)
_TELLS = r"\d|(?<=\w)\W+[A-Z\u00c0-\u00de](?!\b)|[A-Z]{2}"
"""A number, a capital inside a sentence, or capitals: a name or a date may be there."""
_ABBREVIATED = r"\b[A-Z]\w{0,4}\.\W*$"
"""How a sentence ends that perhaps goes on: "I met Capt."."""
_GOES_ON = r"[,;] (?:and|also|plus)\b"
_WORD = r"[^\W_]+(?:'[^\W_]+)*"
_SHORTEST_ANSWER = 3
"""Words; what has fewer behind a question may answer it: "Any allergies? None."."""


class _Piece(NamedTuple):
    """A sentence, or what is between two, with its place and the blank behind it."""

    text: str
    start: int
    end: int

    @property
    def words(self) -> list[str]:
        return pattern(_WORD).findall(self.text.replace("’", "'"))

    @property
    def asks(self) -> bool:
        return self.text.rstrip("\"')] ").endswith("?")

    @property
    def tells(self) -> bool:
        text = self.text.replace("’", "'")
        return bool(pattern(_TELLS).search(text) or regardless(_FIRST_PERSON).search(text))


def trimmed(summary: str) -> str:
    """Return `summary` without small talk, repetitions and questions that add no word.

    Where nothing else would be left, it stays as it is. Trimming twice is trimming once.

    >>> trimmed("Hi! I'm allergic to walnuts. Thanks a lot. I'm allergic to walnuts.")
    "I'm allergic to walnuts."
    """
    while True:
        shorter = _without_one(summary)
        if shorter is None:
            return summary
        summary = shorter


def _without_one(summary: str) -> str | None:
    """Return the summary without the first piece that says nothing, None where all say something.

    One at a time, so that of two that say the same one stays.
    """
    pieces = _pieces(summary)
    for number, piece in enumerate(pieces):
        others = [*pieces[:number], *pieces[number + 1 :]]
        if any(other.words for other in others) and _says_nothing(pieces, number, others):
            return f"{summary[: piece.start]}{summary[piece.end :]}".strip()
    return None


def _pieces(summary: str) -> list[_Piece]:
    """Return all of a summary, piece by piece; what `sentences` leaves out is a piece, too."""
    pieces: list[_Piece] = []
    position = 0
    for start, end in sentences(summary):
        if pattern(r"\w").search(summary, position, start):
            pieces.append(_Piece(summary[position:start], position, start))
        elif pieces:
            pieces[-1] = pieces[-1]._replace(end=start)
        pieces.append(_Piece(summary[start:end], start, end))
        position = end
    if pattern(r"\w").search(summary, position):
        pieces.append(_Piece(summary[position:], position, len(summary)))
    return pieces


def _says_nothing(pieces: list[_Piece], number: int, others: list[_Piece]) -> bool:
    piece = pieces[number]
    before = pieces[number - 1] if number else None
    if before is not None and before.asks:
        return False  # it may be the answer
    if _is_said_before(piece, pieces[:number]) or _is_beginning(piece, others):
        return before is None or not pattern(_ABBREVIATED).search(before.text)
    if piece.tells:
        return False
    if regardless(_SMALL_TALK).match(piece.text.replace("’", "'")):
        return not (piece.asks and number + 1 < len(pieces) and _answers(pieces[number + 1]))
    if not piece.asks or (number + 1 < len(pieces) and _answers(pieces[number + 1])):
        return False
    said = {form for other in others for word in other.words for form in (word, word.casefold())}
    return {word for word in piece.words if word.casefold() not in STOP_WORDS} <= said


def _answers(piece: _Piece) -> bool:
    return len(piece.words) < _SHORTEST_ANSWER


def _is_said_before(piece: _Piece, earlier: list[_Piece]) -> bool:
    """Say whether a whole sentence stands there already, letter for letter."""
    text = " ".join(piece.text.split())
    return len(piece.words) >= _SHORTEST_ANSWER and any(
        " ".join(other.text.split()) == text for other in earlier
    )


def _is_beginning(piece: _Piece, others: list[_Piece]) -> bool:
    """Say whether another sentence starts with all of this one, and goes on with more."""
    core = piece.text.strip().rstrip(".")
    if len(piece.words) < _SHORTEST_ANSWER or piece.asks or not re.search(r"\w\Z", core):
        return False
    return any(
        not other.asks
        and other.text.startswith(core)
        and pattern(_GOES_ON).match(other.text, len(core))
        for other in others
    )
