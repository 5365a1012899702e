"""The examples in the commands' help that name a server, against one."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from backends import postgres_server
from core.cli.commands import every_command, examples_of
from diarist import SyncDiary

if TYPE_CHECKING:
    from pathlib import Path

    from backends.firestore_server import FirestoreServer

EXAMPLES = [line for names in every_command() for line in examples_of(" ".join(names))]


def types(line: str, folder: Path) -> None:
    """Run an example in a folder with a diary in it."""
    SyncDiary(folder / "memories").update_memory("ana", "s", "I love tea.", "Noted.")
    done = subprocess.run(
        [sys.executable, "-m", "diarist.cli", *shlex.split(line)[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "firestore://" in line])
def test_an_example_with_firestore_does_what_it_shows(
    server: FirestoreServer, tmp_path: Path, line: str
):
    types(line.replace("/var/diary", str(tmp_path / "records")), tmp_path)
    assert server.calls


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "postgresql://" in line])
def test_an_example_with_postgresql_does_what_it_shows(tmp_path: Path, line: str):
    with postgres_server.schema() as name:
        mark = "&" if "?" in postgres_server.DSN else "?"
        place = f"{postgres_server.DSN}{mark}schema={name}"
        types(line.replace("postgresql://owner@db.example/diary", place), tmp_path)
        assert postgres_server.run(f"SELECT 1 FROM pg_namespace WHERE nspname = '{name}'")
