"""Docstrings as griffe reads them: doctests are examples, under whatever heading they stand."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from griffe import Extension

if TYPE_CHECKING:
    from griffe import Object

_DOCTEST = re.compile(r"^>>> .*(?:\n.+)*(?:\n\n>>> .*(?:\n.+)*)*", re.MULTILINE)


class Examples(Extension):
    """Gives every doctest the heading under which griffe renders it as code."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)


def with_examples(text: str) -> str:
    r"""Return a docstring whose doctests are a section of their own.

    >>> print(with_examples("Add.\n\n>>> 1 + 1\n2"))
    Add.
    <BLANKLINE>
    Examples:
        >>> 1 + 1
        2
    """
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    return _DOCTEST.sub(lambda found: "Examples:\n" + textwrap.indent(found[0], "    "), text)
