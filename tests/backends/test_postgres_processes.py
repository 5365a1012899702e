"""Real processes on one PostgreSQL, and one that is stopped and started while they work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backends.postgres_server import DSN, OwnServer, schema
from diarist import BackendError, Message, PostgresBackend, PostgresRecords, SyncDiary

CHILDREN = Path(__file__).with_name("postgres_children.py")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("users", [1, 100])
def test_eight_processes_with_a_hundred_updates_each_lose_none(users: int):
    with schema() as name:
        command = [sys.executable, str(CHILDREN), DSN, name]
        children = [
            subprocess.Popen([*command, child, "100", str(users)], stderr=subprocess.PIPE)
            for child in "abcdefgh"
        ]
        for child in children:
            _, complaint = child.communicate(timeout=250)
            assert child.returncode == 0, complaint.decode()
        diary = SyncDiary(PostgresBackend(DSN, schema=name))
        each = 100 // users
        assert len(diary.list_users()) == users
        for user in diary.list_users():
            items = diary.preferences(user).data["likes"].values()
            counts = {item["text"]: item["_count"] for item in items}
            assert counts == {f"love tea number {child}": each for child in "abcdefgh"}
            sessions = diary.messages.sessions(user)
            assert [(found.messages, found.turns) for found in sessions] == [(2 * each, each)] * 8
        diary.close()


@pytest.fixture
def own():
    server = OwnServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.mark.slow
def test_a_server_that_goes_and_comes_back_loses_nothing_it_acknowledged(own: OwnServer):
    diary = SyncDiary(PostgresBackend(own.dsn))
    acknowledged: list[int] = []
    complaints: list[str] = []
    is_over = threading.Event()

    def talk() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            try:
                diary.messages.append("ana", "chat", [Message("user", str(number), id=str(number))])
            except BackendError as error:
                complaints.append(str(error))
                time.sleep(0.02)
            else:
                acknowledged.append(number)

    def acknowledged_more() -> None:
        before, end = len(acknowledged), time.monotonic() + 30
        while len(acknowledged) < before + 20:
            assert time.monotonic() < end, complaints[-3:]
            time.sleep(0.01)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for mode in ("fast", "immediate"):
            acknowledged_more()
            before = len(complaints)
            own.stop(mode)
            while len(complaints) < before + 3:
                time.sleep(0.01)
            own.start()
            acknowledged_more()
    finally:
        is_over.set()
        talker.join()
    stored = {message.text for message in diary.messages.read("ana", "chat")}
    assert {str(number) for number in acknowledged} <= stored
    assert diary.messages.count("ana", "chat") == len(stored)
    place = own.dsn.replace("postgres@", "")
    for complaint in complaints:
        assert place in complaint
        assert "\n" not in complaint
        assert "nothing was changed" in complaint or "may or may not be stored" in complaint
    diary.close()


@pytest.mark.slow
def test_a_server_that_was_started_anew_between_two_calls_is_no_error(own: OwnServer):
    diary = SyncDiary(PostgresBackend(own.dsn))
    diary.update_memory("ana", "chat", "I love tea.", "Noted.")
    own.stop("fast")
    own.start()
    assert "love tea" in diary.preferences("ana")
    own.stop("fast")
    with pytest.raises(BackendError, match=r"can't reach postgresql://.*: start the server"):
        diary.preferences("ana")
    own.start()
    assert diary.messages.count("ana", "chat") == 2
    diary.close()


def test_a_fork_goes_on_with_connections_of_its_own_while_the_parent_works():
    with schema() as name:
        records = PostgresRecords(DSN, schema=name)
        diary = SyncDiary(PostgresBackend(DSN, schema=name, records=records))

        def talk(who: str) -> None:
            for number in range(20):
                diary.messages.append("ana", who, [Message("user", f"{who} {number}")])

        diary.messages.append("ana", "before", [Message("user", "parent")])
        child = os.fork()
        if not child:
            inherited = records.stats()["idle_connections"]
            try:
                talk("child")
            finally:
                os._exit(inherited + len(diary.messages.read("ana", "child")))
        talk("parent")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 20
        for who in ("parent", "child"):
            texts = [message.text for message in diary.messages.read("ana", who)]
            assert texts == [f"{who} {number}" for number in range(20)]
        diary.close()
