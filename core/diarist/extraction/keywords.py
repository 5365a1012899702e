"""The words that stand for a conversation: words of its summary, and no everyday ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from diarist.dates.words import DAYS, MONTHS, SEASONS
from diarist.extraction.discretion import STOP_WORDS
from diarist.extraction.sentences import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_KEYWORDS = 8

_WORD = r"[^\W\d_][\w'-]*[^\W_]|[^\W\d_]{2,}"
_LONGEST_KANJI = 6
_SAID, _ANSWERED, _SHOWN, _CAPITAL = 4, 1, 2, 3

_TIMES = (
    *(*DAYS, *MONTHS, *SEASONS, "week", "weeks", "weekend", "month", "months", "year", "years"),
    *("days", "hour", "hours", "minute", "minutes", "morning", "afternoon", "evening", "night"),
)
_EVERYDAY = (
    "actually already arrives asks became becomes big booked bought bring broke brought called "
    "comes continue decided during every exactly feel feels felt finally finish finished four "
    "five six seven eight nine ten forget found gave gives goes guess hear hello important "
    "including keeps knew leave leaving left loves main makes maybe meant met minor moved moving "
    "named needed nothing number old people place plan planned planning plans played practised "
    "prefer probably read remember remind run says seems show shows small soon special started "
    "starting starts stay stays switch takes taken taking talk talked talking tells tend "
    "thinking thought three told took turn turned turns twice until visit visits went whole "
    "working works worked worse worst write wrote yesterday"
)
_ELSEWHERE = (
    "ich mich mir mein meine meinen meiner wir uns der die das und ist bin ein eine einen kein "
    "keine nicht auch mit für von habe hat kann kannst dabei sehr ihr ihre sie est les des une "
    "mon mes pour pas avec dans nous vous elle depuis suis los las una por para que con soy estoy "
    "muy mis del pero como sou moro uma não meu minha dos das com sono gli che per non het een "
    "mijn van niet och jag inte og ikke olá hola hallo bonjour ciao"
)
_NONE = STOP_WORDS.union(_TIMES, _EVERYDAY.split(), _ELSEWHERE.split())


def keywords_of(
    previous: Iterable[str], said: Iterable[str], answered: Iterable[str], summary: str
) -> tuple[str, ...]:
    """Return the telling words of `summary`: names, what was said just now, and old keywords first.

    >>> keywords_of(["rome"], ["I baked bread with Ana."], [], "A trip to Rome. I baked bread.")
    ('rome', 'baked', 'bread', 'trip')
    """
    score: Counter[str] = Counter()
    for rank, word in enumerate(previous):
        score[word] += max(MAX_KEYWORDS - rank, 1)
    for parts, weight in ((said, _SAID), (answered, _ANSWERED), ([summary], _SHOWN)):
        for part in parts:
            for word, capital in _words(part):
                score[word] += weight + _CAPITAL * capital
    shown = {word for word, _ in _words(summary)}
    ranked = sorted(score, key=lambda word: -score[word])
    return tuple([word for word in ranked if word.casefold() in shown][:MAX_KEYWORDS])


def _words(text: str) -> list[tuple[str, bool]]:
    """Return the words of a text that may be keywords, folded, and whether each has a capital."""
    found: list[str] = pattern(_WORD).findall(text.replace("’", "'"))
    folded = [(word.casefold().removesuffix("'s"), word[0].isupper()) for word in found]
    return [(word, capital) for word, capital in folded if _tells(word)]


def _tells(word: str) -> bool:
    if word >= "\u2e80":  # without spaces a whole clause looks like a word
        return 1 < len(word) <= _LONGEST_KANJI
    return len(word) > 2 and word not in _NONE
