"""An agent's notebook: what it wrote stays, whoever writes beside it, and a prompt has its size."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarist import BackendError, DocumentError, InvalidIdError, LocalBackend
from diarist.backends.ids import agent_name_of, notebook_kind
from diarist.blocking import finish
from diarist.errors import MemoryAccessError, NotebookError
from diarist.notebook import MemoryFile, Notebook
from diarist.pages.notebook import LARGEST, prompt
from diarist.tokens import estimate

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


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "memories")


@pytest.fixture
def notebook(backend: LocalBackend) -> Notebook:
    return Notebook(backend, "ana")


@pytest.fixture
def path(backend: LocalBackend) -> Path:
    return backend.path / "ana" / "memory" / "main" / "MEMORY.md"


def given_file(path: Path, content: bytes) -> None:
    """Put a file there that has been at rest for long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1, 1))


# ------------------------------------------------------------ reading and writing


def test_a_notebook_that_nobody_began_is_empty_and_reading_makes_nothing(
    notebook: Notebook, backend: LocalBackend
):
    assert run(notebook.read()) == ""
    assert run(notebook.load()) is None
    assert run(notebook.format_prompt()) == ""
    assert run(backend.kinds("ana")) == []
    assert not backend.path.exists()


def test_what_is_appended_is_in_the_file_when_the_call_returns(notebook: Notebook, path: Path):
    file = run(notebook.append("# Ana\n\n- likes tea"))
    assert file == MemoryFile("main", str(path), "# Ana\n\n- likes tea\n")
    assert path.read_text() == file.content
    assert file.lines == ("# Ana", "", "- likes tea")
    assert run(notebook.load()) == file
    assert run(notebook.read()) == file.content


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"", "new", b"new\n"),
        (b"old", "new", b"old\n\nnew\n"),
        (b"old\n", "new\n", b"old\n\nnew\n"),
        (b"old\n\n\n\n", "new\n\n\n", b"old\n\nnew\n"),
        (b"\n\n", "new", b"new\n"),
        (b"old\r\n", "one\ntwo", b"old\r\n\r\none\r\ntwo\r\n"),
        (b"old\r\nolder\r\n\r\n", "one\r\ntwo\r\n", b"old\r\nolder\r\n\r\none\r\ntwo\r\n"),
        (b"old\n", "one\r\ntwo", b"old\n\none\ntwo\n"),
        (b"a\nb\nc\r\n", "new", b"a\nb\nc\n\nnew\n"),
        (b"\xef\xbb\xbfold\n", "new", b"\xef\xbb\xbfold\n\nnew\n"),
        (b"old \x0c\n", "  - new", b"old \x0c\n\n  - new\n"),
    ],
)
def test_an_append_adds_a_blank_line_and_keeps_the_line_ends_of_the_file(
    notebook: Notebook, path: Path, before: bytes, text: str, after: bytes
):
    given_file(path, before)
    assert run(notebook.append(text)).content.encode() == after
    assert path.read_bytes() == after


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t"])
def test_nothing_can_not_be_appended(notebook: Notebook, path: Path, text: str):
    run(notebook.append("old"))
    with pytest.raises(NotebookError, match="nothing to append"):
        run(notebook.append(text))
    assert path.read_text() == "old\n"


def test_a_notebook_is_written_anew_byte_for_byte(notebook: Notebook, path: Path):
    run(notebook.append("old"))
    for content in ("a\r\nb\n\n", "", " \n", "new\n"):
        assert run(notebook.write(content)).content == content
        assert path.read_bytes() == content.encode()
        assert run(notebook.read()) == content
    assert run(notebook.append("more")).content == "new\n\nmore\n"


def test_what_diarist_itself_left_blank_can_be_appended_to(notebook: Notebook):
    run(notebook.write(" \n"))
    assert run(notebook.append("more")).content == " \n\nmore\n"


def test_lone_surrogates_are_replaced(notebook: Notebook):
    run(notebook.append("a\ud800b"))
    assert run(notebook.replace("a\ud800b", "c\udfffd")).content == "c\ufffdd\n"
    assert run(notebook.write("\ud83e\udd8a \ud800")).content == "🦊 \ufffd"


@pytest.mark.parametrize("thing", [None, 7, b"bytes"])
def test_what_is_no_text_is_refused_by_name(notebook: Notebook, backend: LocalBackend, thing):
    for call in (notebook.append(thing), notebook.write(thing), notebook.replace("a", thing)):
        with pytest.raises(TypeError, match="is a string, not"):
            run(call)
    with pytest.raises(TypeError, match="agent_name is a string"):
        Notebook(backend, "ana", thing)
    with pytest.raises(InvalidIdError):
        Notebook(backend, "")


