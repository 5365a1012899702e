"""Every error diarist raises on purpose.

    DiaristError
    ├── InvalidIdError(ValueError)            a user id that can't be stored
    ├── SchemaError(TypeError)                a preference table that isn't one
    ├── UnknownCategoryError(ValueError)      a category the table doesn't have
    ├── PreferenceNotFoundError(KeyError)     no preference under that id
    ├── BlockNotFoundError(KeyError)          no such block among those a compactor works on
    ├── DocumentError(ValueError)             a page that can't be read; it is never overwritten
    │   └── FormatVersionError                a page written by a newer diarist
    ├── ExtractionError(ValueError)           a model's answer that can't be used; the turn waits
    ├── BackendError(OSError)                 the disk or the server said no
    │   ├── ConflictError                 somebody else wrote the page in between
    │   └── DamagedError                  a database that can't be read any more
    ├── MemoryAccessError(PermissionError)    a notebook that may not be read or written
    ├── NotebookError(ValueError)             an edit that fits no place in a notebook, or many
    ├── UserExistsError(FileExistsError)      an import over a user who has a diary
    ├── UserNotFoundError(LookupError)        an export of a user who has nothing
    ├── UserNotBoundError(LookupError)        nobody said whose memory it is
    ├── UnsupportedError(NotImplementedError) the backend lacks what is asked for
    └── MissingExtraError(ImportError)        an optional part that isn't installed

Each message says what happened, where, and what to do.
"""

from __future__ import annotations

__all__ = [
    "BackendError",
    "BlockNotFoundError",
    "ConflictError",
    "DamagedError",
    "DiaristError",
    "DocumentError",
    "ExtractionError",
    "FormatVersionError",
    "InvalidIdError",
    "MemoryAccessError",
    "MissingExtraError",
    "NotebookError",
    "PreferenceNotFoundError",
    "SchemaError",
    "UnknownCategoryError",
    "UnsupportedError",
    "UserExistsError",
    "UserNotBoundError",
    "UserNotFoundError",
]


class DiaristError(Exception):
    """The base of every error diarist raises on purpose."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidIdError(DiaristError, ValueError):
    """A user id is empty, too long, no text, or holds control characters."""


class SchemaError(DiaristError, TypeError):
    """A preference table is not a Pydantic model of `dict[str, PreferenceItem]` fields."""


class UnknownCategoryError(DiaristError, ValueError):
    """The preference table has no such category."""


class PreferenceNotFoundError(DiaristError, KeyError):
    """The page has no preference under that category and id."""


class BlockNotFoundError(DiaristError, KeyError):
    """The pages that a compactor works on have no such preference or conversation."""


class DocumentError(DiaristError, ValueError):
    """A page can't be parsed or edited. It stays as it is until somebody mends it.

    Attributes:
        reason: what is wrong, without the place.
        line: 1-based line of the fault, None where none can be named.
        column: 1-based column of the fault, None where none can be named.
        location: the file, or another name of the page; None inside pure functions.
    """

    def __init__(
        self,
        reason: str,
        *,
        line: int | None = None,
        column: int | None = None,
        location: str | None = None,
    ) -> None:
        self.reason, self.line, self.column, self.location = reason, line, column, location
        place = location or "the page"
        if line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column}"
        super().__init__(f"{place}: {reason}")

    def at(self, location: str) -> DocumentError:
        """Return the same error, naming the file it was found in.

        Args:
            location: the file, or another name of the page.
        """
        return type(self)(self.reason, line=self.line, column=self.column, location=location)


class FormatVersionError(DocumentError):
    """The page was written by a newer format version; nothing is written to it."""


class ExtractionError(DiaristError, ValueError):
    """A model gave no answer that can be used; the turn waits, and `catch_up` asks again."""


class BackendError(DiaristError, OSError):
    """A read or a write failed; what was stored before is intact."""


class ConflictError(BackendError):
    """The stored version is not the expected one: read again and retry."""


class DamagedError(BackendError):
    """A database is damaged; it stays where it is until `diarist check --repair` moves it.

    Attributes:
        reason: what SQLite says of it, and what to do, without the place.
    """

    def __init__(self, place: object, reason: str) -> None:
        self.reason = (
            f"the database is damaged ({reason}); `diarist check --repair` saves what can be read "
            "and moves it aside"
        )
        super().__init__(f"{place}: {self.reason}")


class MemoryAccessError(DiaristError, PermissionError):
    """A notebook may not be read or written: that is not the same as an empty one."""


class NotebookError(DiaristError, ValueError):
    """The text to replace is missing or not unique, or the notebook would grow too large.

    Attributes:
        found: how often the text to replace is there, None where something else is wrong.
    """

    def __init__(self, message: str, *, found: int | None = None) -> None:
        self.found = found
        super().__init__(message)


class UserExistsError(DiaristError, FileExistsError):
    """The user has a diary already; nothing is imported over it."""

    @classmethod
    def of(cls, user_id: str) -> UserExistsError:
        """Return the error for a user."""
        return cls(f"{user_id!r} has a diary already; delete it first, or import under another id")


class UserNotFoundError(DiaristError, LookupError):
    """The user has neither pages nor records, so there is nothing to export."""


class UserNotBoundError(DiaristError, LookupError):
    """Nobody said whose memory it is; there is no default user."""


class UnsupportedError(DiaristError, NotImplementedError):
    """The backend has no part that this call needs."""


class MissingExtraError(DiaristError, ImportError):
    """An optional part is used whose packages are not installed."""
