"""Every store of diarist passes the suites that others can use for theirs, in both flavours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist.backends import LocalBackend
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import Blocking, DocumentStoreTests, MemoryBackend, RecordStoreTests

if TYPE_CHECKING:
    from pathlib import Path

ONE_OWNER = {"test_two_users_never_meet": "one file has one owner"}


class TestLocalPages(DocumentStoreTests):
    @pytest.fixture
    def store(self, tmp_path: Path):
        return LocalBackend(tmp_path / "memories")


class TestLocalPagesBlocking(Blocking, DocumentStoreTests):
    @pytest.fixture
    def store(self, tmp_path: Path):
        return LocalBackend(tmp_path / "memories").blocking


class TestMemoryPages(DocumentStoreTests):
    @pytest.fixture
    def store(self):
        return MemoryBackend()


class TestMemoryPagesBlocking(Blocking, DocumentStoreTests):
    @pytest.fixture
    def store(self):
        return MemoryBackend().blocking


class TestLocalRecords(RecordStoreTests):
    @pytest.fixture
    def store(self, tmp_path: Path):
        return LocalBackend(tmp_path / "memories").records


class TestMemoryRecords(RecordStoreTests):
    @pytest.fixture
    def store(self):
        return MemoryBackend().records


class TestMemoryRecordsBlocking(Blocking, RecordStoreTests):
    @pytest.fixture
    def store(self):
        return MemoryBackend().blocking.records


class TestSQLiteFolder(RecordStoreTests):
    @pytest.fixture
    def store(self, tmp_path: Path):
        return SQLiteRecords(tmp_path / "records", durability="normal")


class TestSQLiteFolderBlocking(Blocking, RecordStoreTests):
    @pytest.fixture
    def store(self, tmp_path: Path):
        return SQLiteRecords(tmp_path / "records").blocking


class TestSQLiteFile(RecordStoreTests):
    skips = ONE_OWNER

    @pytest.fixture
    def store(self, tmp_path: Path):
        return SQLiteRecords.file(tmp_path / "below" / "records.db")


class TestSQLiteFileBlocking(Blocking, RecordStoreTests):
    skips = ONE_OWNER

    @pytest.fixture
    def store(self, tmp_path: Path):
        return SQLiteRecords.file(tmp_path / "records.db").blocking


class TestSQLiteInMemory(RecordStoreTests):
    @pytest.fixture
    def store(self):
        return SQLiteRecords.in_memory()


class TestSQLiteInMemoryBlocking(Blocking, RecordStoreTests):
    @pytest.fixture
    def store(self):
        return SQLiteRecords.in_memory().blocking
