"""TOML 1.0 as diarist writes it: one key a line, strings on one line, safe for every code point."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from diarist.models import Table

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def clean(text: str) -> str:
    r"""Return `text` with lone surrogates, which no file can hold, replaced by U+FFFD.

    >>> clean("a\ud800b") == "a\ufffdb"
    True
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def render_string(text: str) -> str:
    r"""Return `text` as a TOML basic string on one line.

    >>> print(render_string('say "hi"'))
    "say \"hi\""
    """
    quoted = json.dumps(clean(text), ensure_ascii=False)
    if quoted.isascii() and "\x7f" not in quoted:
        return quoted
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04X}", quoted)


def render_key(key: str) -> str:
    """Return `key` bare where TOML allows it, else quoted."""
    return key if _BARE.match(key) else render_string(key)


def render_value(value: Any) -> str:
    """Return `value` as TOML 1.0 on one line; None has no form in TOML and is a TypeError."""
    match value:
        case str():
            return render_string(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime() | date() | time():
            return value.isoformat()
        case tuple() | list():
            return f"[{', '.join(map(render_value, cast('Sequence[Any]', value)))}]"
        case Mapping():
            table = cast("Table", value)
            inside = ", ".join(f"{render_key(k)} = {render_value(v)}" for k, v in table.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            raise TypeError(f"TOML has no form for {type(value).__name__}")


def render_header(path: tuple[str, ...]) -> str:
    """Return the header of the table at `path`, without the line end.

    >>> render_header(("likes", "black coffee"))
    '[likes."black coffee"]'
    """
    return f"[{'.'.join(map(render_key, path))}]"


def render_table(path: tuple[str, ...], values: Table, newline: str = "\n") -> str:
    """Return a table as diarist writes it: the header, then one key a line."""
    lines = [render_header(path)]
    lines += [f"{render_key(key)} = {render_value(value)}" for key, value in values.items()]
    return newline.join([*lines, ""])
