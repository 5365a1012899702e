"""How a `DiaryStore` finds items by what they mean."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.embeddings import Embeddings
from langgraph.store.base import PutOp

from diarist import Diary
from langchain_diarist import DiaryStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.places import Place

N = ("n",)
WORDS = ("tea", "coffee", "milk")


class WordCount(Embeddings):
    """Counts a few words; keeps what it was asked."""

    model = "counted"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        return [[0.1, *(float(text.count(word)) for word in WORDS)] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def stored(place: Place) -> Any:
    """Give what makes a store with an index."""
    return lambda **config: DiaryStore(place, index={"dims": 4, "embed": WordCount(), **config})


def keys(store: DiaryStore, query: str, **wanted: Any) -> list[str]:
    return [item.key for item in store.search(N, query=query, **wanted)]


@pytest.mark.parametrize("setting", ["fields", "text_fields"])
def test_only_the_fields_named_are_embedded_each_by_itself(stored: Any, setting: str):
    store = stored(**{setting: ["title", "parts[*].text"]})
    store.put(
        N, "a", {"title": "x", "other": "tea", "parts": [{"text": "coffee"}, {"text": "milk"}]}
    )
    store.put(N, "b", {"title": "tea"})
    scores = {item.key: item.score for item in store.search(N, query="tea")}
    assert list(scores) == ["b", "a"]
    assert (scores["a"] or 0.0) < 0.2
    found = store.search(N, query="coffee")[0]
    assert (found.key, found.score) == ("a", 1.0)


def test_a_put_may_name_its_own_fields_or_none(stored: Any):
    store = stored(fields=["title"])
    store.put(N, "a", {"title": "tea", "body": "milk"}, index=["body"])
    store.put(N, "b", {"title": "tea"}, index=False)
    store.put(N, "c", {"title": "tea"})
    found = store.search(N, query="tea")
    assert [(item.key, item.score is None) for item in found] == [
        ("c", False), ("a", False), ("b", True),
    ]  # fmt: skip


def test_an_update_without_an_index_leaves_no_vector_behind(stored: Any):
    store = stored()
    store.put(N, "a", {"text": "tea"})
    store.put(N, "a", {"text": "milk"}, index=False)
    assert [item.score for item in store.search(N, query="tea")] == [None]
    store.put(N, "a", {"text": "milk"})
    plain = DiaryStore(diary=store.diary)
    plain.put(N, "a", {"text": "coffee"})
    assert [item.score for item in store.search(N, query="milk")] == [None]


def test_equal_texts_of_a_batch_are_embedded_once(stored: Any):
    store = stored(fields=["text"])
    store.batch([PutOp(N, f"{n}", {"text": "tea"}) for n in range(5)])
    assert store.embeddings.asked == [["tea"]]  # type: ignore[union-attr]
    scores = [item.score for item in store.search(N, query="tea")]
    assert scores == [1.0] * 5


def test_pages_of_any_depth_hold_every_item_once(stored: Any):
    store = stored(fields=["text"])
    for n in range(30):
        store.put(N, f"{n:02}", {"text": "tea " * (n % 3) + "milk " * (n % 5), "n": n})
    for n in range(30, 40):
        store.put(N, f"{n:02}", {"text": "tea", "n": n}, index=False)
    pages = [store.search(N, query="tea", limit=7, offset=offset) for offset in range(0, 49, 7)]
    found = [item for page in pages for item in page]
    assert sorted(item.key for item in found) == [f"{n:02}" for n in range(40)]
    scores = [item.score for item in found]
    assert scores[30:] == [None] * 10
    assert scores[:30] == sorted((s for s in scores if s is not None), reverse=True)
    assert len(keys(store, "tea", filter={"n": {"$gte": 20}}, limit=50)) == 20


def test_a_wrong_number_of_vectors_or_dimensions_stops_the_batch():
    def short(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 2.0]] * (len(texts) - 1)

    def wide(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 2.0, 3.0]] * len(texts)

    for embed, sentence in ((short, "0 vectors for 1 texts"), (wide, "dims=2")):
        store = DiaryStore(index={"dims": 2, "embed": embed})
        with pytest.raises(ValueError, match=sentence):
            store.put(N, "k", {"text": "tea"})
        assert store.get(N, "k") is None


def test_an_async_model_is_awaited_in_the_callers_loop():
    threads: list[str] = []

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        threads.append(threading.current_thread().name)
        return [[float(len(text)), 1.0] for text in texts]

    store = DiaryStore(index={"dims": 2, "embed": embed, "fields": ["text"]})

    async def use() -> list[str]:
        await store.aput(N, "long", {"text": "x" * 30})
        await store.aput(N, "short", {"text": "x"})
        return [item.key for item in await store.asearch(N, query="y" * 30)]

    assert asyncio.run(use()) == ["long", "short"]
    assert set(threads) == {threading.current_thread().name}


def test_recall_of_a_diary_with_the_same_model_finds_what_the_store_embedded(place: Place):
    model = WordCount()

    def embed(texts: list[str]) -> list[list[float]]:
        return model.embed_documents(texts)

    embed.model = "counted"  # type: ignore[attr-defined]
    diary = Diary(place, embed=embed)
    store = DiaryStore(diary=diary, owner="ana", index={"embed": model, "fields": ["what"]})
    store.put(N, "k", {"what": "coffee coffee", "note": "x"})
    hits = diary.sync.recall("ana", "coffee", kinds=("notes",))
    assert [hit.source for hit in hits] == ["n/k"]


def test_a_diary_that_embeds_does_so_for_what_the_store_puts(place: Place):
    model = WordCount()
    diary = Diary(place, embed=model.embed_documents)
    store = DiaryStore(diary=diary)
    store.put(N, "k", {"text": "tea"})
    store.put(N, "not", {"text": "milk"}, index=False)
    assert model.asked == [["tea"]]