# ------------------------------------------------------------ replace


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"likes tea\n", "tea", "jazz", b"likes jazz\n"),
        (b"likes tea\n", "likes tea\n", "", b""),
        (b"a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", b"x\r\ny\r\nz\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", "b\r\nc", "d", b"a\r\nd\r\n"),
        (b"a\r\nb\r\nc\r\n", "\nb", "", b"a\r\nc\r\n"),
        (b"a\nb\n", "a\r\nb", "c\r\nd", b"c\nd\n"),
        (b"a\nb\r\nc\r\nd\n", "c\nd", "e", b"a\nb\r\ne\n"),
        ("日本 🦊\r\né\r\n".encode(), "🦊\né", "x", "日本 x\r\n".encode()),
    ],
)
def test_a_text_that_is_there_once_is_replaced_whatever_the_line_ends(
    notebook: Notebook, path: Path, before: bytes, old: str, new: str, after: bytes
):
    given_file(path, before)
    assert run(notebook.replace(old, new)).content.encode() == after
    assert path.read_bytes() == after


@pytest.mark.parametrize(
    ("before", "old", "said"),
    [
        ("tea\nTea\n", "coffee", r"'coffee' is found 0 times, in none of the 2 lines"),
        ("a tea\nb\ntea tea\n", "tea", r"'tea' is found 3 times, in lines 1, 3;"),
        ("b\naaa\n", "aa", r"'aa' is found 2 times, in line 2;"),
        ("x\r\nx\r\nx\r\nx\r\n", "x\nx", r"found 3 times, in lines 1, 2, 3;"),
        ("abcabcab abcab", "abcab", r"found 3 times, in line 1;"),
        ("x\n" * 30, "x", r"found 30 times, in lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more"),
        ("abc\n", "", r"empty, which is found 5 times, in every line"),
        ("y" * 200, "x" * 200, r"'x{80}…' is found 0 times"),
    ],
)
def test_a_missing_or_ambiguous_text_is_told_with_its_lines_and_nothing_is_written(
    notebook: Notebook, path: Path, before: str, old: str, said: str
):
    given_file(path, before.encode())
    with pytest.raises(NotebookError, match=said) as caught:
        run(notebook.replace(old, "new"))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before.encode()
    assert path.stat().st_mtime == 1


def test_there_is_nothing_to_replace_where_there_is_no_notebook(notebook: Notebook, path: Path):
    with pytest.raises(NotebookError, match=r"no notebook yet.*0 times"):
        run(notebook.replace("a", "b"))
    assert not path.exists()


