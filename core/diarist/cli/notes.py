"""`diarist note`: values under keys, as a person puts and reads them."""

import asyncio
import json
import re
import sys
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

import typer

from diarist.cli.failures import CommandError
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    UserId,
    examples,
    open_diary,
    require_user,
)
from diarist.cli.output import count, note, say, say_json
from diarist.diary import Diary
from diarist.recall.terms import text_of
from diarist.records import KEEP, ListNotes, Namespace, Note, Scored

T = TypeVar("T")

DEFAULT_NAMESPACE = "notes"
STANDARD_INPUT = "-"
LONGEST = timedelta(days=36_500)
SHOWN = 200
"""How many characters of a value a listing shows."""

_DURATION = re.compile(r"([0-9]{1,9})([dhms])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

commands = typer.Typer()

Key = Annotated[str, typer.Argument(metavar="KEY", help="The note's name.", show_default=False)]
Value = Annotated[
    str,
    typer.Argument(metavar="VALUE", help="Its text; - reads standard input.", show_default=False),
]
Place = Annotated[
    str,
    typer.Option(
        "--namespace", "-n", metavar="A/B", help="Where the note is; / separates the parts."
    ),
]
Prefix = Annotated[
    str | None,
    typer.Argument(
        metavar="[PREFIX]", help="Only namespaces that begin so.", show_default="everywhere"
    ),
]
JsonValue = Annotated[bool, typer.Option("--json-value", help="VALUE is JSON, not text.")]
Metadata = Annotated[
    str | None,
    typer.Option(
        "--metadata",
        metavar="JSON",
        help="What to keep beside the value, a JSON object; null clears it.",
        show_default="as it was",
    ),
]
Ttl = Annotated[
    str | None,
    typer.Option(
        "--ttl",
        metavar="TIME",
        help="How long it lives: 30d, 12h, 90m, 45s, or none for ever.",
        show_default="as it was",
    ),
]
Query = Annotated[
    str | None,
    typer.Option(
        "--query", "-q", metavar="WORDS", help="Words to look for, best first.", show_default=False
    ),
]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON",
        help='Conditions on fields of the value, such as \'{"stars": {"$gte": 4}}\'.',
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
Offset = Annotated[int, typer.Option("--offset", min=0, help="How many to leave out first.")]
Deleted = Annotated[bool, typer.Option("--deleted", help="What is deleted or has expired, too.")]
Retention = Annotated[
    str,
    typer.Option(
        "--retention", metavar="TIME", help="How long a deleted note can be restored; 0d is not."
    ),
]


@commands.command(
    epilog=examples(
        "diarist note put ana wifi 'the guest network is Porto-2'",
        "diarist note put ana soup '{\"stars\": 5}' --json-value -n recipes/soup --ttl 30d",
        "cat plan.md | diarist note put ana plan -",
    )
)
def put(
    user: UserId,
    key: Key,
    value: Value,
    namespace: Place = DEFAULT_NAMESPACE,
    json_value: JsonValue = False,
    metadata: Metadata = None,
    ttl: Ttl = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put a value under a key; what is not told stays as it was."""
    place = _namespace(namespace)
    text = _standard_input() if value == STANDARD_INPUT else value
    given = _json("VALUE", text) if json_value else text
    kept = KEEP if metadata is None else _json_object("--metadata", metadata)
    life = KEEP if ttl is None else _time_to_live(ttl)
    diary = open_diary(folder, None)

    async def work() -> Note | None:
        await diary.notes.put(user, place, key, given, metadata=kept, ttl=life)
        return await diary.notes.get(user, place, key)

    stored = _run(diary, work())
    if as_json:
        say_json(None if stored is None else _values(stored))
    else:
        say(f"{user}: put {_name(place, key)}")


@commands.command(
    epilog=examples(
        "diarist note get ana wifi",
        "diarist note get ana soup -n recipes/soup --json",
    )
)
def get(
    user: UserId,
    key: Key,
    namespace: Place = DEFAULT_NAMESPACE,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Print a note's value; exits with 1 where there is none."""
    place, diary = _namespace(namespace), open_diary(folder, None)

    async def work() -> Note | None:
        await require_user(diary, folder, user)
        return await diary.notes.get(user, place, key)

    found = _run(diary, work())
    if found is None:
        _tell_missing(user, place, key)
    elif as_json:
        say_json(_values(found))
    elif isinstance(found.value, str):
        say(found.value)
    else:
        say_json(found.value)


@commands.command(
    "list",
    epilog=examples(
        "diarist note list ana",
        "diarist note list ana recipes --query soup --limit 3",
        'diarist note list ana recipes --filter \'{"stars": {"$gte": 4}}\' --json',
    ),
)
def list_(
    user: UserId,
    prefix: Prefix = None,
    query: Query = None,
    filter: Filter = None,
    limit: Limit = 20,
    offset: Offset = 0,
    deleted: Deleted = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List notes by namespace and key, or with --query the best first."""
    conditions = None if filter is None else _json_object("--filter", filter)
    wanted = ListNotes(
        () if prefix is None else _namespace(prefix),
        conditions,
        query,
        limit=limit + 1,
        offset=offset,
        deleted=deleted,
    )
    diary = open_diary(folder, None)

    async def work() -> list[Scored]:
        await require_user(diary, folder, user)
        return (await diary.notes.batch(user, [wanted]))[0]

    found = [scored.note for scored in _run(diary, work())]
    if as_json:
        say_json([_values(one) for one in found[:limit]])
        return
    for one in found[:limit]:
        say(_line(one, diary.clock()))
    if len(found) > limit:
        note(f"there are more; --offset {offset + limit} goes on")
    if not found:
        note(f"{user} has no such notes")


@commands.command(epilog=examples("diarist note rm ana wifi"))
def rm(
    user: UserId,
    key: Key,
    namespace: Place = DEFAULT_NAMESPACE,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Delete a note; until it is cleaned up it can be restored."""
    place, diary = _namespace(namespace), open_diary(folder, None)

    async def work() -> bool:
        await require_user(diary, folder, user)
        return await diary.notes.delete(user, place, key)

    if not _run(diary, work()):
        _tell_missing(user, place, key)
    _tell_done(user, place, key, "deleted", as_json=as_json)


@commands.command(epilog=examples("diarist note restore ana wifi"))
def restore(
    user: UserId,
    key: Key,
    namespace: Place = DEFAULT_NAMESPACE,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Bring a deleted note back."""
    place, diary = _namespace(namespace), open_diary(folder, None)

    async def work() -> bool:
        await require_user(diary, folder, user)
        return await diary.notes.restore(user, place, key)

    if not _run(diary, work()):
        _tell_missing(user, place, key, kind="deleted note")
    _tell_done(user, place, key, "restored", as_json=as_json)


@commands.command(
    epilog=examples(
        "diarist note cleanup ana",
        "diarist note cleanup ana --retention 0d",
    )
)
def cleanup(
    user: UserId,
    retention: Retention = "30d",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Remove for good what has expired, and what was deleted longer ago than --retention."""
    kept = _duration("--retention", retention)
    diary = open_diary(folder, None)

    async def work() -> int:
        await require_user(diary, folder, user)
        return await diary.notes.cleanup(user, kept)

    removed = _run(diary, work())
    if as_json:
        say_json({"user_id": user, "removed": removed})
    else:
        say(f"{user}: {count(removed, 'note')} removed")


# ------------------------------------------------------------ words of the command line


def _namespace(text: str) -> Namespace:
    parts = tuple(text.split("/"))
    if not all(parts):
        raise CommandError(f"a namespace is names with / between them, not {text!r}")
    return parts


def _duration(option: str, text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    span = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    if span is None or span > LONGEST:
        raise CommandError(
            f"{option} is a time such as 30d, 12h, 90m or 45s, up to {LONGEST.days}d, not {text!r}"
        )
    return span


def _time_to_live(text: str) -> timedelta | None:
    return None if text == "none" else _duration("--ttl", text)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise CommandError("standard input is not UTF-8") from error


def _json(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{what} is not JSON: {error}") from error


def _json_object(what: str, text: str) -> dict[str, Any] | None:
    value = _json(what, text)
    if value is not None and not isinstance(value, dict):
        raise CommandError(f"{what} is a JSON object, not {text!r}")
    return cast("dict[str, Any] | None", value)


# ------------------------------------------------------------ how


def _run(diary: Diary, work: Coroutine[Any, Any, T]) -> T:
    async def run() -> T:
        async with diary:
            return await work

    return asyncio.run(run())


def _name(namespace: Namespace, key: str) -> str:
    return "/".join((*namespace, key))


def _line(one: Note, now: datetime) -> str:
    text = " ".join(text_of(one.value).split())
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    is_over = one.expires_at is not None and one.expires_at <= now
    mark = " (deleted)" if one.deleted_at else " (expired)" if is_over else ""
    return f"{_name(one.namespace, one.key)}{mark}: {shown}"


def _values(one: Note) -> dict[str, Any]:
    return {
        "namespace": list(one.namespace),
        "key": one.key,
        "value": one.value,
        "metadata": dict(one.metadata),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "expires_at": one.expires_at,
        "ttl": None if one.ttl is None else one.ttl.total_seconds(),
        "deleted_at": one.deleted_at,
    }


def _tell_missing(user: str, namespace: Namespace, key: str, kind: str = "note") -> None:
    note(f"{user} has no {kind} {_name(namespace, key)}")
    raise typer.Exit(1)


def _tell_done(user: str, namespace: Namespace, key: str, what: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"user_id": user, "namespace": list(namespace), "key": key, what: True})
    else:
        say(f"{user}: {what} {_name(namespace, key)}")
