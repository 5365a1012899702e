"""A rolling summary of a conversation, in its own sentences, and words that stand for it.

Nothing is generated: each sentence and each keyword was said; only times that hang on the day of
the turn become dates. A turn goes in, the whole new summary comes out; the same turn a second time
changes nothing, and what stands in the summary is never dated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diarist.dates.resolving import resolved
from diarist.extraction.discretion import STOP_WORDS, harmless, words
from diarist.extraction.keywords import MAX_KEYWORDS as MAX_KEYWORDS
from diarist.extraction.keywords import keywords_of
from diarist.extraction.sentences import HIDDEN, LIMIT, pattern, readable, regardless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from diarist.models import Turn

MAX_SENTENCES, MAX_CHARACTERS = 5, 400
_LONGEST, _SHORTEST = 160, 3
_NEW, _ANSWER, _AGE, _LEAST_ANSWER = 1.2, -1.5, 0.15, 0.6

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
    r"|here(?:'s| is| are) (?:the|a|an|your|some|what)|here you go|i can help"
    r"|i'll (?:keep|remember|note|do|try|be)"
    r"|hallo|hola|olá|bonjour|salut|ciao|danke|bitte|gern(?:e)?|gracias|de nada|obrigad[oa]|merci"
    r"|de rien|grazie|prego|viel (?:erfolg|spaß|glück)|d'accord|verstanden|schön"
    r"|what else|tell me more|(?:it|this|that) (?:works|worked|helps|helped))\b"
    r"[^.!?。]{0,40}[.!?。…:]*"
    r"|(?:你好|您好|谢谢|不客气|记住了|好的|こんにちは|ありがとう|안녕하세요|감사합니다)\w{0,6}[。！？!.]*)$"
)
_OPENING = (
    r"(?:(?:oh|well|ok|okay|haha|hmm|um|so|btw|by the way|thanks|great|cool|nice|wow|anyway|hi|hey"
    r"|hello)(?:, |! ))+(?=\w)"
)
"""What goes before a sentence and says nothing."""
_FACT = (
    r"\b(?:i(?:['’](?:m|ve|d|ll))?|my|we|our|ich|mein\w*|wir|unser\w*|je|j['’]\w+|mon|mes|nous|yo|soy"
    r"|mi|mis|eu|sou|meu|minha|moro|io|sono|ik|mijn|jag)\b|[我私僕]|나는|저는|제가|내가"
)
_OF_ONESELF = r"\b(?:i(?:['’](?:m|ve|d|ll))?|me|my|mine|we|us|our|ich|je|yo|eu|io)\b|[我私僕]"
_NAME = r"(?<=[\w,] )(?!I\b)[A-Z][\w'-]+"
_NUMBER = r"\d"
_DATE = r"\b\d{4}-\d\d-\d\d\b"
_POINTS = r"(?:it|that|this|these|those|they|he|she)\b"
"""A beginning that points at something said before."""
_ENDS = ".!?…。！？｡"
_CODE = r"(?P<colon>:)?\s*```[\s\S]*?(?:```|\Z)"
_LIST = r"(?<=:)[ \t]*\n(?:[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+[^\n]*[^\n.!?:][ \t]*(?:\n+|\Z))+"
_ITEM = r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+([^\n]*\S)"
_ADDRESS_AT_ALL = r"https?://\S+"
_ADDRESS = r"(https?://\S{36})\S{4,}"
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
    old = [" ".join(part.split()) for part in harmless(previous or "", is_secret)[0]]
    said, answered, secret = _shown_turn(turn, is_secret)
    pool = [
        _Sentence(part, _weight(part) - _AGE * (len(old) - n if n else len(old) / 2))
        for n, part in enumerate(old)  # the first one often says what it is all about
    ]
    pool += [_Sentence(part, _weight(part) + _NEW) for part in said]
    pool += [_Sentence(part, _weight(part) + _ANSWER) for part in answered]
    text = _joined(_without_doubles(pool))
    carried = [word for word in keywords if word.casefold() not in secret]
    if is_secret(text) or is_secret(" ".join([*old, *said, *answered])):
        before = _joined(_without_doubles(pool[: len(old)]))  # what both tell together is one
        return Summary(before, tuple(carried[:MAX_KEYWORDS]))
    return Summary(text, keywords_of(carried, said, answered, text))


def _shown_turn(
    turn: Turn, is_secret: Callable[[str], bool]
) -> tuple[list[str], list[str], frozenset[str]]:
    """Return what both said without secrets, and the words that may be one.

    Where the user tells a secret the answer may repeat it, where the answer does the user may have.
    """
    said, told = _shown(turn.user_msg, turn.at.date(), is_secret)
    answered, answer = _shown(turn.assistant_msg, turn.at.date(), is_secret)
    answered = _answers(answered)
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
    seen, reached = readable(text), 0
    found: list[tuple[float, str, str]] = []
    for part in parts:
        reached = text.index(part, reached)
        own = _own(part, seen[reached : reached + len(part)])[: 2 * _LONGEST]
        if short := _part(own):
            found.append((_weight(short), own, seen[reached : reached + len(own)]))
        reached += len(part)
    least = sorted((weight for weight, *_ in found), reverse=True)[: 2 * MAX_SENTENCES][-1:]
    best = [(own, mask) for weight, own, mask in found if [weight] >= least]
    dated = (_part(resolved(own, day, seen=mask)) for own, mask in best[-4 * MAX_SENTENCES :])
    return [part for part in dated if part], told


def _flowing(text: str) -> str:
    """Return a text without blocks of code, a list after a colon as one sentence."""
    if "```" in text:
        text = pattern(_CODE).sub(lambda found: ".\n" if found["colon"] else "\n", text)
    if "\n" not in text:
        return text
    return pattern(_LIST).sub(
        lambda found: " " + ", ".join(pattern(_ITEM).findall(found[0])) + ".\n", text
    )


def _own(part: str, seen: str) -> str:
    """Return a sentence without the pasted text or long quotation at its end."""
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
    if not _content(part) and not pattern(_NUMBER).search(part):
        return None
    first = part.partition(" ")[0]
    if first.isalpha() and first.islower():
        part = part[0].upper() + part[1:]
    if part.rstrip("\"'”’)]」』）")[-1:] in _ENDS:
        return part
    return part.rstrip(" ,;:") + ("." if part[-1] < "\u2e80" else "。")


def _tells(text: str) -> bool:
    """Say whether a sentence that begins like small talk tells something of the user."""
    if pattern(_NUMBER).search(text) or regardless(r"\b(?:my|our)\b").search(text):
        return bool(_content(text))
    return bool(regardless(_FACT).search(text)) and len(_content(text)) > 1


def _content(text: str) -> list[str]:
    """Return the words that tell something; in scripts without spaces pairs of signs."""
    found: list[str] = pattern(_WORD).findall(text.lower())
    told = [word for word in found if word not in STOP_WORDS]
    return [part for word in told for part in (_pairs(word) if word >= "\u2e80" else [word])]


def _pairs(word: str) -> list[str]:
    return [word[place : place + 2] for place in range(0, len(word), 2)]


@lru_cache(maxsize=4096)
def _weight(text: str) -> float:
    """Return how much a sentence says: facts, names, numbers and dates, not its length."""
    text = regardless(_ADDRESS_AT_ALL).sub("", text)
    dated, undated = pattern(_DATE).search(text), pattern(_DATE).sub("", text)
    content = _content(undated)
    return (
        1.2 * bool(regardless(_FACT).search(text))
        + 0.6 * min(3, len(pattern(_NAME).findall(undated)))
        + 0.5 * bool(pattern(_NUMBER).search(undated))
        + 0.4 * bool(dated)
        - 0.5 * text.endswith(("?", "？"))
        - 0.5 * bool(regardless(_POINTS).match(text))
        + 0.1 * min(8, len(content))
        - 1.0 * (not content)
    )


def _answers(parts: list[str]) -> list[str]:
    """Return of what the assistant said the first that tells something.

    What it asks is not, nor what it says of itself: that would read as if the user had said it.
    """
    first = parts[:2]
    asks = ("?", "？")
    return [
        part
        for part in first
        if not part.endswith(asks)
        and not regardless(_OF_ONESELF).search(part)
        and _weight(part) >= _LEAST_ANSWER
    ]


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
