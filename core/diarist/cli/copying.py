"""`diarist copy`: everybody's diary, or one user's, from one backend to another."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from diarist.backends.addresses import FORMS, shown
from diarist.cli.failures import EXPECTED, CommandError, lines_for
from diarist.cli.options import AsJson, examples, open_diary, require_user
from diarist.cli.output import count, note, say, say_json
from diarist.copying import Copied, copy_user
from diarist.diary import Diary

AT_ONCE = 8
"""Users who are copied side by side."""

commands = typer.Typer()

Source = Annotated[
    str, typer.Argument(metavar="FROM", help=f"What to copy: {FORMS}.", show_default=False)
]
Target = Annotated[
    str, typer.Argument(metavar="TO", help="Where to; a folder is made.", show_default=False)
]
OneUser = Annotated[
    str | None,
    typer.Option("--user", metavar="USER", help="Whose diary.", show_default="everybody's"),
]


@dataclass(slots=True)
class _Outcome:
    """What became of each user.

    Attributes:
        copied: those who are whole in both places.
        failed: why the others are not.
    """

    copied: list[Copied] = field(default_factory=list[Copied])
    failed: dict[str, str] = field(default_factory=dict[str, str])


@commands.command(
    epilog=examples(
        "diarist copy memories firestore://my-project/app/memory?records=/var/diary",
        "diarist copy memories /backup/memories --user ana",
    )
)
def copy(source: Source, target: Target, user: OneUser = None, as_json: AsJson = False) -> None:
    """Copy diaries from one backend to another, and compare what arrived with what was sent.

    Nothing is overwritten: a user who is there already with something else is reported and left
    alone. A copy that was stopped goes on with the same command. Nobody should write to FROM
    meanwhile. Exits with 1 when a user could not be copied.
    """
    outcome = asyncio.run(_copy(source, target, user))
    for line in outcome.failed.values():
        note(line)
    if as_json:
        copied = [asdict(each) for each in sorted(outcome.copied, key=lambda each: each.user_id)]
        say_json({"copied": copied, "failed": outcome.failed})
    else:
        _summarize(outcome)
    if outcome.failed:
        raise typer.Exit(1)


async def _copy(source: str, target: str, user: str | None) -> _Outcome:
    async with open_diary(source, None) as given, open_diary(target, None) as wanted:
        if given.records is not None and wanted.records is None:
            raise CommandError(f"{shown(target)} keeps no messages or notes; add ?records=FOLDER")
        if user is not None:
            await require_user(given, source, user)
        users = await given.list_users() if user is None else [user]
        await wanted.list_users()  # a place where nothing can be is told once, and not for each
        if not users:
            raise CommandError(f"{shown(source)} has no users; is it the right place?")
        return await _copied(given, wanted, users)


async def _copied(given: Diary, wanted: Diary, users: list[str]) -> _Outcome:
    """Copy several users at a time; one who can't be copied must not stop the others."""
    outcome, waiting = _Outcome(), iter(users)
    with _shown(len(users)) as advance:

        async def work() -> None:
            for user in waiting:
                try:
                    outcome.copied.append(await copy_user(given, wanted, user))
                except EXPECTED as error:
                    outcome.failed[user] = " ".join(lines_for(error))
                advance()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return outcome


@contextmanager
def _shown(users: int) -> Generator[Callable[[], None]]:
    """Show how far it is, where a person looks on."""
    console = Console(stderr=True)
    columns = (TextColumn("copying"), BarColumn(), MofNCompleteColumn(), TextColumn("users"))
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=users)
        yield lambda: progress.advance(task)


def _summarize(outcome: _Outcome) -> None:
    copied = outcome.copied
    known = sum(each.was_there for each in copied)
    told = f"{count(len(copied), 'user')} copied"
    told += f", {known} of them there before" if known else ""
    what = ", ".join(
        count(sum(getattr(each, noun + "s") for each in copied), noun)
        for noun in ("page", "message", "turn", "note")
    )
    say(f"{told}: {what}; each compared")
