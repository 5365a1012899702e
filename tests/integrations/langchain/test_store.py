"""`DiaryStore` does right what LangGraph's own stores differ in, or get wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from diarist import Diary, MissingExtraError
from diarist.testing import FrozenClock, MemoryBackend
from langchain_diarist import DiaryStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
N = ("memories", "ana")


@pytest.fixture(params=["memory", "PostgreSQL"])
def store(request: pytest.FixtureRequest) -> DiaryStore:
    if request.param == "PostgreSQL":
        return DiaryStore(diary=Diary(request.getfixturevalue("postgres")))
    return DiaryStore()


def keys(store: DiaryStore, *prefix: str, **wanted: Any) -> list[str]:
    return [item.key for item in store.search(prefix, **wanted)]


def test_an_update_keeps_the_first_time_and_moves_the_second():
    clock = FrozenClock(NOON)
    store = DiaryStore(diary=Diary(MemoryBackend(), clock=clock))
    store.put(N, "k", {"n": 1})
    clock.advance(timedelta(hours=1))
    store.put(N, "k", {"n": 2})
    item = store.get(N, "k")
    assert item is not None
    assert (item.created_at, item.updated_at) == (NOON, clock())
    assert item.updated_at.utcoffset() is not None


def test_a_get_of_what_is_missing_leaves_no_trace(store: DiaryStore):
    assert store.get(("nowhere",), "k") is None
    assert store.list_namespaces() == []
    store.put(N, "k", {})
    store.delete(N, "k")
    assert store.list_namespaces() == []
    assert store.search(()) == []


def test_a_value_that_is_changed_by_its_reader_or_writer_stays_as_it_was_stored(store: DiaryStore):
    value = {"tags": ["a"]}
    store.put(N, "k", value)
    value["tags"].append("b")
    for found in (store.get(N, "k"), store.search(N)[0]):
        assert found is not None
        found.value["tags"].append("c")
    item = store.get(N, "k")
    assert item is not None
    assert item.value == {"tags": ["a"]}


@pytest.mark.parametrize(
    "value",
    [
        {"a": None, "b": [None, {"c": None}]},
        {"big": 2**200, "small": -1.5e-300, "true": True, "one": 1, "float": 1.0},
        {"é日🦊\0": "\ud800 half", "": {"": ""}},
        {"nested": [[[[{"x": [1, 2, [3]]}]]]]},
        {},
    ],
)
def test_a_value_comes_back_as_it_was_put(store: DiaryStore, value: dict[str, Any]):
    store.put(N, "k", value)
    item = store.get(N, "k")
    assert item is not None
    assert item.value == value
    assert json.dumps(item.value) == json.dumps(value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": [1, {"when": NOON}]}}, r"at a\.b\[1\]\.when .*datetime"),
        ({"a": [0, float("nan")]}, r"at a\[1\] "),
        ({"a": {1: "x"}}, "at a its keys are strings, not 1"),
        ({"raw": b"x"}, "at raw .*bytes"),
    ],
)
def test_a_value_that_json_cannot_hold_names_its_place_and_stops_the_batch(
    store: DiaryStore, value: dict[str, Any], place: str
):
    store.put(N, "old", {"n": 1})
    with pytest.raises(TypeError, match=place):
        store.batch([PutOp(N, "new", {}), PutOp(N, "old", None), PutOp(N, "bad", value)])
    assert keys(store) == ["old"]


def test_comparing_what_is_missing_or_of_another_kind_matches_nothing(store: DiaryStore):
    for key, value in {"four": 4, "text": "four", "none": None, "list": [4], "true": True}.items():
        store.put(N, key, {"n": value})
    store.put(N, "lacks", {})
    assert keys(store, filter={"n": {"$gt": 3}}) == ["four"]
    assert keys(store, filter={"n": {"$gte": "f"}}) == ["text"]
    assert sorted(keys(store, filter={"n": {"$ne": 4}})) == ["list", "none", "text", "true"]
    assert keys(store, filter={"n": {"$eq": [4]}}) == ["list"]
    assert keys(store, filter={"n": {"$eq": float("nan")}}) == []


def test_a_filter_looks_inside_by_mapping_and_by_dots(store: DiaryStore):
    store.put(N, "k", {"a": {"q": 3, "p": 1}, "tags": ["x"], "access-level": "x"})
    store.put(N, "other", {"a": {"q": 4}})
    assert keys(store, filter={"a": {"q": 3}}) == keys(store, filter={"a.q": 3}) == ["k"]
    assert keys(store, filter={"a": {"q": {"$lt": 4}}}) == ["k"]
    assert keys(store, filter={"tags": ["x"]}) == keys(store, filter={"tags": ("x",)}) == ["k"]
    assert keys(store, filter={"access-level": "x", "a.p": {"$gte": 1, "$lt": 2}}) == ["k"]


@pytest.mark.parametrize(
    "filter", [{"$or": [{"a": 1}]}, {"a": {"$in": [1]}}, {"a'b": 1}, {'a"b': 1}, {"a`": 1}]
)
def test_what_no_filter_has_is_refused(store: DiaryStore, filter: dict[str, Any]):
    store.put(N, "k", {"a": 1})
    with pytest.raises(ValueError, match=r"filter"):
        store.search(N, filter=filter)


def test_the_item_put_last_comes_first():
    clock = FrozenClock(NOON)
    store = DiaryStore(diary=Diary(MemoryBackend(), clock=clock))
    for key in ("a", "b", "c"):
        store.put((*N, key), key, {})
        clock.advance(timedelta(seconds=1))
    store.put((*N, "a"), "a", {})
    assert keys(store, *N) == ["a", "c", "b"]
    pages = [keys(store, limit=1, offset=offset) for offset in range(4)]
    assert pages == [["a"], ["c"], ["b"], []]


def test_words_rank_first_and_the_rest_follows_unscored(store: DiaryStore):
    for key, text in {"nuts": "allergic to walnuts", "tea": "likes tea", "x": "lives"}.items():
        store.put(N, key, {"text": text})
    found = store.search(N, query="Which WALNUT may I eat?")
    assert [item.key for item in found] == ["nuts", "x", "tea"]
    assert found[0].score is not None
    assert [item.score for item in found[1:]] == [None, None]
    assert keys(store, *N, query="") == keys(store, *N) == ["x", "tea", "nuts"]
    assert keys(store, *N, query="walnut", limit=1, offset=1) == ["x"]


def test_a_batch_reads_the_state_before_and_the_last_put_wins(store: DiaryStore):
    store.put(N, "k", {"n": 0})
    put, got, found, names, gone, again = store.batch(
        [
            PutOp(N, "k", {"n": 1}),
            GetOp(N, "k"),
            SearchOp(()),
            ListNamespacesOp(),
            GetOp(N, "other"),
            PutOp(N, "k", {"n": 2}),
        ]
    )
    assert put is gone is again is None
    assert got.value == {"n": 0}  # type: ignore[union-attr]
    assert [item.key for item in found] == ["k"]  # type: ignore[union-attr]
    assert names == [N]
    assert store.get(N, "k").value == {"n": 2}  # type: ignore[union-attr]


def test_what_is_no_operation_is_refused(store: DiaryStore):
    with pytest.raises(ValueError, match="Unknown operation type: str"):
        store.batch(["get"])  # type: ignore[list-item]


@pytest.mark.parametrize("namespace", [("a.b",), ("a", ""), ("a\0",), ("a", 1)])
def test_an_illegal_label_stops_a_batch_before_anything_is_done(
    store: DiaryStore, namespace: tuple[Any, ...]
):
    for op in (
        GetOp(namespace, "k"),
        PutOp(namespace, "k", {}),
        SearchOp(namespace),
        ListNamespacesOp((MatchCondition("suffix", namespace),)),
    ):
        with pytest.raises(InvalidNamespaceError):
            store.batch([PutOp(N, "k", {}), op])
    assert store.list_namespaces() == []


@pytest.mark.parametrize(
    "op", [PutOp(("a\ud800",), "k", {}), PutOp(N, "\ud800", {}), GetOp(N, "\ud800")]
)
def test_a_name_that_would_come_back_as_another_stops_a_batch(store: DiaryStore, op: Any):
    with pytest.raises(ValueError, match=r"without lone surrogates: .*\\ud800"):
        store.batch([PutOp(N, "k", {}), op])
    assert store.list_namespaces() == []


def test_namespaces_are_exact_text_with_wildcards_for_one_label(store: DiaryStore):
    places = [
        ("A",),
        ("a",),
        ("a", "b"),
        ("a/b",),
        ("a\\b",),
        ("a:b",),
        ("a%", "_"),
        ("a", "x", "b"),
    ]
    for place in places:
        store.put(place, "k", {"place": list(place)})
    assert store.list_namespaces() == sorted(places)
    for place in places:
        assert store.get(place, "k").value == {"place": list(place)}  # type: ignore[union-attr]
        assert {item.namespace for item in store.search(place)} == {
            other for other in places if other[: len(place)] == place
        }
    assert store.list_namespaces(prefix=("a", "*")) == [("a", "b"), ("a", "x", "b")]
    assert store.list_namespaces(suffix=("*", "b")) == [("a", "b"), ("a", "x", "b")]
    assert store.list_namespaces(prefix=("a",), suffix=("*", "b"), max_depth=2) == [
        ("a", "b"), ("a", "x"),
    ]  # fmt: skip
    both = (MatchCondition("prefix", ("a", "*", "b")), MatchCondition("prefix", ("*", "x")))
    assert store.batch([ListNamespacesOp(both)]) == [[("a", "x", "b")]]
    never = (MatchCondition("prefix", ("a",)), MatchCondition("prefix", ("b",)))
    assert store.batch([ListNamespacesOp(never)]) == [[]]


def test_one_class_serves_running_loops_threads_and_several_loops(place):
    store = DiaryStore(place)

    async def work(number: int) -> None:
        await store.aput(N, f"async{number}", {})
        store.put(N, f"blocking{number}", {})
        await asyncio.gather(*(store.aput(N, f"{number}-{n}", {}) for n in range(20)))
        assert await store.aget(N, f"blocking{number}") is not None

    threads = [threading.Thread(target=asyncio.run, args=(work(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(work(5))
    assert len(store.search(N, limit=1000)) == 5 * 22


def test_a_second_store_sees_what_the_first_has_put(place):
    DiaryStore(place).put(N, "k", {"n": 1})
    assert keys(DiaryStore(place)) == ["k"]
    assert Diary(place).sync.notes.get("langgraph", N, "k").value == {"n": 1}  # type: ignore[union-attr]


def test_what_others_put_into_the_diary_arrives_as_a_mapping(store: DiaryStore):
    store.diary.sync.notes.put("langgraph", N, "text", "likes tea")
    assert store.get(N, "text").value == {"value": "likes tea"}  # type: ignore[union-attr]
    assert store.search(N, query="tea")[0].value == {"value": "likes tea"}


def test_a_deleted_item_cannot_be_restored(store: DiaryStore):
    store.put(N, "k", {"secret": 1})
    store.delete(N, "k")
    assert not store.diary.sync.notes.restore("langgraph", N, "k")


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "x", "diary": Diary(MemoryBackend())},
        {"owner": 7},
        {"owner": ""},
        {"diary": 7},
        {"ttl": 60},
        {"index": "openai:text-embedding-3-small"},
    ],
    ids=["path and diary", "owner 7", "owner ''", "diary 7", "ttl 60", "index is a name"],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any]):
    with pytest.raises((TypeError, ValueError)):
        DiaryStore(**arguments)


def test_numpy_is_asked_for_where_vectors_are_compared(
    store: DiaryStore, monkeypatch: pytest.MonkeyPatch
):
    index = {"embed": lambda texts: [[1.0] for _ in texts]}
    indexed = DiaryStore(index=index)  # type: ignore[arg-type]
    monkeypatch.setitem(__import__("sys").modules, "numpy", None)
    indexed.put(N, "k", {})
    with pytest.raises(MissingExtraError, match=r"diarist\[vectors\]"):
        indexed.search(N, query="x")
