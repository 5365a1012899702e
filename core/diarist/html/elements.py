"""HTML elements of names, attributes and children. What is not `Html` is text, and is escaped."""

from __future__ import annotations

import html
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from diarist.visible import visible

_VOID: Final = frozenset(["input", "meta"])


class Html(str):
    """Text that is HTML already: made here, or a file of this package."""

    __slots__ = ()


Child: TypeAlias = str | None
"""A child of an element; None and "" leave it out."""


def escaped(text: str) -> Html:
    r"""Return `text` as HTML that says just that, between tags and in a quoted attribute.

    What turns text around is written out, and so is what no file can hold.

    >>> print(escaped('</style><b id="x">\u202e\ud800'))
    &lt;/style&gt;&lt;b id=&quot;x&quot;&gt;\u202e\ud800
    """
    if isinstance(text, Html):
        return text
    return Html(html.escape(visible(text.replace("\r\n", "\n"))))


def element(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """Return an element.

    Args:
        name: its name.
        children: text, which is escaped, and `Html`, which is not.
        attributes: by name, with `_` at the end of a word of Python's and for a dash; True is an
            attribute without a value, False and None is none.

    >>> print(element("p", "1 < 2", class_="said", aria_label='"'))
    <p class="said" aria-label="&quot;">1 &lt; 2</p>
    """
    opened = name
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        opened += f" {key.rstrip('_').replace('_', '-')}"
        if value is not True:
            opened += f'="{escaped(value)}"'
    if name in _VOID:
        return Html(f"<{opened}>")
    return Html(f"<{opened}>{joined(children)}</{name}>")


def joined(children: tuple[Child, ...] | list[Child] | list[Html], between: str = "") -> Html:
    """Return children one after the other.

    >>> print(joined(["a", None, Html("<br>"), "<"], " "))
    a <br> &lt;
    """
    shown = [child if isinstance(child, Html) else escaped(child) for child in children if child]
    return Html(escaped(between).join(shown) if between else "".join(shown))


@cache
def resource(name: str) -> Html:
    """Return a style sheet or script of this package."""
    return Html(files("diarist.html").joinpath(name).read_text(encoding="utf-8"))
