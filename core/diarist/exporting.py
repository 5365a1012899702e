"""A user's whole diary as plain files, out and in.

preferences.toml  conversations.toml      as they are
memory/<agent>/MEMORY.md                  as they are
messages.jsonl  turns.jsonl  notes.jsonl  one record a line
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from diarist.backends.base import ABSENT, DocumentStore
from diarist.backends.ids import check_user_id
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.errors import UserExistsError
from diarist.records import Message, Note, Payload, RecordedTurn

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from diarist.backends.records import RecordStore
    from diarist.documents import Documents
    from diarist.records import DeletionReport

T = TypeVar("T")

_NOTEBOOK = "memory/"
_RECORDS = ("messages.jsonl", "turns.jsonl", "notes.jsonl")
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def with_documents(report: DeletionReport, kinds: Iterable[str]) -> DeletionReport:
    """Return the report with the documents that went, too."""
    kinds = list(kinds)
    return replace(
        report,
        pages=tuple(kind for kind in kinds if not kind.startswith(_NOTEBOOK)),
        notebooks=tuple(k.removeprefix(_NOTEBOOK) for k in kinds if k.startswith(_NOTEBOOK)),
    )


async def export_user(
    documents: Documents,
    records: RecordStore | None,
    user_id: str,
    path: str | os.PathLike[str],
) -> list[str]:
    """Write everything of a user to a new folder or zip file; see `Diary.export_user`."""
    check_user_id(user_id)
    found: dict[str, str] = {}
    for kind in await documents.kinds(user_id):
        text = await documents.text(user_id, kind)
        if text is not None:
            found[_file_name(kind)] = text
    if records is not None:
        messages = [
            message
            for session in reversed(await records.sessions(user_id))  # as they were made
            for message in await records.read(user_id, session.id, status=None)
        ]
        found["messages.jsonl"] = _lines(map(_from_message, messages))
        found["turns.jsonl"] = _lines(map(_from_turn, await records.turns(user_id)))
        found["notes.jsonl"] = _lines(
            _from_note(note, vectors) for note, vectors in await records.every_note(user_id)
        )
    _write(Path(path), found)
    return list(found)


async def import_user(
    documents: Documents,
    records: RecordStore | None,
    user_id: str,
    path: str | os.PathLike[str],
) -> None:
    """Make a user of what `export_user` wrote; see `Diary.import_user`."""
    check_user_id(user_id)
    given = _read(Path(path))
    known = await documents.kinds(user_id)
    if known or (records is not None and user_id in await records.list_users()):
        raise UserExistsError(
            f"{user_id!r} has a diary already; delete it first, or import under another id"
        )
    for kind in (PREFERENCES, CONVERSATIONS):
        documents.parsed(user_id, kind, given.get(_file_name(kind)))
    messages = _records(given, "messages.jsonl", _to_message)
    by_place = {(m.session_id, m.number): m for m in messages}
    turns = _records(given, "turns.jsonl", lambda row: _to_turn(row, by_place))
    notes = _records(given, "notes.jsonl", _to_note)
    if records is not None:
        await records.restore(user_id, messages, turns, notes)
    for name, text in given.items():
        kind = _kind(name)
        if kind is None:
            continue
        if isinstance(documents.backend, DocumentStore):
            await documents.backend.put(user_id, kind, text, expect=ABSENT)
        else:
            await documents.backend.save(user_id, kind, text)


# ---------------------------------------------------------------- files


def _file_name(kind: str) -> str:
    return f"{kind}/MEMORY.md" if kind.startswith(_NOTEBOOK) else f"{kind}.toml"


def _kind(name: str) -> str | None:
    if name.startswith(_NOTEBOOK) and name.endswith("/MEMORY.md"):
        return name.removesuffix("/MEMORY.md")
    return name.removesuffix(".toml") if name.endswith(".toml") else None


def _write(path: Path, found: Mapping[str, str]) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, text in found.items():
                archive.writestr(name, text)
        return
    path.mkdir(parents=True)
    for name, text in found.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def _read(path: Path) -> dict[str, str]:
    try:
        found = {name: content.decode() for name, content in _contents(path)}
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: a file in it is not UTF-8; nothing is imported") from error
    except _BROKEN_ARCHIVE as error:
        raise ValueError(f"{path} is no zip file that can be read: {error}") from error
    if not any(name in _RECORDS or _kind(name) for name in found):
        raise ValueError(f"{path} is no export of a diary: it has neither pages nor records")
    return found


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                yield name, archive.read(name)


# ---------------------------------------------------------------- records as JSON


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _records(
    given: Mapping[str, str], name: str, convert: Callable[[dict[str, Any]], T]
) -> list[T]:
    """Return the records of a file.

    Raises:
        ValueError: one can't be read; it says where and why.
    """
    found: list[T] = []
    for number, line in enumerate(given.get(name, "").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(convert(json.loads(line)))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{name}, line {number}: {reason}; nothing is imported") from error
    return found


def _slim(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing."""
    return {key: value for key, value in row.items() if value is not None and value != {}}


