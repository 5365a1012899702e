"""Vectors compared with each other, exactly: with numpy, which is imported only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from diarist.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from diarist.records import Measure

_FIRST, _MORE = 256, 8
"""So many of the best are put in order first, and so many times more each time they are used up."""


class Matrix:
    r"""The vectors of many texts, by key, scaled to length 1; it never changes.

    Args:
        length: how long a vector is.

    Example:
        >>> matrix = Matrix(2).with_rows([(1, 7, b"\x00\x00\x80?" + bytes(4))])
        >>> matrix.near([2.0, 0.0]).best(5)
        [7]
    """

    def __init__(self, length: int) -> None:
        try:
            import numpy as np
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "vectors are compared with numpy: pip install 'diarist[vectors]'"
            ) from error
        self._np: Any = np
        self.length = length
        self._numbers: Any = np.zeros(0, np.int64)
        self._keys: Any = np.zeros(0, np.int64)
        self._rows: Any = np.zeros((0, length), np.float32)
        self._lengths: Any = np.zeros(0, np.float32)

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        parts = self._numbers, self._keys, self._rows, self._lengths
        return sum(int(part.nbytes) for part in parts)

    def with_rows(self, rows: Iterable[tuple[int, int, bytes]]) -> Self:
        """Return the same with more vectors: number, key, 32-bit floats, little-endian."""
        np = self._np
        found = [row for row in rows if len(row[2]) == 4 * self.length]
        if not found:
            return self
        numbers, keys, data = zip(*found, strict=True)
        fresh = np.frombuffer(b"".join(data), "<f4").reshape(-1, self.length).astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", fresh, fresh))
        fresh /= np.where(lengths, lengths, 1)[:, None]
        more = type(self)(self.length)
        more._numbers = np.concatenate([self._numbers, np.array(numbers, np.int64)])
        more._keys = np.concatenate([self._keys, np.array(keys, np.int64)])
        more._rows = np.concatenate([self._rows, fresh])
        more._lengths = np.concatenate([self._lengths, lengths])
        return more

    def only(self, numbers: Collection[int]) -> Self:
        """Return the same with those vectors that have one of these numbers."""
        is_kept = _is_in(self._np, self._numbers, numbers)
        if is_kept.all():
            return self
        fewer = type(self)(self.length)
        fewer._numbers, fewer._keys = self._numbers[is_kept], self._keys[is_kept]
        fewer._rows, fewer._lengths = self._rows[is_kept], self._lengths[is_kept]
        return fewer

    def near(
        self,
        vector: Sequence[float],
        keys: Collection[int] | None = None,
        measure: Measure = "cosine",
    ) -> Nearness:
        """Return how alike the texts, or those with these keys, are to what `vector` stands for."""
        np = self._np
        wanted = np.array(vector, np.float32)
        length = np.linalg.norm(wanted)
        known, rows, lengths = self._keys, self._rows, self._lengths
        if keys is not None:
            places = np.flatnonzero(_is_in(np, known, keys))
            known, rows, lengths = known[places], rows[places], lengths[places]
        scores = rows @ (wanted / length if length else wanted)
        if measure == "distance":
            squares = np.square(lengths - length) + 2 * lengths * length * (1 - scores)
            scores = 1 / (1 + np.maximum(squares, 0))
        return Nearness(np, known, scores)


class Nearness:
    """How alike many texts are to one vector."""

    def __init__(self, np: Any, keys: Any, scores: Any) -> None:
        self._np, self._keys, self._scores = np, keys, scores

    def best(self, most: int, low: int = 0, high: int = (1 << 63) - 1) -> list[int]:
        """Return the keys of the closest texts, of those between two keys."""
        np = self._np
        inside = np.flatnonzero((self._keys >= low) & (self._keys < high))
        if len(inside) > most:
            scores = self._scores[inside]
            inside = inside[np.argpartition(-scores, most - 1)[:most]]
        return [int(key) for key in self._keys[inside]]

    def ranked(self) -> Iterator[tuple[int, float]]:
        """Yield each text's key and best score in six decimals: best first, equal ones by key.

        What is beyond six depends on how the vectors lie in memory: equal ones shall score alike.
        However few are taken, what comes after them is not put in order.
        """
        np = self._np
        keys, scores = self._keys, np.round(self._scores.astype(np.float64), 6)
        most, seen = _FIRST, set[int]()
        while len(keys):
            is_next = np.ones(len(keys), bool)
            if len(keys) > most:
                is_next = scores >= np.partition(scores, -most)[-most]
            some, theirs = keys[is_next], scores[is_next]
            for place in np.lexsort((some, -theirs)).tolist():
                key = int(some[place])
                if key not in seen:
                    seen.add(key)
                    yield key, float(theirs[place])
            keys, scores = keys[~is_next], scores[~is_next]
            most *= _MORE

    def of(self, keys: Collection[int]) -> dict[int, float]:
        """Return the score of each text that has a vector."""
        is_wanted = _is_in(self._np, self._keys, keys)
        return {
            int(key): float(score)
            for key, score in zip(self._keys[is_wanted], self._scores[is_wanted], strict=True)
        }


def _is_in(np: Any, numbers: Any, wanted: Collection[int]) -> Any:
    """Return for each number whether it is one of those wanted."""
    return np.isin(numbers, np.fromiter(wanted, np.int64, len(wanted)))
