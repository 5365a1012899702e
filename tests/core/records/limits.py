"""Much of everything, in a process whose memory and files are counted: `python limits.py TASK …`.

Each task prints, as JSON, how many megabytes were resident at most and how many files are open
beyond those at the start.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diarist import Message, PutNote, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable


def measured(task: str, folder: Path, *arguments: object) -> dict[str, int]:
    """Run a task in a process of its own, and return what it printed."""
    command = [sys.executable, __file__, task, str(folder), *map(str, arguments)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


def long_message(diary: SyncDiary, size: int) -> None:
    """Keep, read and delete one long message."""
    text = "a line of twenty. é\n" * (size // 20)
    diary.messages.append("ana", "chat", [Message("user", text, metadata={"text": text})])
    (found,) = diary.messages.read("ana", "chat")
    assert found.text == text
    assert diary.messages.replace("ana", "chat", []) == []
    assert diary.messages.count("ana", "chat") == 0


def many_messages(diary: SyncDiary, count: int) -> None:
    """Fill one session, and read at both of its ends and in the middle."""
    for first in range(0, count, 1000):
        batch = [
            Message("user", f"message number {n}", id=f"m{n}") for n in range(first, first + 1000)
        ]
        diary.messages.append("ana", "chat", batch)
    assert diary.messages.count("ana", "chat") == count
    assert [m.number for m in diary.messages.read("ana", "chat", last=2)] == [count - 1, count]
    found = diary.messages.read("ana", "chat", after=f"m{count // 2}", limit=1)
    assert found[0].text == f"message number {count // 2 + 1}"
    assert diary.messages.append("ana", "chat", [Message("user", "", id="m7")])[0].number == 8
    assert len(diary.messages.window("ana", "chat", 1000)) > 10
    assert len(diary.messages.archive("ana", "chat", count // 2)) == count // 2
    assert diary.messages.count("ana", "chat") == count - count // 2


def many_notes(diary: SyncDiary, count: int) -> None:
    """Fill many namespaces, and find one note by key, place, field and word."""
    for first in range(0, count, 1000):
        diary.notes.batch(
            "ana",
            [
                PutNote((f"place{n % 100}", "all"), f"k{n}", {"n": n, "text": f"word{n} common"})
                for n in range(first, first + 1000)
            ],
        )
    last = count - 1
    found = diary.notes.get("ana", (f"place{last % 100}", "all"), f"k{last}")
    assert found is not None
    assert [
        hit.note and hit.note.key for hit in diary.notes.search("ana", query=f"word{last}")
    ] == [f"k{last}"]
    assert len(diary.notes.search("ana", query="common", limit=5)) == 5
    assert len(diary.notes.list("ana", "place7", limit=10_000)) == count // 100
    listed = diary.notes.list("ana", filter={"n": {"$gte": last}})
    assert [note.key for note in listed] == [f"k{last}"]
    assert len(diary.notes.namespaces("ana", depth=1)) == 100


def many_sessions(diary: SyncDiary, count: int) -> None:
    """Begin many sessions, and list them."""
    for number in range(count):
        diary.messages.append("ana", f"session {number}", [Message("user", "hello")])
    sessions = diary.messages.sessions("ana")
    assert (len(sessions), sessions[0].id) == (count, f"session {count - 1}")
    assert diary.messages.count("ana", "session 7") == 1


def many_users(diary: SyncDiary, count: int) -> None:
    """Write for many users in turn, and read what they have."""
    for number in range(count):
        diary.messages.append(f"user {number}", "chat", [Message("user", f"hello {number}")])
    for number in range(0, count, 10):
        (found,) = diary.messages.read(f"user {number}", "chat")
        assert found.text == f"hello {number}"
    assert len(diary.list_users()) == count


def open_files() -> int:
    found = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    return len(list(found.iterdir()))


def main(task: Callable[[SyncDiary, int], None], folder: str, count: str) -> None:
    before = open_files()
    records = SQLiteRecords(folder, durability="normal")
    with SyncDiary(MemoryBackend(), records=records) as diary:
        task(diary, int(count))
        while_open = open_files() - before
    after = open_files() - before
    print(json.dumps({"megabytes": peak(), "open": while_open, "left open": after}))


def peak() -> int:
    """Return the most memory this program ever held, in megabytes.

    Linux counts what the parent held in `getrusage`, too, until the child began its own program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) >> 10
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


if __name__ == "__main__":
    main(globals()[sys.argv[1]], *sys.argv[2:])
