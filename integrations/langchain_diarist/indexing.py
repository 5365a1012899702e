"""What of a stored value is embedded, by which model, and the vectors of a batch.

Nothing here touches a store: texts and vectors only.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from langgraph.store.base import (
    PutOp,
    SearchOp,
    ensure_embeddings,
    get_text_at_path,
    tokenize_path,
)

from diarist import KEEP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langgraph.store.base import Embeddings, IndexConfig, Op

_WHOLE = "$"
_NAMELESS = "langgraph"
"""The model's name in an index where it has none, such as a function's."""


class Vectors(Protocol):
    """The vectors of a batch."""

    def stored(self, put: PutOp) -> Any:
        """Return what a note's vectors become: by index; None for none; KEEP for what is there."""
        ...

    def asked(self, query: str) -> tuple[str | None, tuple[float, ...] | None]:
        """Return index and vector of a question, None where words alone decide."""
        ...


@dataclass(frozen=True, slots=True)
class Unindexed:
    """A store without an index.

    Attributes:
        embeds: the diary itself embeds what it is given.
    """

    embeds: bool

    def stored(self, put: PutOp) -> Any:
        """Return KEEP where the diary embeds, else None: no vector may outlive its value."""
        return KEEP if self.embeds and put.index is not False else None

    def asked(self, query: str) -> tuple[None, None]:
        """Return None: words decide."""
        return None, None


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a model answered for a batch.

    Attributes:
        index: the store's index.
        name: the diary's index that the vectors belong to.
        texts: text -> vector, of what is put.
        questions: question -> vector.
    """

    index: Index
    name: str = ""
    texts: Mapping[str, Sequence[float]] = field(default_factory=dict[str, "list[float]"])
    questions: Mapping[str, Sequence[float]] = field(default_factory=dict[str, "list[float]"])

    def stored(self, put: PutOp) -> dict[str, list[list[float]]] | None:
        """Return the vectors of a value."""
        vectors = [list(self.texts[text]) for text in self.index.texts(put)]
        return {self.name: vectors} if vectors else None

    def asked(self, query: str) -> tuple[str, tuple[float, ...]]:
        """Return index and vector of a question."""
        return self.name, tuple(self.questions[query])


class Index:
    """How a store's values are embedded.

    Args:
        config: LangGraph's `IndexConfig`. Its `fields` say what is embedded, as does SqliteStore's
            `text_fields`; without either, the whole value is, as JSON.

    Raises:
        ValueError: it has no `embed`.
    """

    def __init__(self, config: IndexConfig) -> None:
        given = cast("Mapping[str, Any]", config)
        self.config = config.copy()
        self.embeddings: Embeddings = ensure_embeddings(given.get("embed"))
        fields = given.get("fields") or given.get("text_fields") or [_WHOLE]
        self._paths = [_tokens(path) for path in fields]
        self._dims = given.get("dims")

    def texts(self, put: PutOp) -> list[str]:
        """Return the texts of a value that are embedded, each a vector of its own."""
        if put.value is None or put.index is False:
            return []
        paths = self._paths if put.index is None else [_tokens(path) for path in put.index]
        return [text for path in paths for text in get_text_at_path(put.value, path)]

    def embedded(self, ops: Sequence[Op]) -> Embedded:
        """Ask the model for the vectors of a batch; each text once.

        Raises:
            ValueError: the model gives another number of vectors, or of another length than `dims`.
        """
        texts, questions = self._asked(ops)
        vectors = self.embeddings.embed_documents(texts) if texts else []
        answers = [self.embeddings.embed_query(question) for question in questions]
        return self._answered(texts, vectors, questions, answers)

    async def aembedded(self, ops: Sequence[Op]) -> Embedded:
        """Do the same, awaiting the model."""
        texts, questions = self._asked(ops)
        vectors = await self.embeddings.aembed_documents(texts) if texts else []
        answers = await asyncio.gather(*map(self.embeddings.aembed_query, questions))
        return self._answered(texts, vectors, questions, answers)

    def _asked(self, ops: Sequence[Op]) -> tuple[list[str], list[str]]:
        """Return the texts to store and the questions, each once."""
        puts = [op for op in ops if isinstance(op, PutOp)]
        texts = dict.fromkeys(text for put in puts for text in self.texts(put))
        questions = [op.query for op in ops if isinstance(op, SearchOp) and op.query]
        return list(texts), list(dict.fromkeys(questions))

    def _answered(
        self,
        texts: list[str],
        vectors: Sequence[Sequence[float]],
        questions: list[str],
        answers: Sequence[Sequence[float]],
    ) -> Embedded:
        if len(vectors) != len(texts):
            raise ValueError(f"embed gave {len(vectors)} vectors for {len(texts)} texts")
        lengths = {len(vector) for vector in (*vectors, *answers)}
        if not lengths:
            return Embedded(self)
        if lengths != {self._dims or max(lengths)}:
            wanted = f"dims={self._dims}" if self._dims else "all of one length"
            raise ValueError(f"embed gave vectors of {sorted(lengths)} numbers, not {wanted}")
        return Embedded(
            self,
            f"{_name_of(self.embeddings)}:{max(lengths)}",
            dict(zip(texts, vectors, strict=True)),
            dict(zip(questions, answers, strict=True)),
        )


def _tokens(path: str) -> Any:
    return path if path == _WHOLE else tokenize_path(path)


def _name_of(embeddings: Embeddings) -> str:
    """Return the model's name, by which a diary with that model finds the vectors, too."""
    for attribute in ("model_name", "model"):
        name = getattr(embeddings, attribute, None)
        if isinstance(name, str) and name:
            return name
    return _NAMELESS
