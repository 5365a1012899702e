"""Everything that was found in one order: the best first, each fact once, the newest at the end."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from diarist.recall.candidates import bm25, mass, rarity
from diarist.recall.features import features, total
from diarist.recall.query import STOP_WORDS
from diarist.recall.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarist.recall.candidates import Found
    from diarist.recall.items import Item
    from diarist.recall.query import Query
    from diarist.records import Hit

UNWORDED = 0.5
"""What meaning alone counts for, where no word of the question is found."""
NEWEST_SHARE = 5
"""One place in so many is kept for the newest messages; they take the last places."""


class Shelf:
    """Short texts, read once, to be searched often.

    Args:
        texts: the words of each, as the index would hold them.
    """

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._lengths = [len(words) for words in texts]
        self._sets = [frozenset(words) for words in texts]
        self._mean = sum(self._lengths) / (len(texts) or 1) or 1.0

    def __len__(self) -> int:
        return len(self._sets)

    def fits(self, words: Sequence[str]) -> tuple[dict[int, float], float]:
        """Return BM25 of the texts that have one of the words, by place; the best is 1.

        Returns:
            And the share of the words that the best one has.
        """
        masks = {
            place: mask
            for place, found in enumerate(self._sets)
            if (mask := sum(1 << number for number, word in enumerate(words) if word in found))
        }
        if not masks:
            return {}, 0.0
        having = [sum(mask >> n & 1 for mask in masks.values()) for n in range(len(words))]
        weights = [rarity(count, len(self)) for count in having]
        fits = {
            place: bm25(mask, weights, self._lengths[place] / self._mean)
            for place, mask in masks.items()
        }
        best = max(fits, key=lambda place: fits[place])
        share = masks[best].bit_count() / len(words)
        return {place: fit / fits[best] for place, fit in fits.items()}, share


def ranked_items(
    items: Sequence[Item], shelf: Shelf, words: Sequence[str], closest: float = 0.0
) -> list[tuple[float, Item, dict[str, float]]]:
    """Return the items that have one of the words, with score and features.

    An item that stands by itself is its own session, and a fact that somebody wrote down is long
    enough; so its score is that of a message with the same words.

    Args:
        items: what there is.
        shelf: their texts.
        words: the words of the question, as the index would hold them.
        closest: how alike the best of all kinds is in meaning, 0 where there are no vectors.
    """
    fits, share = shelf.fits(words)
    ranked: list[tuple[float, Item, dict[str, float]]] = []
    for place, item in enumerate(items):
        fit = fits.get(place, 0.0)
        if not fit and item.cosine <= 0:
            continue
        seen = {"words": fit, "session": fit, "length": 1.0}
        if item.cosine > 0:
            seen["meaning"] = item.cosine / max(closest, item.cosine)
        ranked.append((total(seen) * (share or UNWORDED), item, seen))
    return ranked


def ranked_messages(
    found: Found, query: Query, closest: float = 0.0
) -> list[tuple[float, int, dict[str, float]]]:
    """Return score, key and features of the messages, the best first.

    The scores are scaled by how many of the question's words the best message has, so that they
    can stand beside those of other kinds.
    """
    best = max(set(found.masks.values()), key=lambda mask: mass(mask, found.weights), default=0)
    share = best.bit_count() / len(found.weights) if best else UNWORDED
    seen_by_key = features(found, query, closest)
    scored = [(total(seen) * share, key, seen) for key, seen in seen_by_key.items() if seen]
    return sorted(scored, key=lambda one: (-one[0], one[1]))


def merged(hits: Iterable[Hit], newest: Sequence[Hit], k: int) -> list[Hit]:
    """Return up to `k` hits, the best first, each fact once; the newest take the last places."""
    fresh = _once(newest, k // NEWEST_SHARE)
    best = _once(sorted(hits, key=lambda hit: -hit.score), k)
    sure, rest = best[: k - len(fresh)], best[k - len(fresh) :]
    fresh = _unlike(fresh, sure)
    return [*sure, *_unlike(rest, fresh)[: k - len(sure) - len(fresh)], *fresh]


def _once(hits: Iterable[Hit], most: int) -> list[Hit]:
    """Leave out what says the same, in the same words, as something better."""
    chosen: list[Hit] = []
    facts: set[object] = set()
    for hit in hits:
        if len(chosen) >= most:
            break
        said = fact(hit.text)
        if said not in facts:
            facts.add(said)
            chosen.append(hit)
    return chosen


def _unlike(hits: Iterable[Hit], others: Iterable[Hit]) -> list[Hit]:
    """Return those of the hits that say nothing that others say."""
    facts = {fact(hit.text) for hit in others}
    return [hit for hit in hits if fact(hit.text) not in facts]


@lru_cache(maxsize=4096)
def fact(text: str) -> object:
    """Return what two texts have in common that say the same: their telling words, in order."""
    words = terms(text[:2000])
    return tuple(word for word in words if word not in STOP_WORDS) or text
