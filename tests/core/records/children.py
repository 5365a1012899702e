"""What the tests of the record store run in processes of their own: `python children.py TASK …`."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from diarist import BackendError, Diary, Message, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable


def start(task: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a task of this file."""
    command = [sys.executable, __file__, task, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finished(child: subprocess.Popen[str], told: str = "") -> str:
    """Return what a child printed, once it was told to end and has ended well."""
    output, errors = child.communicate(told, timeout=60)
    assert child.returncode == 0, errors
    return output


def done(task: str, *arguments: object) -> str:
    """Run a task of this file to its end, and return what it printed."""
    return finished(start(task, *arguments))


def said(text: str) -> list[Message]:
    return [Message("user", text)]


def assert_sound(path: Path) -> None:
    """Look at a database from outside: pages, tables, and index against tables."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for index in ("message_terms", "note_terms"):
        check = f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)"
        connection.execute(check)
    connection.close()


# ---------------------------------------------------------------- tasks


def append(folder: str, name: str, count: str) -> None:
    """Append so many messages to one session, one after the other, and close nothing."""
    diary = SyncDiary(folder)
    for number in range(int(count)):
        diary.messages.append("ana", "chat", said(f"{name}-{number}"))


def append_and_close(folder: str, text: str) -> None:
    with SyncDiary(folder) as diary:
        diary.messages.append("ana", "chat", said(text))


def append_until_told(folder: str, name: str) -> None:
    """Append until a line comes in; print how many messages that were."""
    count, told = 0, []
    with SyncDiary(folder) as diary:
        os.set_blocking(0, False)
        while not told:
            diary.messages.append("ana", "chat", said(f"{name}-{count}"))
            count += 1
            told = sys.stdin.readlines()
    print(count)


def leave(folder: str, flavour: str) -> None:
    """Write messages and notes, say so, and end without closing anything."""
    if flavour == "blocking":
        diary = SyncDiary(folder)
        diary.messages.append("ana", "chat", said("1"))
        diary.notes.put("ana", "n", "k", "v")
    else:
        asyncio.run(_write_at_once(Diary(folder)))
    print("returned", flush=True)


async def _write_at_once(diary: Diary) -> None:
    await asyncio.gather(
        diary.messages.append("ana", "chat", said("1")), diary.notes.put("ana", "n", "k", "v")
    )


def be_interrupted(folder: str, times: str) -> None:
    """Append in four threads, have Ctrl-C pressed in the first, and look for what is there."""
    diary = SyncDiary(folder)
    told: list[str] = []
    is_over = threading.Event()

    def write(name: str) -> None:
        for number in itertools.count():
            diary.messages.append("ana", "chat", said(f"{name}-{number}"))
            told.append(f"{name}-{number}")
            if is_over.is_set():
                return

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for number in range(int(times)):
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with suppress(KeyboardInterrupt):
            write(f"main{number}")
    is_over.set()
    for thread in threads:
        thread.join()
    write("after")
    texts = Counter(message.text for message in diary.messages.read("ana", "chat"))
    assert set(told) <= set(texts), set(told) - set(texts)
    assert max(texts.values()) == 1, texts.most_common(5)
    print("all once")


def fork_while_writing(folder: str, children: str) -> None:
    """Fork while threads write; each child writes in both ways, and so does the parent."""
    diary = SyncDiary(folder)
    is_over = threading.Event()

    def write(name: str) -> None:
        for number in itertools.count():
            diary.messages.append("ana", "chat", said(f"{name}-{number}"))
            if is_over.is_set():
                return

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for number in range(int(children)):
        child = os.fork()
        if not child:
            signal.alarm(20)
            diary.messages.append("ana", "chat", said(f"child{number}-0"))
            asyncio.run(diary.diary.messages.append("ana", "chat", said(f"child{number}-1")))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    is_over.set()
    for thread in threads:
        thread.join()
    texts = Counter(message.text for message in diary.messages.read("ana", "chat"))
    assert {f"child{n}-{k}" for n in range(int(children)) for k in range(2)} <= set(texts)
    assert max(texts.values()) == 1
    print("all once")


def fill_files(folder: str, part: str) -> None:
    """Write until no file may grow, then let files grow again; print the refusal."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, former[1]))
    _fill(folder, part, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, former))


