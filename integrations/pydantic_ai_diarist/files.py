"""An agent's `MEMORY.md` on a backend of Pydantic Deep: whatever reads and writes files by path.

Nothing here needs Pydantic AI. A file that may not be read is never taken for a missing one, and a
file that is no text is never written over. Such a backend has no lock and no versions: writes are
kept apart in this process only, where a diary's notebook keeps all processes apart.
"""

from __future__ import annotations

import asyncio
import re
import threading
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from weakref import WeakValueDictionary

from diarist import BackendError, DocumentError, MemoryAccessError, MemoryFile

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer: TypeAlias = Any
    """What a method gives, or something to await that gives it."""

MEMORY_DIR = "/.deep/memory"
MEMORY_FILENAME = "MEMORY.md"

_MISSING = re.compile(
    r"(?!permission|access).*\bnot found\W?|file not found: .*|.*\bno such file or directory\b.*"
    r"|.*\bexceeds file length \(0 lines\)",
    re.IGNORECASE | re.DOTALL,
)
"""How backends say in words that there is no file, or nothing in it."""


class FileBackend(Protocol):
    """What is needed of a backend; each method may be async.

    None of them raises: `read_bytes` gives `b""` for what it can't read, `read` then says why in a
    text that begins with "Error:", and the result of `write` has the attribute `error`.
    """

    def read_bytes(self, path: str) -> Answer:
        """Return all of a file."""
        ...

    def read(self, path: str) -> Answer:
        """Return a file with line numbers, or why it can't be read."""
        ...

    def write(self, path: str, content: bytes) -> Answer:
        """Write a file."""
        ...


def get_memory_path(memory_dir: str, agent_name: str) -> str:
    """Return where the notebook of an agent is, inside a folder of notebooks.

    Args:
        memory_dir: the folder.
        agent_name: a name that can be a folder's.

    Raises:
        ValueError: the name is none of a folder: it would lead out of the place.

    >>> get_memory_path("/.deep/memory/", "reviewer")
    '/.deep/memory/reviewer/MEMORY.md'
    """
    is_name = agent_name.isprintable() and agent_name.strip() and not set(agent_name) & set("/\\")
    if not is_name or agent_name in (".", ".."):
        raise ValueError(
            f"an agent's name is the name of its folder, not {agent_name!r}; leave out slashes, "
            "control characters and dots alone"
        )
    return f"{memory_dir.rstrip('/')}/{agent_name}/{MEMORY_FILENAME}"


def load_memory(backend: FileBackend, path: str, agent_name: str = "main") -> MemoryFile | None:
    """Return the notebook at a path of a blocking backend, None where it is missing or empty.

    Args:
        backend: a backend of Pydantic Deep's.
        path: of the file.
        agent_name: whose it is, for its heading in a prompt.

    Raises:
        MemoryAccessError: it may not be read.
        DocumentError: it is not UTF-8; the error has line and column.
    """
    raw: bytes = backend.read_bytes(path)
    if raw:
        return MemoryFile(agent_name, path, _text_of(raw, path))
    _check_missing(backend.read(path))
    return None


class DepsFile:
    """One file of a backend, as a notebook reads and writes it.

    Whoever asks for the same file of the same backend gets the same object, under whose lock it is
    changed. Blocking backends are called in a worker thread.
    """

    def __init__(self, backend: FileBackend, path: str) -> None:
        self._backend, self._path = backend, path

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the text, None where the file is missing or empty.

        Raises:
            MemoryAccessError: it may not be read.
            DocumentError: it is not UTF-8.
        """
        raw = await _asked(self._backend.read_bytes, self._path)
        if raw:
            return _text_of(raw, self._path)
        _check_missing(await _asked(self._backend.read, self._path))
        return None

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the text.

        Raises:
            BackendError: the backend says that it could not.
        """
        result = await _asked(self._backend.write, self._path, content.encode())
        if result.error:
            raise BackendError(str(result.error))

    def locate(self, user_id: str, kind: str) -> str:
        """Return the path."""
        return self._path


_open: WeakValueDictionary[tuple[int, str], DepsFile] = WeakValueDictionary()
_opening = threading.Lock()


def deps_file(backend: FileBackend, path: str) -> DepsFile:
    """Return a file of a backend; it is known as long as anybody works on it."""
    with _opening:
        return _open.setdefault((id(backend), path), DepsFile(backend, path))


# ---------------------------------------------------------------- how


async def _asked(method: Callable[..., Answer], *arguments: object) -> Any:
    try:
        found = await asyncio.to_thread(method, *arguments)
        return await found if isawaitable(found) else found
    except OSError as error:
        raise MemoryAccessError(str(error)) from error


def _text_of(raw: bytes, path: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise DocumentError(
            "this is not UTF-8; it stays as it is until somebody mends it",
            line=before.count(b"\n") + 1,
            column=error.start - before.rfind(b"\n"),
            location=path,
        ) from error


def _check_missing(said: str) -> None:
    """Raise where a backend's words about a file say that it is there and may not be read."""
    prefix, _, reason = said.partition("Error:")
    if prefix or not reason or _MISSING.fullmatch(reason.strip()):
        return
    raise MemoryAccessError(reason.strip())
