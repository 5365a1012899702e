"""Regular expressions, bounded in time: a small process looks, which can be ended at any moment.

Python's own engine can't be stopped, and some patterns take it longer than anybody lives.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOK = """
import json, re, sys
pattern, rows, most = json.load(sys.stdin)
found = []
try:
    search = re.compile(pattern).search
    for number, texts in enumerate(rows):
        if len(found) == most:
            break
        if any(map(search, texts)):
            found.append(number)
except (re.error, OverflowError, RecursionError) as error:
    found = str(error)
json.dump(found, sys.stdout)
"""


def matching(
    pattern: str, rows: Sequence[tuple[str, ...]], most: int, *, timeout: float
) -> list[int]:
    """Return the numbers of the first rows in which a text matches somewhere.

    Raises:
        re.error: the pattern is wrong.
        TimeoutError: it takes longer than `timeout` seconds.

    >>> matching("b+", [("a", "b"), ("c", "d"), ("bb", "")], 5, timeout=10)
    [0, 2]
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LOOK],
            input=json.dumps([pattern, rows, most]),
            capture_output=True,
            encoding="ascii",
            timeout=timeout,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"the pattern {pattern!r} takes longer than {timeout:g} s; write a simpler one, or "
            "search by words"
        ) from None
    found = json.loads(done.stdout)
    if isinstance(found, str):
        raise re.error(found, pattern)
    return found
