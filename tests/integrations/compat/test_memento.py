"""Memento's `MemoryManager` over a diary: every promise of its README, and none of its defects."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from diarist_compat.memento import MemoryManager

if TYPE_CHECKING:
    from pathlib import Path

FORK = multiprocessing.get_context("fork")
FACTS = ["The capital of France is Paris.", "The red car is broken.", "Ana plays the cello."]


def embed(texts: list[str]) -> list[list[float]]:
    vehicle = ("car", "vehicle")
    return [[float(any(word in text for word in vehicle)), 0.5] for text in texts]


def test_the_readme_of_memento(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    memory = MemoryManager(root="agent_memory")
    memory.add("This is a temporary note", "short")
    memory.add("This is somewhat important", "medium")
    memory.add("This is a critical fact to remember", "long")
    assert memory.retrieve("important fact", k=3) == [
        "This is a critical fact to remember",
        "This is somewhat important",
        "This is a temporary note",
    ]


def test_the_folder_is_made_at_once_for_its_owner_only(tmp_path: Path):
    MemoryManager(tmp_path / "deep" / "down")
    assert stat.S_IMODE((tmp_path / "deep" / "down").stat().st_mode) == 0o700


def test_the_short_term_memory_is_a_ring_that_lasts(tmp_path: Path):
    memory = MemoryManager(tmp_path, stm_size=3)
    for number in range(5):
        memory.add(f"note {number}")
    memory.add("note 4")
    assert memory.stm.all() == ["note 3", "note 4", "note 4"]
    assert MemoryManager(tmp_path, stm_size=2, stm_storage="file").stm.all() == ["note 4"] * 2
    assert MemoryManager(tmp_path, stm_size=0).stm.all() == []


def test_a_short_term_memory_in_memory_begins_with_nothing(tmp_path: Path):
    before = MemoryManager(tmp_path, stm_storage="memory")
    before.add("the kettle is hot", "short")
    before.add("the kettle is blue", "long")
    assert before.stm.all() == ["the kettle is hot", "the kettle is blue"]
    after = MemoryManager(tmp_path, stm_storage="memory")
    assert after.stm.all() == []
    assert after.retrieve("kettle") == ["the kettle is blue"]
    after.add("the tea is green", "short")
    assert after.stm.all() == ["the tea is green"]


def test_older_texts_are_found_by_their_words(tmp_path: Path):
    memory = MemoryManager(tmp_path, stm_size=2)
    for fact in (*FACTS, *(f"filler number {number}" for number in range(30))):
        memory.add(fact)
    assert memory.retrieve("What does Ana play?", k=2) == [FACTS[2], "filler number 29"]


def test_texts_are_found_by_what_they_mean_where_there_is_a_model(tmp_path: Path):
    pytest.importorskip("numpy")
    memory = MemoryManager(tmp_path, stm_size=0, embed=embed)
    for fact in FACTS:
        memory.add(fact, "long")
    assert memory.retrieve("vehicle", k=1) == [FACTS[1]]


def test_a_short_text_is_forgotten_for_good_when_it_leaves_the_short_term_memory(tmp_path: Path):
    memory = MemoryManager(tmp_path, stm_size=2)
    memory.add("the zeppelin is late", "short")
    assert memory.retrieve("zeppelin") == ["the zeppelin is late"]
    for number in range(2):
        memory.add(f"note {number}")
    assert "the zeppelin is late" not in memory.retrieve("zeppelin", k=9)
    assert len(memory.diary.sync.messages.read("memento", "memento", status=None)) == 2


def test_with_less_room_short_texts_behind_it_are_not_shown(tmp_path: Path):
    wide = MemoryManager(tmp_path, stm_size=50)
    for number in range(10):
        wide.add(f"tea number {number}", "short")
    assert set(MemoryManager(tmp_path, stm_size=2).retrieve("tea", k=9)) == {
        "tea number 8", "tea number 9",
    }  # fmt: skip


def test_of_texts_that_fit_alike_the_important_one_comes_first(tmp_path: Path):
    memory = MemoryManager(tmp_path)
    memory.add("Tea: the blue tin.", "short")
    memory.add("Tea: the grey tin.", "long")
    memory.add("Tea: the pink tin.", "medium")
    memory.add("It rains.")
    tins = [text[9:13] for text in memory.retrieve("tea tin", k=4)[:3]]
    assert tins == ["grey", "pink", "blue"]


def test_the_newest_is_found_however_much_fits_better(tmp_path: Path):
    memory = MemoryManager(tmp_path)
    for number in range(40):
        memory.add(f"The password of door {number} is tea.", "long")
    memory.add("My PIN has changed a second ago.")
    for k in (2, 3, 6, 20):
        found = memory.retrieve("password door tea", k=k)
        assert len(found) == k
        assert "My PIN has changed a second ago." in found
    assert "password" in memory.retrieve("password door", k=1)[0]


def test_what_is_left_is_filled_with_the_newest_first(tmp_path: Path):
    memory = MemoryManager(tmp_path)
    for number in range(10):
        memory.add(f"note {number}")
    assert memory.retrieve("nothing like it", k=3) == ["note 9", "note 8", "note 7"]
    assert memory.retrieve("note", k=0) == []
    with pytest.raises(ValueError, match="k must not be negative"):
        memory.retrieve("note", k=-1)


@pytest.mark.parametrize("query", ['"', "C++", "AND", "", "a-b", "*", "(", "user@example.com"])
def test_any_question_is_safe(tmp_path: Path, query: str):
    memory = MemoryManager(tmp_path)
    memory.add("one")
    assert memory.retrieve(query) == ["one"]


def test_two_folders_never_share(tmp_path: Path):
    alice, bob = MemoryManager(tmp_path / "alice"), MemoryManager(tmp_path / "bob")
    alice.add("alice's PIN is 1234", "long")
    assert bob.retrieve("PIN") == bob.stm.all() == []


def test_two_managers_of_one_folder_see_what_both_add(tmp_path: Path):
    first, second = MemoryManager(tmp_path), MemoryManager(tmp_path)
    first.add("from a")
    second.add("from b")
    assert first.stm.all() == second.stm.all() == ["from a", "from b"]


def test_threads_and_processes_lose_nothing(tmp_path: Path):
    def adds(name: str, count: int) -> None:
        memory = MemoryManager(tmp_path, stm_size=500)
        for number in range(count):
            memory.add(f"{name} {number}")

    children = [FORK.Process(target=adds, args=(f"process {name}", 20)) for name in range(3)]
    threads = [threading.Thread(target=adds, args=(f"thread {name}", 20)) for name in range(3)]
    for each in (*children, *threads):
        each.start()
    for each in (*children, *threads):
        each.join(60)
    assert [child.exitcode for child in children] == [0] * 3
    assert len(set(MemoryManager(tmp_path, stm_size=500).stm.all())) == 120


@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_is_lost_at_an_exit_or_a_crash(tmp_path: Path, end: str):
    code = (
        "import json, sys; from diarist_compat.memento import MemoryManager\n"
        "memory = MemoryManager(sys.argv[1])\n"
        "for fact in json.loads(sys.argv[2]): memory.add(fact, 'long')\n" + end
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), json.dumps(FACTS)], timeout=60, check=False
    )
    assert done.returncode == (-signal.SIGKILL if end else os.EX_OK)
    memory = MemoryManager(tmp_path)
    assert memory.stm.all() == FACTS
    assert memory.retrieve("cello", k=1) == [FACTS[2]]


def test_a_flush_has_nothing_to_do(tmp_path: Path):
    memory = MemoryManager(tmp_path)
    memory.add("note", force_flush=True)
    memory.flush()
    assert memory.stm.all() == ["note"]


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        (("note", "urgent"), ValueError, r"one of \('short', 'medium', 'long'\), not 'urgent'"),
        ((None,), TypeError, "text is a string, not NoneType"),
        ((5,), TypeError, "text is a string, not int"),
        (("  ",), ValueError, "the text is empty"),
    ],
)
def test_what_cannot_be_remembered_gets_one_sentence(
    tmp_path: Path, args: tuple[Any, ...], error: type[Exception], words: str
):
    memory = MemoryManager(tmp_path)
    with pytest.raises(error, match=words):
        memory.add(*args)
    assert memory.stm.all() == []


def test_storages_and_sizes_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"stm_storage is one of .* not 'redis'"):
        MemoryManager(tmp_path / "new", stm_storage="redis")
    with pytest.raises(ValueError, match="stm_size must not be negative, it is -1"):
        MemoryManager(tmp_path / "new", stm_size=-1)
