"""What is out of reach is not empty, and what a person edits meanwhile survives."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from diarist import BackendError, DocumentError, LocalBackend
from diarist.errors import MemoryAccessError
from diarist.notebook import Notebook


def run(coroutine):
    return asyncio.run(coroutine)


def given_file(path: Path, content: bytes) -> None:
    """Put a file there that has been at rest for long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1, 1))


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
