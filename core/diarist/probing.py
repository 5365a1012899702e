"""What a backend does, found out by using it: as a user of its own, who is removed at the end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diarist.backends.base import ABSENT, DocumentStore, blocking_of, update
from diarist.documents import PREFERENCES
from diarist.errors import BackendError, ConflictError, DiaristError, MissingExtraError
from diarist.records import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diarist.diary import Diary

TEXT = "# tried by `diarist backend check`\r\nodd = '\ufeffé日🦊\u2028'\n"
WRITERS = 8
NOTEBOOK = "memory/main"

Answer = Literal["yes", "no", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a backend does, does not offer, or gets wrong.

    Attributes:
        name: what was tried.
        answer: "no" is a backend without it, "failed" one that promises it.
        told: what it does, or what went wrong.
        seconds: how long it took.
    """

    name: str
    answer: Answer
    told: str
    seconds: float


class _Lacking(Exception):  # noqa: N818 - it is an answer
    """The backend does not offer this."""


async def probe(diary: Diary, user_id: str) -> list[Finding]:
    """Try everything a diary needs of its backend, as a user who has nothing there yet.

    Each part is tried, whatever became of the one before; the user is removed in any case. Of one
    that does not even answer only that is told.
    """
    reach = await _tried("reach", _reach, diary, user_id)
    if reach.answer == "failed":
        return [reach]
    found = [await _tried(name, step, diary, user_id) for name, step in _STEPS]
    return [reach, *found, await _tried("removal", _removal, diary, user_id)]


async def _tried(
    name: str, step: Callable[[Diary, str], Awaitable[str]], diary: Diary, user_id: str
) -> Finding:
    start, answer = time.perf_counter(), "yes"
    try:
        told = await step(diary, user_id)
    except _Lacking as lacking:
        answer, told = "no", str(lacking)
    except (DiaristError, OSError) as error:
        answer, told = "failed", str(error)
    return Finding(name, answer, told, time.perf_counter() - start)


async def _reach(diary: Diary, user_id: str) -> str:
    _expect("a page that nobody wrote", await diary.backend.load(user_id, PREFERENCES), None)
    if diary.records is not None:
        await diary.records.list_users()
    return "it answers"


# ---------------------------------------------------------------- pages


async def _pages(diary: Diary, user_id: str) -> str:
    await diary.backend.save(user_id, PREFERENCES, TEXT)
    _expect("a page", await diary.backend.load(user_id, PREFERENCES), TEXT)
    await diary.backend.delete(user_id, PREFERENCES)
    _expect("a deleted page", await diary.backend.load(user_id, PREFERENCES), None)
    return "written, read back byte for byte, removed"


async def _versions(diary: Diary, user_id: str) -> str:
    store = diary.backend
    if not isinstance(store, DocumentStore):
        raise _Lacking("it has no get and put: safe inside one process only")
    first = await store.put(user_id, "versions", "1", expect=ABSENT)
    await store.put(user_id, "versions", "2", expect=first)
    for stale in (first, ABSENT):
        try:
            await store.put(user_id, "versions", "3", expect=stale)
        except ConflictError:
            continue
        raise BackendError("a stale write was not refused")
    return "a stale write is refused"


async def _writers(diary: Diary, user_id: str) -> str:
    async def add(name: int) -> None:
        await update(
            diary.backend, user_id, "writers", lambda text: (f"{text or ''}{name}\n", None)
        )

    await asyncio.gather(*map(add, range(WRITERS)))
    lines = (await diary.backend.load(user_id, "writers") or "").split()
    _expect("lines", sorted(lines), [str(name) for name in range(WRITERS)])
    return f"{WRITERS} at once lose nothing"


async def _notebooks(diary: Diary, user_id: str) -> str:
    await diary.notebook(user_id).append("look twice")
    _expect("a notebook", await diary.notebook(user_id).read(), "look twice\n")
    kinds = getattr(diary.backend, "kinds", None)
    if kinds is None:
        raise _Lacking("they work, but without `kinds` they are not exported, copied or reported")
    _expect("the notebooks", NOTEBOOK in await kinds(user_id), True)
    return "written, read and listed"


async def _blocking(diary: Diary, user_id: str) -> str:
    if blocking_of(diary.backend) is None:
        raise _Lacking("blocking callers are served by a loop in the background")
    return "blocking callers need no event loop"


# ---------------------------------------------------------------- records


async def _messages(diary: Diary, user_id: str) -> str:
    _need_records(diary)
    said = [
        Message("user", "The heron stands in the reeds.", id="1"),
        Message("assistant", "é\0🦊"),
    ]
    await diary.messages.append(user_id, "chat", said)
    await diary.messages.append(user_id, "chat", said[:1])
    found = await diary.messages.read(user_id, "chat")
    _expect("messages", [each.text for each in found], [each.text for each in said])
    hits = await diary.recall(user_id, "herons in reeds", kinds=("messages",))
    _expect("the message that was asked for", [hit.source for hit in hits[:1]], ["1"])
    return "appended once, read in order, found by their words"


async def _turns(diary: Diary, user_id: str) -> str:
    _need_records(diary)
    await diary.record_turn(user_id, "talk", [Message("user", "I'm allergic to walnuts.")])
    reports = await diary.catch_up(user_id)
    _expect("turns that were learned from", len(reports), 1)
    return "logged, claimed and learned from"


async def _notes(diary: Diary, user_id: str) -> str:
    _need_records(diary)
    await diary.notes.put(user_id, ("home",), "wifi", {"name": "Porto-2"})
    note = await diary.notes.get(user_id, ("home",), "wifi")
    _expect("a note", note and note.value, {"name": "Porto-2"})
    return "put and read"


async def _vectors(diary: Diary, user_id: str) -> str:
    _need_records(diary)
    for key, vector in (("near", [1.0, 0.25]), ("far", [-1.0, 0.25])):
        await diary.notes.put(user_id, ("alike",), key, key, vectors={"tried": vector})
    try:
        hits = await diary.notes.search(user_id, ("alike",), vector=[1.0, 0.0], limit=1)
    except MissingExtraError as error:
        raise _Lacking(str(error)) from error
    _expect("the note that is nearest", [hit.text for hit in hits], ["near"])
    by = getattr(diary.records, "compared_by", None)
    return f"compared by {by}" if by else "the nearest note is found"


async def _removal(diary: Diary, user_id: str) -> str:
    _expect("the user who is listed", user_id in await diary.list_users(), True)
    await diary.delete_user(user_id)
    _expect("the user who was deleted", user_id in await diary.list_users(), False)
    return "a deleted user is gone"


def _need_records(diary: Diary) -> None:
    if diary.records is None:
        raise _Lacking("it keeps no records; give it records=")


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise BackendError(f"{what}: {found!r} came back, not {wanted!r}")


_STEPS = (
    ("pages", _pages),
    ("versions", _versions),
    ("writers", _writers),
    ("notebooks", _notebooks),
    ("blocking", _blocking),
    ("messages", _messages),
    ("turns", _turns),
    ("notes", _notes),
    ("vectors", _vectors),
)