def test_a_text_that_repeats_itself_all_over_is_counted_at_once(notebook: Notebook):
    run(notebook.write("a" * LARGEST))
    with pytest.raises(NotebookError, match="500,001 times"):
        run(notebook.replace("a" * (LARGEST // 2), "b"))


# ------------------------------------------------------------ size


def test_a_notebook_grows_up_to_its_cap_and_no_further(notebook: Notebook, path: Path):
    run(notebook.write("x" * LARGEST))
    for call in (
        notebook.append("y"),
        notebook.write("y" * (LARGEST + 1)),
    ):
        with pytest.raises(NotebookError, match="at most 1,000,000 characters"):
            run(call)
    assert path.read_text() == "x" * LARGEST


def test_one_that_a_person_made_too_large_is_read_and_may_shrink(notebook: Notebook, path: Path):
    given_file(path, b"tea\n" + b"x" * (LARGEST + 100))
    assert len(run(notebook.read())) == LARGEST + 104
    assert run(notebook.format_prompt(1, keep="head")).endswith(
        "\n\ntea\n\n... [1 more line in memory] ..."
    )
    with pytest.raises(NotebookError, match="1,000,105"):
        run(notebook.replace("tea", "teas"))
    assert run(notebook.replace("tea", "t")).content.startswith("t\nx")


# ------------------------------------------------------------ the prompt


def body(text: str) -> list[str]:
    return text.split("\n\n", 1)[1].split("\n")


def numbered(count: int) -> str:
    return "".join(f"line {number}\n" for number in range(1, count + 1))


def test_a_prompt_shows_the_newest_lines_and_says_how_many_it_leaves_out(notebook: Notebook):
    run(notebook.write(numbered(10)))
    assert run(notebook.format_prompt(2)) == (
        "## Agent memory (main)\n\n... [8 more lines in memory] ...\n\nline 9\nline 10"
    )
    assert run(notebook.format_prompt(2, keep="head")) == (
        "## Agent memory (main)\n\nline 1\nline 2\n\n... [8 more lines in memory] ..."
    )
    assert run(notebook.format_prompt(9)).splitlines()[2] == "... [1 more line in memory] ..."
    assert run(notebook.format_prompt(0)) == (
        "## Agent memory (main)\n\n... [10 more lines in memory] ..."
    )


@pytest.mark.parametrize("limit", [10, 11, 200])
def test_a_notebook_that_fits_is_shown_whole(notebook: Notebook, limit: int):
    run(notebook.write(numbered(10)))
    whole = "## Agent memory (main)\n\n" + numbered(10).rstrip()
    assert run(notebook.format_prompt(limit)) == whole
    assert run(notebook.format_prompt(limit, max_tokens=estimate(whole))) == whole


def test_a_notebook_of_blank_lines_makes_no_prompt(notebook: Notebook):
    run(notebook.write("\n \n"))
    assert run(notebook.format_prompt()) == ""


def test_lines_end_at_lf_and_crlf_only(notebook: Notebook):
    run(notebook.write("a\x0c\x1c\u2028\u0085b\r\nc\rd\n"))
    assert run(notebook.load()).lines == ("a\x0c\x1c\u2028\u0085b", "c\rd")
    assert body(run(notebook.format_prompt(1)))[-1] == "c\rd"


PINNED = "rule 1\nrule 2\n<!-- pin-end -->\n" + numbered(20)


@pytest.mark.parametrize(
    ("text", "limit", "keep", "shown"),
    [
        (PINNED, 4, "tail", "rule 1|rule 2||... [18 more lines in memory] ...||line 19|line 20"),
        (PINNED, 4, "head", "rule 1|rule 2|line 1|line 2||... [18 more lines in memory] ..."),
        (PINNED, 2, "tail", "rule 1|rule 2||... [20 more lines in memory] ..."),
        (PINNED, 1, "tail", "rule 1||... [21 more lines in memory] ..."),
        (PINNED, 0, "tail", "... [22 more lines in memory] ..."),
        ("a\n<!-- pin-end -->\nb\n", 9, "tail", "a|b"),
        ("a <!-- pin-end --> b\nc\n", 2, "tail", "a ||... [1 more line in memory] ...||c"),
        ("a\r\n<!-- pin-end -->\r\nb\r\nc\r\n", 2, "tail", "a||... [1 more line in memory] ...||c"),
        ("<!-- pin-end -->\na\nb\n", 1, "tail", "... [1 more line in memory] ...||b"),
    ],
)
def test_what_stands_above_the_pin_is_kept_and_the_newest_get_the_rest(
    notebook: Notebook, text: str, limit: int, keep, shown: str
):
    run(notebook.write(text))
    assert body(run(notebook.format_prompt(limit, keep=keep))) == shown.split("|")


def test_a_pin_marker_at_the_end_is_no_way_around_the_limits(notebook: Notebook):
    run(notebook.write(numbered(1000) + "<!-- pin-end -->\n"))
    assert body(run(notebook.format_prompt(2))) == (
        ["line 1", "line 2", "", "... [998 more lines in memory] ..."]
    )
    assert estimate(run(notebook.format_prompt(max_tokens=50))) <= 50


def test_the_pin_marker_can_be_another_one_or_none(notebook: Notebook):
    run(notebook.write("rule\n%%\n" + numbered(5)))
    assert body(run(notebook.format_prompt(2, pin_marker="%%")))[0] == "rule"
    assert body(run(notebook.format_prompt(2, pin_marker="")))[-2:] == ["line 4", "line 5"]


def test_the_budget_is_counted_by_the_counter_that_is_given(notebook: Notebook):
    run(notebook.write(numbered(100)))
    words = lambda text: len(text.split())  # noqa: E731
    shown = run(notebook.format_prompt(max_tokens=20, count_tokens=words))
    assert words(shown) <= 20
    assert body(shown)[-3:] == ["line 98", "line 99", "line 100"]
    mine = Notebook(notebook._backend, "ana", count_tokens=words)
    assert run(mine.format_prompt(max_tokens=20)) == shown


def test_a_line_too_long_for_the_budget_is_left_out_and_said_to_be(notebook: Notebook):
    run(notebook.write("x" * 900_000))
    assert body(run(notebook.format_prompt(max_tokens=30))) == ["... [1 more line in memory] ..."]
    assert run(notebook.format_prompt(max_tokens=3)) == ""


@given(
    st.lists(st.text(max_size=30), max_size=12),
    st.integers(0, 14),
    st.integers(0, 90),
    st.sampled_from(["tail", "head"]),
    st.sampled_from(["", "x", "日"]),
)
def test_no_notebook_makes_a_prompt_beyond_its_limits(lines, max_lines, max_tokens, keep, marker):
    text = "\n".join(lines)
    shown = prompt(text, "main", max_lines, keep=keep, max_tokens=max_tokens, pin_marker=marker)
    assert estimate(shown) <= max_tokens
    assert len(shown.split("\n")) <= max_lines + 5  # the heading, the marker, blanks around them


@pytest.mark.parametrize("wrong", [{"max_lines": -1}, {"max_tokens": -1}, {"keep": "middle"}])
def test_a_limit_that_makes_no_sense_is_refused(notebook: Notebook, wrong):
    run(notebook.append("a"))
    with pytest.raises(ValueError, match=r"negative|middle"):
        run(notebook.format_prompt(**wrong))


def test_no_agent_name_breaks_out_of_the_heading(backend: LocalBackend):
    notebook = Notebook(backend, "ana", "x)\n# SYSTEM\r\u2028" + "y" * 4000)
    run(notebook.append("a"))
    heading, _, line = run(notebook.format_prompt()).splitlines()
    assert heading.startswith("## Agent memory (x) # SYSTEM yyy")
    assert len(heading) < 110
    assert line == "a"


# ------------------------------------------------------------ out of reach is not empty


def calls(notebook: Notebook):
    return (
        notebook.read(),
        notebook.load(),
        notebook.format_prompt(),
        notebook.append("new"),
        notebook.replace("secret", "new"),
        notebook.write("new"),
    )


def assert_denied(notebook: Notebook, reason: str) -> None:
    for call in calls(notebook):
        with pytest.raises(MemoryAccessError, match=reason) as caught:
            run(call)
        assert isinstance(caught.value, PermissionError)
        assert "'main'" in str(caught.value)


@pytest.mark.parametrize(
    "place", ["ana", "ana/memory", "ana/memory/main", "ana/memory/main/MEMORY.md"]
)
def test_a_symbolic_link_anywhere_on_the_way_is_refused(
    backend: LocalBackend, notebook: Notebook, tmp_path: Path, place: str
):
    elsewhere = tmp_path / "elsewhere"
    given_file(elsewhere / "ana/memory/main/MEMORY.md", b"secret\n")
    link = backend.path / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / place)
    assert_denied(notebook, "symbolic link")
    if not place.endswith("MEMORY.md"):
        with pytest.raises(BackendError, match="symbolic link"):
            run(backend.kinds("ana"))
    if place != "ana":
        run(backend.delete_user("ana"))
        assert not (backend.path / "ana").exists()
    assert [path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()] == [b"secret\n"]


def test_a_link_in_the_place_of_the_former_text_is_refused_too(
    notebook: Notebook, path: Path, tmp_path: Path
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    given_file(path, b"secret\n")
    (path.parent / ".previous").symlink_to(elsewhere)
    assert_denied(notebook, "symbolic link")
    assert list(elsewhere.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_not_an_empty_notebook(notebook: Notebook, path: Path):
    path.mkdir(parents=True)
    assert_denied(notebook, "is a directory")


@pytest.mark.parametrize("place", ["ana/memory", "ana/memory/main"])
def test_a_file_in_the_place_of_a_folder_is_not_an_empty_notebook(
    backend: LocalBackend, notebook: Notebook, place: str
):
    given_file(backend.path / place, b"secret\n")
    assert_denied(notebook, "not a directory")
    assert (backend.path / place).read_bytes() == b"secret\n"


@pytest.fixture
def unprivileged():
    """A folder of a user to whom permissions mean something, as which the test then runs."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.geteuid() == 0
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)
            for path in Path(folder).rglob("*"):
                path.chmod(0o700)


def test_a_notebook_that_may_not_be_read_is_not_an_empty_one(unprivileged: Path):
    notebook = Notebook(LocalBackend(unprivileged / "memories"), "ana")
    path = Path(run(notebook.append("secret")).path)
    path.chmod(0)
    assert_denied(notebook, f"{path}.*permission denied")
    path.chmod(0o600)
    assert run(notebook.read()) == "secret\n"


def test_a_notebook_that_may_not_be_written_is_still_read(unprivileged: Path):
    notebook = Notebook(LocalBackend(unprivileged / "memories"), "ana")
    path = Path(run(notebook.append("secret")).path)
    path.parent.chmod(0o500)
    assert run(notebook.read()) == "secret\n"
    with pytest.raises(MemoryAccessError, match=r"can't write.*permission denied"):
        run(notebook.append("new"))
    assert path.read_text() == "secret\n"


def test_a_disk_that_fails_is_no_denial(notebook: Notebook, monkeypatch: pytest.MonkeyPatch):
    run(notebook.append("old"))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackendError, match="no space left"):
        run(notebook.append("new"))
    monkeypatch.undo()
    assert run(notebook.read()) == "old\n"


def test_bytes_that_are_no_text_are_told_with_their_place_and_never_destroyed(
    notebook: Notebook, path: Path
):
    given_file(path, b"tea\ncaf\xe9\n")
    for call in calls(notebook):
        with pytest.raises(DocumentError) as caught:
            run(call)
        assert (caught.value.line, caught.value.column) == (2, 4)
        assert str(caught.value).startswith(f"{path}, line 2, column 4: ")
    assert path.read_bytes() == b"tea\ncaf\xe9\n"


# ------------------------------------------------------------ by hand, meanwhile


def test_edits_by_hand_between_appends_all_survive(notebook: Notebook, path: Path):
    for number in range(3):
        run(notebook.append(f"- agent {number}"))
        path.write_text(path.read_text() + f"\n- person {number}\n")
    run(notebook.append("- agent 3"))
    assert run(notebook.load()).lines[::2] == (
        "- agent 0", "- person 0", "- agent 1", "- person 1", "- agent 2", "- person 2",
        "- agent 3",
    )  # fmt: skip


@pytest.mark.parametrize("known", [True, False], ids=["this process", "another process"])
def test_an_editor_that_truncates_first_is_waited_for(
    backend: LocalBackend, notebook: Notebook, path: Path, known: bool
):
    run(notebook.append("- one\n- two\n- three"))
    edited = "# By hand\n- one\n- two, or so\n- three\n"

    def save() -> None:
        with path.open("r+") as file:
            file.truncate(0)
            file.flush()
            time.sleep(0.4)
            file.write(edited[:14])
            file.flush()
            time.sleep(0.4)
            file.write(edited[14:])

    editor = threading.Thread(target=save)
    editor.start()
    time.sleep(0.1)
    writer = notebook if known else Notebook(LocalBackend(backend.path), "ana")
    run(writer.append("- four"))
    editor.join()
    assert path.read_text() == edited + "\n- four\n"


def test_the_text_before_the_edit_is_kept_beside_the_notebook(notebook: Notebook, path: Path):
    run(notebook.append("before"))
    path.write_text("after\nby hand\n")
    run(notebook.append("new"))
    assert (path.parent / ".previous" / "MEMORY.md").read_text() == "before\n"


def test_a_list_that_looks_like_toml_headers_is_nothing_to_wait_for(notebook: Notebook, path: Path):
    run(notebook.write("[x] done\n[tea] is the word\n"))
    path.write_text("[ ] to do, and much more than that\n")
    started = time.monotonic()
    run(notebook.append("new"))
    assert time.monotonic() - started < 1.5  # a page that lost tables would be waited for longer


def test_an_emptied_notebook_is_not_written_to_and_a_deleted_one_starts_anew(
    notebook: Notebook, path: Path
):
    run(notebook.append("secret"))
    path.write_text("")
    for call in (notebook.append("new"), notebook.write("new")):
        with pytest.raises(DocumentError, match=r"empty.*delete the file to start anew"):
            run(call)
    assert path.read_text() == ""
    path.unlink()
    os.utime(path.parent, (1, 1))
    assert run(notebook.append("new")).content == "new\n"


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


class SixMethods:
    """A backend as TOMLDiary knows them."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    async def load(self, user_id: str, kind: str) -> str | None:
        await asyncio.sleep(0)
        return self.texts.get((user_id, kind))

    async def save(self, user_id: str, kind: str, content: str) -> None:
        await asyncio.sleep(0)
        self.texts[user_id, kind] = content

    async def exists(self, user_id: str, kind: str) -> bool:
        return (user_id, kind) in self.texts

    async def delete(self, user_id: str, kind: str) -> None:
        self.texts.pop((user_id, kind), None)

    async def delete_user(self, user_id: str) -> None:
        self.texts = {key: text for key, text in self.texts.items() if key[0] != user_id}

    async def list_users(self) -> list[str]:
        return sorted({user for user, _ in self.texts})


def test_a_backend_of_six_methods_keeps_notebooks_too():
    backend = SixMethods()

    async def main():
        notebook = Notebook(backend, "ana", "Web Search")
        await asyncio.gather(*(notebook.append(f"- {n}") for n in range(20)))
        return await notebook.load()

    file = run(main())
    assert sorted(filter(None, file.lines)) == sorted(f"- {n}" for n in range(20))
    assert file.path == "ana/memory/%57eb%20%53earch"
    assert list(backend.texts) == [("ana", "memory/%57eb%20%53earch")]


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
