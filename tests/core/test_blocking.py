"""The blocking diary is the diary: the same methods, the same behaviour, from anywhere."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest

from diarist import Diary, Edit, Extraction, Message, SyncDiary
from diarist.messages import Messages
from diarist.notebook import Notebook
from diarist.notes import Notes
from diarist.sync import SyncMessages, SyncNotebook, SyncNotes

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [
    (Diary, SyncDiary, {"aclose": "close"}),
    (Messages, SyncMessages, {}),
    (Notes, SyncNotes, {}),
    (Notebook, SyncNotebook, {}),
]


def methods(kind: type) -> dict[str, object]:
    names = [name for name in dir(kind) if not name.startswith("_")]
    return {name: getattr(kind, name) for name in names if callable(getattr(kind, name))}


@pytest.mark.parametrize(("kind", "blocking", "renamed"), PARTS)
def test_both_have_the_same_methods_with_the_same_signatures(
    kind: type, blocking: type, renamed: dict[str, str]
):
    wanted = {
        renamed.get(name, name): inspect.signature(method) for name, method in methods(kind).items()
    }
    given = {name: inspect.signature(method) for name, method in methods(blocking).items()}
    assert given.keys() == wanted.keys()
    for name, signature in wanted.items():
        assert list(given[name].parameters.values()) == list(signature.parameters.values()), name
        assert inspect.getdoc(methods(blocking)[name])
    assert inspect.signature(SyncDiary).parameters == inspect.signature(Diary).parameters


class Awaited:
    """The diary for async code, driven by a new loop for each call."""

    def __init__(self, folder: Path) -> None:
        self._of = Diary(folder)

    def __getattr__(self, name: str):
        return _awaiting(getattr(self._of, name))


class _Part:
    def __init__(self, part: object) -> None:
        self._part = part

    def __getattr__(self, name: str):
        return _awaiting(getattr(self._part, name))


def _awaiting(thing):
    if inspect.iscoroutinefunction(thing):
        return lambda *args, **kwargs: asyncio.run(thing(*args, **kwargs))
    if inspect.ismethod(thing):
        return lambda *args, **kwargs: _Part(thing(*args, **kwargs))
    return _Part(thing)


@pytest.fixture(params=[Awaited, SyncDiary])
def diary(request: pytest.FixtureRequest, tmp_path: Path):
    return request.param(tmp_path)


def test_a_turn_becomes_pages_and_messages(diary: SyncDiary):
    assert diary.ensure_session("ana", "s") is True
    report = diary.update_memory("ana", "s", "I'm allergic to walnuts.", "Noted.")
    assert report.turn == 1
    assert diary.preferences("ana").data["allergies"]["walnuts"]["_sources"] == ["s#1"]
    assert [m.text for m in diary.messages.read("ana", "s")] == [
        "I'm allergic to walnuts.",
        "Noted.",
    ]
    assert [m.number for m in diary.why("ana", "allergies", "walnuts")] == [1]
    assert diary.list_users() == ["ana"]


def test_turns_are_recorded_and_caught_up(diary: SyncDiary):
    diary.record_turn("ana", "s", [Message("user", "I love tea."), Message("assistant", "Ok.")])
    assert [report.turn for report in diary.catch_up("ana")] == [1]
    assert diary.preferences("ana").data["likes"]["tea"]["_count"] == 1


def test_the_parts_work(diary: SyncDiary):
    diary.messages.append("ana", "s", [Message("user", "one two"), Message("assistant", "three")])
    assert diary.messages.count("ana", "s") == 2
    assert len(diary.messages.window("ana", "s", 1000)) == 2
    assert [s.messages for s in diary.messages.sessions("ana")] == [2]
    diary.notes.put("ana", ("a", "b"), "k", {"text": "tea"})
    assert diary.notes.get("ana", ("a", "b"), "k").value == {"text": "tea"}
    assert [hit.source for hit in diary.notes.search("ana", query="tea")] == ["a/b/k"]
    assert diary.notes.namespaces("ana", depth=1) == [("a",)]
    notebook = diary.notebook("ana")
    notebook.append("- likes tea")
    assert notebook.read() == "- likes tea\n"
    report = diary.delete_user("ana")
    assert (report.messages, report.notes, report.notebooks) == (2, 1, ("main",))
    assert diary.list_users() == []


def test_a_blocking_call_works_inside_a_running_loop(tmp_path: Path):
    async def main() -> int | None:
        return SyncDiary(tmp_path).update_memory("ana", "s", "I love tea.", "Ok.").turn

    assert asyncio.run(main()) == 1


class AsyncAgent:
    async def extract(self, turn, snapshot):
        await asyncio.sleep(0.01)
        return Extraction((Edit("add", "likes", f"love {turn.user_msg}"),))


def test_an_async_extractor_is_awaited_in_the_background(tmp_path: Path):
    async def main() -> None:
        diary = SyncDiary(tmp_path, agent=AsyncAgent())
        assert diary.update_memory("ana", "s", "tea", "Ok.").with_status("added")

    asyncio.run(main())
    assert SyncDiary(tmp_path, agent=AsyncAgent()).update_memory("ana", "s", "jam", "Ok.").turn == 2


def test_many_threads_share_one_diary(tmp_path: Path):
    diary = SyncDiary(tmp_path)

    def work(name: str) -> None:
        for n in range(10):
            diary.messages.append("ana", "s", [Message("user", f"{name}-{n}")])
            diary.update_memory(f"user-{name}", "s", "I love tea.", "Ok.")

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [m.text for m in diary.messages.read("ana", "s")]
    assert sorted(texts) == sorted(f"{n}-{k}" for n in range(8) for k in range(10))
    assert diary.preferences("user-3").data["likes"]["tea"]["_count"] == 10


def _in_child(diary: SyncDiary) -> None:
    diary.messages.append("ana", "s", [Message("user", "child")])
    asyncio.run(diary.diary.update_memory("ana", "s", "I love jam.", "Ok."))
    os._exit(0)


def test_a_forked_child_works_and_so_does_its_parent(tmp_path: Path):
    diary = SyncDiary(tmp_path, agent=None)
    diary.update_memory("ana", "s", "I love tea.", "Ok.")
    asyncio.run(diary.diary.update_memory("ana", "s", "I love tea.", "Ok."))
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(diary,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    diary.messages.append("ana", "s", [Message("user", "parent")])
    assert [m.text for m in diary.messages.read("ana", "s")][-2:] == ["Ok.", "parent"]
    assert set(diary.preferences("ana").data["likes"]) == {"tea", "jam"}


def test_one_diary_serves_one_loop_after_the_other(tmp_path: Path):
    diary = Diary(tmp_path)
    for n in range(3):
        assert asyncio.run(diary.update_memory("ana", "s", "I love tea.", "Ok.")).turn == n + 1


SCRIPT = """
import asyncio, sys
from diarist import Diary, SyncDiary
if sys.argv[2] == "sync":
    SyncDiary(sys.argv[1]).update_memory("ana", "s", "I love tea.", "Ok.")
