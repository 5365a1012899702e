"""The words of a text as an index holds them: folded, and Chinese, Japanese and Korean in pairs."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SCRIPTS = rf"{_HAN}\u3040-\u30ff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""What is written without spaces: Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer."""
_WORD = re.compile(rf"[{_SCRIPTS}]+|[^\W_{_SCRIPTS}]+")
_UNSPACED = re.compile(rf"[{_SCRIPTS}]")
_ANY_HAN = re.compile(rf"[{_HAN}]")
_LONE_HAN = re.compile(rf"(?<![{_HAN}])[{_HAN}](?![{_HAN}])")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_FLOOD = re.compile(r"(\W{30})\W+")
"""More marks after a letter than any writing has (Unicode's stream-safe format, UAX #15): to put
them in order takes time with the square of their number."""
MAX_TEXT = 200_000
"""Characters of one text that are indexed."""
MAX_TERM = 64
"""Characters of one word that are indexed."""


def terms(text: str) -> list[str]:
    """Return the words of `text`, folded; of scripts without spaces every pair of neighbours.

    A Chinese character that stands alone among others is a word, too.

    >>> terms("Straßen-Café №5")
    ['strassen', 'café', 'no5']
    >>> terms("東京タワー"), terms("猫の名")
    (['東京', '京タ', 'タワ', 'ワー'], ['猫', '猫の', 'の名', '名'])
    """
    return _terms(text, _LONE_HAN)


def index_terms(text: str) -> list[str]:
    """Return the words by which `text` is found: every Chinese character, too.

    >>> index_terms("東京タワー")
    ['東', '東京', '京', '京タ', 'タワ', 'ワー']
    """
    return _terms(text, _ANY_HAN)


def _terms(text: str, single: re.Pattern[str]) -> list[str]:
    if text.isascii():  # most texts: nothing to normalize, no script without spaces
        words: list[str] = _ASCII_WORD.findall(text[:MAX_TEXT].lower())
        return [word[:MAX_TERM] for word in words]
    folded = unicodedata.normalize("NFKC", _FLOOD.sub(r"\1", text[:MAX_TEXT])).casefold()
    found: list[str] = []
    for match in _WORD.finditer(folded):
        word = match[0]
        if not _UNSPACED.match(word):
            found.append(word[:MAX_TERM])
        elif len(word) == 1:
            found.append(word)
        else:
            alone = {place.start() for place in single.finditer(word)}
            for place in range(len(word)):
                if place in alone:
                    found.append(word[place])
                if place + 1 < len(word):
                    found.append(word[place : place + 2])
    return found


def without_accents(word: str) -> str:
    """Return a word as the index compares it, but for its ending.

    >>> without_accents("josé")
    'jose'
    """
    apart = unicodedata.normalize("NFD", word)
    return "".join(char for char in apart if not unicodedata.combining(char))


def words_of(query: str, *, most: int = 64) -> list[str]:
    """Return the words to look for, each once.

    They hold no syntax of the index; quoted, each is a query.

    >>> words_of('what is "C++", and what is C?')
    ['what', 'is', 'c', 'and']
    """
    return list(dict.fromkeys(terms(query)))[:most]


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a value, whatever it is inside.

    >>> list(texts_in({"a": "one", "b": ["two", 3]}))
    ['one', 'two']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in cast("dict[str, Any]", value).values():
            yield from texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in cast("list[Any]", value):
            yield from texts_in(inner)


def text_of(value: Any) -> str:
    """Return a note's value as text: itself, its "text" or "content", or else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for key in ("text", "content"):
            found = cast("dict[str, Any]", value).get(key)
            if isinstance(found, str):
                return found
    return json.dumps(value, ensure_ascii=False)
