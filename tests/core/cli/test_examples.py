"""What the help and `docs/cli.md` show as examples is typed into a shell, as it stands."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_page import PAGE, page
from core.cli.commands import every_command, examples_of
from core.cli.conftest import lines
from core.cli.memory_mini_files import entry, memory_mini
from diarist import Diary

DATA = Path(__file__).parent / "data"
EXAMPLES = [
    (" ".join(names), line) for names in every_command() for line in examples_of(" ".join(names))
]
FIRST = {
    "import": "diarist export ana ana.zip; diarist export ana backup/ana; diarist delete ana -y",
    "note restore": "diarist note rm ana wifi",
}
"""What has to be done before."""
SERVERS = ("firestore://", "postgresql://")


@pytest.fixture
def folder(run, home: Path, tmp_path: Path) -> Path:
    """A folder with all that the examples name."""
    diary = Diary(home).sync
    diary.update_memory("ana", "s", "I'm allergic to walnuts. I love black coffee.", "Noted.")
    diary.notes.put("ana", ("notes",), "wifi", "Porto-2")
    diary.notes.put("ana", ("recipes", "soup"), "soup", {"stars": 5})
    chat = lines({"role": "user", "content": "I love tea."})
    for name in ("chat.jsonl", "export.json"):
        (tmp_path / name).write_text(chat)
    (tmp_path / "plan.md").write_text("Buy leeks.\n")
    (tmp_path / "prefs.py").write_text(
        "from diarist import DefaultPreferences\n\n\nclass MyPrefs(DefaultPreferences): ...\n"
    )
    (tmp_path / "model.py").write_text(
        "def embed(texts):\n    return [[1.0, 0.5] for _ in texts]\n"
    )
    (tmp_path / "backup").mkdir()
    (tmp_path / "agent").mkdir()
    shutil.copytree(DATA / "tomldiary-0.9.0", tmp_path / "old-memories")
    memory_mini(tmp_path / "memory.db", entry("tea", "green"))
    return tmp_path


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_does_what_it_shows(folder: Path, name: str, line: str):
    if any(server in line for server in SERVERS):
        pytest.skip("tests/backends runs these against a server")
    programs = folder / "bin"
    programs.mkdir()
    for program, text in {
        "diarist": f'exec "{sys.executable}" -m diarist.cli "$@"',
        "code": ":",
    }.items():
        (programs / program).write_text(f"#!/bin/sh\n{text}\n")
        (programs / program).chmod(0o755)
    person, terminal = pty.openpty()  # who is asked says yes
    os.write(person, b"y\n")
    first = f"{FIRST[name]} && " if name in FIRST else ""
    done = subprocess.run(
        ["sh", "-c", first + line.replace("/backup/", "backup/")],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "EDITOR": "true",
            "BROWSER": "true",
        },
        stdin=terminal,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(person)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_an_example_that_begins_with_itself():
    for names in every_command():
        name = " ".join(names)
        assert any(f"diarist {name}" in line for line in examples_of(name)), name


def test_the_page_about_the_commands_is_what_their_help_says():
    assert PAGE.read_text() == page(), "python tests/command_page.py writes it"
