"""The same small questions put to six memories for agents, each in an environment of its own.

What each takes to install and to start, whom it calls, what it keeps when processes share it, are
killed, or its model fails, what stays when a user is deleted, and how long its calls take. Each is
set up as its documentation says, in a folder, with models that are scripts: see `parts/field_*.py`.
`python benchmarks/field.py 0.1` has a tenth of the conversation and of the processes' turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from measure import (
    ROOT,
    WORK,
    ChildError,
    Part,
    at_least,
    child,
    in_turn,
    installed,
    median,
    peer,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PARTS = Path(__file__).parent / "parts"
ROUNDS = 3
PROCESSES, EACH = 4, 50
"""Processes that share a user, and the turns of each."""
KILLS, AFTER = 2, 60
"""How often a process is killed, and after how many acknowledged turns."""
TURNS = 1_000
"""Turns of the long conversation."""
STATED = 30
"""Facts that the questions `failing` and `fill` of the parts state."""
CALLS = {
    "turn": (5, "a turn that states a fact"),
    "recall": (5, "five that fit a question"),
    "context": (5, "the text for a prompt"),
}
NONE = "–"


class Library(NamedTuple):
    """A memory, and how it comes here."""

    part: str
    imports: str
    requirements: tuple[str, ...] = ()
    in_background: bool = True
    searches: bool = True

    def python(self) -> Path:
        """Return the Python of its environment."""
        if self.requirements:
            return peer(self.part, *self.requirements)
        return installed(self.part, str(ROOT))


LIBRARIES = {
    "diarist": Library("field_diarist", "from diarist import Diary"),
    "TOMLDiary": Library(
        "field_tomldiary",
        "from tomldiary import Diary",
        ("tomldiary==0.9.0", "httpx"),  # which it imports, and does not ask for
        searches=False,
    ),
    "mem0": Library(
        "field_mem0", "from mem0 import Memory", ("mem0ai==2.2.1",), in_background=False
    ),
    "LangMem": Library(
        "field_langmem",
        "from langmem import create_memory_store_manager",
        ("langmem==0.0.30", "langgraph-checkpoint-sqlite==3.1.2"),
    ),
    "LlamaIndex Memory": Library(
        "field_llama_index",
        "from llama_index.core.memory import Memory",
        ("llama-index-core==0.14.25",),
        in_background=False,
        searches=False,
    ),
    "CrewAI memory": Library("field_crewai", "from crewai import Memory", ("crewai==1.15.30",)),
}
BESIDE = tuple(name for each in LIBRARIES.values() for name in each.requirements if "==" in name)
SIZE = """
import json, pathlib, sysconfig
from importlib.metadata import distributions
names = {d.name.lower() for d in distributions()} - {"pip", "setuptools"}
folder = pathlib.Path(sysconfig.get_path("purelib"))
size = sum(
    path.stat().st_size for path in folder.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
    and path.relative_to(folder).parts[0].split("-")[0] not in {"pip", "setuptools"}
)
print(json.dumps([len(names), size / 1e6]))
"""
IMPORT = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def report(share: float = 1.0) -> str:
    """Return the tables; `share` takes fewer turns."""
    WORK.mkdir(exist_ok=True)
    pythons = {name: library.python() for name, library in LIBRARIES.items()}
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        asked = [
            Asked(library, pythons[name], Path(folder) / library.part)
            for name, library in LIBRARIES.items()
        ]
        tables = (
            ("What it takes", _taken(asked, at_least(1, share, ROUNDS))),
            ("What is kept", _kept(asked, at_least(2, share, EACH))),
            ("Where it is", _placed(asked)),
            ("How long it takes", _timed(asked, at_least(20, share, TURNS))),
        )
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in tables)


class Asked:
    """A library that is asked: each question has a new folder, where it names none."""

    def __init__(self, library: Library, python: Path, folder: Path) -> None:
        self.library, self.python, self._folder = library, python, folder
        self._made = 0

    def folder(self) -> Path:
        """Return a new folder."""
        self._made += 1
        made = self._folder / str(self._made)
        made.mkdir(parents=True)
        return made

    def command(self, folder: Path, *question: object, setting: str = "") -> list[str]:
        """Return the command of a question, which knows no key and no other home."""
        place = (f"HOME={folder / 'home'}", f"PATH={os.environ['PATH']}", f"SETTING={setting}")
        script = PARTS / f"{self.library.part}.py"
        return ["env", "-i", *place, *map(str, (self.python, script, folder, *question))]

    def answer(self, *question: object, folder: Path | None = None) -> Any:
        """Return the answer to a question."""
        return child(*self.command(folder or self.folder(), *question))

    def started(self, folder: Path, *question: object) -> subprocess.Popen[str]:
        """Return a process that has begun with a question."""
        command, pipe = self.command(folder, *question), subprocess.PIPE
        return subprocess.Popen(
            command, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )


# ---------------------------------------------------------------- what it takes


def _taken(asked: list[Asked], rounds: int) -> str:
    sizes = [child(each.python, "-c", SIZE) for each in asked]
    imports: list[list[float]] = [[] for _ in asked]
    firsts: list[list[float]] = [[] for _ in asked]
    for number in range(rounds + 1):
        for place, each in enumerate(asked):
            statement = IMPORT.format(each.library.imports)
            seconds = child(each.python, "-c", statement)
            start = perf_counter()
            each.answer("first")
            whole = perf_counter() - start
            if number:  # the first round compiles
                imports[place].append(seconds)
                firsts[place].append(whole)
    return _by_library(
        ("packages", [f"{packages}" for packages, _ in sizes]),
        ("MB on disk", [f"{size:,.0f}" for _, size in sizes]),
        ("import, s", [f"{median(each):.2f}" for each in imports]),
        ("a process that remembers one fact, s", [f"{median(each):.2f}" for each in firsts]),
        ("as introduced, without a key", _cells(asked, _introduced)),
        ("tries to reach", _cells(asked, _reached)),
    )


def _introduced(each: Asked) -> str:
    error = each.answer("plain")["error"]
    return f"`{error.partition(':')[0]}`" if error else "works"


def _reached(each: Asked) -> str:
    return ", ".join(f"`{host}`" for host in each.answer("used")) or "nobody"


# ---------------------------------------------------------------- what is kept


def _kept(asked: list[Asked], many: int) -> str:
    return _by_library(
        (f"{PROCESSES} processes, {many} turns each", _cells(asked, lambda e: _shared(e, many))),
        ("killed while it writes", _cells(asked, lambda e: _killed(e, "endless"))),
        ("killed while it writes in the background", _cells(asked, _killed_behind)),
        ("a model that fails in every third turn", _cells(asked, _failed)),
    )


def _shared(each: Asked, many: int) -> str:
    """Have some processes write at once."""
    folder = each.folder()
    writers = [each.started(folder, "write", number * many, many) for number in range(PROCESSES)]
    opened = [writer for writer in writers if _line(writer) == "ready\n"]
    for writer in opened:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    ended = [writer.communicate()[0] for writer in writers]
    said = [json.loads(text.splitlines()[-1]) for text in ended if text]
    acknowledged = sum(each["acknowledged"] for each in said)
    kept = len(each.answer("kept", folder=folder))
    remarks = [f"{kept} of {PROCESSES * many}"]
    if len(opened) < PROCESSES:
        remarks.append(f"{PROCESSES - len(opened)} processes can't open it")
    raised = sum(sum(each["raised"].values()) for each in said)
    if raised:
        remarks.append(_errors(raised))
    if kept < acknowledged:
        remarks.append(f"{acknowledged - kept} lost without one")
    return ", ".join(remarks)


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _killed(each: Asked, question: str) -> str:
    """Kill a process that writes, a few times; see what of the acknowledged is there."""
    found = acknowledged = 0
    for _ in range(KILLS):
        folder = each.folder()
        with each.started(folder, question) as writer:
            said = [_line(writer) for _ in range(AFTER)]
            writer.kill()
            assert writer.stdout is not None
            said += writer.stdout  # what it said until then
        things = {line.strip() for line in said if line.startswith("velmora")}
        acknowledged += len(things)
        try:
            found += len(things & set(each.answer("kept", folder=folder)))
        except ChildError:
            return "it does not open any more"
    return f"{found} of {acknowledged}"


def _killed_behind(each: Asked) -> str:
    return _killed(each, "background") if each.library.in_background else NONE


def _failed(each: Asked) -> str:
    folder = each.folder()
    raised = each.answer("failing", folder=folder)
    known = [name for name in each.answer("kept", folder=folder) if name < f"velmora{STATED:05}"]
    return f"{len(known)} of {STATED}" + (f", {_errors(raised)}" if raised else "")


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


# ---------------------------------------------------------------- where it is


def _placed(asked: list[Asked]) -> str:
    folders = {each: each.folder() for each in asked}

    def told(each: Asked) -> str:
        return each.answer("fill", folder=folders[each]) or "nothing"

    def placed(each: Asked) -> str:
        return _files(folders[each], b"velmora00003")

    def left(each: Asked) -> str:
        each.answer("delete", folder=folders[each])
        return _files(folders[each], b"velmora000")

    return _by_library(
        ("a fact says of its message", _cells(asked, told)),
        ("its words are in", _cells(asked, placed)),
        ("a deleted user's words are in", _cells(asked, left)),
    )


def _files(folder: Path, words: bytes) -> str:
    """Return which files hold some words, by their kind."""
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and words in (content := path.read_bytes()):
            is_known = path.suffix in {".toml", ".db", ".sqlite"}
            name = f"`{path.name if is_known else path.suffix}`" + (
                "" if b"\0" in content else " (text)"
            )
            found[name] = found.get(name, 0) + 1
    named = (f"{many} {name}" if many > 1 else name for name, many in found.items())
    return ", ".join(named) or "none"


# ---------------------------------------------------------------- how long it takes


def _timed(asked: list[Asked], turns: int) -> str:
    ours, *theirs = ((name, each) for name, each in zip(LIBRARIES, asked, strict=True))
    sides: dict[str, tuple[Asked, str]] = {
        "diarist": (ours[1], ""),
        "diarist, its rules": (ours[1], "rules"),
        'diarist, `durability="normal"`': (ours[1], "normal"),
        **{name: (each, "") for name, each in theirs},
    }
    parts = {
        name: Part(*each.command(each.folder(), "timed", turns, setting=setting))
        for name, (each, setting) in sides.items()
    }
    for part in parts.values():  # each stores the conversation before it answers
        part.ask("context", 1)
    os.sync()
    found = in_turn(parts, {call: times for call, (times, _) in CALLS.items()}, ROUNDS)
    rows = [
        (name, *(cell for call in CALLS for cell in _beside(found, call, name, each.library)))
        for name, (each, _) in sides.items()
    ]
    head = ("", *(cell for _, what in CALLS.values() for cell in (f"{what}, ms", "times")))
    return (
        f"{turns:,} turns of one user are stored, a fact in every tenth; the median of {ROUNDS} "
        f"rounds in turn, and times what diarist takes.\n\n{table(head, rows)}"
    )


def _beside(
    found: dict[tuple[str, str], float], call: str, name: str, library: Library
) -> tuple[str, str]:
    if call == "recall" and not library.searches:
        return NONE, ""
    seconds = found[call, name]
    return f"{seconds * 1e3:,.1f}", f"{seconds / found[call, 'diarist']:.2f}×"


def _cells(asked: list[Asked], cell: Callable[[Asked], str]) -> list[str]:
    """Return the cell of each; where a library's process fails, that is what it says."""
    cells: list[str] = []
    for each in asked:
        try:
            cells.append(cell(each))
        except ChildError as error:
            print(error, file=sys.stderr)
            cells.append("failed")
    return cells


def _by_library(*rows: tuple[str, Iterable[str]]) -> str:
    return table(("", *LIBRARIES), [(what, *cells) for what, cells in rows])


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