else:
    asyncio.run(Diary(sys.argv[1]).update_memory("ana", "s", "I love tea.", "Ok."))
print("returned", flush=True)
"""


@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_a_script_that_closes_nothing_ends_at_once_and_loses_nothing(tmp_path: Path, flavour: str):
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), flavour], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "returned\n"
    start = time.monotonic()
    assert child.wait(10) == 0
    assert time.monotonic() - start < 1
    assert SyncDiary(tmp_path).preferences("ana").data["likes"]["tea"]["_count"] == 1


CTRL_C = """
import sys, time
from diarist import Extraction, SyncDiary

class Slow:
    def extract(self, turn, snapshot):
        print("extracting", flush=True)
        time.sleep(30)
        return Extraction()

diary = SyncDiary(sys.argv[1], agent=Slow())
try:
    diary.update_memory("ana", "s", "I love tea.", "Ok.")
except KeyboardInterrupt:
    diary = SyncDiary(sys.argv[1])
    print(len(diary.catch_up("ana")), diary.preferences("ana").data["likes"]["tea"]["_count"])
"""


def test_ctrl_c_in_a_blocking_call_leaves_a_usable_diary(tmp_path: Path):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CTRL_C), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "extracting\n"
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "1 1\n"
    assert child.wait(10) == 0
