"""What an adapter for a framework needs: a diary, whose it is, and names that load lazily."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from diarist.binding import Bound, bound
from diarist.checks import check_session
from diarist.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarist.diary import Diary
    from diarist.sync import SyncDiary


def open_diary(diary_or_path: Diary | SyncDiary | str | os.PathLike[str] | None) -> Diary:
    """Return the diary meant: itself, the one in a folder, or for None a new one in memory.

    Raises:
        TypeError: it is neither a diary nor a path.

    >>> open_diary(None).sync.list_users()
    []
    """
    from diarist.diary import Diary
    from diarist.sync import SyncDiary

    if isinstance(diary_or_path, Diary):
        return diary_or_path
    if isinstance(diary_or_path, SyncDiary):
        return diary_or_path.diary
    if diary_or_path is None:
        from diarist.backends.memory import MemoryBackend

        return Diary(MemoryBackend())
    if isinstance(diary_or_path, (str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
        return Diary(diary_or_path)
    raise TypeError(f"a diary or a folder's path is needed, not {type(diary_or_path).__name__}")


def whose(
    user_id: str | None = None,
    session_id: str | None = None,
    *,
    framework: tuple[str | None, str | None] = (None, None),
) -> Bound:
    """Return whose memory it is, and in which session, None where nobody says.

    The arguments come first, then what the framework's own context says, then `bind_user`.

    Args:
        user_id: the adapter's argument.
        session_id: the adapter's argument.
        framework: user and session as the framework knows them (`runtime.context.user_id`, a
            thread's id).

    Raises:
        UserNotBoundError: nobody says whose; there is no default user.

    >>> whose("ana", framework=("ben", "thread_1"))
    Bound(user_id='ana', session_id='thread_1')
    """
    who = bound(user_id if user_id is not None else framework[0])
    for session in (session_id, framework[1], who.session_id):
        if session is not None:
            return Bound(who.user_id, check_session(session))
    return who


def new_session_id() -> str:
    """Return an id for a run whose framework names no session."""
    return f"run-{uuid4().hex}"


def exports(
    package: str, extra: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package whose names load when they are first used.

    Args:
        package: its name.
        extra: what to install where a framework is missing.
        homes: module -> the names it has, apart by blanks.

    Raises:
        MissingExtraError: by `__getattr__`, where a package of the framework is not installed.
    """
    names = {name: home for home, listed in homes.items() for name in listed.split()}

    def load(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f"{package}.{names[name]}"), name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("diarist", package):
                raise
            raise MissingExtraError(
                f"{package}.{name} needs {error.name}: pip install 'diarist[{extra}]'"
            ) from error

    return load, lambda: sorted(names)
