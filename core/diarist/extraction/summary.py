"""A rolling summary of a conversation, in its own sentences, and words that stand for it.

Nothing is generated: each sentence and each keyword was said; only times that hang on the day of the
turn become dates. A turn goes in, the whole new summary comes out; the same turn a second time
changes nothing, and what stands in the summary is never dated again.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diarist.dates.resolving import resolved
from diarist.dates.words import DAYS, MONTHS, SEASONS
from diarist.extraction.discretion import STOP_WORDS, harmless, words
from diarist.extraction.sentences import HIDDEN, LIMIT, pattern, readable, regardless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from diarist.models import Turn

MAX_SENTENCES, MAX_CHARACTERS, MAX_KEYWORDS = 5, 400, 8
_LONGEST, _SHORTEST, _LONGEST_KANJI = 160, 3, 6
_NEW, _ANSWER, _AGE = 1.5, -1.5, 0.2

_SMALL_TALK = (
    r"\W*(?:(?:hi|hello|hey|thanks?|thank you|thx|cheers|ok(?:ay)?|great|cool|nice|perfect|lovely"
    r"|sure|yes|no|yeah|yep|nope|please|haha\w*|lol|wow|oh|amazing|congrat\w+|take care|enjoy"
    r"|good (?:morning|evening|afternoon|night|idea|point|question|luck)|you're welcome|no problem"
    r"|bye|goodbye|awesome|got it|i see|see you|see ya|talk to you|talk (?:soon|later)"
    r"|sounds (?:good|great)|that(?:'s| is|) (?:\w+ )?(?:great|good|helpful|nice|fine"
    r"|perfect|right|interesting|awesome|amazing|wonderful|it|all|cool|sounds? \w+)|how are you"
    r"|how(?:'s| is) it going|what's up|how have you been|(?:so )?good to (?:see|hear)"
    r"|happy to help|of course|certainly|absolutely|exactly|definitely|i hope this helps"
    r"|let me know|is there anything else|anything else|feel free|i'm here|glad|noted|understood"
    r"|those (?:are|sound)|have a (?:\w+ )?(?:day|one|time|evening|weekend|trip)|will do|i will"
    r"|here(?:'s| is| are|'s what| you go)|i'll (?:keep|remember|note|do|try|be)|i can help"
    r"|what else|tell me more|(?:it|this|that) (?:works|worked|helps|helped))\b[^.!?。]{0,40}[.!?。…:]*)$"
)
_OPENING = (
    r"(?:(?:oh|well|ok|okay|haha|hmm|um|so|btw|by the way|thanks|great|cool|nice|wow|anyway|hi|hey"
    r"|hello)(?:, |! ))+(?=\w)"
)
"""What goes before a sentence and says nothing."""
_FACT = r"\b(?:i(?:'m|'ve|'d)?|my|we|our)\b"
_NAME = r"(?<=[\w,] )(?!I\b)[A-Z][\w'-]+"
_NUMBER = r"\d"
_POINTS = r"(?:it|that|this|these|those|they|he|she)\b"
"""A beginning that points at something said before."""
_ENDS = ".!?…。！？"
_CODE = r"```[\s\S]*?(?:```|\Z)"
_LIST = r"(?<=:)[ \t]*\n(?:[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+[^\n]*[^\n.!?:][ \t]*(?:\n+|\Z))+"
_ITEM = r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+([^\n]*\S)"
_ADDRESS = r"(https?://\S{36})\S{4,}"
_WORD = r"[^\W\d_][\w'-]*[^\W_]|[^\W\d_]{2,}"
_TIMES = frozenset(
    [*DAYS, *MONTHS, *SEASONS, "week", "weekend", "month", "year", "evening", "night", "morning"]
)
"""No keywords: when it was, not what it was about."""


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
    talk. Small talk, code and pasted texts are left out, and what may be a part of something for
    which `is_secret` is true. Times become dates, counted from `turn.at`. At most eight keywords,
    all of them words of the summary.

    >>> from datetime import UTC, datetime
    >>> from diarist.models import Turn
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> turn = Turn("s", "Hi! I'm leaving tomorrow. A risotto recipe?", "Sure.", at)
    >>> summarise("Planned a trip to Rome.", turn, is_secret=lambda text: False).text
    "Planned a trip to Rome. I'm leaving on 2026-01-02. A risotto recipe?"
    """
    old = [part for text in _stored(previous or "", is_secret) if (part := _part(text))]
    said, answered, secret = _shown_turn(turn, is_secret)
    pool = [_Sentence(part, _weight(part) - _AGE * (len(old) - n)) for n, part in enumerate(old)]
    pool += [_Sentence(part, _weight(part) + _NEW) for part in said]
    pool += [_Sentence(part, _weight(part) + _ANSWER) for part in answered[:2]]
    text = _joined(_without_doubles(pool))
    if is_secret(text):  # only together with what was said before
        text, said, answered = _joined(_without_doubles(pool[: len(old)])), [], []
    carried = [word for word in keywords if word.casefold() not in secret]
    return Summary(text, _keywords(carried, said, answered, text))


