"""A rolling summary of a conversation, in its own sentences, and words that stand for it.

Nothing is generated: each sentence and each keyword was said; only times that hang on the day of the
turn become dates. A turn goes in, the whole new summary comes out; the same turn a second time
changes nothing, and what stands in the summary is never dated again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diarist.extraction.discretion import STOP_WORDS, harmless, words
from diarist.extraction.sentences import pattern, regardless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarist.models import Turn

MAX_SENTENCES, MAX_CHARACTERS, MAX_KEYWORDS = 5, 400, 8
_LONGEST, _SHORTEST = 160, 3
_NEW, _ANSWER, _AGE = 1.5, -1.5, 0.2

_SMALL_TALK = (
    r"\W*(?:(?:hi|hello|hey|thanks?|thank you|thx|cheers|ok(?:ay)?|great|cool|nice|perfect"
    r"|sure|yes|no|yeah"
    r"|good (?:morning|evening|afternoon|night)|you're welcome|no problem|bye|goodbye|wow"
    r"|awesome|got it|i see"
    r"|sounds (?:good|great)|that(?:'s| is|) (?:\w+ )?(?:great|good|helpful|nice|fine"
    r"|perfect|right|interesting"
    r"|sounds? \w+)|how are you|happy to help|of course|certainly|absolutely"
    r"|i hope this helps|let me know"
    r"|is there anything else|feel free|i'm here|glad|noted|those (?:are"
    r"|sound))\b[^.!?]{0,40}[.!?]*)$"
)
_FACT = r"\b(?:i(?:'m|'ve|'d)?|my|we|our)\b"
_NAME = r"(?<=[\w,] )(?!I\b)[A-Z][\w'-]+"
_NUMBER = r"\d"
_WORD = r"[^\W\d_][\w'-]*[^\W_]|[^\W\d_]{2,}"


class Summary(NamedTuple):
    """What a conversation was about."""

    text: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    score: float


def summarise(
    previous: str | None,
    turn: Turn,
    *,
    keywords: Iterable[str] = (),
    is_secret: Callable[[str], bool],
) -> Summary:
    """Return the summary and keywords of a conversation after `turn`.

    At most five sentences and about 400 characters, in the order in which they were said: the
    user's words before the assistant's, new ones before old ones, names, numbers and facts before
    talk. Small talk is left out, and what may be a part of something for which `is_secret` is true.

    >>> from datetime import UTC, datetime
    >>> from diarist.models import Turn
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> turn = Turn("s", "Hi! I'm allergic to walnuts. A risotto recipe?", "Sure.", at)
    >>> summarise("Planned a trip to Rome.", turn, is_secret=lambda text: False).text
    "Planned a trip to Rome. I'm allergic to walnuts. A risotto recipe?"
    """
    old, _ = _shown(previous or "", is_secret)
    said, answered, secret = _shown_turn(turn, is_secret)
    pool = [_Sentence(part, _weight(part) - _AGE * (len(old) - n)) for n, part in enumerate(old)]
    pool += [_Sentence(part, _weight(part) + _NEW) for part in said]
    pool += [_Sentence(part, _weight(part) + _ANSWER) for part in answered[:2]]
    text = _joined(_without_doubles(pool))
    if is_secret(text):  # only together with what was said before
        text, said, answered = _joined(_without_doubles(pool[: len(old)])), [], []
    carried = [word for word in keywords if word.casefold() not in secret]
    return Summary(text, _keywords(carried, said, answered))


def _shown_turn(
    turn: Turn, is_secret: Callable[[str], bool]
) -> tuple[list[str], list[str], frozenset[str]]:
    """Return what both said without secrets, and the words that may be one.

    Where the user tells a secret the answer may repeat it, where the answer does the user may have.
    """
    said, told = _shown(turn.user_msg, is_secret)
    answered, answer = _shown(turn.assistant_msg, is_secret)
    if not told and not answer:
        return said, answered, told
    if not told:
        return [], [], answer | words(turn.user_msg)
    return [part for part in said if answer.isdisjoint(words(part))], [], told | answer


def _shown(text: str, is_secret: Callable[[str], bool]) -> tuple[list[str], frozenset[str]]:
    """Return the sentences of `text` that say something and no secret, cut to a readable length.

    And the words that the secret may be in.
    """
    parts, told = harmless(text, is_secret)
    return [part for part in map(_part, parts) if part is not None], told


@lru_cache(maxsize=4096)
def _part(sentence: str) -> str | None:
    part = " ".join(sentence.split())
    if len(part) > _LONGEST:
        part = part[:_LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    if len(part) < _SHORTEST or not pattern(_WORD).search(part):
        return None
    if regardless(_SMALL_TALK).match(part):
        return None
    return part if part[-1] in ".!?…" else part + "."


@lru_cache(maxsize=4096)
def _weight(text: str) -> float:
    """Return how much a sentence says: facts, names and numbers, not its length."""
    weight = 1.0 * bool(regardless(_FACT).search(text)) - 0.5 * text.endswith("?")
    weight += 0.5 * min(3, len(pattern(_NAME).findall(text))) + 0.5 * bool(
        pattern(_NUMBER).search(text)
    )
    content = [word for word in pattern(_WORD).findall(text.lower()) if word not in STOP_WORDS]
    return weight + 0.1 * min(8, len(content)) - 1.0 * (not content)


def _without_doubles(pool: Iterable[_Sentence]) -> list[_Sentence]:
    """Drop what is said again; it keeps its first place."""
    kept: dict[str, _Sentence] = {}
    for sentence in pool:
        kept.setdefault(sentence.text.casefold(), sentence)
    return list(kept.values())


def _joined(pool: list[_Sentence]) -> str:
    """Return the weightiest sentences that fit, in their order."""
    ranked = sorted(range(len(pool)), key=lambda n: (-pool[n].score, -n))
    chosen: list[int] = []
    length = 0
    for number in ranked:
        cost = len(pool[number].text) + 1
        if len(chosen) < MAX_SENTENCES and length + cost <= MAX_CHARACTERS + 1:
            chosen.append(number)
            length += cost
    return " ".join(pool[number].text for number in sorted(chosen))


def _keywords(
    previous: Iterable[str], said: Iterable[str], answered: Iterable[str]
) -> tuple[str, ...]:
    """Return the content words that were said most, old ones carried on with a lower weight."""
    score: Counter[str] = Counter()
    for rank, word in enumerate(previous):
        score[word] += max(8 - rank, 1)
    for parts, weight in ((said, 6), (answered, 1)):
        for part in parts:
            for word in pattern(_WORD).findall(part.replace("’", "'")):
                folded = word.lower().removesuffix("'s")
                if len(folded) > 2 and folded not in STOP_WORDS:
                    score[folded] += weight + 2 * word[0].isupper()
    ranked = sorted(score, key=lambda word: -score[word])
    return tuple(ranked[:MAX_KEYWORDS])
