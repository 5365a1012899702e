"""Words as the text index compares them, so that what is not indexed is found the same way."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from diarist.caching import BoundedCache
from diarist.recall.terms import index_terms

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKENIZER = "porter unicode61 remove_diacritics 2"
"""How SQLite's FTS5 makes one word of "walk" and "walking", and of "cafe" and "café"."""

_known = BoundedCache[str, str](200_000, lambda _: 1)
_local = threading.local()


def stems(words: Iterable[str]) -> list[str]:
    """Return each word as the index holds it.

    >>> stems(["walking", "walks", "café", "寿司"])
    ['walk', 'walk', 'cafe', '寿司']
    """
    wanted = list(words)
    missing = [word for word in dict.fromkeys(wanted) if _known.get(word) is None]
    fresh = _stemmed(missing) if missing else {}
    for word, stem in fresh.items():
        _known.put(word, stem)
    return [fresh.get(word) or _known.get(word) or word for word in wanted]


def stemmed(text: str) -> list[str]:
    """Return the words of a text as the index holds them.

    >>> stemmed("She was walking home.")
    ['she', 'wa', 'walk', 'home']
    """
    return stems(index_terms(text))


def _stemmed(words: list[str]) -> dict[str, str]:
    """Ask SQLite, whose tokenizer is the index's."""
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute(
            f"CREATE VIRTUAL TABLE words USING fts5(word, content='', tokenize='{TOKENIZER}')"
        )
        connection.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(words, 'instance')")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO words (rowid, word) VALUES (?, ?)", list(enumerate(words, 1))
    )
    found = connection.execute("SELECT doc, term FROM stems ORDER BY doc, offset DESC").fetchall()
    connection.execute("ROLLBACK")
    return dict(zip(words, words, strict=True)) | {words[doc - 1]: term for doc, term in found}
