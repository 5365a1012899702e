"""What is appended, replaced and written stays as it is; what makes no sense is refused."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from diarist import InvalidIdError, LocalBackend
from diarist.errors import NotebookError
from diarist.notebook import MemoryFile, Notebook
from diarist.pages.notebook import LARGEST

if TYPE_CHECKING:
    from pathlib import Path


def run(coroutine):
    return asyncio.run(coroutine)


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
