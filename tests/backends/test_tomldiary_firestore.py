"""TOMLDiary itself and diarist share documents in our server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.measure import peer

from diarist import Diary, FirestoreBackend

if TYPE_CHECKING:
    from backends.firestore_server import FirestoreServer

THEIRS = Path(__file__).parent / "with_tomldiary.py"


@pytest.fixture
def tomldiary() -> Path:
    """Return the Python of an environment with TOMLDiary, made when first asked for."""
    try:
        return peer("tomldiary-firestore", "tomldiary[firestore]==0.9.0", "httpx")
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"TOMLDiary can't be installed: {error}")


def theirs(python: Path, task: str, user: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, THEIRS, task, "project", user], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_tomldiary_wrote_is_read_learned_from_and_readable_for_it(
    server: FirestoreServer, tomldiary: Path
):
    told = theirs(tomldiary, "learn", "Bob@example.com")
    backend = FirestoreBackend("project", "app/memory")
    diary = Diary(backend)
    assert asyncio.run(backend.list_users()) == told["users"] == ["Bob@example.com"]
    assert asyncio.run(diary.preferences("Bob@example.com")) == told["preferences"]
    assert asyncio.run(diary.last_conversations("Bob@example.com"))["chat"]["_turns"] == 1

    asyncio.run(
        diary.update_memory("Bob@example.com", "later", "I'm allergic to peanuts.", "Noted.")
    )
    page = asyncio.run(diary.preferences("Bob@example.com"))
    assert {i: item["text"] for i, item in page.data["allergies"].items()} == {
        "pref001": "allergic to walnuts", "peanuts": "allergic to peanuts",
    }  # fmt: skip

    again = theirs(tomldiary, "read", "Bob@example.com")
    assert again["preferences"] == page
    assert again["conversations"] == asyncio.run(backend.load("Bob@example.com", "conversations"))
