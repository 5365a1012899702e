"""TOML pages as text: parse once, change one table, leave every other byte as it was.

A `Document` is immutable: its parsed `tree` and the `blocks` of text it is made of, one for each
table header. Changing a table makes a new document that shares everything else, so what diarist
wrote itself is never parsed again. tomllib is the definition of a valid page; tomlkit edits the
tables that a person laid out by hand, and what it makes of them is checked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from diarist.caching import BoundedCache
from diarist.errors import DocumentError
from diarist.pages.blocks import Block, Path, cut, ended, parted
from diarist.pages.rendering import clean, render_header, render_table, render_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarist.models import Table

EMPTY: Table = MappingProxyType({})
CACHE_CHARACTERS = 8_000_000
"""How much page text the parse cache holds; a parsed page takes about six times its text."""
MAX_DEPTH = 64

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def parse(text: str) -> Document:
    r"""Return `text` as a document; what was parsed or written lately comes from a cache.

    A byte order mark at the start is accepted and kept.

    Raises:
        DocumentError: `text` is not valid TOML 1.0 (the error has line and column).

    >>> parse('[likes.tea]\ntext = "tea"\n').tree["likes"]["tea"]["text"]
    'tea'
    """
    known = _cache.get(_sample(text))
    if known is not None and known.text == text:
        _remember(known)  # what is read stays longest
        return known
    tree = _freeze(_load(text.removeprefix("\ufeff")))
    newline = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    document = Document(tree, cut(text), newline, text)
    _remember(document)
    return document


def _load(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DocumentError("values are nested too deeply") from None
    except ValueError as error:
        place = _POSITION.search(str(error))
        if place is None:
            raise DocumentError(f"not valid TOML: {error}") from None
        reason = f"not valid TOML: {str(error)[: place.start()]}"
        if place[1]:
            line, column = int(place[1]), int(place[2])
        else:
            line = text.count("\n") + 1
            column = len(text) - text.rfind("\n")
        raise DocumentError(reason, line=line, column=column) from None


def _freeze(value: Any, depth: int = 0) -> Any:
    """Return `value` as a tree holds it: read-only tables, tuples, strings that a file can hold."""
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    if depth > MAX_DEPTH:
        raise DocumentError(f"values are nested too deeply, more than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        table = cast("Table", value)
        return MappingProxyType({clean(k): _freeze(v, depth + 1) for k, v in table.items()})
    return tuple(_freeze(item, depth + 1) for item in cast("Sequence[Any]", value))


def thaw(value: Any) -> Any:
    """Return `value` with plain dicts and lists, which the caller may change."""
    if isinstance(value, Mapping):
        table = cast("Table", value)
        return {key: thaw(item) for key, item in table.items()}
    if isinstance(value, (tuple, list)):
        return [thaw(item) for item in cast("Sequence[Any]", value)]
    return value


def is_table(value: object) -> TypeGuard[Table]:
    """Say whether a value of a document's tree is a table."""
    return isinstance(value, MappingProxyType)


