"""`diarist view`: a diary as one HTML page, in a file that any browser opens."""

import asyncio
import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from diarist.backends.ids import folder_name
from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    TableName,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import note, say, say_json
from diarist.html.view import OPENING

STANDARD_OUTPUT = "-"

commands = typer.Typer()

Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.html",
        help="Where to write it, over what is there; - is standard output.",
        show_default="USER.html, in this folder",
    ),
]
Messages = Annotated[
    int,
    typer.Option(
        "--messages",
        min=0,
        metavar="N",
        help="The most messages to show on the time line, those of the latest conversations.",
    ),
]
MostNotes = Annotated[
    int, typer.Option("--notes", min=0, metavar="N", help="The most notes to show, the newest.")
]
Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


@commands.command(
    epilog=examples(
        "diarist view ana",
        "diarist view ana --open",
        "diarist view ana -o ana-in-may.html --messages 10000",
        "diarist view ana -o - > ana.html",
    )
)
def view(
    user: UserId,
    output: Output = None,
    messages: Messages = 2000,
    notes: MostNotes = 1000,
    open: Open = False,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Write the diary as one HTML page: preferences, conversations, notes, and a search box."""
    if output == STANDARD_OUTPUT and (open or as_json):
        raise CommandError("--output - prints the page and nothing else: name a file")
    page = asyncio.run(_page(user, messages, notes, folder, table)).encode()
    if output == STANDARD_OUTPUT:
        typer.echo(page, nl=False)
        return
    path = _own_path(user) if output is None else Path(output)
    _write(path, page)
    if as_json:
        say_json({"user_id": user, "path": str(path), "bytes": len(page)})
    else:
        say(f"{user}: {path}, {len(page) / 1000:,.0f} kB; any browser opens it")
    if open and not webbrowser.open(path.absolute().as_uri()):
        note(f"there is no browser to open {path} in")


async def _page(user: str, messages: int, notes: int, folder: str, table: str | None) -> str:
    async with open_diary(folder, table) as diary:
        await require_user(diary, folder, user)
        return await diary.view(user, messages=messages, notes=notes)


def _own_path(user: str) -> Path:
    """Return the file that is named after the user; only a page like this is written over.

    Raises:
        CommandError: there is something else.
    """
    path = Path(f"{folder_name(user)}.html")
    if path.exists() and not path.read_bytes().startswith(OPENING.encode()):
        raise CommandError(f"{path} is there, and no page of `diarist view`; name a file with -o")
    return path


def _write(path: Path, page: bytes) -> None:
    """Write the page; a new file is readable by its owner only."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(page)
