"""The format is written down: a program that knows `docs/format.md` alone shares our diaries."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from diarist import DefaultPreferences, SyncDiary, load_preferences

PROGRAM = Path(__file__).parents[2] / "docs/examples/another_program.py"


def other(folder: Path, *arguments: str) -> list[str]:
    """Run the program with nothing but the standard library, and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONUTF8": "1"},
    )
    return result.stdout.splitlines()


def test_another_program_reads_what_we_wrote(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.update_memory("Ana|1", "monday", "I'm allergic to walnuts.", "Noted.")
    diary.notes.put("Ana|1", ("a", "b\x1fc\x1e"), "soup", {"text": "Kale"})
    diary.notes.put("Ana|1", (), "gone", "x")
    diary.notes.delete("Ana|1", (), "gone")

    assert other(tmp_path, "Ana|1") == [
        "allergies/walnuts: allergic to walnuts",
        "monday#1 user: I'm allergic to walnuts.",
        "monday#2 assistant: Noted.",
        *'a/b\x1fc\x1e/soup = {"text":"Kale"}'.splitlines(),
    ]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("I bought a Straßenrad in Äthiopien.", "strassenrad"),
        ("東京タワーに行きました。", "タワー"),
        ("我的猫叫小白。", "猫"),
        ("Who took №5?", "no5"),
    ],
)
def test_we_find_what_another_program_wrote(tmp_path: Path, text: str, question: str):
    diary = SyncDiary(tmp_path)
    diary.update_memory("ana", "monday", "I'm allergic to walnuts.", "Noted.")
    other(tmp_path, "ana", "monday", text)
    other(tmp_path, "ana", "tuesday", "Hello.")

    best = diary.recall("ana", question, k=1, kinds=("messages",))[0]
    assert (best.text, best.source) == (text, "monday#3")
    assert diary.messages.count("ana", "monday") == 3
    assert diary.update_memory("ana", "tuesday", "I love tea.", "Noted.").turn == 1
    assert [message.number for message in diary.messages.read("ana", "tuesday")] == [1, 2, 3]
    assert not diary.check("ana")


def test_both_write_at_once_and_nothing_is_lost(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.update_memory("ana", "monday", "I'm allergic to walnuts.", "Noted.")

    def theirs(number: int) -> None:
        other(tmp_path, "ana", "likes", f"fruit{number}", f"like fruit {number}")
        other(tmp_path, "ana", "monday", f"I saw {number}.")

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(theirs, number) for number in range(10)]
        for number in range(40):
            diary.update_memory("ana", "ours", f"I love dish{number}.", "Noted.")
        for one in waiting:
            one.result()

    likes = load_preferences(diary.preferences("ana"), DefaultPreferences).likes
    assert {item.text for item in likes.values()} >= {f"like fruit {n}" for n in range(10)}
    assert {item.text for item in likes.values()} >= {f"love dish{n}" for n in range(40)}
    assert diary.messages.count("ana", "monday") == 12