def is_same(one: Any, other: Any) -> bool:
    """Say whether two values are one in TOML: 1, 1.0 and true differ, nan is nan.

    >>> is_same((1, 2), (1, 2)), is_same(1, True)
    (True, False)
    """
    if is_table(one) and is_table(other):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        left, right = cast("tuple[Any, ...]", one), cast("tuple[Any, ...]", other)
        return len(left) == len(right) and all(map(is_same, left, right))
    if one != one and other != other:
        return True
    return type(cast("object", one)) is type(other) and one == other


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A parsed page. `set`, `remove` and the others return new documents; nothing changes in place.

    Attributes:
        tree: the parsed page, read-only, with tuples for arrays.
        blocks: the text, cut at table headers.
        newline: the page's line end.
    """

    tree: Table
    blocks: tuple[Block, ...]
    newline: str = "\n"
    _text: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The page. Whoever reads this very text again gets this document, without parsing."""
        if self._text is None:
            object.__setattr__(self, "_text", "".join([block.text for block in self.blocks]))
            _remember(self)
        return cast("str", self._text)

    def get(self, path: Path) -> Table | None:
        """Return the table at `path`, None where there is none."""
        table: Any = self.tree
        for key in path:
            table = table.get(key) if is_table(table) else None
        return table if is_table(table) else None

    def has_header(self, path: Path) -> bool:
        """Say whether the table at `path` has a header line of its own."""
        return any(block.path == path and not block.is_array for block in self.blocks)

    def line_of(self, path: Path) -> int | None:
        """Return the 1-based line of `path`, or of the nearest table above it."""
        while path:
            line = 1
            for block in self.blocks:
                if block.path == path:
                    return line + block.text.count("\n", 0, block.head)
                if not block.path and len(path) == 1:
                    offset = block.line_of_root_key(path[0])
                    if offset is not None:
                        return line + offset
                line += block.text.count("\n")
            path = path[:-1]
        return None

    def set(self, path: Path, values: Table) -> Document:
        r"""Return the page with exactly `values` in the table at `path`.

        A missing table is added after its last sibling, or at the end. Comments inside the table
        stay; keys whose value stays keep their spelling.

        Raises:
            DocumentError: `path` or a parent of it is a plain value, or the table is written in a
                way that can't be edited safely.

        >>> page = parse('[a.x]\ntext = "old"  # mine\n')
        >>> page.set(("a", "x"), {"text": "new"}).text
        '[a.x]\ntext = "new"  # mine\n'
        """
        path, values = tuple(map(clean, path)), _freeze(values)
        self._check_tables(path)
        old = self.get(path)
        if old is None:
            return self._insert(path, values)
        if is_same(old, values):
            return self
        number = self._owner(path)
        block = self.blocks[number]
        lead = block.text[: block.head]
        if block.path != path or lead.strip():
            return self._edit(number, path, old, values)
        if not block.is_rendered and block.text != lead + render_table(path, old, self.newline):
            return self._edit(number, path, old, values)
        text = lead + render_table(path, values, self.newline)
        block = block._replace(text=text, is_rendered=True)
        return self._with_block(number, block, _with(self.tree, path, values))

    def set_first(self, path: Path, values: Table) -> Document:
        """Return the page with a new table, which it lacks, before all others."""
        values = _freeze(values)
        at = 1 if self.blocks and self.blocks[0].path == () else 0
        before, after = ended(self.blocks[:at], self.newline), self.blocks[at:]
        block, after = self._new_block(path, values, before), parted(after, self.newline)
        tree = MappingProxyType({path[0]: values, **self.tree})
        return self._next(tree, (*before, block, *after))

    def remove(self, path: Path) -> Document:
        """Return the page without the table at `path` and the comments that touch it.

        Comments that stand apart from it, by a blank line, stay.

        Raises:
            DocumentError: the table is written in a way that can't be edited safely.
        """
        old = self.get(path)
        if old is None:
            return self
        if not self.has_header(path):
            return self._edit(self._owner(path), path, old, None)
        blocks: list[Block] = []
        length = len(path)
        for block in self.blocks:
            if block.path[:length] != path:
                blocks.append(block)
                continue
            left = block.comments_apart()
            if left and blocks:
                blocks[-1] = blocks[-1].edited(blocks[-1].text + left)
            elif left:
                blocks.append(Block((), left))
        return self._next(_without(self.tree, path, _headers(blocks)), tuple(blocks))

    def rename(self, path: Path, new: Path) -> Document:
        """Return the page with the table at `path` under the name `new`.

        Only header lines change. Under the same parent it keeps its place, else it comes after the
        tables of its new parent, or at the end.

        Raises:
            DocumentError: `path` has no header of its own, or `new` is taken or can't be a table.
        """
        new = tuple(map(clean, new))
        self._check_tables(new)
        table, is_child = self.get(path), new[: len(path)] == path
        if table is None or is_child or self.get(new) is not None:
            raise DocumentError(f"{render_header(path)} can't become {render_header(new)}")
        if not self.has_header(path) or not self._takes_header(new):
            raise self._too_odd(path)
        blocks = tuple(
            block.renamed(new + block.path[len(path) :]) if block.is_under(path) else block
            for block in self.blocks
        )
        if new[:-1] == path[:-1]:
            siblings = cast("Table", self.get(path[:-1]))
            renamed = {(new[-1] if key == path[-1] else key): siblings[key] for key in siblings}
            return self._next(_with(self.tree, path[:-1], MappingProxyType(renamed)), blocks)
        tree = _with(_without(self.tree, path, _headers(blocks)), new, table)
        return self._next(tree, blocks).move_last(new)

    def move_last(self, path: Path) -> Document:
        """Return the page with the table at `path` after its siblings, comments and all."""
        table = self.get(path)
        if table is None or not self.has_header(path):
            return self
        length = len(path)
        moved = tuple([block for block in self.blocks if block.path[:length] == path])
        rest = tuple([block for block in self.blocks if block.path[:length] != path])
        at = _after_siblings(rest, path)
        before, after = ended(rest[:at], self.newline), rest[at:]
        moved = parted(moved, self.newline) if before else moved
        tree = _with(_without(self.tree, path, _headers(rest)), path, table)
        return self._next(tree, (*before, *ended(moved, self.newline), *after))

    # The rest is how.

    def _check_tables(self, path: Path) -> None:
        table: Any = self.tree
        for depth, key in enumerate(path, 1):
            if key not in table:
                return
            table = table[key]
            if not is_table(table):
                raise DocumentError(
                    f"{'.'.join(path[:depth])} is a value, where a table is expected",
                    line=self.line_of(path[:depth]),
                )

    def _takes_header(self, path: Path) -> bool:
        """Say whether a new header at `path` surely extends its parents: they have headers too."""
        for length in range(len(path) - 1, 0, -1):
            if self.get(path[:length]) is not None:
                return any(block.is_under(path[:length]) for block in self.blocks)
        return True

    def _owner(self, path: Path) -> int:
        """Return the number of the block in which the table at `path`, or its parent, stands."""
        for length in range(len(path), -1, -1):
            wanted = path[:length]
            for number, block in enumerate(self.blocks):
                if block.path == wanted and not block.is_array:
                    return number
        return 0

    def _new_block(self, path: Path, values: Table, before: tuple[Block, ...]) -> Block:
        has_text = any(block.text.strip("\ufeff \t\r\n") for block in before)
        is_apart = has_text and before[-1].text.endswith(self.newline * 2)
        lead = self.newline if has_text and not is_apart else ""
        text = lead + render_table(path, values, self.newline)
        return Block(path, text, len(lead), is_rendered=True)

    def _insert(self, path: Path, values: Table) -> Document:
        if not self._takes_header(path):
            return self._edit(self._owner(path), path, None, values)
        at = _after_siblings(self.blocks, path)
        before, after = ended(self.blocks[:at], self.newline), self.blocks[at:]
        block = self._new_block(path, values, before)
        tree = _with(self.tree, path, values)
        return self._next(tree, (*before, block, *parted(after, self.newline)))

    def _edit(self, number: int, path: Path, old: Table | None, values: Table | None) -> Document:
        """Edit a table that a person laid out; None for `old` adds it, for `values` removes it.

        What comes out is parsed: that block alone where it holds the whole table, else the page.
        """
        (block,) = ended((self.blocks[number],), self.newline)
        text = _edited(block.text, path, old, values)
        if text is None:
            raise self._too_odd(path)
        if self.newline == "\r\n":
            text = re.sub(r"(?<!\r)\n", "\r\n", text)
        if values is not None and [b.path for b in self.blocks if b.is_under(path)] == [path]:
            own = _freeze(_load(text.removeprefix("\ufeff")))
            if not is_same(own, _with(EMPTY, path, values)):
                raise self._too_odd(path)
            tree = _with(self.tree, path, values)
            return self._with_block(number, block.edited(text), tree)
        texts = [block.text for block in self.blocks]
        texts[number] = text
        try:
            changed = parse("".join(texts))
        except DocumentError:
            raise self._too_odd(path) from None
        if values is None:
            tree = _without(self.tree, path, lambda parent: changed.get(parent) is not None)
        else:
            tree = _with(self.tree, path, values)
        if not is_same(changed.tree, tree):
            raise self._too_odd(path)
        return changed

    def _too_odd(self, path: Path) -> DocumentError:
        return DocumentError(
            f"this table can't be edited safely as it is written; give it a header of its own, "
            f"{render_header(path)}",
            line=self.line_of(path),
        )

    def _with_block(self, number: int, block: Block, tree: Table) -> Document:
        return self._next(tree, (*self.blocks[:number], block, *self.blocks[number + 1 :]))

    def _next(self, tree: Table, blocks: tuple[Block, ...]) -> Document:
        return Document(tree, blocks, self.newline)


