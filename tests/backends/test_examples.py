"""The backends that docs/backends.md shows pass the suite, on a real Redis and on moto's S3."""

from __future__ import annotations

import asyncio
import logging
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docs.examples.object_pages import ObjectPages
from docs.examples.redis_pages import RedisPages
from moto.server import ThreadedMotoServer
from obstore.store import MemoryStore, S3Store

from backends import redis_server
from diarist import BackendError, Diary, SQLiteRecords, SyncDiary
from diarist.copying import copy_user
from diarist.testing import DocumentStoreTests, MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def redis() -> Iterator[RedisPages]:
    with redis_server.prefix() as prefix:
        yield RedisPages(redis_server.URL, prefix)


@pytest.fixture
def bucket(s3: str) -> ObjectPages:
    name = uuid.uuid4().hex
    urllib.request.urlopen(urllib.request.Request(f"{s3}/{name}", method="PUT")).close()
    store = S3Store(
        name,
        endpoint=s3,
        region="us-east-1",
        access_key_id="any",
        secret_access_key="any",
        client_options={"allow_http": True},
    )
    return ObjectPages(store)


class TestRedis(DocumentStoreTests):
    @pytest.fixture
    def store(self, redis: RedisPages) -> RedisPages:
        return redis


class TestS3(DocumentStoreTests):
    @pytest.fixture
    def store(self, bucket: ObjectPages) -> ObjectPages:
        return bucket


class TestObjectsInMemory(DocumentStoreTests):
    @pytest.fixture
    def store(self) -> ObjectPages:
        return ObjectPages(MemoryStore())


@pytest.mark.parametrize("backend", ["redis", "bucket"])
def test_what_no_encoding_has_is_replaced(backend: str, request: pytest.FixtureRequest):
    pages: Any = request.getfixturevalue(backend)
    asyncio.run(Diary(pages).notebook("ana").append("odd \ud800 end"))
    assert asyncio.run(pages.load("ana", "memory/main")) in ("odd ? end\n", "odd \ufffd end\n")


@pytest.mark.parametrize("name", ["redis_pages.py", "object_pages.py"])
def test_the_page_shows_the_example_as_it_is(name: str):
    text = (DOCS / "examples" / name).read_text()
    assert f"```python\n{text}```" in (DOCS / "backends.md").read_text()


@pytest.mark.parametrize("backend", ["redis", "bucket"])
def test_a_diary_stands_on_it(backend: str, request: pytest.FixtureRequest, tmp_path: Path):
    pages: Any = request.getfixturevalue(backend)
    diary = Diary(pages, records=SQLiteRecords(tmp_path))
    report = asyncio.run(diary.update_memory("a.b/c", "chat", "I'm allergic to walnuts.", "Noted."))
    assert report.with_status("added")
    asyncio.run(diary.notebook("a.b/c", "Web Search").append("look twice"))

    again = SyncDiary(pages, records=SQLiteRecords(tmp_path))
    assert "walnuts" in again.context("a.b/c")
    assert again.why("a.b/c", "allergies", "walnuts")[0].text == "I'm allergic to walnuts."
    copy = Diary(MemoryBackend())
    assert asyncio.run(copy_user(diary, copy, "a.b/c")).pages == 3
    assert asyncio.run(copy.notebook("a.b/c", "Web Search").read()) == "look twice\n"
    again.delete_user("a.b/c")
    assert again.list_users() == []


def test_a_server_that_does_not_answer_is_told():
    with pytest.raises(BackendError, match="Redis: "):
        asyncio.run(RedisPages("redis://127.0.0.1:1").load("ana", "preferences"))
    nowhere = S3Store(
        "bucket",
        endpoint="http://127.0.0.1:1",
        region="us-east-1",
        skip_signature=True,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    with pytest.raises(BackendError, match="object storage: "):
        asyncio.run(ObjectPages(nowhere).load("ana", "preferences"))
