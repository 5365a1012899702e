"""What a work order tells of the user: what somebody says of themselves in it, and nothing else.

Whoever writes a task for an agent is often not the user, and "Always cite your sources" is then how
the work shall be done, no preference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarist.extraction.sentences import readable, regardless, sentences
from diarist.extraction.telling import telling
from diarist.models import Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from diarist.models import Extraction, Turn

NOT_OF_ONESELF = "it is part of a work order, where nobody says it of themselves"
_OF_ONESELF = (
    r"\b(?:i(?:['’](?:m|ve|d|ll))?|my|mine|ich|mein\w*|je|j['’]\w+|yo|eu|meu|minha|ik|mijn|jag)\b"
    r"|[我私僕]|나는|저는|제가|내가"
)


def of_oneself(found: Extraction, turn: Turn) -> Extraction:
    """Return what was found in an order without what no sentence in the first person says.

    Of such a sentence an edit has half of its telling words.

    >>> from datetime import UTC, datetime
    >>> from diarist.models import Edit, Extraction, Turn
    >>> said = "Plan a dinner. I'm allergic to nuts. Always use metric units."
    >>> turn = Turn("s", said, "Soup.", datetime(2026, 1, 1, tzinfo=UTC), is_order=True)
    >>> edits = Edit("add", "allergies", "allergic to nuts"), Edit("add", "likes", "metric units")
    >>> [edit.text for edit in of_oneself(Extraction(edits), turn).edits]
    ['allergic to nuts']
    """
    text = readable(turn.user_msg)
    spoken = [text[start:end] for start, end in sentences(text)]
    own = [telling(said) for said in spoken if regardless(_OF_ONESELF).search(said)]
    kept = tuple(edit for edit in found.edits if any(_says(said, edit.text) for said in own))
    dropped = tuple(
        Rejected(edit.text, NOT_OF_ONESELF, edit.category)
        for edit in found.edits
        if edit not in kept
    )
    return replace(found, edits=kept, rejected=(*found.rejected, *dropped))


async def of_oneself_awaited(found: Awaitable[Extraction], turn: Turn) -> Extraction:
    """Do the same with what is still to be awaited."""
    return of_oneself(await found, turn)


def _says(said: frozenset[str], stated: str) -> bool:
    words = telling(stated)
    return 2 * len(words & said) >= len(words) > 0