def _with(tree: Table, path: Path, value: Table) -> Table:
    """Return `tree` with `value` at `path`."""
    if not path:
        return value
    inner = _with(tree.get(path[0], EMPTY), path[1:], value)
    return MappingProxyType({**tree, path[0]: inner})


def _without(tree: Table, path: Path, stays: Callable[[Path], bool], above: Path = ()) -> Table:
    """Return `tree` without `path`; a parent left empty goes too, unless it `stays`."""
    key, rest = path[0], path[1:]
    changed = dict(tree)
    here = (*above, key)
    if rest:
        changed[key] = _without(tree[key], rest, stays, here)
    if not rest or not (changed[key] or stays(here)):
        del changed[key]
    return MappingProxyType(changed)


def _headers(blocks: Sequence[Block]) -> Callable[[Path], bool]:
    """Return a test: does a table keep a header among `blocks`?"""
    return lambda path: any(block.path == path for block in blocks)


def _after_siblings(blocks: tuple[Block, ...], path: Path) -> int:
    """Return where a new table at `path` goes: after the last one under the same parent."""
    for length in range(len(path) - 1, 0, -1):
        parent = path[:length]
        for number, block in zip(range(len(blocks), 0, -1), reversed(blocks), strict=True):
            if block.path[:length] == parent:
                return number
    return len(blocks)


