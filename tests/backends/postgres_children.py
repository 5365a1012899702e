"""What tests run in processes of their own: `python postgres_children.py TASK DSN SCHEMA …`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from diarist import BackendError, PostgresBackend, SyncDiary


def _open(dsn: str, schema: str) -> SyncDiary:
    return SyncDiary(PostgresBackend(dsn, schema=schema, connections=2))


def _say(diary: SyncDiary, user: str, name: str) -> None:
    report = diary.update_memory(user, f"chat-{name}", f"I love tea number {name}.", "Noted.")
    assert report.with_status("added", "confirmed"), report


def update(dsn: str, schema: str, name: str, count: str, users: str) -> None:
    """Say one thing again and again, to some users in turn."""
    diary = _open(dsn, schema)
    for number in range(int(count)):
        _say(diary, f"user{number % int(users)}", name)


def insist(dsn: str, schema: str, name: str, count: str, users: str) -> None:
    """Do the same, saying again what the server did not take, and print what came of it.

    After each quarter a line says so.
    """
    diary = _open(dsn, schema)
    done, tried, complaints = Counter[str](), Counter[str](), list[str]()
    for number in range(int(count)):
        user = f"user{number % int(users)}"
        while done[user] <= number // int(users):
            tried[user] += 1
            try:
                _say(diary, user, name)
            except BackendError as error:
                complaints.append(str(error))
                time.sleep(0.05)
            else:
                done[user] += 1
        if (number + 1) % (int(count) // 4) == 0:
            print(number + 1, flush=True)
    print(json.dumps({"done": done, "tried": tried, "complaints": complaints}))


if __name__ == "__main__":
    {"update": update, "insist": insist}[sys.argv[1]](*sys.argv[2:])
