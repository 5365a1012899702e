"""`diarist backend`: what a live backend does, and its tables ahead of time."""

import asyncio
from dataclasses import asdict
from typing import Annotated
from uuid import uuid4

import typer

from diarist.backends.addresses import FORMS, open_backend, shown
from diarist.backends.postgres import PostgresBackend
from diarist.cli.failures import CommandError
from diarist.cli.options import AsJson, examples, open_diary
from diarist.cli.output import say, say_json
from diarist.probing import Finding, probe

commands = typer.Typer()

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help=f"Which: {FORMS}.", show_default=False)
]


@commands.command(
    epilog=examples(
        "diarist backend check memories",
        "diarist backend check firestore://my-project/app/memory",
    )
)
def check(address: Address, as_json: AsJson = False) -> None:
    """Try a live backend, and say what it does and how long that takes.

    A user with a random name is made, and removed at the end; nobody else's diary is touched.
    Exits with 1 when something fails that the backend promises.
    """
    findings = asyncio.run(_check(address))
    if as_json:
        say_json({"address": shown(address), "findings": [asdict(each) for each in findings]})
    else:
        for each in findings:
            say(f"{each.name:<10} {each.answer:<7} {each.seconds * 1000:6.0f} ms  {each.told}")
    if any(each.answer == "failed" for each in findings):
        raise typer.Exit(1)


@commands.command(epilog=examples("diarist backend init postgresql://owner@db.example/diary"))
def init(address: Address) -> None:
    """Make the tables of a diary in a PostgreSQL database, ahead of time.

    The first use makes them too, unless the program says `create=False`: then only their owner
    needs the right to make tables. Those that are there stay as they are.
    """
    opened = open_backend(address)
    if not isinstance(opened, PostgresBackend):
        raise CommandError(f"{shown(address)} needs no tables; name postgresql://HOST/DATABASE")
    opened.prepare()
    say(f"{opened.place} is ready")


async def _check(address: str) -> list[Finding]:
    async with open_diary(address, None) as diary:
        return await probe(diary, f"diarist-check-{uuid4().hex}")
