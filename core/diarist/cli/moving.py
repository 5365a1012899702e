"""`diarist export`, `import` and `delete`: a user's diary as a whole."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from diarist.backends.addresses import shown
from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    UserId,
    Yes,
    ask,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import count, say, say_json
from diarist.diary import Diary
from diarist.errors import UserExistsError

commands = typer.Typer()

NewPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="A new folder, or a new file that ends in .zip.", show_default=False
    ),
]
ExportPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="A folder or zip file that export wrote.", show_default=False
    ),
]


# ------------------------------------------------------------ export


@commands.command(
    epilog=examples(
        "diarist export ana ana.zip",
        "diarist export ana backup/ana --json",
    )
)
def export(
    user: UserId, path: NewPath, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Write everything of a user to a folder or zip file, readable without diarist."""
    names = asyncio.run(_export(user, path, folder))
    if as_json:
        say_json({"user_id": user, "path": path, "files": names})
    else:
        say(f"{user}: {count(len(names), 'file')} in {path}: {', '.join(names)}")


async def _export(user: str, path: str, folder: str) -> list[str]:
    diary = open_diary(folder, None)
    await require_user(diary, folder, user)
    try:
        return await diary.export_user(user, path)
    except FileExistsError as error:
        raise CommandError(f"{path} exists already; name a path that does not") from error


# ------------------------------------------------------------ import


@commands.command(
    "import",
    epilog=examples(
        "diarist import ana ana.zip",
        "diarist import ana backup/ana --diary elsewhere",
    ),
)
def import_(
    user: UserId, path: ExportPath, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Make a user of what export wrote; a user who has a diary already is left as they are."""
    asyncio.run(_import(user, path, open_diary(folder, None)))
    if as_json:
        say_json({"user_id": user, "path": path})
    else:
        say(f"{user}: imported from {path}")


async def _import(user: str, path: str, diary: Diary) -> None:
    try:
        await diary.import_user(user, path)
    except UserExistsError as error:
        raise CommandError(
            f"{user!r} has a diary already; `diarist delete` removes it, or import under another id"
        ) from error


# ------------------------------------------------------------ delete


@commands.command(
    epilog=examples(
        "diarist delete ana",
        "diarist delete ana --yes --json",
    )
)
def delete(
    user: UserId, yes: Yes = False, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Remove everything of a user, for good: pages, notebooks, messages and notes."""
    diary = open_diary(folder, None)
    asyncio.run(require_user(diary, folder, user))
    if not yes:
        ask(
            f"Delete everything of {user} in {shown(folder)}? It can't be undone",
            unanswered=f"nobody is here to ask whether to delete {user!r}",
            refused="nothing is deleted",
        )
    report = asyncio.run(diary.delete_user(user))
    if as_json:
        say_json(asdict(report))
    else:
        say(str(report))
