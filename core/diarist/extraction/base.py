"""What every extractor looks like from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from diarist.models import Extraction, Snapshot, Turn


class Extractor(Protocol):
    """Finds in a turn what is worth remembering.

    `extract` may be a plain function (it runs in a worker thread) or a coroutine function. It
    holds no lock while it works and changes nothing itself: it returns edits, which are checked
    against the table and applied to the newest text of each page. An error it raises reaches the
    caller of `update_memory`, and nothing is written.
    """

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction | Awaitable[Extraction]:
        """Return what `turn` adds to the pages shown in `snapshot`."""
        ...
