"""`diarist edit`: a page in the person's own editor, checked before it replaces the page."""

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from diarist.backends.addresses import open_backend
from diarist.backends.base import ABSENT, DocumentStore, Version
from diarist.backends.local import LocalBackend
from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    Folder,
    PageName,
    TableName,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import note, say
from diarist.diary import Diary
from diarist.errors import ConflictError, DocumentError
from diarist.models import Page, Problem

commands = typer.Typer()

EditedPage = Annotated[
    PageName, typer.Argument(metavar="[PAGE]", help="preferences or conversations.")
]


class _Answer(Enum):
    AGAIN = "again"
    SAVE = "save"
    DISCARD = "discard"
    NONE = "none"


@commands.command(
    epilog=examples(
        "diarist edit ana",
        "EDITOR='code --wait' diarist edit ana conversations",
    )
)
def edit(
    user: UserId,
    page: EditedPage = PageName.PREFERENCES,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
) -> None:
    """Open a page in your editor ($VISUAL or $EDITOR), and check it before it is saved.

    You edit a copy: what the agent writes in the meantime is never overwritten, and a text that
    can't be saved is kept.
    """
    words = _editor()
    diary = open_diary(folder, table)
    asyncio.run(require_user(diary, folder, user))
    backend = open_backend(folder)
    before, version = asyncio.run(backend.get(user, page.value))
    copy = _Copy(user, page.value, before or "", diary)
    try:
        text = _edited(copy, words)
        if text is None:
            say(f"{page.value} of {user}: nothing changed")
        else:
            _put(backend, user, page.value, text, version)
            say(f"{page.value} of {user}: saved")
        copy.remove()
    finally:
        copy.leave()


def _editor() -> list[str]:
    """Return the words of the editor's command line."""
    for name in ("VISUAL", "EDITOR"):
        value = os.environ.get(name, "")
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise CommandError(f"${name} is {value!r}: {error}") from error
        if words:
            return words
    raise CommandError("no editor is set: set $EDITOR, such as EDITOR=nano")


class _Copy:
    """The page in a folder of its own, laid out as a diary, so that `Diary.check` reads it."""

    def __init__(self, user: str, page: str, text: str, original: Diary) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="diarist-edit-"))
        backend = LocalBackend(self._folder, durability="normal")
        self._diary = Diary(backend, original.pref_table_cls)
        self._user = user
        self._before = text.encode()
        self.path = Path(backend.locate(user, page))
        self.path.parent.mkdir(mode=0o700)
        self.path.touch(mode=0o600)
        self.path.write_bytes(self._before)

    @property
    def is_changed(self) -> bool:
        """Whether the text is another than at first; a copy that was removed is not changed."""
        return self.path.exists() and self.path.read_bytes() != self._before

    def text(self) -> str | None:
        """Return the text, None where it can't be a page."""
        try:
            text = self.path.read_bytes().decode()
            _ = Page(text).data
        except (UnicodeDecodeError, DocumentError):
            return None
        return text

    def problems(self) -> list[Problem]:
        return asyncio.run(self._diary.check(self._user))

    def remove(self) -> None:
        shutil.rmtree(self._folder)

    def leave(self) -> None:
        """Remove the copy, unless somebody's work is in it."""
        if self.is_changed:
            note(f"your text is kept in {self.path}")
        elif self._folder.exists():
            self.remove()


def _edited(copy: _Copy, words: list[str]) -> str | None:
    """Return the text to save, None where nothing changed.

    Raises:
        CommandError: the editor failed, or the text is broken and nobody says what to do.
        typer.Exit: the person discards the text.
    """
    while True:
        _open(words, copy.path)
        if not copy.is_changed:
            return None
        text, problems = copy.text(), copy.problems()
        if text is not None and not problems:
            return text
        for problem in problems:
            note(str(problem))
        answer = _asked(can_save=text is not None)
        if answer is _Answer.SAVE:
            return text
        if answer is _Answer.DISCARD:
            copy.remove()
            note("discarded; the page is as it was")
            raise typer.Exit(1)
        if answer is _Answer.NONE:
            raise CommandError("the text is not saved")


def _open(words: list[str], path: Path) -> None:
    try:
        code = subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        raise CommandError(f"can't start the editor {words[0]!r}: {error.strerror}") from error
    if code:
        raise CommandError(f"the editor {words[0]!r} ended with {code}; nothing is saved")


def _asked(*, can_save: bool) -> _Answer:
    choices = [_Answer.AGAIN, *([_Answer.SAVE] if can_save else []), _Answer.DISCARD]
    question = (
        "edit (a)gain, (s)ave anyway or (d)iscard" if can_save else "edit (a)gain or (d)iscard"
    )
    while True:
        try:
            said = typer.prompt(question, err=True).strip().lower()
        except typer.Abort:
            return _Answer.NONE
        for choice in choices:
            if said and choice.value.startswith(said):
                return choice


def _put(backend: DocumentStore, user: str, page: str, text: str, version: Version | None) -> None:
    try:
        asyncio.run(backend.put(user, page, text, expect=ABSENT if version is None else version))
    except ConflictError as error:
        raise CommandError(
            f"{page} of {user} changed while you edited; it is not overwritten. "
            f"`diarist edit {shlex.quote(user)} {page}` opens it as it is now"
        ) from error
