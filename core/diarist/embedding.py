"""From texts to vectors, through a callable that somebody else wrote: sync or async, and fallible.

A model that fails never costs a memory: what it should have embedded is stored without a vector,
which `Diary.reembed` adds later.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from diarist import workers
from diarist.blocking import background, iscoroutinefunction
from diarist.checks import check_vector
from diarist.errors import MissingExtraError
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    from diarist.records import Message


class EmbedsDocuments(Protocol):
    """A model as LangChain has them."""

    def embed_documents(self, texts: list[str], /) -> Sequence[Sequence[float]]:
        """Return a vector for each text."""
        ...


class EmbedsBatches(Protocol):
    """A model as LlamaIndex has them."""

    def get_text_embedding_batch(self, texts: list[str], /) -> Sequence[Sequence[float]]:
        """Return a vector for each text."""
        ...


class Encodes(Protocol):
    """A model as Sentence Transformers has them."""

    def encode(self, texts: list[str], /) -> Any:
        """Return a vector for each text."""
        ...


Embed: TypeAlias = (
    Callable[[list[str]], Sequence[Sequence[float]]]
    | Callable[[list[str]], Awaitable[Sequence[Sequence[float]]]]
    | EmbedsDocuments
    | EmbedsBatches
    | Encodes
)
"""Texts in, a vector for each out; all of them of one length. Or an object that has that as one of
the methods in `METHODS`, as the models of most frameworks do."""

METHODS: dict[str, str] = {
    "embed_documents": "embed_query",
    "get_text_embedding_batch": "get_query_embedding",
    "encode": "encode_query",
}
"""By what methods objects embed texts, and by which one a question, where they tell these apart."""

BATCH = 256
"""Texts in one call of the model."""

_log = logging.getLogger("diarist.embedding")


class Embedder:
    """Calls an embedding model.

    Args:
        embed: the callable, or an object with one of `METHODS`, whose own way to embed a question
            is then taken for questions. The name of its index is the attribute `model_name`,
            `model` or `model_id` that it has, or a method's object has, where that is a text; else
            its qualified name; and the length of its vectors.

    Raises:
        MissingExtraError: numpy is not installed, with which vectors are compared.
        TypeError: `embed` can't be called, and has none of these methods.
    """

    def __init__(self, embed: Embed) -> None:
        owner, texts, question = _parts(embed)
        if not callable(texts):
            raise TypeError(
                "embed= is a callable of a list of texts, or an object with "
                f"{' or '.join(METHODS)}, not {embed!r}"
            )
        from importlib.util import find_spec

        if find_spec("numpy") is None:
            raise MissingExtraError(
                "embed= needs numpy to compare vectors: pip install 'diarist[vectors]'"
            )
        self._embed, self._question = texts, question
        self._name = _name_of(owner)

    async def vectors(
        self, texts: Sequence[str], *, in_thread: bool
    ) -> tuple[str, list[list[float]]]:
        """Return the index's name, and a vector for each text.

        Args:
            texts: at least one.
            in_thread: this runs where it may block.

        Raises:
            ValueError: the model's answer is no list of vectors of one length.
        """
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            answer = await _asked(self._embed, batch, in_thread=in_thread)
            found += _checked(answer, len(batch))
        length = len(found[0])
        if any(len(vector) != length for vector in found):
            raise ValueError("the model gave vectors of several lengths")
        return f"{self._name}:{length}", found

    async def one(self, text: str, *, in_thread: bool) -> tuple[str, tuple[float, ...]] | None:
        """Return the index's name and the text's vector, None where the model fails."""
        if not text.strip():
            return None
        try:
            if self._question is None:
                name, (vector,) = await self.vectors([text], in_thread=in_thread)
            else:
                answer = await _asked(self._question, text, in_thread=in_thread)
                (vector,) = _checked([answer], 1)
                name = f"{self._name}:{len(vector)}"
        except Exception as error:  # noqa: BLE001 - whatever a model raises
            _log.warning("recalled by words alone: %s", withheld(str(error)))
            return None
        return name, tuple(vector)

    async def of(self, texts: Sequence[str], *, in_thread: bool) -> list[dict[str, list[float]]]:
        """Return index and vector of each text: of blank ones, and where the model fails, none."""
        places = [place for place, text in enumerate(texts) if text.strip()]
        found: list[dict[str, list[float]]] = [{} for _ in texts]
        lacking, reason = 0, ""
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            try:
                name, vectors = await self.vectors([texts[n] for n in batch], in_thread=in_thread)
            except Exception as error:  # noqa: BLE001 - whatever a model raises
                lacking, reason = lacking + len(batch), withheld(str(error))
                continue
            for place, vector in zip(batch, vectors, strict=True):
                found[place] = {name: vector}
        if lacking:
            _log.warning(
                "stored without vectors, until reembed: %s (%d of %d texts)",
                reason, lacking, len(places),
            )  # fmt: skip
        return found

    async def on(self, messages: Iterable[Message], *, in_thread: bool) -> list[Message]:
        """Return the messages with vectors; those that bring their own keep them."""
        said = list(messages)
        found = await self.of([message.text for message in said], in_thread=in_thread)
        return [
            message if message.vectors or not vectors else replace(message, vectors=vectors)
            for message, vectors in zip(said, found, strict=True)
        ]


async def _asked(function: Callable[..., object], asked: object, *, in_thread: bool) -> object:
    is_async = iscoroutinefunction(function) or iscoroutinefunction(
        getattr(function, "__call__", function)  # noqa: B004 - an object may be called, too
    )
    if is_async or in_thread:
        answer = function(asked)
    else:
        answer = await workers.run(function, asked)
    if not isinstance(answer, Awaitable):
        return answer
    awaited = _awaited(cast("Awaitable[object]", answer))
    return background(awaited) if in_thread else await awaited


async def _awaited(answer: Awaitable[object]) -> object:
    return await answer


def _parts(embed: object) -> tuple[object, Any, Any]:
    """Return who embeds, how texts and how a question, None where that is no other way."""
    for texts, question in METHODS.items():
        owner = embed
        if getattr(embed, "__name__", None) == texts:  # the method itself was given
            owner = getattr(embed, "__self__", embed)
        method = getattr(owner, texts, None)
        if callable(method) and not isinstance(owner, (type, str)):  # a text can be encoded, too
            return owner, method, getattr(owner, question, None)
    return embed, embed, None


def _name_of(embed: object) -> str:
    for owner in (embed, getattr(embed, "__self__", None)):
        for attribute in ("model_name", "model", "model_id"):
            name = getattr(owner, attribute, None)
            if isinstance(name, str) and name not in ("", "unknown"):
                return name
    found = getattr(embed, "__qualname__", None) or type(embed).__qualname__
    return f"{getattr(embed, '__module__', None) or type(embed).__module__}.{found}"


def _checked(answer: object, count: int) -> list[list[float]]:
    try:
        vectors = [check_vector("a vector", vector) for vector in cast("Any", answer)]
    except (TypeError, ValueError) as error:
        raise ValueError(f"the model gave no list of vectors: {error}") from error
    if len(vectors) != count:
        raise ValueError(f"the model gave {len(vectors)} vectors for {count} texts")
    return vectors