def fill_disk(folder: str, part: str) -> None:
    """Write until a small disk is full, then make room on it; print the refusal."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        print("no disk")
        return
    ballast = Path(folder, "ballast")
    ballast.write_bytes(bytes(1_000_000))
    _fill(folder, part, ballast.unlink)


def _fill(folder: str, part: str, make_room: Callable[[], object]) -> None:
    diary = SyncDiary(folder)

    def write(key: str) -> None:
        if part == "notes":
            diary.notes.put("ana", "n", key, key * 100)
        else:
            diary.messages.append("ana", "chat", said(key * 100))

    def reads() -> list[str]:
        if part == "notes":
            return [note.key for note in diary.notes.list("ana", limit=99_999)]
        return [message.text[:8] for message in diary.messages.read("ana", "chat")]

    told: list[str] = []
    try:
        for number in range(100_000):
            write(f"{number:08}")
            told.append(f"{number:08}")
    except BackendError as error:
        print(error)
    assert reads() == told
    try:
        diary.messages.append("bob", "chat", said("x" * 400_000))
    except BackendError as error:
        print(error)
    make_room()
    assert reads() == told
    write("99999999")
    diary.messages.append("bob", "chat", said("y"))
    assert [message.text for message in diary.messages.read("bob", "chat")] == ["y"]
    diary.close()
    assert reads() == [*told, "99999999"]
    assert_sound(Path(folder, "ana", "diary.db"))


def append_some(folder: str, durability: str, count: str) -> None:
    """Append so many messages, and end without closing anything."""
    records = SQLiteRecords(folder, durability=cast("Any", durability))
    diary = SyncDiary(MemoryBackend(), records=records)
    for _ in range(int(count)):
        diary.messages.append("ana", "chat", said("x"))
    os._exit(0)


def read(folder: str, session: str = "chat") -> None:
    """Print what a session holds, a line for each message."""
    for message in SyncDiary(folder).messages.read("ana", session, status=None):
        print(message.text)


def delete_user(folder: str) -> None:
    print(SyncDiary(folder).delete_user("ana").messages)


def kills(folder: str, rounds: str, seed: str) -> None:
    """Fork a writer again and again, kill it at a random moment, and look for what it promised."""
    chance = random.Random(int(seed))
    promised: list[str] = []
    for number in range(int(rounds)):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _write_until_killed(folder, number, writing)
        os.close(writing)
        with os.fdopen(reading) as acknowledged:
            promised.append(acknowledged.readline().strip())  # it is under way
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            promised += [line.strip() for line in acknowledged if line.endswith("\n")]
        assert_sound(Path(folder, "ana", "diary.db"))
        assert_kept(folder, promised, number)
    print(len(promised), "promises kept")


def _write_until_killed(folder: str, number: int, acknowledge: int) -> None:
    async def main() -> None:
        diary = Diary(folder)
        for step in range(100_000):
            name = f"{number}x{step}"
            await diary.messages.append("ana", "chat", said(name))
            os.write(acknowledge, f"message {name}\n".encode())
            await diary.notes.put("ana", "n", name, f"note {name}")
            os.write(acknowledge, f"note {name}\n".encode())
            if step % 4 == 3:
                os.write(acknowledge, f"deleting {number}x{step - 1}\n".encode())
                await diary.notes.delete("ana", "n", f"{number}x{step - 1}")
                os.write(acknowledge, f"deleted {number}x{step - 1}\n".encode())

    asyncio.run(main())


def assert_kept(folder: str, promised: list[str], number: int) -> None:
    diary = SyncDiary(folder)
    texts = [message.text for message in diary.messages.read("ana", "chat")]
    assert len(texts) == len(set(texts)), "a message is there twice"
    keys = {note.key for note in diary.notes.list("ana", limit=1_000_000)}
    told: defaultdict[str, set[str]] = defaultdict(set)
    for line in promised:
        kind, name = line.split()
        told[kind].add(name)
    missing = [
        *(told["message"] - set(texts)),
        *(told["note"] - told["deleting"] - keys),
        *(told["deleted"] & keys),
    ]
    assert not missing, f"round {number}: {missing}"


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
