"""A recorder logs turns for adapters, and the diary learns from them by itself."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from diarist import (
    Diary,
    Edit,
    Extraction,
    Message,
    MissingExtraError,
    PostgresBackend,
    Recorder,
    UserNotBoundError,
    bind_user,
)
from diarist.adapters import (
    address,
    exports,
    line_for_model,
    open_diary,
    place_of,
    run_blocking,
    whose,
)
from diarist.testing import AsyncScriptedExtractor, MemoryBackend, ScriptedExtractor

if TYPE_CHECKING:
    from pathlib import Path

SAID = [Message("user", "I love tea.", id="m1"), Message("assistant", "Noted.", id="m2")]
LOVES_TEA = Extraction((Edit("add", "likes", "love tea"),))


def test_what_rules_find_is_on_the_page_when_the_call_returns(tmp_path: Path):
    diary = Diary(tmp_path)
    Recorder(diary).record_sync("ana", "chat", SAID)
    assert "love tea" in diary.sync.preferences("ana")

    async def recorded() -> str:
        await Recorder(diary).record("ben", "chat", SAID)
        return await diary.preferences("ben")

    assert "love tea" in asyncio.run(recorded())


@pytest.mark.parametrize("user_id", ["ana", None])
def test_a_flush_waits_for_what_was_recorded_just_before(user_id: str | None):
    """Also where the log takes its time to say what waits."""

    class Slow:
        def __init__(self, records: object) -> None:
            self._records = records

        def __getattr__(self, name: str) -> object:
            if name == "blocking":
                raise AttributeError(name)
            return getattr(self._records, name)

        async def turns(self, *args: object) -> object:
            await asyncio.sleep(0.1)
            return await self._records.turns(*args)  # type: ignore[attr-defined]

    backend = MemoryBackend()
    extractor = AsyncScriptedExtractor([LOVES_TEA, Extraction((Edit("add", "likes", "ski"),))])
    diary = Diary(backend, agent=extractor, records=Slow(backend.records))  # type: ignore[arg-type]
    recorder = Recorder(diary)
    recorder.record_sync("ana", "chat", SAID)
    recorder.flush_sync(user_id)
    recorder.record_sync("ana", "chat", [Message("user", "I love to ski.")])
    recorder.flush_sync(user_id)
    assert "ski" in diary.sync.preferences("ana")


def test_the_same_messages_again_make_no_second_turn(tmp_path: Path):
    diary = Diary(tmp_path)
    first, second = (Recorder(diary).record_sync("ana", "chat", SAID) for _ in range(2))
    assert first.number == second.number
    assert diary.sync.messages.count("ana", "chat") == 2
    assert diary.sync.preferences("ana").data["likes"]["tea"]["_count"] == 1


@pytest.mark.parametrize("kind", [ScriptedExtractor, AsyncScriptedExtractor])
def test_a_model_is_asked_in_the_background(
    tmp_path: Path, kind: type[ScriptedExtractor | AsyncScriptedExtractor]
):
    asked, answer = threading.Event(), threading.Event()

    def slow(turn: object, snapshot: object) -> Extraction:
        asked.set()
        assert answer.wait(10)
        return LOVES_TEA

    lines = [slow] if kind is ScriptedExtractor else [LOVES_TEA]
    diary = Diary(tmp_path, agent=kind(lines))
    recorder = Recorder(diary)
    recorder.record_sync("ana", "chat", SAID)
    if kind is ScriptedExtractor:
        assert asked.wait(10)
        assert diary.sync.preferences("ana") == ""
        answer.set()
    recorder.flush_sync("ana")
    assert "love tea" in diary.sync.preferences("ana")


def test_recorders_of_one_diary_share_a_writer_and_async_callers_can_wait_for_it(tmp_path: Path):
    diary = Diary(tmp_path, agent=ScriptedExtractor([LOVES_TEA, Extraction()]))

    async def main() -> None:
        await Recorder(diary).record("ana", "chat", SAID)
        await Recorder(diary).record("ana", "other", [Message("user", "Hello!")])
        await Recorder(diary).flush()
        assert "love tea" in await diary.preferences("ana")

    asyncio.run(main())
    assert len(diary.writers_behind) == 1


def test_a_failure_to_learn_is_told_and_the_turn_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    diary = Diary(tmp_path)
    page = tmp_path / "ana" / "preferences.toml"
    page.parent.mkdir()
    page.write_text("[likes\n")
    with caplog.at_level(logging.WARNING, logger="diarist.recording"):
        Recorder(diary).record_sync("ana", "chat", SAID)
    assert "a turn of 'ana' waits" in caplog.text
    assert page.read_text() == "[likes\n"
    page.unlink()
    diary.sync.catch_up("ana")
    assert "love tea" in diary.sync.preferences("ana")


def test_a_diary_is_opened_from_whatever_names_it(tmp_path: Path):
    diary = Diary(tmp_path)
    assert open_diary(diary) is diary
    assert open_diary(diary.sync) is diary
    assert open_diary(tmp_path).sync.list_users() == []
    assert isinstance(open_diary(None).backend, MemoryBackend)
    with pytest.raises(
        TypeError, match="a diary, a backend, a folder's path or an address is needed, not int"
    ):
        open_diary(3)  # type: ignore[arg-type]


def test_what_a_backend_keeps_is_a_diary_too():
    backend = MemoryBackend()
    assert open_diary(backend).backend is backend


def test_a_servers_address_opens_its_backend_and_is_told_without_its_password():
    diary = open_diary("postgresql://ana:secret@db.example/diary?sslpassword=secret")
    assert repr(diary.backend) == "PostgresBackend('postgresql://db.example:5432/diary')"
    assert address(diary) == {"address": "postgresql://ana@db.example/diary"}
    assert place_of(diary) == "postgresql://ana@db.example/diary"
    elsewhere = address(diary)
    del diary
    gc.collect()
    assert isinstance(open_diary(elsewhere).backend, PostgresBackend)
    with pytest.raises(ValueError, match="s3:// is no backend's address; name a folder"):
        open_diary("s3://bucket/diary")


def test_an_address_leads_back_to_the_same_diary(tmp_path: Path):
    mine = Diary(tmp_path, max_conversations=7)
    for diary in (mine, Diary(MemoryBackend()), open_diary(None), open_diary(tmp_path)):
        where = json.loads(json.dumps(address(diary)))
        assert open_diary(where) is diary
        assert address(diary) == where
    there = address(mine)
    del mine, diary
    gc.collect()
    assert open_diary(there).max_conversations == 7


def test_a_diary_is_not_kept_for_its_address_where_its_folder_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    diary = open_diary("memories")
    Recorder(diary).record_sync("ana", "chat", SAID)
    where, alive = address(diary), weakref.ref(diary)
    del diary
    gc.collect()
    assert alive() is None
    monkeypatch.chdir("/")
    assert "love tea" in open_diary(where).sync.preferences("ana")


def test_in_another_process_an_address_leads_to_the_folder(tmp_path: Path):
    Recorder(Diary(tmp_path)).record_sync("ana", "chat", SAID)
    code = (
        "import json, sys\nfrom diarist.adapters import open_diary\n"
        "diary = open_diary(json.loads(sys.argv[1]))\nprint(diary.sync.preferences('ana'))"
    )

    def elsewhere(where: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, json.dumps(where)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert "love tea" in elsewhere(address(Diary(tmp_path))).stdout
    gone = elsewhere(address(open_diary(None)))
    assert "BackendError: this diary was opened by a process that is gone" in gone.stderr


def test_a_fork_does_not_wait_for_what_its_parent_has_yet_to_look_for():
    code = """
