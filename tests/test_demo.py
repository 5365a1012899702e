"""`make demo`: what a newcomer sees first."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECRETS = ("Tr0mbone-Lagoon-88", "4111 1111 1111 1111")


def transcript() -> list[dict[str, str]]:
    return [json.loads(line) for line in (ROOT / "demo/conversations.jsonl").open()]


def git(folder: Path, *args: str) -> str:
    return subprocess.run(
        ["git", *args], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working tree of its own, in which nobody else changes anything meanwhile."""
    folder = tmp_path_factory.mktemp("checkout")
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("core", "demo"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    shutil.copy(ROOT / ".gitignore", folder)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return folder


@pytest.fixture(scope="module")
def output(checkout: Path, temporary: Path) -> str:
    result = subprocess.run(
        [sys.executable, "demo/run.py"],
        cwd=checkout,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(checkout / "core")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def part(output: str, title: str) -> str:
    """Return the lines below a heading."""
    return re.split(r"\n.*\n-{4,}\n", output.split(title, 1)[1].split("\n-", 1)[1], maxsplit=1)[0]


def test_the_transcript_is_long_and_dated_and_has_what_must_not_be_stored():
    messages = transcript()
    assert sum(message["role"] == "user" for message in messages) >= 64
    assert len({message["session"] for message in messages}) >= 5
    assert {message.get("name") for message in messages if message["role"] == "user"} == {"Maya"}
    times = [datetime.fromisoformat(message["timestamp"]) for message in messages]
    assert times == sorted(times)
    said = "\n".join(message["content"] for message in messages)
    assert all(secret in said for secret in SECRETS)


def test_the_pages_before_and_after_tell_her_story(output: str):
    before = part(output, "After the first session")
    after = part(output, "After all")
    assert "[allergies.walnuts]" in before
    assert 'text = "live in Leeds"' in before
    assert "[likes.coffee]" in before
    assert "[allergies.peanuts]" in after
    assert "[biography.porto]" in after
    assert "[biography.leeds]" not in after
    assert "[dislikes.coffee]" in after
    assert "[likes.coffee]" not in after
    assert "football" not in after.split("[conversations.")[0], "that is her partner's"
    assert "mushrooms" not in after.split("[conversations.")[0], "that is her brother's"


def test_the_page_after_the_first_session_is_plain_toml(output: str):
    page = tomllib.loads("[" + part(output, "After the first session").split("[", 1)[1])
    assert page["allergies"]["peanuts"]["text"] == "allergic to peanuts"


def test_it_says_what_changed_and_what_stayed_out(output: str):
    changed = part(output, "What changed on the way")
    assert "moved from Leeds to Porto" in changed
    assert "moved from likes/coffee" in changed
    assert "rejected" in part(output, "What stayed out")


def test_secrets_are_neither_shown_nor_stored(output: str, temporary: Path):
    files = list(temporary.rglob("*.toml"))
    assert len(files) == 2
    for text in (output, *(path.read_text() for path in files)):
        for secret in (*SECRETS, "Lagoon", "4111"):
            assert secret not in text


def test_it_is_plain_text_in_a_pipe(output: str):
    assert "\x1b" not in output


def test_the_commands_it_names_work(output: str, temporary: Path):
    commands = re.findall(r"^  \$ (.+)$", part(output, "From here"), re.MULTILINE)
    assert len(commands) >= 5
    script = "\n".join(["set -e", *(c for c in commands if not c.startswith("rm "))])
    result = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env={**os.environ, "VISUAL": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "forgotten dislikes/okra" in result.stdout
    removal = next(shlex.split(c) for c in commands if c.startswith("rm "))
    assert Path(removal[-1]).parent == temporary


def test_the_working_tree_is_as_before(output: str, checkout: Path):
    assert output
    assert git(checkout, "diff", "--stat") == ""
    assert git(checkout, "ls-files", "--others", "--exclude-standard") == ""
