"""The text of a page, cut at its table headers, so that one table can change alone.

Blocks joined are the text again, byte for byte. Only text that tomllib accepts may be cut.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple, TypeAlias

from diarist.pages.rendering import render_header

Path: TypeAlias = tuple[str, ...]


class Block(NamedTuple):
    """A table header, the comments above it and the lines below it.

    Attributes:
        path: the table's; () for the lines before the first header.
        text: all of it.
        head: where the header line starts in `text`.
        is_array: the header is `[[…]]`: one of several tables, kept and never edited.
        is_rendered: it is as diarist lays it out; False where that is not known.
    """

    path: Path
    text: str
    head: int = 0
    is_array: bool = False
    is_rendered: bool = False

    def is_under(self, path: Path) -> bool:
        """Say whether the block is the table at `path`, or of a table inside that."""
        return self.path[: len(path)] == path

    @property
    def has_comments(self) -> bool:
        """Whether somebody wrote a comment into it, or above it."""
        return bool(self.comments)

    @property
    def comments(self) -> list[str]:
        r"""The comments in it and above it.

        >>> cut('# mine\n[b]\nc = "#" # yours\n')[0].comments
        ['# mine', '# yours']
        """
        if "#" not in self.text:
            return []
        tokens = (token[0] for token in _TOKEN.finditer(self.text))
        return [token.rstrip("\r") for token in tokens if token.startswith("#")]

    def edited(self, text: str) -> Block:
        """Return the block with a text that is perhaps not laid out by diarist."""
        return self._replace(text=text, is_rendered=False)

    def renamed(self, path: Path) -> Block:
        """Return the block with another name in its header, and nothing else changed."""
        header = _HEADER.match(self.text, self.head)
        assert header is not None
        name = render_header(path)[1:-1]
        text = self.text[: header.start(2)] + name + self.text[header.end(2) :]
        return self._replace(path=path, text=text)

    def line_of_root_key(self, key: str) -> int | None:
        """Return in which line, from 0, of the text before all headers `key` gets its value."""
        position = len(self.text) - len(self.text.removeprefix("\ufeff"))
        while position < len(self.text):
            trivia = _TRIVIA.match(self.text, position)
            if trivia is not None and trivia.end() > position:
                position = trivia.end()
                continue
            assigned = _ASSIGNED.match(self.text, position)
            if assigned and _keys(assigned[1])[0] == key:
                return self.text.count("\n", 0, position)
            position = _end_of_statement(self.text, position)
        return None

    def comments_apart(self) -> str:
        """Return the comments around the table that a blank line separates from it."""
        lead, body = self.text[: self.head], self.text[self.head :]
        blanks = list(_BLANK.finditer(lead))
        above = lead[: blanks[-1].start()] if blanks else ""
        position = end = _end_of_statement(body, 0)
        while position < len(body):
            trivia = _TRIVIA.match(body, position)
            if trivia is not None and trivia.end() > position:
                position = trivia.end()
            else:
                position = end = _end_of_statement(body, position)
        blank = _BLANK.search(body, end)
        below = body[blank.start() :] if blank else ""
        return "".join(part for part in (above, below) if part.strip())


_TOKEN = re.compile(
    r'"""(?:[^"\\]+|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']+|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]+|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_HEADER = re.compile(
    r"""[ \t]*(\[\[?)((?:[^\]\["'\n#]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+)\]\]?[^\n]*(?:\n|\Z)"""
)
_ASSIGNED = re.compile(r"""\s*((?:[\w.\s-]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+)=""")
_TRIVIA = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_BLANK = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)
_BARE_PATH = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")


def cut(text: str) -> tuple[Block, ...]:
    r"""Return the blocks of valid TOML, which may start with a byte order mark.

    >>> [block.text for block in cut("a = 1\n\n# mine\n[b]\nc = 2\n")]
    ['a = 1\n', '\n# mine\n[b]\nc = 2\n']
    """
    blocks: list[Block] = []
    open_block = Block((), "")
    begin = 0
    end = position = len(text) - len(text.removeprefix("\ufeff"))  # of the last statement; read
    while position < len(text):
        trivia = _TRIVIA.match(text, position)
        if trivia is not None and trivia.end() > position:
            position = trivia.end()
            continue
        header = _HEADER.match(text, position)
        if header is None:
            position = end = _end_of_statement(text, position)
            continue
        start = _start_of_trivia(text, end, position)
        if start > begin or blocks:
            blocks.append(open_block._replace(text=text[begin:start]))
        begin = start
        open_block = Block(_keys(header[2]), "", position - begin, header[1] == "[[")
        position = end = header.end()
    if begin < len(text):
        blocks.append(open_block._replace(text=text[begin:]))
    return tuple(blocks)


def parted(blocks: tuple[Block, ...], newline: str) -> tuple[Block, ...]:
    """Return the blocks with a blank line before the first, unless it brings one."""
    if not blocks or blocks[0].text.startswith(("\n", "\r")):
        return blocks
    first = blocks[0]
    text, head = newline + first.text, len(newline) + first.head
    return (first._replace(text=text, head=head), *blocks[1:])


def ended(blocks: tuple[Block, ...], newline: str) -> tuple[Block, ...]:
    """Return `blocks` with a line end after the last line."""
    if not blocks or not blocks[-1].text.removeprefix("\ufeff") or blocks[-1].text.endswith("\n"):
        return blocks
    last = blocks[-1]
    return (*blocks[:-1], last.edited(last.text + newline))


def _end_of_statement(text: str, position: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, position):
        first = token[0]
        if first == "\n":
            if not depth:
                return token.end()
        elif first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
    return len(text)


def _start_of_trivia(text: str, end: int, header: int) -> int:
    """Blank lines and comments before a header are the header's, from the first blank line on."""
    blank = _BLANK.search(text, end, header)
    return blank.start() if blank else end


def _keys(dotted: str) -> Path:
    if _BARE_PATH.match(dotted):
        return tuple(dotted.split("."))
    table: Any = tomllib.loads(f"[{dotted}]")
    keys: list[str] = []
    while table:
        (key,) = table
        keys.append(key)
        table = table[key]
    return tuple(keys)
