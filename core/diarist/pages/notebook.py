"""An agent's notebook, text in, text out: append, replace, and the prompt made of it.

A notebook is Markdown that a person may edit, too. Lines end at LF or CRLF, nowhere else; what is
added takes the file's own line ends, and every other character stays as it was.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, TypeAlias

from diarist.errors import NotebookError
from diarist.pages.rendering import clean
from diarist.tokens import estimate

if TYPE_CHECKING:
    from collections.abc import Callable

Keep: TypeAlias = Literal["tail", "head"]

LARGEST = 1_000_000
"""Characters in a notebook."""
PIN_MARKER = "<!-- pin-end -->"
"""What stands above it is in every prompt."""

_SHOWN_NAME = 80
_SHOWN_TEXT = 80
_SHOWN_LINES = 10


def lines(text: str) -> list[str]:
    r"""Return the lines without their ends.

    >>> lines("a\r\nb\x0cc\n")
    ['a', 'b\x0cc']
    """
    found = text.replace("\r\n", "\n").split("\n")
    return found if found[-1] else found[:-1]


def append(text: str, addition: str) -> str:
    r"""Return `text` with `addition` at its end, after a blank line.

    Raises:
        NotebookError: there is nothing to add, or the notebook would be too large.

    >>> append("# Ana\r\n", "likes tea\nand quiet")
    '# Ana\r\n\r\nlikes tea\r\nand quiet\r\n'
    """
    addition = clean(addition).rstrip("\r\n")
    if not addition.strip():
        raise NotebookError("there is nothing to append: the text is empty")
    before = text.rstrip("\r\n")
    newline = _newline(text or addition)
    gap = newline * 2 if before else ""
    return sized(f"{before}{gap}{_with_newlines(addition, newline)}{newline}")


def replace(text: str, old: str, new: str) -> str:
    r"""Return `text` with `old`, which must be in it once, replaced by `new`.

    A line end in `old` finds LF and CRLF. Places that overlap are two places.

    Raises:
        NotebookError: `old` is missing, ambiguous or empty, or the notebook would be too large;
            one that is too large already may shrink.

    >>> replace("likes tea\r\nlikes quiet\r\n", "tea\nlikes", "tea,\nloves")
    'likes tea,\r\nloves quiet\r\n'
    """
    flat, part = text.replace("\r\n", "\n"), clean(old).replace("\r\n", "\n")
    places = _places(flat, part)
    if len(places) != 1:
        found = len(places) if part else None
        raise NotebookError(_no_single_place(flat, part, places), found=found)
    ends = [match.start() - before for before, match in enumerate(re.finditer("\r\n", text))]
    start, end = (at + bisect_left(ends, at) for at in (places[0], places[0] + len(part)))
    changed = text[:start] + _with_newlines(clean(new), _newline(text)) + text[end:]
    return changed if len(changed) < len(text) else sized(changed)


def sized(text: str) -> str:
    """Return `text`.

    Raises:
        NotebookError: it is larger than a notebook may be.
    """
    if len(text) > LARGEST:
        raise NotebookError(
            f"a notebook has at most {LARGEST:,} characters, and this would be {len(text):,}; "
            "shorten it first, or keep bulk as notes"
        )
    return text


def prompt(
    text: str,
    agent_name: str,
    max_lines: int,
    *,
    keep: Keep = "tail",
    max_tokens: int | None = None,
    pin_marker: str = PIN_MARKER,
    count_tokens: Callable[[str], int] = estimate,
) -> str:
    r"""Return the part of a notebook that fits into a prompt, "" where there is nothing to show.

    Args:
        text: the notebook.
        agent_name: whose it is, for the heading.
        max_lines: how many lines of the notebook to show at most, pinned ones included.
        keep: which lines to show where not all fit: the last ("tail") or the first ("head").
        max_tokens: how many tokens the prompt has at most, with its heading, the pinned lines and
            the line that says what is left out. "" where not even heading and that line fit.
        pin_marker: the lines above it come first, and the others get the room that is left; a
            pinned part that is too long by itself is cut at its end. "" pins nothing.
        count_tokens: how many tokens a text has.

    Raises:
        ValueError: a limit is negative, or `keep` is something else.

    >>> print(prompt("a\nb\nc\n", "main", 2))
    ## Agent Memory (main)
    <BLANKLINE>
    ... [1 more line in memory] ...
    <BLANKLINE>
    b
    c
    """
    if keep not in ("tail", "head"):
        raise ValueError(f'keep is "tail" or "head", not {keep!r}')
    if max_lines < 0 or (max_tokens is not None and max_tokens < 0):
        raise ValueError("max_lines and max_tokens must not be negative")
    pinned, others = _parts(text, pin_marker)
    total = len(pinned) + len(others)
    if not any(line.strip() for line in (*pinned, *others)):
        return ""

    def shown(count: int) -> str:
        return _render(_heading(agent_name), pinned, others, count, keep)

    def fits(count: int) -> bool:
        return max_tokens is None or count_tokens(shown(count)) <= max_tokens

    most = min(max_lines, total)
    if fits(most):
        return shown(most)
    low, high = -1, most  # `high` is known not to fit; -1 is less than no line at all
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return shown(low) if low >= 0 else ""


# ------------------------------------------------------------ how


def _newline(text: str) -> str:
    """Return the line end that most lines of `text` have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _with_newlines(text: str, newline: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", newline)


def _places(text: str, part: str) -> list[int]:
    """Return every place of `part` in `text`, also those that overlap."""
    if not part:
        return []
    first = text.find(part)
    if first < 0:
        return []
    if text.find(part, first + 1) < 0:
        return [first]
    # By Knuth, Morris and Pratt: each character is looked at once, however often `part` is found.
    borders = [0] * len(part)
    length = 0
    for index in range(1, len(part)):
        while length and part[index] != part[length]:
            length = borders[length - 1]
        length += part[index] == part[length]
        borders[index] = length
    places: list[int] = []
    length = 0
    for index in range(first, len(text)):
        while length == len(part) or (length and text[index] != part[length]):
            length = borders[length - 1]
        length += text[index] == part[length]
        if length == len(part):
            places.append(index - length + 1)
    return places


def _no_single_place(text: str, part: str, places: list[int]) -> str:
    if not part:
        return (
            f"the text to replace is empty, which is found {len(text) + 1:,} times, in every line; "
            "name a text that is found once"
        )
    quoted = repr(part if len(part) <= _SHOWN_TEXT else f"{part[:_SHOWN_TEXT]}…")
    if not places:
        return (
            f"{quoted} is found 0 times, in none of the {len(lines(text)):,} lines; "
            "read the notebook again and give the text exactly as it stands there"
        )
    numbers: list[int] = []
    line, seen = 1, 0
    for place in places:
        line, seen = line + text.count("\n", seen, place), place
        if not numbers or numbers[-1] != line:
            numbers.append(line)
    named = ", ".join(map(str, numbers[:_SHOWN_LINES]))
    more = f" and {len(numbers) - _SHOWN_LINES:,} more" if len(numbers) > _SHOWN_LINES else ""
    word = "line" if len(numbers) == 1 else "lines"
    return (
        f"{quoted} is found {len(places):,} times, in {word} {named}{more}; "
        "give more of the text around it, so that it is found once"
    )


def _parts(text: str, pin_marker: str) -> tuple[list[str], list[str]]:
    """Return the pinned lines and the others; the marker itself is in neither."""
    at = text.find(pin_marker) if pin_marker else -1
    if at < 0:
        return [], lines(text.rstrip("\r\n"))
    below = text[at + len(pin_marker) :].rstrip("\r\n")
    if below.lstrip(" \t").startswith(("\n", "\r\n")):
        below = below.partition("\n")[2]
    return lines(text[:at]), lines(below)


def _heading(agent_name: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in agent_name).split())
    if len(name) > _SHOWN_NAME:
        name = f"{name[:_SHOWN_NAME]}…"
    return f"## Agent Memory ({name})"


def _render(heading: str, pinned: list[str], others: list[str], count: int, keep: Keep) -> str:
    """Return the prompt that shows `count` lines, the pinned ones first."""
    left_out = len(pinned) + len(others) - count
    if not left_out:
        return "\n".join([heading, "", *pinned, *others])
    marker = f"... [{left_out:,} more {'line' if left_out == 1 else 'lines'} in memory] ..."
    room = max(count - len(pinned), 0)
    kept = others[:room] if keep == "head" else others[len(others) - room :]
    after = [] if keep == "head" or not kept else kept
    before = pinned[:count] + (kept if keep == "head" else [])
    blocks = [[heading], before, [marker], after]
    return "\n\n".join("\n".join(block) for block in blocks if block)
