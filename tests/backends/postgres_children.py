"""What tests run in processes of their own: `python postgres_children.py DSN SCHEMA NAME COUNT`."""

from __future__ import annotations

import sys

from diarist import PostgresBackend, SyncDiary


def update(dsn: str, schema: str, name: str, count: str, users: str) -> None:
    """Say one thing again and again, to some users in turn."""
    backend = PostgresBackend(dsn, schema=schema, connections=2)
    diary = SyncDiary(backend)
    for number in range(int(count)):
        user = f"user{number % int(users)}"
        report = diary.update_memory(user, f"chat-{name}", f"I love tea number {name}.", "Noted.")
        assert report.with_status("added", "confirmed"), report


if __name__ == "__main__":
    update(*sys.argv[1:])
