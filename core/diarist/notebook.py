"""An agent's notebook: its own `MEMORY.md` inside a user's diary.

The text is worked on in `pages.notebook`; this module brings it from the backend and back. What may
not be read is never taken for empty, and no call returns before the notebook is written.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from diarist.backends import base
from diarist.backends.base import blocking_of
from diarist.backends.ids import check_user_id, notebook_kind
from diarist.blocking import one_hop
from diarist.checks import check_counts, check_text, check_whole
from diarist.errors import BackendError, MemoryAccessError, NotebookError
from diarist.pages import notebook as pages
from diarist.pages.rendering import clean
from diarist.showing import Displayed
from diarist.tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from diarist.backends.base import TextStore
    from diarist.pages.notebook import Keep

_DENIED = frozenset(
    [errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.EISDIR, errno.ENOTDIR]
)


@dataclass(frozen=True)
class MemoryFile(Displayed):
    """A notebook as it was when it was read or written.

    Attributes:
        agent_name: whose it is.
        path: the file, or what else names it.
        content: the text.
    """

    agent_name: str
    path: str
    content: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends, which are LF or CRLF."""
        return tuple(pages.lines(self.content))

    def format_prompt(
        self,
        max_lines: int = 200,
        *,
        keep: Keep = "tail",
        max_tokens: int | None = None,
        pin_marker: str = pages.PIN_MARKER,
        count_tokens: Callable[[str], int] = estimate,
    ) -> str:
        r"""Return the text, or what fits of it, for a prompt; see `Notebook.format_prompt`.

        Args:
            max_lines: how many lines to show at most, pinned ones included.
            keep: which lines to show where not all fit: the last or the first.
            max_tokens: how many tokens the answer may have; None is any number.
            pin_marker: what marks a line that is always shown.
            count_tokens: counts the tokens of a text.

        >>> print(MemoryFile("main", "MEMORY.md", "a\nb\n").format_prompt(1, keep="head"))
        ## Agent Memory (main)
        <BLANKLINE>
        a
        <BLANKLINE>
        ... [1 more line in memory] ...
        """
        check_whole("max_lines", max_lines)
        check_counts(max_tokens=max_tokens)
        check_text("pin_marker", pin_marker)
        return pages.prompt(
            self.content,
            self.agent_name,
            max_lines,
            keep=keep,
            max_tokens=max_tokens,
            pin_marker=pin_marker,
            count_tokens=count_tokens,
        )


