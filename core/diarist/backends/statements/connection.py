"""What the statements need of a database: rows of one user, and an index of their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from diarist.records import Embedded, ListNotes, Measure

ALL = (1 << 63) - 1
"""No limit, as a limit."""
LISTED = "(SELECT value FROM json_each(?))"
"""What a value may be among: the elements of a JSON array."""


class Terms(str):
    """Folded words with a space between them, as they are indexed."""

    __slots__ = ()


class End(bytes):
    """What comes after all texts: SQLite takes any text to be less than any bytes."""

    __slots__ = ()


class Packed(bytes):
    """A vector: 32-bit floats, little-endian."""

    __slots__ = ()


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection of SQLite, or what does its work: its tables hold the rows of one user."""

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ..., /) -> Rows:
        """Run a statement in SQLite's words; a place for a value is `?`, or `:name`."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run a statement once for each row of values."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Which messages count: those between two keys, said since one time and before another."""

    low: int = 0
    high: int = ALL
    since: int | None = None
    until: int | None = None


class TextIndex(Protocol):
    """The index of the folded words in the columns `terms` and `speaker`."""

    def names(self, connection: Connection, words: Sequence[str]) -> frozenset[str]:
        """Return those words that are a speaker's name."""
        ...

    def counts(
        self, connection: Connection, words: Sequence[str], scope: Scope, most: int
    ) -> list[int]:
        """Return how many messages have each word, counting up to `most`."""
        ...

    def having(
        self, connection: Connection, words: Sequence[str], scope: Scope, most: int
    ) -> list[list[int]]:
        """Return the keys of the messages that have each word, the newest first."""
        ...

    def said_by(self, connection: Connection, name: str, scope: Scope, most: int) -> list[int]:
        """Return the keys of the messages of a speaker, the newest first."""
        ...

    def fitting(
        self, connection: Connection, wanted: ListNotes, below: str, values: dict[str, object]
    ) -> dict[int, float]:
        """Return BM25 of the notes that fit a question, by key.

        Words that most notes have weigh nothing in it, and count where a page needs them.

        Args:
            connection: where.
            wanted: the question, and which page of it.
            below: which notes may be wanted: a condition.
            values: its parameters.
        """
        ...

    def tally(
        self, connection: Connection, field: str, below: str, values: dict[str, object]
    ) -> dict[str, int]:
        """Return how often a field of the notes below has each text, sorted by it."""
        ...


class Near(Protocol):
    """How alike many texts are to one vector."""

    def best(self, most: int, low: int = ..., high: int = ...) -> list[int]:
        """Return the keys of the closest texts, of those between two keys."""
        ...

    def ranked(self) -> Iterator[tuple[int, float]]:
        """Yield each text's key and best score in six decimals: best first, equal ones by key."""
        ...

    def of(self, keys: Collection[int]) -> dict[int, float]:
        """Return the score of each text that has a vector."""
        ...


@dataclass(frozen=True, slots=True)
class Sought:
    """What vectors are compared with, and how.

    Attributes:
        kind: whose vectors: of messages, or of notes.
        index: the name of theirs; in it, those of another length are left out.
        vector: what they are compared with.
        measure: how.
    """

    kind: Embedded
    index: str
    vector: Sequence[float]
    measure: Measure = "cosine"


class Among(NamedTuple):
    """Which notes count.

    Attributes:
        below: a condition.
        values: its parameters.
    """

    below: str
    values: Mapping[str, object]


class VectorIndex(Protocol):
    """The vectors of one user."""

    def near(self, connection: Connection, sought: Sought, among: Among | None = None) -> Near:
        """Return how alike the texts, or those among some notes, are to what is sought."""
        ...


class Finding(NamedTuple):
    """What finds notes by what they mean: the indexes of their words, and of their vectors."""

    words: TextIndex
    vectors: VectorIndex
