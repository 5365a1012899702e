"""Whose diary it is: one user for all namespaces, or the one that a namespace names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import GetOp, InvalidNamespaceError, PutOp

from diarist import InvalidIdError
from langchain_diarist import DiaryStore, read_label, safe_label

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.places import Place

ANA, BEN = ("memories", safe_label("a@b.com")), ("memories", safe_label("ben"))


@pytest.fixture
def store(place: Place) -> DiaryStore:
    return DiaryStore(place, owner=lambda namespace: read_label(namespace[1]))


def test_deleting_a_user_erases_all_that_was_stored_for_them(store: DiaryStore):
    store.put(ANA, "k", {"text": "allergic to walnuts"})
    store.put((*ANA, "deep"), "k", {"text": "likes tea"})
    store.put(BEN, "k", {"text": "likes milk"})
    assert store.diary.sync.list_users() == ["a@b.com", "ben"]
    assert store.diary.sync.delete_user("a@b.com").notes == 2
    assert store.search(ANA) == store.list_namespaces(prefix=ANA) == []
    assert [item.key for item in store.search(BEN)] == ["k"]


@pytest.mark.parametrize("namespace", [(), ("memories",)])
def test_an_operation_above_the_owner_is_refused(store: DiaryStore, namespace: tuple[str, ...]):
    store.put(ANA, "k", {})
    with pytest.raises(InvalidNamespaceError, match="whose diary"):
        store.search(namespace)
    with pytest.raises(InvalidNamespaceError):
        store.list_namespaces(prefix=(*namespace, "*"), suffix=("x",))
    with pytest.raises(InvalidNamespaceError):
        store.list_namespaces(suffix=ANA)
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(ANA, "new", {}), GetOp(namespace, "k")])
    assert [item.key for item in store.search(ANA)] == ["k"]


@pytest.mark.parametrize("label", ["50%", "%2e", "%7F", "%00"])
def test_a_label_that_names_no_user_is_refused(store: DiaryStore, label: str):
    with pytest.raises(InvalidNamespaceError):
        store.put(("memories", label), "k", {})
    assert store.diary.sync.list_users() == []


@pytest.mark.parametrize("found", [None, 7, "", "a\nb"])
def test_an_owner_that_is_no_user_is_refused(found: Any):
    store = DiaryStore(owner=lambda _: found)
    with pytest.raises(InvalidNamespaceError):
        store.get(ANA, "k")


def test_a_batch_about_several_owners_checks_all_before_it_writes_for_one(store: DiaryStore):
    with pytest.raises(TypeError, match="at bad"):
        store.batch([PutOp(ANA, "k", {}), PutOp(BEN, "k", {"bad": object()})])
    with pytest.raises(ValueError, match="ttl"):
        store.batch([PutOp(ANA, "k", {}), PutOp(BEN, "k", {}, ttl=-1)])
    assert store.diary.sync.list_users() == []
    store.batch([PutOp(BEN, "k", {"n": 1}), PutOp(ANA, "k", {"n": 2})])
    found = store.batch([GetOp(ANA, "k"), GetOp(BEN, "k"), GetOp(ANA, "no")])
    assert [item and item.value["n"] for item in found] == [2, 1, None]  # type: ignore[union-attr,index]


@given(st.text())
def test_any_text_has_a_legal_label_of_its_own(text: str):
    label = safe_label(text)
    assert read_label(label) == text
    DiaryStore().put((label,), "k", {})
    assert label != "*"


@pytest.mark.parametrize("text", ["langgraph", "*", "", "%", ".", "a@b.com", "%2E", "\0", "a*"])
def test_what_langgraph_refuses_or_reads_otherwise_has_a_legal_label_too(text: str):
    label = safe_label(text)
    assert read_label(label) == text
    DiaryStore().put((label,), "k", {})
    assert label != "*"


def test_a_plain_name_is_its_own_label():
    for text in ("ana", "auth0|5f7", "日本", "a b", "a@b"):
        assert safe_label(text) == read_label(text) == text


def test_a_file_has_one_owner(tmp_path: Path):
    path = tmp_path / "store.db"
    with DiaryStore.from_conn_string(path, owner=lambda ns: ns[0]) as store:
        store.put(("ana",), "k", {"n": 1})
        with pytest.raises(InvalidIdError, match="one file, one owner"):
            store.put(("ben",), "k", {})
    assert list(tmp_path.iterdir()) == [path]
    with DiaryStore.from_conn_string(str(path), owner="ana") as store:
        assert store.get(("ana",), "k").value == {"n": 1}  # type: ignore[union-attr]


def test_a_connection_string_is_memory_a_file_or_a_folder(tmp_path: Path):
    (tmp_path / "made").touch()
    for name in ("made", "new.sqlite", "folder"):
        with DiaryStore.from_conn_string(str(tmp_path / name)) as store:
            store.setup()
            store.put(ANA, "k", {"n": 1})
        with DiaryStore.from_conn_string(str(tmp_path / name)) as store:
            assert store.get(ANA, "k") is not None
    assert (tmp_path / "made").is_file()
    assert (tmp_path / "new.sqlite").is_file()
    assert (tmp_path / "folder" / "langgraph" / "diary.db").is_file()
    with DiaryStore.from_conn_string(":memory:") as store:
        store.put(ANA, "k", {})
    with DiaryStore.from_conn_string(":memory:") as store:
        assert store.get(ANA, "k") is None


def test_a_connection_string_may_be_a_servers_address(address: str):
    with DiaryStore.from_conn_string(address) as store:
        store.put(ANA, "k", {"n": 1})
    with DiaryStore.from_conn_string(address) as store:
        assert store.get(ANA, "k") is not None