def _stored(summary: str, is_secret: Callable[[str], bool]) -> list[str]:
    """Return the sentences of the summary so far."""
    return harmless(summary, is_secret)[0]


def _shown_turn(
    turn: Turn, is_secret: Callable[[str], bool]
) -> tuple[list[str], list[str], frozenset[str]]:
    """Return what both said without secrets, and the words that may be one.

    Where the user tells a secret the answer may repeat it, where the answer does the user may have.
    """
    said, told = _shown(turn.user_msg, turn.at.date(), is_secret)
    answered, answer = _shown(turn.assistant_msg, turn.at.date(), is_secret)
    if not told and not answer:
        return said, answered, told
    if not told:
        return [], [], answer | words(turn.user_msg)
    return [part for part in said if answer.isdisjoint(words(part))], [], told | answer


def _shown(
    text: str, day: date, is_secret: Callable[[str], bool]
) -> tuple[list[str], frozenset[str]]:
    """Return the sentences of `text` that say something and no secret, cut to a readable length.

    And the words that the secret may be in.
    """
    text = text[:LIMIT]
    if not is_secret(text):
        text = _flowing(text)
    parts, told = harmless(text, is_secret)
    shown: list[str] = []
    seen, reached = readable(text), 0
    for part in parts:
        reached = text.index(part, reached)
        own = _own(part, seen[reached : reached + len(part)])
        reached += len(part)
        dated = resolved(own, day, seen=seen[reached - len(part) :][: len(own)])
        if shortened := _part(dated):
            shown.append(shortened)
    return shown, told


def _flowing(text: str) -> str:
    """Return a text without blocks of code, a list after a colon as one sentence."""
    text = pattern(_CODE).sub("\n", text)
    return pattern(_LIST).sub(
        lambda found: " " + ", ".join(pattern(_ITEM).findall(found[0])) + ".\n", text
    )


def _own(part: str, seen: str) -> str:
    """Return a sentence without a long quotation or pasted text at its end, "" for one that is one."""
    hidden = seen.find(HIDDEN * 40)
    if hidden < 0 and seen.count(HIDDEN) <= len(seen) // 2:
        return part
    if "://" in part:
        return part
    first = seen.find(HIDDEN)
    return part[:first].rstrip(" :,\"“'") if len(part[:first].split()) > 2 else ""


@lru_cache(maxsize=4096)
def _part(sentence: str) -> str | None:
    part = " ".join(regardless(_ADDRESS).sub(r"\1…", sentence).split())
    if opening := regardless(_OPENING).match(part):
        part = part[opening.end()].upper() + part[opening.end() + 1 :]
    if len(part) > _LONGEST:
        part = part[:_LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    if len(part) < _SHORTEST or not pattern(_WORD).search(part):
        return None
    if regardless(_SMALL_TALK).match(part) and not _tells(part):
        return None
    if part.rstrip("\"'”’)]」』）")[-1:] in _ENDS:
        return part
    return part.rstrip(" ,;:") + ("." if part[-1] < "\u2e80" else "。")


def _tells(text: str) -> bool:
    """Say whether a sentence that begins like small talk tells something of the user all the same."""
    if pattern(_NUMBER).search(text):
        return True
    return bool(regardless(_FACT).search(text)) and len(_content(text)) > 1


def _content(text: str) -> list[str]:
    found: list[str] = pattern(_WORD).findall(text.lower())
    return [word for word in found if word not in STOP_WORDS]


@lru_cache(maxsize=4096)
def _weight(text: str) -> float:
    """Return how much a sentence says: facts, names and numbers, not its length."""
    weight = 1.0 * bool(regardless(_FACT).search(text)) - 0.5 * text.endswith(("?", "？"))
    weight += 0.5 * min(3, len(pattern(_NAME).findall(text))) + 0.5 * bool(
        pattern(_NUMBER).search(text)
    )
    weight -= 0.5 * bool(regardless(_POINTS).match(text))
    content = _content(text)
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
    previous: Iterable[str], said: Iterable[str], answered: Iterable[str], text: str
) -> tuple[str, ...]:
    """Return the content words of the summary that were said most, old ones with a lower weight."""
    score: Counter[str] = Counter()
    for rank, word in enumerate(previous):
        score[word] += max(8 - rank, 1)
    for parts, weight in ((said, 6), (answered, 1)):
        for part in parts:
            for word in pattern(_WORD).findall(part.replace("’", "'")):
                folded = word.lower().removesuffix("'s")
                if _is_keyword(folded):
                    score[folded] += weight + 2 * word[0].isupper()
    shown = text.casefold().replace("’", "'")
    ranked = [
        word
        for word in sorted(score, key=lambda word: -score[word])
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", shown)
    ]
    return tuple(ranked[:MAX_KEYWORDS])


def _is_keyword(word: str) -> bool:
    if word >= "\u2e80":  # without spaces a whole clause looks like a word
        return 1 < len(word) <= _LONGEST_KANJI
    return len(word) > 2 and word not in STOP_WORDS and word not in _TIMES
