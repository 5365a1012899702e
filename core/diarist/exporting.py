"""A user's whole diary as plain files, out and in.

preferences.toml  conversations.toml                       as they are
memory/<agent>/MEMORY.md                                   as they are
messages.jsonl  turns.jsonl  notes.jsonl  sessions.jsonl   one record a line, see `json_lines`
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from diarist import json_lines
from diarist.backends.base import ABSENT, DocumentStore, blocking_of
from diarist.backends.ids import (
    NOTEBOOKS,
    agent_name_of,
    check_user_id,
    is_cut,
    notebook_folder,
    notebook_kind,
)
from diarist.blocking import finish
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.errors import ConflictError, UserExistsError, UserNotFoundError
from diarist.pages.rendering import clean
from diarist.records import Exported

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from diarist.backends.records import RecordStore
    from diarist.documents import Documents
    from diarist.records import DeletionReport

_PAGE = re.compile(r"([a-z][a-z0-9_]{0,40})\.toml\Z")
_NOTEBOOK = re.compile(r"memory/([^/]+)/MEMORY\.md\Z")
_AGENT_NAME = re.compile(r"memory/([^/]+)/\.agent_name\Z")
_DROPPED = re.compile(r"(?:.*/)?\.[^/]*\Z|__MACOSX/", re.DOTALL)  # by file managers, unasked
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def with_documents(report: DeletionReport, kinds: Iterable[str]) -> DeletionReport:
    """Return the report with the documents that went, too."""
    kinds = list(kinds)
    return replace(
        report,
        pages=tuple(kind for kind in kinds if not kind.startswith(NOTEBOOKS)),
        notebooks=tuple(k.removeprefix(NOTEBOOKS) for k in kinds if k.startswith(NOTEBOOKS)),
    )


# ---------------------------------------------------------------- out


async def export_user(
    documents: Documents,
    records: RecordStore | None,
    user_id: str,
    path: str | os.PathLike[str],
) -> list[str]:
    """Write everything of a user to a new folder or zip file; see `Diary.export_user`.

    The records are of one moment, and the pages of a later one: what a turn that is still pending
    here has already put on its page, it puts there once more without a trace. The last numbers are
    read at the end, so that none a page names is given again.
    """
    check_user_id(user_id)
    path = Path(path)
    _refuse_what_is_there(path)
    exported = Exported() if records is None else await records.export(user_id)
    found: dict[str, str] = {}
    for kind in await documents.kinds(user_id):
        text = await documents.text(user_id, kind)
        if text is not None:
            found |= _files_of(kind, text)
    if not (found or exported.sessions or exported.notes):
        raise UserNotFoundError(f"{user_id!r} has no diary here; there is nothing to export")
    if records is not None:
        sessions = {session.id: session for session in exported.sessions}
        sessions |= {session.id: session for session in await records.sessions(user_id)}
        exported = replace(exported, sessions=list(sessions.values()))
        found |= json_lines.written(exported)
    _write(path, found)
    return list(found)


def _files_of(kind: str, text: str) -> dict[str, str]:
    """Return the files of a page; the folder of a long agent name holds the name, too."""
    agent_name, folder = agent_name_of(kind), notebook_folder(kind)
    if agent_name is None or folder is None:
        return {f"{kind}.toml": text}
    found = {f"{NOTEBOOKS}{folder}/MEMORY.md": text}
    return found | {f"{NOTEBOOKS}{folder}/.agent_name": agent_name} if is_cut(folder) else found


def _refuse_what_is_there(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _write(path: Path, found: Mapping[str, str]) -> None:
    """Write the files beside `path`, readable by their owner only, then put them there at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".export-", suffix=".tmp", dir=path.parent))
    try:
        whole, is_zip = beside / "export", path.suffix.lower() == ".zip"
        if is_zip:
            _write_zip(whole, found)
            os.close(_new(path))  # fails where somebody else was quicker
        else:
            _write_folder(whole, found)
            path.mkdir(mode=0o700)
        try:
            whole.replace(path)
        except BaseException:
            path.unlink() if is_zip else path.rmdir()
            raise
    finally:
        shutil.rmtree(beside)


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_zip(path: Path, found: Mapping[str, str]) -> None:
    with (
        open(_new(path), "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, text in found.items():
            archive.writestr(name, clean(text).encode())


def _write_folder(path: Path, found: Mapping[str, str]) -> None:
    path.mkdir(mode=0o700)
    for name, text in found.items():
        file = path
        for part in PurePosixPath(name).parts:
            if file != path:
                file.mkdir(mode=0o700, exist_ok=True)
            file /= part
        with open(_new(file), "wb") as out:
            out.write(clean(text).encode())


# ---------------------------------------------------------------- in


async def import_user(
    documents: Documents,
    records: RecordStore | None,
    user_id: str,
    path: str | os.PathLike[str],
) -> None:
    """Make a user of what `export_user` wrote; see `Diary.import_user`."""
    check_user_id(user_id)
    path = Path(path)
    given = _read(path)
    pages = _pages(path, given)
    for kind in (PREFERENCES, CONVERSATIONS):
        documents.parsed(user_id, kind, pages.get(kind))
    exported = json_lines.read(given)
    blocking = blocking_of(records)
    create = getattr(documents.backend, "create_user", None)
    if create is not None and (records is None or blocking is not None):
        await create(user_id, pages, _restored(blocking, user_id, exported))
    else:
        await _create_user(documents, records, user_id, pages, exported)


@contextmanager
def _restored(records: RecordStore | None, user_id: str, exported: Exported) -> Generator[None]:
    """Restore records in blocking calls, and take them back where what follows fails."""
    try:
        if records is not None:
            finish(records.restore(user_id, exported))
        yield
    except UserExistsError:
        raise
    except BaseException:
        if records is not None:
            finish(_take_back(records, user_id, exported))
        raise


async def _create_user(
    documents: Documents,
    records: RecordStore | None,
    user_id: str,
    pages: Mapping[str, str],
    exported: Exported,
) -> None:
    """Make a user in a backend that can't keep others from writing meanwhile."""
    if await documents.kinds(user_id):
        raise UserExistsError.of(user_id)
    backend, versions = documents.backend, dict[str, str]()
    try:
        if records is not None:
            await records.restore(user_id, exported)
        for kind, text in pages.items():
            if isinstance(backend, DocumentStore):
                versions[kind] = await backend.put(user_id, kind, text, expect=ABSENT)
            else:
                await backend.save(user_id, kind, text)
    except UserExistsError:
        raise
    except BaseException as error:
        for kind, version in versions.items():
            if isinstance(backend, DocumentStore) and await _is_still(
                backend, user_id, kind, version
            ):
                await backend.delete(user_id, kind)
        if records is not None:
            await _take_back(records, user_id, exported)
        if isinstance(error, ConflictError):
            raise UserExistsError.of(user_id) from error
        raise


async def _is_still(backend: DocumentStore, user_id: str, kind: str, version: str) -> bool:
    return (await backend.get(user_id, kind))[1] == version


async def _take_back(records: RecordStore, user_id: str, exported: Exported) -> None:
    """Remove what was restored, unless somebody has written more since."""
    if _names_in(await records.export(user_id)) <= _names_in(exported):
        await records.delete_user(user_id)


def _names_in(exported: Exported) -> set[tuple[Any, ...]]:
    return {
        *((m.session_id, m.number) for m in exported.messages),
        *(("turn", t.session_id, t.number) for t in exported.turns),
        *(("note", note.namespace, note.key, note.updated_at) for note, _ in exported.notes),
        *(("session", s.id, s.numbered) for s in exported.sessions),
    }


# ---------------------------------------------------------------- files


def _read(path: Path) -> dict[str, str]:
    """Return the files of an export by name; those that file managers leave are passed over."""
    try:
        found = {name: content.decode() for name, content in _contents(path)}
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: a file in it is not UTF-8; nothing is imported") from error
    except _BROKEN_ARCHIVE as error:
        raise ValueError(f"{path} is no zip file that can be read: {error}") from error
    if not any(name in json_lines.FILES or _kind(name, found) for name in found):
        raise ValueError(f"{path} is no export of a diary: it has neither pages nor records")
    return found


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path).as_posix()
            if file.is_file() and _counts(name):
                yield name, file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and _counts(name):
                yield name, archive.read(name)


def _counts(name: str) -> bool:
    return _AGENT_NAME.match(name) is not None or not _DROPPED.match(name)


def _pages(path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return the pages and notebooks by kind.

    Raises:
        ValueError: there is a file that no export has.
    """
    pages: dict[str, str] = {}
    for name, text in given.items():
        kind = _kind(name, given)
        if kind is not None:
            pages[kind] = text
        elif name not in json_lines.FILES and not _AGENT_NAME.match(name):
            raise ValueError(
                f"{path}: {name!r} is no file of an export; take it out. Nothing is imported"
            )
    return pages


def _kind(name: str, given: Mapping[str, str]) -> str | None:
    """Return the kind of the page in a file, None where it is none's."""
    page, notebook = _PAGE.match(name), _NOTEBOOK.match(name)
    if page:
        return page[1]
    if not notebook:
        return None
    folder = notebook[1]
    if is_cut(folder):
        kind = notebook_kind(given.get(f"{NOTEBOOKS}{folder}/.agent_name", ""))
        return kind if notebook_folder(kind) == folder else None
    kind = NOTEBOOKS + folder
    return kind if agent_name_of(kind) is not None else None
