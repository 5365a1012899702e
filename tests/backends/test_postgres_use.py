"""What a user of `PostgresBackend` meets: its tables and rights, its errors, its command line."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from backends.postgres_server import DSN, OwnServer, grants, run, schema
from diarist import BackendError, Message, PostgresBackend, PostgresRecords, SyncDiary

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def name() -> Iterator[str]:
    with schema() as name:
        yield name


def test_many_who_come_first_make_the_tables_once(name: str):
    def write(number: int) -> int:
        diary = SyncDiary(PostgresBackend(DSN, schema=name, connections=1))
        diary.notes.put("ana", ("n",), str(number), number)
        diary.close()
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == list(range(8))
    assert run(f"SELECT count(*) FROM {name}.all_notes") == [(8,)]
    assert run(f"SELECT version FROM {name}.schema_version") == [(1,)]


def test_no_statement_sees_rows_unless_a_transaction_says_whose(name: str):
    diary = SyncDiary(PostgresBackend(DSN, schema=name))
    diary.messages.append("ana", "chat", [Message("user", "mine")])
    with pytest.raises(Exception, match=r"diarist\.user_id"):
        run(f"SELECT * FROM {name}.messages")
    assert run(f"SET diarist.user_id TO 'ben'; SELECT * FROM {name}.messages") == []
    diary.close()


def test_without_create_the_tables_must_be_there(name: str):
    diary = SyncDiary(PostgresBackend(DSN, schema=name, create=False))
    with pytest.raises(BackendError, match=r"has no schema test_\w+ .*`diarist backend init URL`"):
        diary.preferences("ana")
    PostgresBackend(DSN, schema=name).prepare()
    assert diary.preferences("ana") == ""
    diary.close()


def test_tables_of_a_newer_diarist_are_left_alone(name: str):
    PostgresBackend(DSN, schema=name).prepare()
    run(f"UPDATE {name}.schema_version SET version = 99")
    with pytest.raises(BackendError, match=r"newer diarist \(version 99, this one knows 1\)"):
        PostgresBackend(DSN, schema=name).prepare()


def test_a_user_with_the_rights_in_the_docs_can_do_everything_but_make_tables(name: str):
    role = f"role_{name}"
    run(f"CREATE ROLE {role} LOGIN")
    try:
        PostgresBackend(DSN, schema=name).prepare()
        run(grants(name, role))
        dsn = DSN.replace("postgres@", f"{role}@", 1)
        diary = SyncDiary(PostgresBackend(dsn, schema=name, create=False))
        diary.update_memory("ana", "chat", "I love tea.", "Noted.")
        diary.notes.put("ana", ("n",), "k", "v", vectors={"m": [1.0, 0.0]})
        assert "love tea" in diary.preferences("ana")
        assert diary.recall("ana", "tea")
        assert diary.delete_user("ana").messages == 2
        with pytest.raises(BackendError, match=r"permission denied .*docs/backends\.md lists"):
            SyncDiary(PostgresBackend(dsn, schema=f"{name}_2")).preferences("ana")
        diary.close()
    finally:
        run(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_an_import_that_fails_leaves_nothing(name: str, tmp_path):
    diary = SyncDiary(PostgresBackend(DSN, schema=name))
    diary.update_memory("ana", "chat", "I love tea.", "Noted.")
    diary.export_user("ana", tmp_path / "ana.zip")
    run(f"ALTER TABLE {name}.all_documents ADD CONSTRAINT no_more CHECK (user_id <> 'ben')")
    with pytest.raises(BackendError, match="no_more"):
        diary.import_user("ben", tmp_path / "ana.zip")
    assert diary.list_users() == ["ana"]
    diary.import_user("cleo", tmp_path / "ana.zip")
    assert diary.preferences("cleo") == diary.preferences("ana")
    diary.close()


def test_records_alone_stand_beside_pages_in_a_folder(name: str, tmp_path):
    diary = SyncDiary(tmp_path, records=PostgresRecords(DSN, schema=name))
    diary.update_memory("ana", "chat", "I love tea.", "Noted.")
    assert (tmp_path / "ana" / "preferences.toml").exists()
    assert not (tmp_path / "ana" / "diary.db").exists()
    assert run(f"SELECT count(*) FROM {name}.all_messages") == [(2,)]
    diary.close()


def test_what_postgresql_cannot_hold_comes_back(name: str):
    diary = SyncDiary(PostgresBackend(DSN, schema=name))
    odd = "a\0b\x01c\U0010ffff\U0010fffe"
    diary.messages.append("ana", odd, [Message("user", odd, id=odd, metadata={odd: odd})])
    (found,) = diary.messages.read("ana", odd)
    assert (found.text, found.id, found.metadata) == (odd, odd, {odd: odd})
    for key in ("\0", "\x01", "a", odd):
        diary.notes.put("ana", (key,), key, {"text": key})
    assert [n.key for n in diary.notes.list("ana")] == ["\0", "\x01", odd, "a"]
    assert [n.key for n in diary.notes.list("ana", filter={"text": odd})] == [odd]
    diary.close()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"dsn": "nonsense"}, "dsn is a URL"),
        ({"dsn": "postgresql://ana:secret@host/x?nonsense=1"}, "dsn is a URL"),
        ({"schema": 'a"b'}, "schema is a lower-case name"),
        ({"connections": 0}, "connections"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(change: dict[str, object], complaint: str):
    with pytest.raises(ValueError, match=complaint) as caught:
        PostgresBackend(**({"dsn": DSN} | change))  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_a_database_that_is_missing_is_told_without_the_password(name: str):
    dsn = DSN.replace("postgres@", "postgres:secret@").rpartition("/")[0] + "/no_such"
    diary = SyncDiary(PostgresBackend(dsn))
    with pytest.raises(BackendError, match=r'database "no_such" does not exist') as caught:
        diary.preferences("ana")
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_the_command_line_takes_the_url_of_a_server():
    server = OwnServer()
    try:
        server.start()

        def command(*arguments: str) -> subprocess.CompletedProcess[str]:
            called = [sys.executable, "-m", "diarist.cli", *arguments]
            return subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)

        ready = command("backend", "init", server.dsn)
        assert ready.stdout.strip().endswith("/postgres is ready")
        assert command("note", "put", "ana", "list", "milk", "--diary", server.dsn).returncode == 0
        assert "ana" in command("users", "--diary", server.dsn).stdout
        refused = command("backend", "init", "memories")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "needs no tables" in refused.stderr
    finally:
        server.remove()
