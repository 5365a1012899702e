"""`diarist compact`: exact doubles merged, stale summaries trimmed, now."""

import asyncio
from typing import Annotated

import typer

from diarist.cli.options import (
    DEFAULT_FOLDER,
    Folder,
    TableName,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import say
from diarist.compaction import CompactionReport

commands = typer.Typer()

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done; nothing is written.")
]


@commands.command(epilog=examples("diarist compact ana --dry-run", "diarist compact ana"))
def compact(
    user: UserId,
    dry_run: DryRun = False,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
) -> None:
    """Merge preferences that are there twice, and trim old summaries; no fact is lost.

    What you laid out by hand keeps its bytes, and a page that you are editing is left alone. The
    text before stays in the user's folder .previous.
    """
    diary = open_diary(folder, table)

    async def run() -> CompactionReport:
        await require_user(diary, folder, user)
        return await diary.compact(user, dry_run=dry_run)

    say(str(asyncio.run(run())))