def _edited(text: str, path: Path, old: Table | None, values: Table | None) -> str | None:
    """Edit with tomlkit, which keeps a person's layout; None where it can't.

    Only keys that differ are touched.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    mark = text[: len(text) - len(text.removeprefix("\ufeff"))]
    try:
        document: Any = tomlkit.parse(text.removeprefix("\ufeff"))
        table = document
        for key in path[:-1]:
            table = table[key]
        if values is None:
            del table[path[-1]]
        elif old is None:
            table[path[-1]] = tomlkit.value(render_value(values))
        else:
            _change(table[path[-1]], old, values)
        return mark + tomlkit.dumps(document)
    except (TOMLKitError, LookupError, TypeError, ValueError, AttributeError):
        return None


def _change(table: Any, old: Table, values: Table) -> None:
    import tomlkit

    for key in old.keys() - values.keys():
        del table[key]
    for key, value in values.items():
        if key in old and is_same(old[key], value):
            continue
        if key in old and _is_longer(old[key], value):
            for item in value[len(old[key]) :]:  # comments between the others stay
                table[key].append(tomlkit.value(render_value(item)))
        else:
            table[key] = tomlkit.value(render_value(value))


def _is_longer(old: object, value: object) -> bool:
    """Say whether a list only got more items at its end."""
    if not isinstance(old, tuple) or not isinstance(value, tuple):
        return False
    start = cast("tuple[object, ...]", value)[: len(cast("tuple[object, ...]", old))]
    return is_same(start, old)


_cache = BoundedCache[tuple[int, str], Document](
    CACHE_CHARACTERS, lambda document: len(document.text)
)


def _remember(document: Document) -> None:
    _cache.put(_sample(document.text), document)


def _sample(text: str) -> tuple[int, str]:
    """Return a key for a text, cheap for a long one too; who uses it compares the text as well."""
    return len(text), text[:: len(text) // 32_768 + 1]
