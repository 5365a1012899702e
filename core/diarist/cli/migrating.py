"""`diarist migrate`: memories of other systems become a diary's, as often as one likes, once."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from diarist.backends.addresses import shown
from diarist.blocking import finish
from diarist.cli.bringing import AnySource, Brought
from diarist.cli.memory_mini import MemoryMiniFile
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    TableName,
    Yes,
    ask,
    examples,
    open_blocking_diary,
)
from diarist.cli.output import headline, note, say, say_json, tracked
from diarist.cli.tomldiary import TomlDiaryFolder
from diarist.diary import Diary

commands = typer.Typer()

FolderPath = Annotated[
    Path,
    typer.Argument(
        metavar="PATH", help="TOMLDiary's folder; the diary's own is one, too.", show_default=False
    ),
]
FilePath = Annotated[
    Path, typer.Argument(metavar="PATH", help="memory-mini's file.", show_default=False)
]
Owner = Annotated[
    str, typer.Option("--user", metavar="USER", help="Whose notes the entries become.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done; nothing is written.")
]


@commands.command(
    epilog=examples(
        "diarist migrate tomldiary ./memories --dry-run",
        "diarist migrate tomldiary old-memories --diary memories --yes",
    )
)
def tomldiary(
    path: FolderPath,
    dry_run: DryRun = False,
    yes: Yes = False,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Bring over preferences and conversations of TOMLDiary, of any version.

    Everything is looked at first, then you are asked. What the diary has already stays as it is;
    comments and layout come along where it has no page yet. What was forgotten since comes back
    when you bring it over again. TOMLDiary's folder stays as it is, unless it is the diary's.
    """
    with _diary(folder, table) as diary:
        source = TomlDiaryFolder(path, diary)
        _migrate(source, f"{path} to {shown(folder)}", dry_run=dry_run, yes=yes, as_json=as_json)


@commands.command(
    "memory-mini",
    epilog=examples(
        "diarist migrate memory-mini memory.db --dry-run",
        "diarist migrate memory-mini memory.db --user ana --diary memories --yes",
    ),
)
def memory_mini(
    path: FilePath,
    user: Owner = "memory-mini",
    dry_run: DryRun = False,
    yes: Yes = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Bring over the entries of memory-mini, as notes of one user.

    Everything is looked at first, then you are asked. Times, metadata, embeddings and what is
    soft-deleted come along; what has expired does not. A note that is there already, deleted or
    not, stays as it is. memory-mini's file stays as it is.
    """
    with _diary(folder, None) as diary:
        source = MemoryMiniFile(path, user, diary)
        _migrate(source, f"{path} to {shown(folder)}", dry_run=dry_run, yes=yes, as_json=as_json)


# ------------------------------------------------------------ how


@contextmanager
def _diary(folder: str, table: str | None) -> Generator[Diary]:
    """Open a diary for the length of a `with` block; its coroutines never suspend."""
    diary = open_blocking_diary(folder, table)
    try:
        yield diary
    finally:
        finish(diary.aclose())


def _migrate(source: AnySource, way: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    brought = Brought()
    for part in tracked(source.parts, "looking"):
        brought.add(source.look(part))
    if not dry_run:
        if not as_json:
            say(f"{way}: {brought}")
        if not yes:
            ask(
                "Bring that over?",
                unanswered="nobody is here to ask whether to bring that over",
                refused="nothing is brought over",
            )
        brought = Brought()
        for part in tracked(source.parts, "bringing over"):
            brought.add(source.bring(part))
    _report(brought, way, dry_run=dry_run, as_json=as_json)


def _report(brought: Brought, way: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "new": brought.new,
                "known": brought.known,
                "expired": brought.expired,
                "users": sorted(brought.users),
                "faults": [asdict(fault) for fault in brought.faults],
                "dry_run": dry_run,
            }
        )
    else:
        headline(f"{'would bring' if dry_run else 'brought'} {way}: {brought}")
        for user in sorted(brought.users):
            say(f"  {user}")
    for fault in brought.faults:
        note(f"{fault.where}: {fault.reason}")
    if brought.faults:
        raise typer.Exit(1)
