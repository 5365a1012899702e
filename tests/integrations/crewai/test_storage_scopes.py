"""Scopes of `DiaryStorage`: each ends where a path ends, and deleting is told by all criteria."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from crewai.memory.types import ScopeInfo

from crewai_diarist import DiaryStorage
from integrations.crewai.stored import found, ids, record

if TYPE_CHECKING:
    from integrations.places import Place

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 3, 1)


@pytest.fixture
def storage(place: Place) -> DiaryStorage:
    storage = DiaryStorage(place)
    storage.save(
        [
            record("root", "/", created_at=OLD, categories=["a"]),
            record("al", "/user/al", created_at=OLD, categories=["a", "b"], metadata={"k": 1}),
            record("al-new", "/user/al/", created_at=NEW, categories=["b"]),
            record("al-sub", "user/al/deep/er", created_at=NEW, metadata={"k": 1}),
            record("alice", "/user/alice", created_at=OLD, categories=["b", "c"]),
        ]
    )
    return storage


@pytest.mark.parametrize("scope", ["/user/al", "/user/al/", "user/al", "//user//al"])
def test_a_scope_is_its_path_and_what_is_below(storage: DiaryStorage, scope: str):
    """Not what only begins with the same letters."""
    of_al = {"al", "al-new", "al-sub"}
    assert ids(storage, scope) == of_al
    assert set(found(storage, scope_prefix=scope)) == of_al
    assert storage.count(scope) == 3
    assert storage.list_categories(scope) == {"a": 1, "b": 2}
    assert storage.list_scopes(scope) == ["/user/al/deep"]
    assert storage.get_scope_info(scope) == ScopeInfo(
        path="/user/al",
        record_count=3,
        categories=["a", "b"],
        oldest_record=OLD,
        newest_record=NEW,
        child_scopes=["/user/al/deep"],
    )


@pytest.mark.parametrize("scope", [None, "", "/", "//"])
def test_no_scope_is_everything(storage: DiaryStorage, scope: str | None):
    assert len(ids(storage, scope)) == len(found(storage, scope_prefix=scope)) == 5
    assert storage.count(scope) == 5
    assert storage.list_categories(scope) == {"a": 2, "b": 3, "c": 1}
    assert storage.list_scopes(scope or "/") == ["/user"]
    assert storage.get_scope_info(scope or "/").child_scopes == ["/user"]


def test_a_scope_without_records_is_empty(storage: DiaryStorage):
    assert storage.get_scope_info("/nobody") == ScopeInfo(path="/nobody")
    assert storage.list_scopes("/nobody") == storage.list_records("/nobody") == []
    assert (storage.list_categories("/nobody"), storage.count("/us")) == ({}, 0)
    assert found(storage, scope_prefix="/user/a") == []


def test_records_are_listed_by_when_they_were_made(place: Place):
    storage = DiaryStorage(place)
    days = [3, 1, 4, 2]
    storage.save(
        [record(f"d{day}", f"/s/{day}", created_at=datetime(2026, 1, day)) for day in days]
    )
    storage.touch_records(["d1"])
    storage.update(record("d2", "/s/other", created_at=datetime(2026, 1, 2)))
    assert [each.id for each in storage.list_records()] == ["d4", "d3", "d2", "d1"]
    assert [each.id for each in storage.list_records("/s", limit=2, offset=1)] == ["d3", "d2"]
    assert storage.list_records(limit=0) == storage.list_records(limit=-1) == []


@pytest.mark.parametrize(
    ("criteria", "gone"),
    [
        ({"scope_prefix": "/user/al"}, "al al-new al-sub"),
        ({"scope_prefix": "/user/a"}, ""),
        ({"scope_prefix": "/user/al", "older_than": datetime(2026, 2, 1)}, "al"),
        ({"older_than": datetime(2026, 2, 1)}, "root al alice"),
        ({"older_than": OLD}, ""),
        ({"record_ids": ["al", "alice", "unknown"]}, "al alice"),
        ({"record_ids": ["al", "alice"], "scope_prefix": "/user/alice"}, "alice"),
        ({"record_ids": ["al"], "older_than": OLD}, ""),
        ({"record_ids": ["al') OR id <> ('"]}, ""),
        ({"record_ids": []}, ""),
        ({"categories": ["b", "x"]}, "al al-new alice"),
        ({"categories": ["b"], "scope_prefix": "/user/al", "older_than": NEW}, "al"),
        ({"categories": ["b"], "record_ids": ["root", "alice"]}, "alice"),
        ({"metadata_filter": {"k": 1}}, "al al-sub"),
        ({"metadata_filter": {"k": 1}, "categories": ["a"]}, "al"),
        ({}, "root al al-new al-sub alice"),
    ],
)
def test_only_what_fits_all_criteria_is_deleted(
    storage: DiaryStorage, criteria: dict[str, Any], gone: str
):
    left = ids(storage) - set(gone.split())
    assert storage.delete(**criteria) == len(gone.split())
    assert ids(storage) == set(found(storage)) == left


def test_a_reset_takes_one_scope_or_everything(storage: DiaryStorage):
    storage.reset("/user/al")
    assert ids(storage) == {"root", "alice"}
    storage.reset("/user/a")
    assert storage.count() == 2
    storage.reset()
    assert storage.count() == 0
    assert storage.get_scope_info("/") == ScopeInfo(path="/")
    storage.save([record("again")])
    assert ids(storage) == {"again"}


def test_any_text_is_a_scope_of_its_own(place: Place):
    storage = DiaryStorage(place)
    scopes = ["/100%", "/1000", "/a_b", "/axb", "/o'brien", "/share\\docs", "/日本", "/x' OR '1"]
    storage.save([record(scope, scope) for scope in scopes])
    for scope in scopes:
        assert found(storage, scope_prefix=scope) == [scope]
        assert storage.get_scope_info(scope).record_count == 1
        assert storage.delete(scope_prefix=scope) == 1
    assert storage.count() == 0
