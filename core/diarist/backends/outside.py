"""Has somebody else changed a page, and have they finished?

Editors take no lock, and many truncate a file before they write it. A page that changed outside
is taken once it has been at rest for a moment, or for longer where it looks half written. Beside
each page lies a mark of the file that diarist wrote last, so that another process's write is not
mistaken for an editor's. The mark may be missing or old, as after a copy: that only costs a wait.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from diarist.backends import files

if TYPE_CHECKING:
    from pathlib import Path

QUIET = 0.2
"""Seconds a changed page must have been at rest."""
PATIENCE = 2.0
"""The same for a page that is now missing, empty, unreadable, or has lost tables or length."""
EDITED_LATELY = 60.0
"""Seconds after a change from outside for which a person may still be at it."""
_TICK = 0.05
_EDITORS_FILES = (".{}.swp", ".{}.swo", ".#{}", "#{}#", ".{}.kate-swp", ".~lock.{}#")
"""What vim, nano, Emacs, Kate and LibreOffice put beside a file that is open."""

_HEADER = re.compile(rb"^[ \t]*\[[^\n\]]*\]", re.MULTILINE)


@lru_cache(maxsize=4096)
def previous_path(page: Path) -> Path:
    """Return where the text before an outside change is kept."""
    return page.parent / ".previous" / page.name


@lru_cache(maxsize=4096)
def _mark_path(page: Path) -> Path:
    return page.parent / ".previous" / f"{page.stem}.mark"


@lru_cache(maxsize=4096)
def _folder_path(page: Path) -> Path:
    return page.parent / ".previous"


def read_mark(page: Path) -> files.State | None:
    """Return the state of the file that diarist last wrote as `page`, None where no mark says.

    Raises:
        BackendError: there is a symbolic link in the place of the mark, or of its folder.
    """
    files.is_folder(_folder_path(page))
    found = files.read(_mark_path(page))
    numbers = found[0].split() if found else []
    if len(numbers) != len(files.State._fields) or not all(map(bytes.isdigit, numbers)):
        return None
    return files.State(*map(int, numbers))


def write_mark(page: Path, written: files.State) -> None:
    """Note what was just written as `page`; a disk that refuses costs a wait later, no more."""
    files.is_folder(_folder_path(page))
    path = _mark_path(page)
    # Always of one length, so that it is overwritten in place, which is far cheaper.
    text = "".join(f"{number:020}\n" for number in written).encode()
    with suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)


def remove_traces(page: Path) -> None:
    """Remove the mark and the text before the last outside change."""
    files.is_folder(_folder_path(page))
    for path in (_mark_path(page), previous_path(page)):
        path.unlink(missing_ok=True)


def sign_of_editing(page: Path, now: float, changed: int | None) -> str | None:
    """Return what shows that a person edits a page just now, None where nothing does.

    Args:
        page: the file.
        now: the time, in seconds since the epoch.
        changed: when it was last seen to be changed by a person, in nanoseconds.
    """
    state = files.state_of(page)
    for name in _EDITORS_FILES:
        beside = page.parent / name.format(page.name)
        if files.state_of(beside) is not None:
            return f"{beside.name} beside it says that an editor has it open"
    backup = files.state_of(page.parent / f"{page.name}~")
    if backup is not None and (state is None or backup.modified > state.modified):
        return f"{page.name}~ beside it is newer: an editor is writing it"
    changes = [] if changed is None else [changed]
    if state is not None and read_mark(page) != state:
        changes.append(state.modified)
    ages = [abs(now - change / 1e9) for change in changes]
    if ages and min(ages) < EDITED_LATELY:
        return f"a person changed it {min(ages):.0f} seconds ago"
    return None


def looks_half_written(
    page: Path, content: bytes | None, former: bytes | None, mark: files.State | None
) -> bool:
    """Say whether the page seems to be between an editor's truncating and its writing.

    A TOML page has lost tables then; any other text, which has none, is shorter than it was.
    """
    if content is None or not content.strip():
        return True
    if former is not None and page.suffix == ".toml":
        return not set(_HEADER.findall(former)) <= set(_HEADER.findall(content))
    if former is not None:
        return len(content) < len(former)
    return mark is not None and len(content) < mark.size


class Rest:
    """How long a page has been at rest, over several looks."""

    def __init__(self) -> None:
        self._content: bytes | None = None
        self._age = 0.0
        self._since: float | None = None

    @property
    def was_needed(self) -> bool:
        """Whether the page changed outside at all."""
        return self._since is not None

    def look(self, content: bytes | None, state: files.State | None) -> None:
        """Note what the page holds now."""
        if self._since is None or content != self._content:
            self._content, self._since = content, time.monotonic()
        # A time stamp of the future, after a clock was set, says nothing.
        self._age = max(time.time() - state.modified / 1e9, 0.0) if state else 0.0

    def missing(self, wanted: float) -> float:
        """Return how long to wait before the next look, 0 where `wanted` seconds are over."""
        if self._since is None:
            return 0.0
        rested = max(self._age, time.monotonic() - self._since)
        return max(min(wanted - rested, _TICK), 0.0)
