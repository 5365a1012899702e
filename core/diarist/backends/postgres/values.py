"""Values as PostgreSQL takes and gives them: what its text can't hold, vectors, the end of texts.

What PostgreSQL's text can't hold is written so that it comes back and keeps its place in the order.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from diarist.backends.statements.connection import End, Packed, Terms
from diarist.backends.statements.vectors import packed, unpacked
from diarist.stemming import stems

if TYPE_CHECKING:
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

_FLOAT, _FLOATS = 700, 1021
"""PostgreSQL's numbers of the type REAL, and of an array of it."""
_HEADER = struct.Struct(">5i")
"""What an array begins with: dimensions, whether it has NULLs, its type, its length, its first."""


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


def as_floats(vector: Packed) -> bytes:
    """Return a vector as PostgreSQL sends an array: each number after its length.

    >>> of_floats(as_floats(packed([0.5, -2.0]))) == packed([0.5, -2.0])
    True
    """
    numbers = array("I", unpacked(vector).tobytes())
    words = array("I", [numbers.itemsize]) * (2 * len(numbers))
    words[1::2] = numbers
    if sys.byteorder == "little":
        words.byteswap()
    return _HEADER.pack(1, 0, _FLOAT, len(numbers), 1) + words.tobytes()


def of_floats(data: Buffer) -> Packed:
    """Return the vector that an array is, none of which is empty."""
    words = array("I", bytes(data)[_HEADER.size :])
    if sys.byteorder == "little":
        words.byteswap()
    return packed(array("f", words[1::2].tobytes()))


class _TextDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(stored(obj))


class _TermsDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(" ".join(stems(obj.split())))


class _EndDumper(StrDumperUnknown):
    def dump(self, obj: object) -> Buffer | None:
        return super().dump(_LAST)


class _VectorDumper(Dumper):
    format = Format.BINARY
    oid = _FLOATS

    def dump(self, obj: Packed) -> Buffer | None:
        return as_floats(obj)


class _TextLoader(TextLoader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str | bytes:
        text = super().load(data)
        return original(text) if isinstance(text, str) else text


class _VectorLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Packed:
        return of_floats(data)


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Have a connection take and give values as the statements do; results come in binary."""
    adapters = connection.adapters
    adapters.register_dumper(str, _TextDumper)
    adapters.register_dumper(Terms, _TermsDumper)
    adapters.register_dumper(End, _EndDumper)
    adapters.register_dumper(Packed, _VectorDumper)
    adapters.register_dumper(int, Int8Dumper)  # one type, so that a statement is prepared once
    for name in ("text", "varchar"):
        adapters.register_loader(name, _TextLoader)
    adapters.register_loader(_FLOATS, _VectorLoader)
