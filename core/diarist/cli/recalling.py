"""`diarist recall`, `context` and `reembed`: what a diary answers, and why."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    ModelName,
    TableName,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import count, headline, indented, note, say, say_json
from diarist.recall.context import Context
from diarist.recall.features import by_name
from diarist.records import KINDS, Hit

commands = typer.Typer()

Query = Annotated[
    str, typer.Argument(metavar="QUERY", help="A question, or words.", show_default=False)
]
OptionalQuery = Annotated[
    str | None,
    typer.Argument(metavar="[QUERY]", help="What the user asks now.", show_default="nothing"),
]
Most = Annotated[int, typer.Option("-k", "--most", min=1, help="How many to return at most.")]
Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help=f"Where to look, once or several times: {', '.join(KINDS)}.",
        show_default="all",
    ),
]
Session = Annotated[
    str | None,
    typer.Option("--session", metavar="ID", help="Only this conversation.", show_default="all"),
]


def _moment(text: str) -> datetime:
    """Return a date or a time as a moment; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date or time, such as 2026-05-01 or 2026-05-01T18:30"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="DATE",
        parser=_moment,
        help="Only what was said or touched then or later; a date or a time, UTC without a zone.",
        show_default="the beginning",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        metavar="DATE",
        parser=_moment,
        help="Only what was said or touched before.",
        show_default="now",
    ),
]
CurrentSession = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="ID",
        help="The conversation that goes on; what its prompt has anyway is left out.",
        show_default="none",
    ),
]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=0, help="The token budget.")]
WithReceipt = Annotated[
    bool, typer.Option("--receipt", help="Tell what is in it, what was left out, and why.")
]


@commands.command(
    epilog=examples(
        "diarist recall ana 'Where does her brother live?'",
        "diarist recall ana 'what did we eat last week' --kind messages -k 5 --json",
        "diarist recall ana 'plans for the trip' --since 2026-05-01 --until 2026-06-01",
    )
)
def recall(
    user: UserId,
    query: Query,
    k: Most = 10,
    kind: Kind = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    model: ModelName = None,
    as_json: AsJson = False,
) -> None:
    """Find what answers a question, the best first, and show by which features it was found."""
    if since is not None and until is not None and since >= until:
        raise CommandError("--since is not before --until: nothing is in between")
    kinds = tuple(kind) if kind else KINDS
    wanted = {"k": k, "kinds": kinds, "session_id": session, "since": since, "until": until}
    hits = asyncio.run(_recall(user, query, wanted, folder, table, model))
    if as_json:
        say_json([_values(hit) for hit in hits])
        return
    for hit in hits:
        when = f", {hit.at:%Y-%m-%d}" if hit.at else ""
        headline(f"{hit.score:.2f} {hit.kind} {hit.source}{when}")
        say(indented(hit.text))
        say(indented(f"({by_name(hit.features)})"))
    if not hits:
        note(f"nothing in the diary of {user} fits")


async def _recall(
    user: str,
    query: str,
    wanted: dict[str, Any],
    folder: str,
    table: str | None,
    model: str | None,
) -> list[Hit]:
    async with open_diary(folder, table, model) as diary:
        await require_user(diary, folder, user)
        return await diary.recall(user, query, **wanted)


def _values(hit: Hit) -> dict[str, Any]:
    return {
        "kind": hit.kind,
        "source": hit.source,
        "session": hit.session_id,
        "at": hit.at,
        "score": hit.score,
        "text": hit.text,
        "features": dict(hit.features),
    }


@commands.command(
    epilog=examples(
        "diarist context ana",
        "diarist context ana 'What shall I cook tonight?' --max-tokens 400 --receipt",
    )
)
def context(
    user: UserId,
    query: OptionalQuery = None,
    max_tokens: MaxTokens = 800,
    session: CurrentSession = None,
    receipt: WithReceipt = False,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    model: ModelName = None,
    as_json: AsJson = False,
) -> None:
    """Show the text that a prompt would get about the user."""
    found = asyncio.run(_context(user, query, session, max_tokens, folder, table, model))
    if as_json:
        say_json({"user_id": user, "text": str(found), **asdict(found.receipt)})
        return
    if found:
        say(found)
    else:
        note(f"there is nothing to say about {user}, or no room for it")
    if receipt:
        say(f"\n{found.receipt}")
    else:
        for warning in found.receipt.warnings:
            note(warning)


async def _context(
    user: str,
    query: str | None,
    session: str | None,
    max_tokens: int,
    folder: str,
    table: str | None,
    model: str | None,
) -> Context:
    async with open_diary(folder, table, model) as diary:
        await require_user(diary, folder, user)
        return await diary.context(user, query, session_id=session, max_tokens=max_tokens)


@commands.command(epilog=examples("diarist reembed ana --embed model.py:embed"))
def reembed(
    user: UserId,
    model: Annotated[
        str,
        typer.Option(
            "--embed",
            metavar="FILE.py:name",
            help="The model: a callable of a list of texts. The file is executed.",
            show_default=False,
        ),
    ],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Give every message and note that has no vector of this model one."""
    done = asyncio.run(_reembed(user, folder, model))
    if as_json:
        say_json({"user_id": user, "vectors": done})
    else:
        say(f"{user}: {count(done, 'vector')} added")


async def _reembed(user: str, folder: str, model: str) -> int:
    async with open_diary(folder, None, model) as diary:
        await require_user(diary, folder, user)
        return await diary.reembed(user)
