"""`diarist show`, `why`, `forget` and `users`: what is in the diary, as it is."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from diarist.backends.addresses import shown
from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    PageName,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import headline, indented, note, say, say_json
from diarist.diary import Diary
from diarist.records import Message

ALL = 1_000_000
"""More conversations than any page holds."""

commands = typer.Typer()

OnlyPage = Annotated[
    PageName | None,
    typer.Argument(metavar="[PAGE]", help="preferences or conversations.", show_default="both"),
]
Raw = Annotated[bool, typer.Option("--raw", help="Print the TOML as it is stored.")]
Category = Annotated[
    str, typer.Argument(metavar="CATEGORY", help="Such as allergies.", show_default=False)
]
ItemId = Annotated[str, typer.Argument(metavar="ID", help="Such as walnuts.", show_default=False)]


# ------------------------------------------------------------ show


@commands.command(
    epilog=examples(
        "diarist show ana",
        "diarist show ana preferences --raw > ana.toml",
        "diarist show ana --json",
    )
)
def show(
    user: UserId,
    page: OnlyPage = None,
    raw: Raw = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a user's pages: preferences by category, conversations with the newest first."""
    if raw and as_json:
        raise CommandError("--raw prints TOML and --json JSON: pass one of them")
    asyncio.run(_show(user, folder, page, raw=raw, as_json=as_json))


async def _show(user: str, folder: str, page: PageName | None, *, raw: bool, as_json: bool) -> None:
    diary = open_diary(folder, None)
    await require_user(diary, folder, user)
    pages = tuple(PageName) if page is None else (page,)
    if as_json:
        parsed = {name.value: await _parsed(diary, user, name) for name in pages}
        say_json({"user_id": user, **parsed})
    elif raw:
        for name in pages:
            await _show_raw(diary, user, name, named=len(pages) > 1)
    else:
        for name in pages:
            headline(f"{name.value} of {user}")
            say(f"\n{await _readable(diary, user, name)}\n")


async def _parsed(diary: Diary, user: str, page: PageName) -> dict[str, Any]:
    if page is PageName.CONVERSATIONS:
        return await diary.last_conversations(user, ALL)
    return (await diary.preferences(user, skip_metadata=True)).data


async def _readable(diary: Diary, user: str, page: PageName) -> str:
    if page is PageName.CONVERSATIONS:
        return await diary.pretty_conversations(user, ALL)
    return await diary.pretty_preferences(user)


async def _show_raw(diary: Diary, user: str, page: PageName, *, named: bool) -> None:
    """Print the page byte for byte; of two, each under a comment that says which it is."""
    text = await diary.backend.load(user, page.value) or ""
    if named:
        typer.echo(f"# {page.value} of {user}")
    typer.echo(text.encode(), nl=named)  # of text, echo would take away what it deems colour


# ------------------------------------------------------------ why


@commands.command(
    epilog=examples(
        "diarist why ana allergies walnuts",
        "diarist why ana allergies walnuts --json",
    )
)
def why(
    user: UserId,
    category: Category,
    item: ItemId,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show the messages behind a preference; `diarist show` has the categories and ids."""
    asyncio.run(_why(user, category, item, folder, as_json=as_json))


async def _why(user: str, category: str, item: str, folder: str, *, as_json: bool) -> None:
    diary = open_diary(folder, None)
    await require_user(diary, folder, user)
    messages = await diary.why(user, category, item)
    if as_json:
        listed = [_as_values(message) for message in messages]
        say_json({"user_id": user, "category": category, "id": item, "messages": listed})
        return
    for message in messages:
        time = f", {message.at:%Y-%m-%d %H:%M:%S} UTC" if message.at else ""
        speaker = f"{message.role} {message.name}" if message.name else message.role
        headline(f"{message.source}{time}, {speaker}:")
        say(indented(message.text))
    if not messages:
        say(
            f"no message behind {category}/{item} is kept: it was written before messages were "
            "kept, or by hand, or its messages were deleted"
        )


def _as_values(message: Message) -> dict[str, Any]:
    return {
        "session": message.session_id,
        "number": message.number,
        "at": message.at,
        "role": message.role,
        "name": message.name,
        "text": message.text,
    }


# ------------------------------------------------------------ forget


@commands.command(
    epilog=examples("diarist forget ana likes black-coffee"),
)
def forget(
    user: UserId,
    category: Category,
    item: ItemId,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Take one preference off a user's page; `diarist show` has the categories and ids."""
    asyncio.run(_forget(user, category, item, folder, as_json=as_json))


async def _forget(user: str, category: str, item: str, folder: str, *, as_json: bool) -> None:
    diary = open_diary(folder, None)
    await require_user(diary, folder, user)
    report = await diary.forget_preference(user, category, item)
    if as_json:
        say_json(asdict(report))
    else:
        say(str(report))


# ------------------------------------------------------------ users


@commands.command(epilog=examples("diarist users", "diarist users --diary ~/agent/memories --json"))
def users(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List everybody who has a diary, one a line."""
    found = asyncio.run(open_diary(folder, None).list_users())
    if as_json:
        say_json(found)
        return
    for user in found:
        say(user)
    if not found:
        note(f"{shown(folder)} has no users yet")
