"""PostgreSQL passes the suites of every store, in both flavours, on a real server."""

from __future__ import annotations

import pytest

from backends.postgres_server import DSN, empty, schema
from diarist.blocking import finish
from diarist.testing import Blocking, DocumentStoreTests, RecordStoreTests


@pytest.fixture(scope="module")
def name():
    with schema() as name:
        yield name


@pytest.fixture
def backend(name: str):
    from diarist.backends.postgres import PostgresBackend

    backend = PostgresBackend(DSN, schema=name)
    backend.prepare()
    empty(name)
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
