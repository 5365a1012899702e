"""`DiaryStorage` by itself: what it stores, finds and counts."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from crewai.memory.storage.backend import EmbeddingDimensionMismatchError, StorageBackend
from crewai.memory.types import MemoryRecord

from crewai_diarist import DiaryStorage
from diarist import Diary, UnsupportedError
from integrations.crewai.stored import found, ids, record
from integrations.failing import diary_without_records

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.places import Place

NOON = datetime(2026, 1, 1, 12)  # naive, as CrewAI's times are, and UTC


@pytest.fixture
def storage(place: Place) -> DiaryStorage:
    return DiaryStorage(place)


@pytest.mark.parametrize("name", ["a folder or a server", "memory.db"])
def test_a_record_comes_back_as_it_was(tmp_path: Path, address: str, name: str):
    where = tmp_path / name if name.endswith(".db") else address
    full = MemoryRecord(
        id="o'brien",
        content='tea "é日🦊\n',
        scope="/company/research%",
        categories=["drinks", "habits"],
        metadata={"a": [1, None, {"b": 2.5}], "source": "mail"},
        importance=0.75,
        created_at=NOON - timedelta(days=900, microseconds=1),
        last_accessed=NOON,
        embedding=[3.0, -4.5, 0.0],
        source="ana",
        private=True,
    )
    plain = MemoryRecord(content="milk")
    DiaryStorage(where).save([full, plain])
    reopened = DiaryStorage(where)
    assert reopened.get_record("o'brien") == full
    assert reopened.get_record(plain.id) == plain
    assert reopened.get_record("unknown") is None
    assert [each for each, _ in reopened.search([3.0, -4.5, 0.0])] == [full]
    assert reopened.list_records() == [plain, full]
    assert (tmp_path / "memory.db").is_file() == name.endswith(".db")
    assert isinstance(reopened, StorageBackend)


def test_times_with_a_zone_come_back_in_utc_without_one(storage: DiaryStorage):
    zone = timezone(timedelta(hours=2))
    at = NOON.replace(tzinfo=UTC).astimezone(zone)
    storage.save([record("a", created_at=at, last_accessed=at)])
    kept = storage.get_record("a")
    assert kept is not None
    assert (kept.created_at, kept.last_accessed) == (NOON, NOON)
    assert storage.delete(older_than=at) == 0
    assert storage.delete(older_than=at + timedelta(microseconds=1)) == 1


def test_a_known_id_is_stored_over_wherever_it_was(storage: DiaryStorage):
    storage.save([record("a", "/x"), record("b", "/x")])
    storage.save([record("a", "/y", [0.0, 1.0], content="moved")])
    storage.save([record("a", "/y", [0.0, 1.0], content="said again")])
    assert (storage.count(), storage.count("/x"), storage.count("/y")) == (2, 1, 1)
    assert found(storage, [0.0, 1.0]) == ["a", "b"]
    kept = storage.get_record("a")
    assert kept is not None
    assert kept.content == "said again"


def test_the_score_is_that_of_the_squared_distance(storage: DiaryStorage):
    storage.save([record("near", vector=[3, 4]), record("five", vector=[0, 0])])
    storage.save([record("far", vector=[30, 40])])
    scores = {each.id: score for each, score in storage.search([3.0, 4.0])}
    assert list(scores) == ["near", "five", "far"]
    assert scores == pytest.approx({"near": 1, "five": 1 / 26, "far": 1 / 2026}, abs=1e-6)
    assert found(storage, [3, 4], min_score=0.03) == ["near", "five"]
    assert found(storage, [3, 4], limit=1) == ["near"]
    assert found(storage, [3, 4], limit=0) == []


def test_a_filter_looks_at_all_however_far_they_are(storage: DiaryStorage):
    tagged = [
        record(
            f"r{n:04}",
            f"/s/{n % 7}",
            [n, 0],
            categories=["odd", f"c{n}"] if n % 2 else ["even"],
            metadata={"n": n, "kind": "x"},
        )
        for n in range(1500)
    ]
    assert found(storage, [0, 0]) == []
    storage.save(tagged)
    assert found(storage, [0, 0], categories=["c1499", "other"]) == ["r1499"]
    assert found(storage, [0, 0], metadata_filter={"n": 1400, "kind": "x"}) == ["r1400"]
    assert found(storage, [0, 0], metadata_filter={"n": 1400, "kind": "y"}) == []
    assert len(found(storage, [0, 0], categories=["odd"], limit=700)) == 700
    expected = [f"r{n:04}" for n in range(3, 1500, 14)]
    assert found(storage, [0, 0], scope_prefix="/s/3", categories=["odd"], limit=999) == expected
    assert found(storage, [0, 0], categories=[], metadata_filter={}, limit=1) == ["r0000"]


def test_what_has_no_vector_is_listed_and_keeps_the_one_it_had(storage: DiaryStorage):
    storage.save([record("a"), MemoryRecord(id="b", content="without")])
    assert found(storage) == ["a"]
    assert ids(storage) == {"a", "b"}
    kept = storage.get_record("a")
    assert kept is not None
    storage.save([MemoryRecord.model_validate_json(kept.model_dump_json())])  # leaves vectors out
    assert found(storage) == ["a"]
    assert storage.get_record("a") == kept


@pytest.mark.parametrize("vector_dim", [None, 2])
def test_a_vector_of_another_length_is_refused(place: Place, vector_dim: int | None):
    storage = DiaryStorage(place, vector_dim)
    storage.save([record("a"), MemoryRecord(id="plain", content="without")])
    other = DiaryStorage(place)
    for call in (
        lambda: other.save([record("b"), record("c", vector=[1.0] * 3)]),
        lambda: other.save([record("c", vector=[1.0] * 3)]),
        lambda: other.update(record("a", vector=[1.0] * 3)),
        lambda: other.search([1.0] * 3),
    ):
        with pytest.raises(EmbeddingDimensionMismatchError) as error:
            call()
        assert (error.value.stored_dim, error.value.new_dim) == (2, 3)
    assert ids(storage) == {"a", "plain"}
    storage.reset()
    storage.save([record("c", vector=[1.0] * 3)])
    assert found(other, [1.0] * 3) == ["c"]


def test_a_store_may_be_told_how_long_its_vectors_are(place: Place):
    storage = DiaryStorage(place, vector_dim=4)
    with pytest.raises(EmbeddingDimensionMismatchError):
        storage.save([record("a")])
    with pytest.raises(EmbeddingDimensionMismatchError):
        storage.search([1.0, 0.0])
    with pytest.raises(EmbeddingDimensionMismatchError):
        DiaryStorage(place).save([record("a"), record("b", vector=[1.0])])
    assert storage.count() == 0


def test_looking_at_a_record_changes_nothing_else(storage: DiaryStorage):
    storage.save([record("a", "/x", created_at=NOON, last_accessed=NOON), record("b")])
    before = storage.get_record("a")
    storage.touch_records(["a", "unknown"])
    storage.touch_records([])
    after = storage.get_record("a")
    assert before is not None
    assert after is not None
    assert after.last_accessed > before.last_accessed
    assert after == before.model_copy(update={"last_accessed": after.last_accessed})
    assert found(storage) == ["a", "b"]


def test_two_storages_in_one_place_see_the_same(place: Place):
    one, other = DiaryStorage(place), DiaryStorage(place)
    one.save([record("a", "/x")])
    assert found(other) == ["a"]
    other.update(record("a", "/x", [0.0, 1.0]))
    other.save([record("b", "/y")])
    assert found(one) == ["b", "a"]
    assert one.delete(record_ids=["b"]) == 1
    assert found(other) == ["a"]
    other.reset()
    assert (one.count(), found(one)) == (0, [])


def test_processes_share_a_place(storage: DiaryStorage):
    storage.save([record("before", "/x")])
    assert found(storage) == ["before"]
    child = os.fork()
    if not child:
        storage.save([record("child", "/x")])
        os._exit(0 if found(storage) == ["before", "child"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert found(storage) == ["before", "child"]


def test_threads_save_and_search_at_the_same_time(storage: DiaryStorage):
    errors: list[Exception] = []

    def work(name: int) -> None:
        try:
            for n in range(10):
                storage.save([record(f"{name}-{n}", f"/t{name}", [name, n])])
                assert f"{name}-{n}" in found(storage, [name, n], scope_prefix=f"/t{name}")
                storage.touch_records([f"{name}-{n}"])
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert storage.count() == 80
    assert storage.list_scopes() == [f"/t{n}" for n in range(8)]


def test_it_does_the_same_without_blocking_the_loop(storage: DiaryStorage):
    async def main() -> None:
        await asyncio.gather(*(storage.asave([record(f"r{n}", f"/{n % 2}")]) for n in range(6)))
        some = await storage.asearch([1.0, 0.0], "/1", limit=2, min_score=0.5)
        assert [each.scope for each, _ in some] == ["/1", "/1"]
        assert await storage.adelete("/1", record_ids=["r0", "r1"]) == 1
        assert storage.count() == 5  # nor does the blocking call need another thread

    asyncio.run(main())


def test_it_may_be_used_again_after_it_was_closed(storage: DiaryStorage):
    storage.save([record("a")])
    storage.close()
    assert found(storage) == ["a"]


@pytest.mark.parametrize("kind", ["an address", "a diary"])
def test_it_says_where_it_is_found_again(kind: str, address: str):
    storage = DiaryStorage(address if kind == "an address" else Diary(address))
    storage.save([record("a")])
    assert found(DiaryStorage(storage.place)) == ["a"]
    assert repr(storage) == f"DiaryStorage({storage.place!r})"


def test_a_diary_without_records_is_refused():
    with pytest.raises(UnsupportedError, match="pass it records="):
        DiaryStorage(diary_without_records())
