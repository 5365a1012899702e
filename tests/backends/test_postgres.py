"""PostgreSQL passes the suites of every store, in both flavours, with and without pgvector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backends.postgres_server import empty, with_pgvector, without_pgvector
from diarist import PostgresBackend
from diarist.blocking import finish
from diarist.testing import Blocking, DocumentStoreTests, RecordStoreTests

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASES = {"numpy, in memory": without_pgvector, "pgvector, in the server": with_pgvector}
SCHEMA = "diarist"


@pytest.fixture(scope="module", params=DATABASES)
def compared_by(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def dsn(compared_by: str) -> Iterator[str]:
    with DATABASES[compared_by]() as dsn:
        yield dsn


@pytest.fixture
def backend(dsn: str, compared_by: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(dsn, schema=SCHEMA)
    backend.prepare()
    assert backend.records.compared_by == compared_by
    empty(SCHEMA, dsn)
    yield backend
    finish(backend.blocking.aclose())


class TestPages(DocumentStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend


class TestPagesBlocking(Blocking, DocumentStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend.blocking


class TestRecords(RecordStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend.records


class TestRecordsBlocking(Blocking, RecordStoreTests):
    @pytest.fixture
    def store(self, backend):
        return backend.blocking.records
