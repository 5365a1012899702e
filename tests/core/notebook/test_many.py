"""Many who write at once lose nothing, and nobody meets another's notebook."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarist import LocalBackend
from diarist.backends.ids import agent_name_of, notebook_kind
from diarist.blocking import finish
from diarist.errors import NotebookError
from diarist.notebook import MemoryFile, Notebook
from six_methods import SixMethods

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE_NAMES = [
    "main", "", " ", ".", "..", "...", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "a\0b",
    "\0", "line\nbreak", "\x7f\x85", "x" * 4000, "x" * 4001, "日" * 4000, "🦊", "🦊" * 4000,
    "Main", "MAIN", "con", "CON", "nul.txt", "trailing.", "trailing ", "é",
    unicodedata.normalize("NFD", "é"), "ﬁ", "fi", "\ufffd", "%2e", "%6Dain", "%~", "%",
    "~", "*", "-rf", ".previous", ".agent_name", ".locks", "MEMORY.md", "\u202eevil",
    "x" * 100 + "%~" + "0" * 64,
]  # fmt: skip


def run(coroutine):
    return asyncio.run(coroutine)


# ------------------------------------------------------------ many at once


def test_fifty_appends_at_once_are_all_there(notebook: Notebook):
    async def main():
        files = await asyncio.gather(*(notebook.append(f"- fact {n}") for n in range(50)))
        return [len(file.lines) for file in files], await notebook.load()

    lengths, file = run(main())
    assert sorted(file.lines) == sorted([""] * 49 + [f"- fact {n}" for n in range(50)])
    assert sorted(lengths) == list(range(1, 100, 2))


def test_of_many_who_replace_the_same_text_one_succeeds(notebook: Notebook):
    async def main():
        await notebook.write("- team: ?\n")
        tries = (notebook.replace("?", f"team {n}") for n in range(8))
        return await asyncio.gather(*tries, return_exceptions=True)

    results = run(main())
    assert sum(isinstance(result, MemoryFile) for result in results) == 1
    assert sum(isinstance(result, NotebookError) for result in results) == 7


CHILD = """
import asyncio, os, random, signal, sys, time
from diarist.backends import LocalBackend
from diarist.notebook import Notebook

def appends(folder, name, count):
    async def main():
        notebook = Notebook(LocalBackend(folder), "ana")
        for number in range(int(count)):
            await notebook.append(f"- {name} {number}")
    asyncio.run(main())

def kills(folder, rounds, seed):
    chance, promised = random.Random(int(seed)), []
    for number in range(int(rounds)):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            write_until_killed(folder, number, writing)
        os.close(writing)
        with os.fdopen(reading) as acknowledged:
            promised.append(acknowledged.readline().strip())
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            promised += [line.strip() for line in acknowledged if line.endswith("\\n")]
        text = asyncio.run(Notebook(LocalBackend(folder), "ana").read())
        assert text.endswith("\\n"), text[-40:]
        known = text.split("\\n")
        missing = [line for line in promised if line not in known]
        assert not missing, f"round {number}: {missing}"
        assert len(set(known) - {""}) <= len(promised) + number + 1
    print(len(promised), "promises kept")

def write_until_killed(folder, number, acknowledge):
    async def main():
        notebook = Notebook(LocalBackend(folder), "ana")
        for step in range(10_000):
            line = f"- round {number} step {step}"
            await notebook.append(line)
            os.write(acknowledge, f"{line}\\n".encode())
    asyncio.run(main())
    os._exit(0)

globals()[sys.argv[1]](*sys.argv[2:])
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_four_processes_with_a_hundred_appends_each_lose_nothing(tmp_path: Path):
    children = [start("appends", tmp_path, name, 100) for name in "abcd"]
    for child in children:
        _, errors = child.communicate(timeout=110)
        assert child.returncode == 0, errors
    lines = run(Notebook(LocalBackend(tmp_path), "ana").load()).lines
    assert sorted(filter(None, lines)) == sorted(f"- {n} {k}" for n in "abcd" for k in range(100))
    assert len(lines) == 799
    for name in "abcd":
        assert [line for line in lines if f" {name} " in line] == [
            f"- {name} {number}" for number in range(100)
        ]


