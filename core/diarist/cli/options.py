"""The arguments and options that commands share, and the diary they name."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from diarist.backends.addresses import FORMS, open_backend, shown
from diarist.cli.failures import CommandError
from diarist.cli.output import note
from diarist.cli.tables import load_model, load_table
from diarist.diary import CONVERSATIONS, PREFERENCES, Diary
from diarist.visible import visible

DEFAULT_FOLDER = "memories"


class PageName(StrEnum):
    """The pages of a diary."""

    PREFERENCES = PREFERENCES
    CONVERSATIONS = CONVERSATIONS


def _folder(address: str) -> str:
    if not address:
        raise CommandError("it names a folder, and is empty")
    return address


UserId = Annotated[str, typer.Argument(metavar="USER", help="Whose diary.", show_default=False)]
Folder = Annotated[
    str,
    typer.Option(
        "--diary",
        metavar="PATH",
        envvar="DIARIST_HOME",
        parser=_folder,
        help=f"The folder with everybody's pages, or where else they are: {FORMS}.",
        show_default="./memories",
    ),
]
TableName = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="FILE.py:Class",
        help="Your preference table. The file is executed. Without it: DefaultPreferences.",
        show_default=False,
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--embed",
        metavar="FILE.py:name",
        help="An embedding model: a callable of a list of texts. The file is executed.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]


def open_diary(folder: str, table: str | None, model: str | None = None) -> Diary:
    """Return the diary at `folder`, an address; nothing is created before something is written."""
    return Diary(
        open_backend(folder),
        None if table is None else load_table(table),
        embed=None if model is None else load_model(model),
    )


def open_blocking_diary(folder: str, table: str | None) -> Diary:
    """Return the same diary, whose coroutines never suspend: `finish` runs them right here."""
    twin = open_diary(folder, table).blocking
    assert twin is not None  # every backend that has an address has one
    return twin


async def require_user(diary: Diary, folder: str, user_id: str) -> None:
    """Refuse a user who has no diary yet: most likely the name or the folder is mistyped.

    Raises:
        CommandError: there is no such user.
    """
    for kind in PageName:
        if await diary.backend.exists(user_id, kind):
            return
    if user_id not in await diary.list_users():  # who may have notes, and no page
        raise CommandError(f"{shown(folder)} has no user {user_id!r}; `diarist users` lists them")


def ask(question: str, *, unanswered: str, refused: str) -> None:
    """Ask, and leave unless the person wants it.

    Args:
        question: a question that yes is an answer to.
        unanswered: what is said where nobody can be asked.
        refused: what is said after a no.
    """
    if not sys.stdin.isatty():
        raise CommandError(f"{unanswered}: pass --yes if it is meant")
    if not typer.confirm(visible(question), err=True):
        note(refused)
        raise typer.Exit(1)


def examples(*commands: str) -> str:
    """Return command lines as the closing paragraphs of a command's help, in Markdown."""
    return "\n\n".join(["For example:", *(f"- `{command}`" for command in commands)])
