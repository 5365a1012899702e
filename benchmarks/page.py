"""The page of figures, `README.md`: a benchmark's tables stand between two marks.

All else there is written by hand, and stays.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent / "README.md"
BLOCK = "<!-- figures: {0} -->\n\n{1}\n\n<!-- end: {0} -->"
MARKED = re.compile(r"<!-- figures: (\w+) -->\n.*?<!-- end: \1 -->", re.DOTALL)


def marked(page: str) -> list[str]:
    """Return the names of the benchmarks that have a place on a page.

    >>> marked("# Figures\\n\\n<!-- figures: pages -->\\n<!-- end: pages -->\\n")
    ['pages']
    """
    return MARKED.findall(page)


def with_figures(page: str, name: str, figures: str) -> str:
    """Return `page` with `figures` in the place of a benchmark; every other character stays.

    Raises:
        ValueError: the page has not one place for it.

    >>> print(with_figures("Fast:\\n<!-- figures: a -->\\n<!-- end: a -->\\n.", "a", "| 1 |"))
    Fast:
    <!-- figures: a -->
    <BLANKLINE>
    | 1 |
    <BLANKLINE>
    <!-- end: a -->
    .
    """
    if (places := marked(page).count(name)) != 1:
        raise ValueError(f"the page has {places} places for {name}: it needs the marks of one")
    block = BLOCK.format(name, figures.strip())
    return MARKED.sub(lambda found: block if found[1] == name else found[0], page)
