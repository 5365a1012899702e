"""The words of a text that tell what it is about, so that two texts can be compared by them."""

from __future__ import annotations

from diarist.extraction.categories import stem
from diarist.extraction.discretion import STOP_WORDS
from diarist.extraction.sentences import pattern
from diarist.recall.query import STOP_WORDS as SMALL_WORDS
from diarist.recall.terms import terms

_WORD = r"[^\W_]+(?:'[^\W_]+)*"
_EMPTY = STOP_WORDS | SMALL_WORDS | {"ah", "assistant", "don", "oh", "user", "user's"}


def in_order(text: str) -> list[str]:
    """Return the stems of the telling words of `text`; of a text without any, of all its words.

    Words of Chinese, Japanese and Korean are pairs of neighbours, as the index has them.

    >>> in_order("I don’t really like the Portuguese winters!")
    ['portugues', 'wint']
    >>> in_order("I like it")
    ['i', 'lik', 'it']
    """
    text = text.replace("’", "'")
    said: list[str] = pattern(_WORD).findall(text)
    kept = " ".join([word for word in said if word.casefold() not in _EMPTY])
    found = [word for word in terms(kept) if word not in SMALL_WORDS]
    return list(map(stem, found or terms(text)))


def telling(text: str) -> frozenset[str]:
    """Return the same as a set."""
    return frozenset(in_order(text))
