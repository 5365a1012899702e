"""A user's whole diary from one place to another, and the proof that it arrived."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diarist import json_lines
from diarist.backends.base import ABSENT, DocumentStore
from diarist.documents import Documents
from diarist.errors import BackendError, UnsupportedError, UserExistsError
from diarist.records import Exported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarist.diary import Diary


@dataclass(frozen=True, slots=True)
class Copied:
    """What there is of a user in both places now.

    Attributes:
        user_id: whose it is.
        pages: how many pages and notebooks.
        messages: how many messages.
        turns: how many turns.
        notes: how many notes, deleted and expired ones too.
        digest: a hash over all of it, the same for the same content in any backend.
        was_there: whether all of it had been copied before.
    """

    user_id: str
    pages: int
    messages: int
    turns: int
    notes: int
    digest: str
    was_there: bool


@dataclass(frozen=True, slots=True)
class _Contents:
    """Everything of a user, and each part of it as a text that can be compared."""

    pages: Mapping[str, str]
    exported: Exported = field(default_factory=Exported)

    @property
    def has_records(self) -> bool:
        return bool(self.exported.sessions or self.exported.notes)

    def parts(self) -> dict[str, str]:
        """Return pages as they are, and records as sorted lines with sorted keys."""
        written = json_lines.written(self.exported).items()
        records = {name: _in_order(lines) for name, lines in written if lines}
        return {**self.pages, **records}


async def copy_user(source: Diary, target: Diary, user_id: str) -> Copied:
    """Copy everything of a user, and read it again to compare; what is there already stays.

    The records go first, in one transaction, then each page: so a copy that was stopped goes on
    where it was. Nobody should write to the source meanwhile.

    Raises:
        UserExistsError: the target has something of the user that the source does not have.
        UnsupportedError: the user has records, and the target keeps none.
        BackendError: what arrived is not what was sent.
    """
    given = await _contents(source, user_id)
    found = await _contents(target, user_id)
    wanted, there = given.parts(), found.parts()
    _refuse_others(user_id, wanted, there)
    if wanted != there:
        await _write(target, user_id, given, found)
        there = (await _contents(target, user_id)).parts()
        _check_arrived(user_id, wanted, there)
    return Copied(
        user_id,
        len(given.pages),
        len(given.exported.messages),
        len(given.exported.turns),
        len(given.exported.notes),
        _digest(there),
        was_there=found.parts() == wanted,
    )


async def _contents(diary: Diary, user_id: str) -> _Contents:
    """Return everything of a user; the records first, as exports do."""
    exported = Exported() if diary.records is None else await diary.records.export(user_id)
    pages: dict[str, str] = {}
    documents = Documents(diary.backend, diary.pref_table_cls.__name__)
    for kind in await documents.kinds(user_id):
        text = await documents.text(user_id, kind)
        if text is not None:
            pages[kind] = text
    return _Contents(pages, exported)


async def _write(target: Diary, user_id: str, given: _Contents, found: _Contents) -> None:
    if given.has_records and not found.has_records:
        if target.records is None:
            raise UnsupportedError(
                f"{user_id!r} has messages or notes, and the target keeps none; give it records="
            )
        await target.records.restore(user_id, given.exported)
    for kind in given.pages.keys() - found.pages.keys():
        if isinstance(target.backend, DocumentStore):
            await target.backend.put(user_id, kind, given.pages[kind], expect=ABSENT)
        else:
            await target.backend.save(user_id, kind, given.pages[kind])


def _refuse_others(user_id: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> None:
    others = sorted(name for name, text in there.items() if wanted.get(name) != text)
    if others:
        raise UserExistsError(
            f"{user_id!r} is there already, with another {', '.join(others)}; delete the user "
            "there to copy anew. Nothing was copied"
        )


def _check_arrived(user_id: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> None:
    names = sorted(wanted.keys() | there.keys())
    wrong = [name for name in names if wanted.get(name) != there.get(name)]
    if wrong:
        raise BackendError(
            f"{user_id!r}: what arrived of {', '.join(wrong)} is not what was sent; did somebody "
            "write meanwhile? Delete the user there and copy anew"
        )


def _in_order(lines: str) -> str:
    """Return JSON Lines with sorted keys, sorted: stores may keep another order."""
    rows = (json.dumps(json.loads(line), sort_keys=True) for line in lines.split("\n") if line)
    return "\n".join(sorted(rows))


def _digest(parts: Mapping[str, str]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name, text in sorted(parts.items()):
        found.update(f"{name}\0{len(text)}\0{text}".encode())
    return found.hexdigest()
