"""The rows of one user, as the statements know a database: SQLite's words in PostgreSQL's.

What PostgreSQL's text can't hold is written so that it comes back and keeps its place in the order.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from diarist.backends.statements.connection import End, Terms
from diarist.stemming import stems

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    import psycopg
    from psycopg.abc import Buffer

_LAST = "\U0010ffff"
_ESCAPES = {
    "\0": "\x01\x01",
    "\x01": "\x01\x02",
    "\U0010fffe": "\U0010fffe\U0010fffd",
    _LAST: "\U0010fffe\U0010fffe",
}
_ESCAPED = {escaped: plain for plain, escaped in _ESCAPES.items()}
_PLAIN = re.compile("[\0\x01\U0010fffe\U0010ffff]")
_STORED = re.compile("[\x01\U0010fffe].", re.DOTALL)
_SPELLINGS = {
    "json_group_array(DISTINCT name)": "coalesce(json_agg(DISTINCT name)::TEXT, '[]')",
    " INDEXED BY notes_by_time": "",
    " NOT INDEXED": "",
    "+namespace": "namespace",
    "instr(": "strpos(",
    "ON CONFLICT (namespace, name)": "ON CONFLICT (user_id, namespace, name)",
    "ON CONFLICT (name)": "ON CONFLICT (user_id, name)",
}
"""What SQLite says, and what PostgreSQL does."""
_LISTED = re.compile(r"\(SELECT value FROM json_each\((\?|:\w+)\)\)")
_COMPARED = re.compile(r"json_extract\(value, :\w+\) [<>]= :\w+")
"""A condition that only spares reading; a number in text may be too much for PostgreSQL."""
_NAMED = re.compile(r"(?<!:):([a-z]\w*)")


def stored(text: str) -> str:
    r"""Return a text as PostgreSQL can hold it, which has no NUL; the order of texts stays.

    Nothing that is stored begins with the last character of Unicode, which is thus after all texts.

    >>> stored("a\0b"), stored("a") < stored("a\0") < stored("a\x01")
    ('a\x01\x01b', True)
    """
    if not _PLAIN.search(text):
        return text
    return _PLAIN.sub(lambda found: _ESCAPES[found[0]], text)


def original(text: str) -> str:
    r"""Return the text that is `stored` so.

    >>> original(stored("a\0b\U0010ffff")) == "a\0b\U0010ffff"
    True
    """
    if not _STORED.search(text):
        return text
    return _STORED.sub(lambda found: _ESCAPED[found[0]], text)


@lru_cache(1000)
def in_postgres(statement: str) -> str:
    """Return a statement of `statements` as PostgreSQL understands it.

    >>> in_postgres("SELECT key FROM notes WHERE name = ? AND instr(value, :f0) > 0")
    'SELECT key FROM notes WHERE name = %s AND strpos(value, %(f0)s) > 0'
    """
    statement = _COMPARED.sub("TRUE", statement)
    statement = _LISTED.sub(
        r"(SELECT value::BIGINT FROM jsonb_array_elements_text(\1::JSONB))", statement
    )
    for ours, theirs in _SPELLINGS.items():
        statement = statement.replace(ours, theirs)
    return _NAMED.sub(r"%(\1)s", statement).replace("?", "%s")


class UserRows:
    """A connection inside a transaction of one user."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(
        self, sql: str, values: Sequence[Any] | Mapping[str, Any] = (), /
    ) -> psycopg.Cursor[Any]:
        """Run a statement in SQLite's words."""
        return self._connection.execute(in_postgres(sql).encode(), values or None)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> psycopg.Cursor[Any]:
        """Run a statement once for each row of values."""
        cursor = self._connection.cursor()
        cursor.executemany(in_postgres(sql).encode(), rows)
        return cursor

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo what is done inside where it fails, and leave the transaction usable."""
        with self._connection.transaction():
            yield


# ---------------------------------------------------------------- values


class _TextDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(stored(obj))


class _TermsDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(" ".join(stems(obj.split())))


class _EndDumper(StrDumperUnknown):
    def dump(self, obj: object) -> Buffer | None:
        return super().dump(_LAST)


class _TextLoader(TextLoader):
    def load(self, data: Buffer) -> str | bytes:
        text = super().load(data)
        return original(text) if isinstance(text, str) else text


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Have a connection take and give values as the statements do."""
    adapters = connection.adapters
    adapters.register_dumper(str, _TextDumper)
    adapters.register_dumper(Terms, _TermsDumper)
    adapters.register_dumper(End, _EndDumper)
    adapters.register_dumper(int, Int8Dumper)  # one type, so that a statement is prepared once
    for name in ("text", "varchar"):
        adapters.register_loader(name, _TextLoader)