import asyncio, os, time
from diarist import Diary, Extraction, Message, Recorder
from diarist.testing import AsyncScriptedExtractor, MemoryBackend

class Slow:
    def __init__(self, records):
        self._records = records
    def __getattr__(self, name):
        if name == "blocking":
            raise AttributeError(name)
        return getattr(self._records, name)
    async def turns(self, *args):
        await asyncio.sleep(0.5)
        return await self._records.turns(*args)

backend = MemoryBackend()
diary = Diary(backend, agent=AsyncScriptedExtractor([Extraction()]), records=Slow(backend.records))
Recorder(diary).record_sync("ana", "chat", [Message("user", "I love tea.")])
while not diary.notices_behind or not diary.writers_behind:
    time.sleep(0.01)
if os.fork() == 0:
    Recorder(diary).flush_sync("ben")
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert printed(code) == "7\n"


def test_a_fork_while_the_first_turn_is_handed_over_does_not_wait_for_ever():
    code = """
import os, sys, time
from importlib.abc import MetaPathFinder
from diarist import Diary, Extraction, Message, Recorder
from diarist.testing import AsyncScriptedExtractor, MemoryBackend

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "diarist.lanes":
            time.sleep(0.3)

sys.meta_path.insert(0, Slow())
diary = Diary(MemoryBackend(), agent=AsyncScriptedExtractor([Extraction()] * 2))
said = [Message("user", "I love tea.")]
Recorder(diary).record_sync("ana", "chat", said)
time.sleep(0.1)
if os.fork() == 0:
    Recorder(diary).record_sync("ben", "chat", said)
    Recorder(diary).flush_sync("ben")
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert printed(code) == "7\n"


def printed(code: str) -> str:
    """Return what a program prints; neither it nor what it forks is left behind."""
    command = [sys.executable, "-c", code]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        return child.communicate(timeout=20)[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def test_an_adapter_asks_from_plain_code_and_in_a_running_loop(tmp_path: Path):
    diary = Diary(tmp_path)
    diary.sync.notes.put("ana", "n", "tea", "loves\ntea")

    async def ask(over: Diary) -> str:
        return "; ".join(map(line_for_model, await over.recall("ana", "tea")))

    async def main() -> str:
        return run_blocking(diary, ask)

    assert run_blocking(diary, ask) == asyncio.run(main())
    assert run_blocking(diary, ask).startswith('"loves\\ntea" (note tea in n, ')

    class Remote:
        """A backend without a blocking form."""

        def __init__(self, backend: object) -> None:
            self._backend = backend

        def __getattr__(self, name: str) -> object:
            if name == "blocking":
                raise AttributeError(name)
            return getattr(self._backend, name)

    far = Diary(Remote(diary.backend), records=Remote(diary.records))  # type: ignore[arg-type]
    assert far.blocking is None
    assert run_blocking(far, ask) == run_blocking(diary, ask)


def test_the_argument_comes_before_the_framework_and_that_before_what_is_bound():
    with bind_user("cleo", "bound"):
        assert whose() == ("cleo", "bound")
        assert whose(framework=("ben", "thread")) == ("ben", "thread")
        assert whose(framework=("ben", None)) == ("ben", None)
        assert whose("ana", "chat", framework=("ben", "thread")) == ("ana", "chat")
        assert whose(framework=("cleo", None)) == ("cleo", "bound")
    with pytest.raises(UserNotBoundError, match="bind_user"):
        whose(framework=(None, "thread"))


def test_a_missing_framework_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "some_diarist"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "store.py").write_text("import no_such_framework\nclass Store: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    load, names = exports("some_diarist", "some", {"store": "Store"})
    assert names() == ["Store"]
    with pytest.raises(
        MissingExtraError, match=r"no_such_framework: pip install 'diarist\[some\]'"
    ):
        load("Store")
    with pytest.raises(AttributeError, match="no attribute 'Shop'"):
        load("Shop")


def test_a_diary_tells_what_it_holds_open_and_what_is_learned_in_the_background(tmp_path: Path):
    diary = Diary(tmp_path, agent=ScriptedExtractor([LOVES_TEA]))
    assert diary.stats() == {"open_databases": 0, "background": None}
    Recorder(diary).record_sync("ana", "chat", SAID)
    Recorder(diary).flush_sync()
    stats = diary.sync.stats()
    assert stats["open_databases"] == 1
    assert (stats["background"]["completed"], stats["background"]["is_running"]) == (1, True)


def test_a_diary_that_was_flushed_and_dropped_leaves_no_task_behind():
    """Its tasks would be told of by asyncio as destroyed while pending."""
    code = """
        import gc
        from diarist import Diary, Extraction, Message, Recorder
        from diarist.testing import MemoryBackend, ScriptedExtractor

        for agent in (None, ScriptedExtractor([Extraction()] * 3)):
            recorder = Recorder(Diary(MemoryBackend(), agent=agent))
            for number in range(3):
                said = [Message("user", f"I love tea {number}."), Message("assistant", "Noted.")]
                recorder.record_sync("ana", "chat", said)
                recorder.flush_sync()
            del recorder
            gc.collect()
        print("done")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("done\n", "")
