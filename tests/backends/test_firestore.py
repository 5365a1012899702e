"""Google's own client against our server on loopback: what Firestore itself does may differ."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from google.cloud.firestore import Client
from grpc import StatusCode

from backends import postgres_server
from backends.firestore_server import LARGEST, RefusedError
from diarist import (
    BackendError,
    ConflictError,
    Diary,
    DocumentError,
    FirestoreBackend,
    InvalidIdError,
    MemoryWriter,
    MissingExtraError,
    PostgresRecords,
    SQLiteRecords,
    SyncDiary,
    UnsupportedError,
)
from diarist.backends import ABSENT, update
from diarist.copying import copy_user
from diarist.testing import Blocking, DocumentStoreTests

if TYPE_CHECKING:
    from pathlib import Path

    from backends.firestore_server import FirestoreServer

WALNUTS = ("I'm allergic to walnuts.", "Noted.")
FORK = """
import asyncio, os
from diarist import FirestoreBackend
backend = FirestoreBackend("project")
asyncio.run(backend.save("ana", "preferences", "parent"))
child = os.fork()
if not child:
    asyncio.run(backend.save("ana", "preferences", "child"))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(asyncio.run(backend.load("ana", "preferences")))
"""


@pytest.fixture
def backend(server: FirestoreServer) -> FirestoreBackend:
    return FirestoreBackend("project")


class TestPages(DocumentStoreTests):
    @pytest.fixture
    def store(self, backend: FirestoreBackend) -> FirestoreBackend:
        return backend


class TestPagesBlocking(Blocking, DocumentStoreTests):
    @pytest.fixture
    def store(self, backend: FirestoreBackend) -> FirestoreBackend:
        return backend.blocking


# ---------------------------------------------------------------- where it is


@pytest.mark.parametrize("path", ["", "/", "users", "app/memory/users"])
def test_a_base_path_that_names_no_document_is_refused(path: str):
    with pytest.raises(ValueError, match="an even number of parts"):
        FirestoreBackend("project", path)


def test_nothing_is_asked_before_it_is_needed(server: FirestoreServer):
    backend = FirestoreBackend("project", "/app//memory/")
    assert backend.locate("ana", "preferences") == (
        "firestore://project/app/memory/ana/preferences.toml"
    )
    asyncio.run(backend.aclose())
    assert server.calls == []


def test_each_database_and_base_path_is_a_diary_of_its_own(server: FirestoreServer):
    stores = [
        FirestoreBackend("project"),
        FirestoreBackend("project", "app/memory"),
        FirestoreBackend("project", database="other"),
        FirestoreBackend("other"),
    ]
    for number, store in enumerate(stores):
        asyncio.run(store.put("ana", "preferences", f"n = {number}\n", expect=ABSENT))
    assert [asyncio.run(store.load("ana", "preferences")) for store in stores] == [
        "n = 0\n", "n = 1\n", "n = 2\n", "n = 3\n",
    ]  # fmt: skip
    assert "projects/project/databases/other/documents/diarist/memory/ana/preferences.toml" in (
        server.documents
    )


def test_ids_stay_readable_and_what_firestore_has_no_name_for_is_escaped(
    backend: FirestoreBackend, server: FirestoreServer
):
    names = {"Bob": "Bob", "a@b.com": "a@b.com", "日本": "日本", "50%2F": "50%2F"} | {
        "a/b": ".~a%2Fb", "..": ".~..", ".~x": ".~.~x", "__all__": ".~__all__",
    }  # fmt: skip
    for user in names:
        asyncio.run(backend.save(user, "preferences", user))
    assert {name.split("/")[-2] for name in server.documents} == set(names.values())
    assert asyncio.run(backend.list_users()) == sorted(names)


def test_a_name_that_is_too_long_for_firestore_is_refused(backend: FirestoreBackend):
    asyncio.run(backend.save("x" * 1500, "preferences", ""))
    with pytest.raises(InvalidIdError, match="at most 1500 bytes"):
        asyncio.run(backend.save("x" * 1501, "preferences", ""))


def test_collections_that_are_nobodys_are_left_out(backend: FirestoreBackend):
    base = Client(project="project").document("diarist/memory")
    base.collection(".~a%2fb").document("preferences.toml").set({"content": ""})
    base.collection("ana").document("drafts").set({"content": ""})
    assert asyncio.run(backend.list_users()) == ["ana"]
    assert asyncio.run(backend.kinds("ana")) == []


# ---------------------------------------------------------------- what is kept


def test_a_document_that_another_client_changes_is_seen_and_its_fields_stay(
    backend: FirestoreBackend,
):
    version = asyncio.run(backend.put("ana", "preferences", "1", expect=ABSENT))
    document = Client(project="project").document("diarist/memory/ana/preferences.toml")
    document.update({"content": "by hand", "owner": "ops"})
    with pytest.raises(ConflictError, match=r"firestore://project/.*written by somebody else"):
        asyncio.run(backend.put("ana", "preferences", "2", expect=version))
    asyncio.run(update(backend, "ana", "preferences", lambda text: (f"{text}, and us", None)))
    found = document.get().to_dict()
    assert found is not None
    assert (found["content"], found["owner"]) == ("by hand, and us", "ops")
    assert found["updated_at"] == document.get().update_time


def test_a_document_without_text_is_refused_and_stays(backend: FirestoreBackend):
    document = Client(project="project").document("diarist/memory/ana/preferences.toml")
    document.set({"content": 7})
    with pytest.raises(DocumentError, match=r"preferences\.toml: its field `content`"):
        asyncio.run(Diary(backend).upsert_preference("ana", "likes", "love tea"))
    assert document.get().to_dict() == {"content": 7}


def test_a_page_that_is_too_large_is_told_before_it_is_sent(
    backend: FirestoreBackend, server: FirestoreServer
):
    asyncio.run(backend.save("ana", "preferences", "x" * (LARGEST - 300)))
    with pytest.raises(BackendError, match=r"1,048,7\d\d bytes.*at most 1,048,576"):
        asyncio.run(backend.save("ana", "preferences", "é" * (LARGEST // 2)))
    assert server.calls == ["Commit"]
    assert len(asyncio.run(backend.load("ana", "preferences")) or "") == LARGEST - 300


def test_many_clients_on_one_page_lose_nothing(server: FirestoreServer):
    async def add(store: FirestoreBackend, name: int) -> None:
        for number in range(10):
            line = f"{name}-{number}\n"
            await update(store, "ana", "notes", lambda text, line=line: ((text or "") + line, 0))

    async def main() -> str | None:
        stores = [FirestoreBackend("project") for _ in range(5)]
        await asyncio.gather(*(add(store, name) for name, store in enumerate(stores)))
        return await stores[0].load("ana", "notes")

    lines = (asyncio.run(main()) or "").splitlines()
    assert sorted(lines) == sorted(f"{n}-{m}" for n in range(5) for m in range(10))


def test_a_forked_process_has_a_connection_of_its_own(server: FirestoreServer):
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "child\n", done.stderr


def test_a_closed_backend_opens_again(backend: FirestoreBackend):
    asyncio.run(backend.save("ana", "preferences", "1"))
    asyncio.run(backend.aclose())
    assert asyncio.run(backend.load("ana", "preferences")) == "1"


# ---------------------------------------------------------------- a diary on it


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
def test_a_diary_keeps_pages_there_and_records_elsewhere(
    server: FirestoreServer, tmp_path: Path, blocking: bool
):
    records = SQLiteRecords(tmp_path)
    diary = Diary(FirestoreBackend("project", records=records))
    if blocking:
        sync = SyncDiary(FirestoreBackend("project", records=records))
        report = sync.update_memory("ana", "chat", *WALNUTS)
    else:
        report = asyncio.run(diary.update_memory("ana", "chat", *WALNUTS))
    assert report.with_status("added")
    asyncio.run(diary.notebook("ana", "Web Search").append("look twice"))

    again = SyncDiary(FirestoreBackend("project", records=SQLiteRecords(tmp_path)))
    assert "allergic to walnuts" in again.preferences("ana")
    assert [m.text for m in again.why("ana", "allergies", "walnuts")] == [WALNUTS[0]]
    assert "look twice" in again.notebook("ana", "Web Search").read()
    assert sorted(name.split("/")[-1] for name in server.documents) == [
        "conversations.toml", "memory:%57eb%20%53earch.md", "preferences.toml",
    ]  # fmt: skip
    gone = again.delete_user("ana")
    assert (gone.pages, gone.notebooks) == (
        ("conversations", "preferences"), ("%57eb%20%53earch",),
    )  # fmt: skip
    assert server.documents == {}
    assert again.list_users() == []


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_records_of_either_kind_serve_a_writer_an_export_and_a_copy(
    kind: str, server: FirestoreServer, tmp_path: Path
):
    with ExitStack() as stack:
        if kind == "SQLite":
            records = SQLiteRecords(tmp_path / "db")
        else:
            name = stack.enter_context(postgres_server.schema())
            records = PostgresRecords(postgres_server.DSN, schema=name)
        diary = Diary(FirestoreBackend("project", records=records))

        async def main() -> None:
            async with MemoryWriter(diary) as writer:
                await writer.submit("ana", "chat", *WALNUTS)
                await writer.flush("ana")
            page = str(await diary.preferences("ana"))
            assert "allergic to walnuts" in page
            assert [m.text for m in await diary.why("ana", "allergies", "walnuts")] == [WALNUTS[0]]
            await diary.export_user("ana", tmp_path / "ana.zip")
            gone = await diary.delete_user("ana")
            assert (gone.messages, await diary.list_users(), server.documents) == (2, [], {})
            await diary.import_user("ana", tmp_path / "ana.zip")
            copied = await copy_user(diary, Diary(tmp_path / "copy"), "ana")
            assert (copied.pages, copied.messages, copied.turns) == (2, 2, 1)
            assert (tmp_path / "copy" / "ana" / "preferences.toml").read_text() == page
            await diary.aclose()

        asyncio.run(main())


def test_a_turn_is_five_reads_and_two_writes_at_most(server: FirestoreServer, tmp_path: Path):
    diary = Diary(FirestoreBackend("project", records=SQLiteRecords(tmp_path)))
    asyncio.run(diary.update_memory("ana", "chat", *WALNUTS))
    first, server.calls = server.calls, []
    asyncio.run(diary.update_memory("ana", "chat", "I like figs.", "Noted."))
    assert (first.count("BatchGetDocuments"), first.count("Commit")) == (5, 2)
    assert (server.calls.count("BatchGetDocuments"), server.calls.count("Commit")) == (4, 2)


def test_without_records_a_diary_learns_and_says_what_it_lacks(backend: FirestoreBackend):
    diary = Diary(backend)
    report = asyncio.run(diary.update_memory("ana", "chat", *WALNUTS))
    assert report.with_status("added")
    with pytest.raises(UnsupportedError, match="records="):
        asyncio.run(diary.messages.read("ana", "chat"))


def test_an_export_goes_in_where_no_lock_keeps_others_out(server: FirestoreServer, tmp_path: Path):
    diary = SyncDiary(FirestoreBackend("project", records=SQLiteRecords(tmp_path / "db")))
    diary.update_memory("ana", "chat", *WALNUTS)
    diary.export_user("ana", tmp_path / "ana.zip")
    page = diary.preferences("ana")
    diary.delete_user("ana")
    diary.import_user("ana", tmp_path / "ana.zip")
    assert diary.preferences("ana") == page


# ---------------------------------------------------------------- what goes wrong


def test_a_read_is_tried_again_and_a_write_with_a_condition_is_not(
    backend: FirestoreBackend, server: FirestoreServer
):
    away = RefusedError(StatusCode.UNAVAILABLE, "the server is away")
    server.refusals = [away]
    assert asyncio.run(backend.load("ana", "preferences")) is None
    server.refusals = [away]
    with pytest.raises(BackendError, match=r"could not write firestore://.*the server is away"):
        asyncio.run(backend.put("ana", "preferences", "1", expect=ABSENT))
    assert server.calls == ["BatchGetDocuments"] * 2 + ["Commit"]


def test_what_firestore_refuses_is_told_in_one_line(
    backend: FirestoreBackend, server: FirestoreServer
):
    server.refusals = [RefusedError(StatusCode.PERMISSION_DENIED, "no\nrights")]
    with pytest.raises(BackendError, match=r"could not read firestore://\S+: 403 no rights$"):
        asyncio.run(backend.load("ana", "preferences"))


def test_a_server_that_is_gone_is_told_and_one_that_is_back_is_used(
    backend: FirestoreBackend, server: FirestoreServer
):
    diary = Diary(backend)
    asyncio.run(diary.upsert_preference("ana", "likes", "love tea"))
    server.stop()
    with pytest.raises(BackendError, match="could not write"):
        asyncio.run(backend.put("ana", "conversations", "", expect=ABSENT))
    server.start()
    asyncio.run(diary.upsert_preference("ana", "likes", "love figs"))
    assert list(asyncio.run(diary.preferences("ana")).data["likes"]) == ["tea", "figs"]


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    missing = str(tmp_path / "key.json")
    with pytest.raises(FileNotFoundError, match=r"key\.json"):
        FirestoreBackend("project", credentials_path=missing)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", missing)
    with pytest.raises(BackendError, match=r"could not read .*key\.json was not found"):
        asyncio.run(FirestoreBackend("project").load("ana", "preferences"))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "google.cloud.firestore", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'diarist\[firestore\]'"):
        FirestoreBackend("project")
