"""Vectors compared with each other, exactly: with numpy, which is imported only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from diarist.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


class Matrix:
    r"""The vectors of many texts, by key, scaled to length 1.

    Args:
        length: how long a vector is.

    Example:
        >>> matrix = Matrix(2).with_rows([(7, b"\x00\x00\x80?" + bytes(4))])
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
        self._keys: Any = np.zeros(0, np.int64)
        self._rows: Any = np.zeros((0, length), np.float32)

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return int(self._rows.nbytes + self._keys.nbytes)

    def with_rows(self, rows: Iterable[tuple[int, bytes]]) -> Self:
        """Return the same with more vectors: 32-bit floats, little-endian."""
        np = self._np
        found = [(key, data) for key, data in rows if len(data) == 4 * self.length]
        if not found:
            return self
        keys, data = zip(*found, strict=True)
        fresh = np.frombuffer(b"".join(data), "<f4").reshape(-1, self.length).astype(np.float32)
        lengths = np.linalg.norm(fresh, axis=1, keepdims=True)
        fresh /= np.where(lengths, lengths, 1)
        more = type(self)(self.length)
        more._keys = np.concatenate([self._keys, np.array(keys, np.int64)])
        more._rows = np.concatenate([self._rows, fresh])
        return more

    def near(self, vector: Sequence[float]) -> Nearness:
        """Return how alike the texts are to what `vector` stands for."""
        np = self._np
        wanted = np.array(vector, np.float32)
        length = float(np.linalg.norm(wanted))
        return Nearness(np, self._keys, self._rows @ (wanted / length if length else wanted))


class Nearness:
    """Cosines of many texts to one vector."""

    def __init__(self, np: Any, keys: Any, cosines: Any) -> None:
        self._np, self._keys, self._cosines = np, keys, cosines

    def best(self, most: int, low: int = 0, high: int = (1 << 63) - 1) -> list[int]:
        """Return the keys of the closest texts, of those between two keys."""
        np = self._np
        inside = np.flatnonzero((self._keys >= low) & (self._keys < high))
        if len(inside) > most:
            cosines = self._cosines[inside]
            inside = inside[np.argpartition(-cosines, most - 1)[:most]]
        return [int(key) for key in self._keys[inside]]

    def highest(self, keys: Collection[int]) -> dict[int, float]:
        """Return the best cosine of each text that has vectors, in six decimals.

        What is beyond them depends on how the vectors lie in memory: equal ones shall score alike.
        """
        np = self._np
        wanted = np.isin(self._keys, np.fromiter(keys, np.int64, len(keys)))
        found, places = np.unique(self._keys[wanted], return_inverse=True)
        highest = np.full(len(found), -1.0)
        np.maximum.at(highest, places, self._cosines[wanted])
        return dict(zip(found.tolist(), np.round(highest, 6).tolist(), strict=True))

    def of(self, keys: Collection[int]) -> dict[int, float]:
        """Return the cosine of each text that has a vector."""
        np = self._np
        wanted = np.isin(self._keys, np.fromiter(keys, np.int64, len(keys)))
        return {
            int(key): float(cosine)
            for key, cosine in zip(self._keys[wanted], self._cosines[wanted], strict=True)
        }