class Notebook:
    """What one agent wrote down about one user, in Markdown.

    Any number of tasks, threads and processes may write to one notebook, and a person may edit it.

    Args:
        backend: where it is kept.
        user_id: whose diary it is in.
        agent_name: whose notebook it is; any string.
        count_tokens: how many tokens a text has.
        in_thread: the backend may block the thread that calls.

    Raises:
        InvalidIdError: nobody can have that user id.

    Example:
        >>> import asyncio, tempfile
        >>> from diarist.backends import LocalBackend
        >>> notebook = Notebook(LocalBackend(tempfile.mkdtemp()), "ana")
        >>> asyncio.run(notebook.append("- Ana's team meets on Mondays.")).lines
        ("- Ana's team meets on Mondays.",)
        >>> print(asyncio.run(notebook.format_prompt()))
        ## Agent Memory (main)
        <BLANKLINE>
        - Ana's team meets on Mondays.
    """

    def __init__(
        self,
        backend: TextStore,
        user_id: str,
        agent_name: str = "main",
        *,
        count_tokens: Callable[[str], int] = estimate,
        in_thread: bool = False,
    ) -> None:
        self.user_id = check_user_id(user_id)
        self.agent_name = clean(check_text("agent_name", agent_name))
        self._kind = notebook_kind(agent_name)
        self._backend = backend
        self._count_tokens = count_tokens
        self._in_thread = in_thread

    def __repr__(self) -> str:
        return f"Notebook({self._backend!r}, {self.user_id!r}, {self.agent_name!r})"

    @property
    def _twin(self) -> Self | None:
        """This notebook over a blocking backend, None where there is none, or where this is it."""
        blocking = None if self._in_thread else blocking_of(self._backend)
        if blocking is None:
            return None
        twin = copy(self)
        twin._in_thread = True
        twin._backend = blocking
        return twin

    # ------------------------------------------------------------ reading

    @one_hop
    async def read(self) -> str:
        """Return the notebook, "" where there is none.

        Raises:
            MemoryAccessError: it may not be read: no permission, a symbolic link, a folder.
            DocumentError: it is not UTF-8; the error has line and column.
        """
        return await self._text() or ""

    @one_hop
    async def load(self) -> MemoryFile | None:
        """Return the notebook with its name and place, None where there is none.

        Raises:
            MemoryAccessError: it may not be read: no permission, a symbolic link, a folder.
            DocumentError: it is not UTF-8; the error has line and column.
        """
        text = await self._text()
        return None if text is None else self._file(text)

    @one_hop
    async def format_prompt(
        self,
        max_lines: int = 200,
        *,
        keep: Keep = "tail",
        max_tokens: int | None = None,
        pin_marker: str = pages.PIN_MARKER,
        count_tokens: Callable[[str], int] | None = None,
    ) -> str:
        """Return the notebook, or the part of it that fits, for a prompt; "" where there is none.

        Args:
            max_lines: how many lines of the notebook to show at most, pinned ones included.
            keep: which lines to show where not all fit: the last ("tail") or the first ("head").
                A line says how many are left out.
            max_tokens: how many tokens the prompt has at most, heading and all; "" where not even
                the heading fits.
            pin_marker: the lines above it are always shown, as far as the limits allow; "" pins
                nothing.
            count_tokens: how many tokens a text has; None estimates.

        Raises:
            MemoryAccessError: it may not be read: no permission, a symbolic link, a folder.
            DocumentError: it is not UTF-8; the error has line and column.
            ValueError: a limit is negative, or `keep` is something else.
        """
        file = MemoryFile(self.agent_name, "", await self._text() or "")
        return file.format_prompt(
            max_lines,
            keep=keep,
            max_tokens=max_tokens,
            pin_marker=pin_marker,
            count_tokens=count_tokens or self._count_tokens,
        )

    # ------------------------------------------------------------ writing

    @one_hop
    async def append(self, text: str) -> MemoryFile:
        """Add `text` at the end, after a blank line; begin the notebook where there is none.

        Returns:
            The notebook as it is now, on the disk.

        Raises:
            NotebookError: `text` is empty, or the notebook would be larger than 1,000,000
                characters.
            MemoryAccessError: it may not be read or written.
            DocumentError: it is not UTF-8, or was emptied by somebody else; it stays as it is.
        """
        check_text("text", text)
        return await self._change(lambda before: pages.append(before or "", text))

    @one_hop
    async def replace(self, old: str, new: str) -> MemoryFile:
        """Replace the one place where the notebook says `old` by `new`.

        A line end in `old` finds LF and CRLF.

        Raises:
            NotebookError: `old` is missing, there more than once, or empty: the error says how
                often and in which lines, and nothing is written.
            MemoryAccessError: it may not be read or written.
            DocumentError: it is not UTF-8, or was emptied by somebody else; it stays as it is.
        """
        check_text("old", old)
        check_text("new", new)

        def change(before: str | None) -> str:
            if before is None:
                raise NotebookError(
                    f"{self.agent_name[:80]!r} has no notebook yet, so the text is found 0 times; "
                    "append to begin one",
                    found=0,
                )
            return pages.replace(before, old, new)

        return await self._change(change)

    @one_hop
    async def write(self, content: str) -> MemoryFile:
        """Write the whole notebook anew.

        Raises:
            NotebookError: `content` is larger than 1,000,000 characters.
            MemoryAccessError: it may not be read or written.
            DocumentError: what is there is not UTF-8, or was emptied by somebody else; it stays.
        """
        whole = pages.sized(clean(check_text("content", content)))
        return await self._change(lambda _: whole)

    # ------------------------------------------------------------ how

    async def _text(self) -> str | None:
        with self._reached():
            return await self._backend.load(self.user_id, self._kind)

    async def _change(self, change: Callable[[str | None], str]) -> MemoryFile:
        def apply(before: str | None) -> tuple[str, str]:
            after = change(before)
            return after, after

        with self._reached():
            text = await base.update(self._backend, self.user_id, self._kind, apply)
        return self._file(text)

    def _file(self, text: str) -> MemoryFile:
        locate = getattr(self._backend, "locate", None)
        with self._reached():
            path = locate(self.user_id, self._kind) if locate else f"{self.user_id}/{self._kind}"
        return MemoryFile(self.agent_name, path, text)

    @contextmanager
    def _reached(self) -> Generator[None]:
        """Tell a notebook that may not be touched from a disk that failed."""
        try:
            yield
        except BackendError as error:
            if error.errno not in _DENIED:
                raise
            denied = MemoryAccessError(
                f"{error} (the notebook of agent {self.agent_name[:80]!r} has to be a file that "
                "this process may read and write)"
            )
            denied.errno = error.errno
            raise denied from error
