"""`diarist edit`: a page in the person's own editor, from which nothing is lost."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '[likes.tea]\ntext = "love tea"  # mine\n'


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path):
    """Set an editor that runs the lines of Python given, once for each time it is opened.

    The lines see `copy`, the file to edit, and `page`, the page itself.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)

    def install(*scripts: str) -> None:
        folder = tmp_path / "an editor"
        folder.mkdir()
        for number, script in enumerate(scripts):
            (folder / f"{number}.py").write_text(script)
        program = folder / "editor.py"
        program.write_text(
            "import pathlib, sys\n"
            "copy = pathlib.Path(sys.argv[-1])\n"
            f"page = pathlib.Path({str(home)!r}) / 'ana' / copy.name\n"
            "script = min(pathlib.Path(__file__).parent.glob('[0-9].py'))\n"
            "source = script.read_text()\n"
            "script.unlink()\n"
            "exec(source)\n"
        )
        monkeypatch.setenv("EDITOR", f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}")

    return install


def kept(tmp_path: Path) -> list[Path]:
    """Return the copies that are left."""
    return sorted((tmp_path / "tmp").rglob("*.toml"))


def test_an_edited_page_is_saved_byte_for_byte(run, walnuts: Path, editor, tmp_path: Path):
    text = GOOD.replace("\n", "\r\n")
    editor(f"copy.write_bytes({text.encode()!r})")
    result = run("edit", "ana")
    assert (result.exit_code, result.stdout) == (0, "preferences of ana: saved\n")
    assert (walnuts / "preferences.toml").read_bytes() == text.encode()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_conversations_can_be_edited_too(run, walnuts: Path, editor):
    editor("copy.write_text(copy.read_text().replace('I\\'m allergic', 'Ana is allergic'))")
    assert run("edit", "ana", "conversations").exit_code == 0
    assert "Ana is allergic to walnuts." in (walnuts / "conversations.toml").read_text()


def test_a_page_that_is_not_there_yet_can_be_written(run, walnuts: Path, editor):
    (walnuts / "preferences.toml").unlink()
    editor(f"assert copy.read_text() == ''\ncopy.write_text({GOOD!r})")
    assert run("edit", "ana").exit_code == 0
    assert (walnuts / "preferences.toml").read_text() == GOOD


def test_an_unchanged_page_is_left_alone(run, walnuts: Path, editor, tmp_path: Path):
    before = (walnuts / "preferences.toml").stat()
    editor("copy.write_text(copy.read_text())")
    assert run("edit", "ana").stdout == "preferences of ana: nothing changed\n"
    assert (walnuts / "preferences.toml").stat().st_mtime_ns == before.st_mtime_ns
    assert kept(tmp_path) == []


def test_a_broken_text_is_told_by_line_and_edited_again(run, walnuts: Path, editor):
    editor(
        "copy.write_text('[likes.tea]\\noops')",
        f"assert 'oops' in copy.read_text()\ncopy.write_text({GOOD!r})",
    )
    result = run("edit", "ana", input="again\n")
    assert result.exit_code == 0, result.output
    assert re.search(r"preferences\.toml:2: ", result.stderr)
    assert (walnuts / "preferences.toml").read_text() == GOOD


def test_a_broken_text_can_not_be_saved(run, walnuts: Path, editor):
    before = (walnuts / "preferences.toml").read_bytes()
    editor("copy.write_bytes(b'\\xff')")
    result = run("edit", "ana", input="save\nd\n")
    assert result.exit_code == 1
    assert "(s)ave" not in result.stderr
    assert (walnuts / "preferences.toml").read_bytes() == before


def test_a_discarded_text_is_gone_and_the_page_as_before(
    run, walnuts: Path, editor, tmp_path: Path
):
    before = (walnuts / "preferences.toml").read_bytes()
    editor("copy.write_text('oops')")
    result = run("edit", "ana", input="discard\n")
    assert result.exit_code == 1
    assert (walnuts / "preferences.toml").read_bytes() == before
    assert kept(tmp_path) == []


def test_a_broken_text_is_kept_where_nobody_answers(run, walnuts: Path, editor, tmp_path: Path):
    editor("copy.write_text('oops')")
    result = run("edit", "ana", input="")
    assert result.exit_code == 2
    (copy,) = kept(tmp_path)
    assert copy.read_text() == "oops"
    assert f"your text is kept in {copy}" in result.stderr


def test_what_the_table_can_not_use_may_be_saved_anyway(run, walnuts: Path, editor):
    text = '[pets.cat]\ntext = "Biscuit"\n'
    editor(f"copy.write_text({text!r})")
    result = run("edit", "ana", input="what\ns\n")
    assert result.exit_code == 0, result.output
    assert "no category 'pets'" in result.stderr
    assert (walnuts / "preferences.toml").read_text() == text


def test_a_change_in_between_is_not_overwritten(run, walnuts: Path, editor, tmp_path: Path):
    editor(f"copy.write_text({GOOD!r})\npage.write_text('# the agent was here')")
    result = run("edit", "ana")
    assert result.exit_code == 2
    assert (walnuts / "preferences.toml").read_text() == "# the agent was here"
    (copy,) = kept(tmp_path)
    assert copy.read_text() == GOOD
    assert "changed while you edited" in result.stderr
    assert str(copy) in result.stderr


def test_a_page_that_appears_in_between_is_not_overwritten(run, walnuts: Path, editor):
    (walnuts / "preferences.toml").unlink()
    editor(f"copy.write_text({GOOD!r})\npage.write_text('# the agent was here')")
    assert run("edit", "ana").exit_code == 2
    assert (walnuts / "preferences.toml").read_text() == "# the agent was here"


def test_the_copy_is_for_its_owner_only(run, walnuts: Path, editor):
    editor(
        "assert copy.stat().st_mode & 0o077 == 0\nassert copy.parent.stat().st_mode & 0o077 == 0"
    )
    assert run("edit", "ana").exit_code == 0


def test_an_editor_that_fails_saves_nothing(run, walnuts: Path, editor, tmp_path: Path):
    before = (walnuts / "preferences.toml").read_bytes()
    editor(f"copy.write_text({GOOD!r})\nsys.exit(3)")
    result = run("edit", "ana")
    assert result.exit_code == 2
    assert "ended with 3" in result.stderr
    assert (walnuts / "preferences.toml").read_bytes() == before
    assert [copy.read_text() for copy in kept(tmp_path)] == [GOOD]


def test_visual_comes_before_editor(run, walnuts: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VISUAL", "true")
    monkeypatch.setenv("EDITOR", "false")
    assert run("edit", "ana").exit_code == 0


@pytest.mark.parametrize("value", ["", "  ", "'unclosed", "/no/such/editor --wait"])
def test_an_editor_that_is_none_is_one_line(
    run, walnuts: Path, monkeypatch: pytest.MonkeyPatch, value: str
):
    monkeypatch.setenv("EDITOR", value)
    result = run("edit", "ana")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "EDITOR" in result.stderr or "/no/such/editor" in result.stderr