@pytest.mark.slow
def test_writers_killed_at_random_moments_keep_every_promise(tmp_path: Path):
    child = start("kills", tmp_path, 15, 7)
    output, errors = child.communicate(timeout=110)
    assert child.returncode == 0, errors
    assert "promises kept" in output


# ------------------------------------------------------------ whose it is


def test_every_hostile_agent_name_has_its_own_notebook_and_is_listed_back(
    backend: LocalBackend, tmp_path: Path
):
    async def main():
        for name in HOSTILE_NAMES:
            await Notebook(backend, "ana", name).append(f"I am {name[:9]!r}, {len(name)} long")
        for name in HOSTILE_NAMES:
            text = await Notebook(LocalBackend(backend.path), "ana", name).read()
            assert text == f"I am {name[:9]!r}, {len(name)} long\n"
        return await backend.kinds("ana")

    kinds = run(main())
    assert len(set(HOSTILE_NAMES)) == len(HOSTILE_NAMES)
    assert sorted(agent_name_of(kind) for kind in kinds) == sorted(HOSTILE_NAMES)
    folders = list((backend.path / "ana" / "memory").iterdir())
    assert len({path.name.casefold() for path in folders}) == len(HOSTILE_NAMES)
    assert [path.name for path in tmp_path.iterdir()] == ["memories"]


def test_a_name_with_a_lone_surrogate_is_the_name_with_a_replacement(backend: LocalBackend):
    run(Notebook(backend, "ana", "a\ud800").append("x"))
    assert run(Notebook(backend, "ana", "a\ufffd").load()).agent_name == "a\ufffd"


@given(st.text(max_size=40))
def test_every_name_comes_back_from_its_kind(name: str):
    assert agent_name_of(notebook_kind(name)) == name


def test_users_and_agents_never_meet(backend: LocalBackend):
    async def main():
        for user in ("ana", "bob"):
            for agent in ("main", "critic"):
                await Notebook(backend, user, agent).append(f"{user}'s {agent}")
        await backend.delete_user("ana")
        assert await Notebook(backend, "ana").load() is None
        assert await backend.kinds("ana") == []
        return [await Notebook(backend, "bob", agent).read() for agent in ("main", "critic")]

    assert run(main()) == ["bob's main\n", "bob's critic\n"]
    assert not (backend.path / "ana").exists()


def test_the_notebook_of_a_user_with_a_long_id_makes_the_user_listed(backend: LocalBackend):
    run(Notebook(backend, "u" * 4000).append("x"))
    assert run(backend.list_users()) == ["u" * 4000]


def test_files_and_folders_are_for_their_owner_only(notebook: Notebook, backend: LocalBackend):
    former = os.umask(0)
    try:
        run(notebook.append("x"))
    finally:
        os.umask(former)
    for path in backend.path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


# ------------------------------------------------------------ other backends, other callers


def test_a_backend_of_six_methods_keeps_notebooks_too():
    backend = SixMethods()

    async def main():
        notebook = Notebook(backend, "ana", "Web Search")
        await asyncio.gather(*(notebook.append(f"- {n}") for n in range(20)))
        return await notebook.load()

    file = run(main())
    assert sorted(filter(None, file.lines)) == sorted(f"- {n}" for n in range(20))
    assert file.path == "ana/memory/%57eb%20%53earch"
    assert list(backend.pages) == [("ana", "memory/%57eb%20%53earch")]


def test_over_the_blocking_backend_no_call_waits_for_a_loop(backend: LocalBackend):
    notebook = Notebook(backend.blocking, "ana", in_thread=True)
    assert finish(notebook.append("tea")).content == "tea\n"
    assert finish(notebook.replace("tea", "jazz")).content == "jazz\n"
    assert finish(notebook.read()) == "jazz\n"
    assert finish(notebook.format_prompt()).endswith("jazz")


def test_one_notebook_serves_one_event_loop_after_another(notebook: Notebook):
    for number in range(3):
        run(notebook.append(f"- {number}"))
    assert len(run(notebook.load()).lines) == 5