def _from_message(message: Message) -> dict[str, Any]:
    payload = message.payload
    return _slim({
        "session": message.session_id,
        "number": message.number,
        "role": message.role,
        "text": message.text,
        "name": message.name,
        "id": message.id,
        "at": message.at and message.at.isoformat(),
        "status": None if message.status == "active" else message.status,
        "metadata": dict(message.metadata),
        "payload": payload and {"format": payload.format, "data": payload.data},
    })  # fmt: skip


def _to_message(row: Mapping[str, Any]) -> Message:
    payload = row.get("payload")
    return Message(
        row["role"],
        row["text"],
        row.get("name"),
        row.get("id"),
        datetime.fromisoformat(row["at"]),
        row.get("metadata", {}),
        Payload(payload["format"], payload["data"]) if payload else None,
        row.get("status", "active"),
        row["session"],
        row["number"],
    )


def _from_turn(turn: RecordedTurn) -> dict[str, Any]:
    return _slim({
        "session": turn.session_id,
        "number": turn.number,
        "state": turn.state,
        "at": turn.at.isoformat(),
        "messages": [message.number for message in turn.messages],
        "reason": turn.reason,
        "attempts": turn.attempts,
    })  # fmt: skip


def _to_turn(
    row: Mapping[str, Any], messages: Mapping[tuple[str | None, int | None], Message]
) -> RecordedTurn:
    places = ((row["session"], number) for number in row["messages"])
    return RecordedTurn(
        row["session"],
        row["number"],
        row["state"],
        tuple(messages[place] for place in places if place in messages),
        datetime.fromisoformat(row["at"]),
        row.get("reason"),
        row.get("attempts", 0),
    )


def _from_note(note: Note, vectors: Mapping[str, Any]) -> dict[str, Any]:
    return _slim({
        "namespace": list(note.namespace),
        "key": note.key,
        "value": note.value,
        "metadata": dict(note.metadata),
        "created_at": note.created_at.isoformat(),
        "updated_at": note.updated_at.isoformat(),
        "expires_at": note.expires_at and note.expires_at.isoformat(),
        "ttl": note.ttl and note.ttl.total_seconds(),
        "deleted_at": note.deleted_at and note.deleted_at.isoformat(),
        "vectors": dict(vectors),
    }) | {"value": note.value}  # fmt: skip


def _to_note(row: Mapping[str, Any]) -> tuple[Note, dict[str, Any]]:
    def time(name: str) -> datetime | None:
        return datetime.fromisoformat(row[name]) if row.get(name) else None

    note = Note(
        tuple(row["namespace"]),
        row["key"],
        row["value"],
        row.get("metadata", {}),
        datetime.fromisoformat(row["created_at"]),
        datetime.fromisoformat(row["updated_at"]),
        time("expires_at"),
        timedelta(seconds=row["ttl"]) if row.get("ttl") else None,
        time("deleted_at"),
    )
    return note, row.get("vectors", {})
