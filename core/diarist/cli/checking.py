"""`diarist check`: what is broken on the pages and in the databases; with --repair, saved."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from diarist.backends.addresses import shown
from diarist.backends.repair import Repair
from diarist.backends.sqlite import SQLiteRecords
from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    TableName,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import count, say, say_json
from diarist.diary import Diary
from diarist.errors import DiaristError
from diarist.models import Problem

commands = typer.Typer()

OneUser = Annotated[
    str | None, typer.Argument(metavar="[USER]", help="Whose diary.", show_default="everybody's")
]
DoRepair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Save what can be read of a damaged database, and move the damaged file aside.",
    ),
]


@commands.command(
    epilog=examples(
        "diarist check",
        "diarist check ana --schema prefs.py:MyPrefs",
        "diarist check ana --repair",
    )
)
def check(
    user: OneUser = None,
    repair: DoRepair = False,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Find what a hand edit broke, file, line and reason, and databases that are damaged.

    Nothing is changed without --repair, and --repair changes no page. Exits with 1 when something
    is found that stays, with 0 when all is well.
    """
    if not asyncio.run(_check(user, folder, table, mend=repair, as_json=as_json)):
        raise typer.Exit(1)


async def _check(
    user: str | None, folder: str, table: str | None, *, mend: bool, as_json: bool
) -> bool:
    """Look, tell, and say whether all is well."""
    async with open_diary(folder, table) as diary:
        if user is not None:
            await require_user(diary, folder, user)
        users = await diary.list_users() if user is None else [user]
        repairs = [(name, await _repaired(diary, name)) for name in users] if mend else []
        problems = [(name, each) for name in users for each in await _problems(diary, folder, name)]
    done = [(name, repair) for name, repair in repairs if repair is not None]
    if as_json:
        mended = [{"user_id": name, "repair": asdict(repair)} for name, repair in done]
        say_json(mended + [{"user_id": name, **asdict(problem)} for name, problem in problems])
        return not problems
    for _, told in (*done, *problems):
        say(str(told))
    if not done and not problems:
        say(f"{count(len(users), 'user')}, nothing to mend")
    return not problems


async def _repaired(diary: Diary, user: str) -> Repair | None:
    if not isinstance(diary.records, SQLiteRecords):
        raise CommandError("--repair mends databases of SQLite, and this diary has none")
    return await diary.records.repair(user)


async def _problems(diary: Diary, folder: str, user: str) -> list[Problem]:
    """Return what is wrong with a user's diary; what hides it must not hide the others' too."""
    try:
        return await diary.check(user)
    except DiaristError as error:
        return [Problem(shown(folder), None, str(error))]
