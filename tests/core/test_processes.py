"""Real processes on one folder: nothing acknowledged is lost, no page is ever torn."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from diarist import Diary

CHILDREN = Path(__file__).parents[1] / "children.py"


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILDREN), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_four_processes_with_a_hundred_turns_each_lose_nothing(tmp_path: Path):
    children = [start("updates", tmp_path, name, 100) for name in "abcd"]
    for child in children:
        _, errors = child.communicate(timeout=110)
        assert child.returncode == 0, errors
    diary = Diary(tmp_path)
    page = asyncio.run(diary.preferences("ana")).data
    assert {item["text"] for item in page["allergies"].values()} == {
        f"allergic to stuff{name}x{number}" for name in "abcd" for number in range(100)
    }
    talks = asyncio.run(diary.last_conversations("ana", 10))
    assert {session: talk["_turns"] for session, talk in talks.items()} == dict.fromkeys(
        [f"chat-{name}" for name in "abcd"], 100
    )


@pytest.mark.slow
def test_fifty_writers_killed_at_random_moments_keep_every_promise(tmp_path: Path):
    child = start("kills", tmp_path, 50, 7)
    output, errors = child.communicate(timeout=110)
    assert child.returncode == 0, errors
    assert "promises kept" in output


def test_one_diary_serves_one_event_loop_after_another(tmp_path: Path):
    diary = Diary(tmp_path)
    for number in range(3):
        asyncio.run(diary.update_memory("ana", "chat", f"I'm allergic to stuff{number}.", "Noted."))
    assert len(asyncio.run(diary.preferences("ana")).data["allergies"]) == 3


def test_a_script_that_never_closes_its_diary_exits_at_once(tmp_path: Path):
    script = (
        "import asyncio, sys, time\n"
        "from diarist import Diary\n"
        "diary = Diary(sys.argv[1])\n"
        "asyncio.run(diary.update_memory('ana', 'chat', \"I'm allergic to walnuts.\", 'Noted.'))\n"
        "print(time.monotonic())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert result.stderr == ""
    assert "walnuts" in (tmp_path / "ana" / "preferences.toml").read_text()
