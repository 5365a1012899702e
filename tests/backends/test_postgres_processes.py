"""Real processes on one PostgreSQL."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backends.postgres_server import DSN, schema
from diarist import Message, PostgresBackend, PostgresRecords, SyncDiary

CHILDREN = Path(__file__).with_name("postgres_children.py")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("users", [1, 100])
def test_eight_processes_with_a_hundred_updates_each_lose_none(users: int):
    with schema() as name:
        command = [sys.executable, str(CHILDREN), "update", DSN, name]
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


def test_who_waits_for_a_connection_gets_the_next_one():
    with schema() as name:
        diary = SyncDiary(PostgresBackend(DSN, schema=name, connections=1))
        diary.list_users()
        counted, is_over = itertools.count(), threading.Event()

        def ask_again_and_again() -> None:
            while not is_over.is_set():
                diary.notes.get("ana", ("n",), "k")
                next(counted)

        busy = threading.Thread(target=ask_again_and_again)
        busy.start()
        meanwhile: list[int] = []
        try:
            for _ in range(20):
                before = next(counted)
                diary.notes.get("ben", ("n",), "k")
                meanwhile.append(next(counted) - before)
        finally:
            is_over.set()
            busy.join()
        assert max(meanwhile) < 6, meanwhile
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
