"""What `Diary.view` shows, brought together: pages, records and notebooks of one user.

Nothing is written. What can't be read is told in a sentence, and the rest is shown all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from diarist.backends.ids import agent_name_of
from diarist.counting import CountNotes
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.errors import DamagedError, DocumentError
from diarist.html.whole import Records, Sheet, Talk, Whole
from diarist.notebook import MemoryFile
from diarist.pages import check, conversations
from diarist.pages.items import sources
from diarist.pages.times import as_utc
from diarist.pages.toml import EMPTY, is_table
from diarist.records import ListNotes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.counting import NoteCounts
    from diarist.documents import Documents
    from diarist.pages.toml import Document
    from diarist.records import Message, Scored


async def whole(
    documents: Documents,
    records: RecordStore | None,
    categories: Mapping[str, str],
    user_id: str,
    *,
    messages: int,
    notes: int,
    at: datetime,
) -> Whole:
    """Return everything that is to be shown of a user; see `Diary.view`."""
    preferences = await _sheet(documents, user_id, PREFERENCES, categories)
    talks = await _sheet(documents, user_id, CONVERSATIONS, categories)
    notebooks, faults = await _notebooks(documents, user_id)
    kept = Records()
    if records is not None:
        try:
            faults += await _unlearned(records, user_id)
            kept = await _records(
                records, user_id, preferences.page, talks.page, messages, notes, at
            )
        except DamagedError as error:
            faults.append(f"messages and notes: {error.reason}")
    if not kept.talks:
        kept = Records(_of_page(talks.page), notes=kept.notes, all_notes=kept.all_notes)
    return Whole(user_id, at, categories, preferences, talks, kept, notebooks, tuple(faults))


# ---------------------------------------------------------------- pages


async def _sheet(
    documents: Documents, user_id: str, kind: str, categories: Mapping[str, str]
) -> Sheet:
    """Return a page with what is wrong with it; of a broken one the last that was good."""
    text = ""
    try:
        text = await documents.text(user_id, kind) or ""
        page = documents.parsed(user_id, kind, text)
    except DocumentError as error:
        page, _ = await documents.usable(user_id, kind)
        shown = "the page as it was before" if page.tree else "nothing of the page"
        return Sheet(kind, page, text, (f"{error.at(kind)}; {shown} is shown",))
    if kind == PREFERENCES:
        found = check.check_preferences(page, categories)
    else:
        found = check.check_conversations(page)
    faults = [kind + (f", line {line}" if line else "") + f": {reason}" for line, reason in found]
    return Sheet(kind, page, text, tuple(faults))


async def _notebooks(
    documents: Documents, user_id: str
) -> tuple[tuple[MemoryFile, ...], list[str]]:
    found: list[MemoryFile] = []
    faults: list[str] = []
    for kind in await documents.kinds(user_id):
        agent_name = agent_name_of(kind)
        if agent_name is None:
            continue
        try:
            text = await documents.text(user_id, kind)
        except DocumentError as error:
            faults.append(str(error.at(f"the notebook of {agent_name}")))
            continue
        if text:
            found.append(MemoryFile(agent_name, "", text))
    return tuple(found), faults


# ---------------------------------------------------------------- records


async def _records(
    records: RecordStore,
    user_id: str,
    preferences: Document,
    page: Document,
    messages: int,
    notes: int,
    now: datetime,
) -> Records:
    behind = await _behind(records, user_id, preferences)
    talks = await _talks(records, user_id, page, messages)
    wanted = [CountNotes(), ListNotes(limit=notes, order="newest")]
    counts, newest = cast(
        "tuple[NoteCounts, list[Scored]]", await records.notes(user_id, wanted, now=now)
    )
    found = sorted((one.note for one in newest), key=lambda note: (note.namespace, note.key))
    return Records(talks, behind, tuple(found), counts.active)


async def _unlearned(records: RecordStore, user_id: str) -> list[str]:
    """Return which turns failed, or wait since they were tried, and why."""
    turns = [*await records.turns(user_id, "failed"), *await records.turns(user_id, "pending")]
    told = {"failed": "it failed and is not learned", "pending": "it waits to be learned"}
    return [
        f"conversation {turn.session_id}, turn {turn.number}: {told[turn.state]}: {turn.reason}"
        for turn in turns
        if turn.reason
    ]


async def _behind(
    records: RecordStore, user_id: str, preferences: Document
) -> dict[tuple[str, int], Message]:
    """Return the messages that preferences name, by session and number."""
    numbers: dict[str, set[int]] = {}
    for category, table in preferences.tree.items():
        for id in table if is_table(table) else ():
            if is_table(table[id]):
                for session_id, number in sources(preferences, category, id):
                    numbers.setdefault(session_id, set()).add(number)
    return {
        (session_id, one.number or 0): one
        for session_id, wanted in numbers.items()
        for one in await records.numbered(user_id, session_id, sorted(wanted))
    }


async def _talks(
    records: RecordStore, user_id: str, page: Document, messages: int
) -> tuple[Talk, ...]:
    """Return every conversation of the page and the records, the one touched last first."""
    tables = conversations.newest(page, len(page.tree.get(conversations.TABLE, EMPTY)))
    sessions = {session.id: session for session in await records.sessions(user_id)}
    touched = {id: as_utc(session.updated_at) for id, session in sessions.items()}
    for id, table in tables.items():
        touched[id] = max(conversations.last_activity(table), touched.get(id, ""))
    found: list[Talk] = []
    for id in sorted({**tables, **touched}, key=touched.__getitem__, reverse=True):
        session = sessions.get(id)
        said: list[Message] = []
        if session is not None and messages > 0:
            said = await records.read(user_id, id, last=messages, status=None)
            messages -= len(said)
        found.append(Talk(id, tables.get(id, EMPTY), session, tuple(said)))
    return tuple(found)


def _of_page(page: Document) -> tuple[Talk, ...]:
    tables = conversations.newest(page, len(page.tree.get(conversations.TABLE, EMPTY)))
    return tuple(Talk(id, table) for id, table in tables.items())
