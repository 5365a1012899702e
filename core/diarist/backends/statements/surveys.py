"""What notes there are, and what texts stand in a field of theirs. Called inside one transaction.

What was found is kept in memory until a note changes: each write of notes gives the database a new
state, whose name is drawn by chance, so that a copy of a file that goes its own way has its own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from diarist.backends.statements.note_lists import BELOW_MOST, is_most
from diarist.backends.statements.note_rows import BELOW, HERE, bounds
from diarist.backends.statements.schema import moment
from diarist.caching import BoundedCache
from diarist.counting import NoteSurvey

if TYPE_CHECKING:
    from diarist.backends.statements.connection import Connection, Finding
    from diarist.counting import SurveyNotes
    from diarist.records import Namespace

KEPT = 100_000
"""So many texts of fields are kept in memory, over all users."""
_Key: TypeAlias = "tuple[tuple[str, ...], Namespace, str | None]"
_known = BoundedCache[_Key, NoteSurvey](KEPT, lambda survey: 1 + len(survey.texts))

_STATE = "SELECT value FROM about WHERE name IN ('made', 'notes') ORDER BY name"
_CHANGED = """
INSERT INTO about (name, value) VALUES ('notes', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_SURVEY = """
SELECT count(*), min(updated), max(updated), count(expires) FROM notes WHERE {below}
"""


def changed(connection: Connection) -> None:
    """Say that notes are no longer what they were."""
    connection.execute(_CHANGED, (uuid4().hex,))


def survey(connection: Connection, wanted: SurveyNotes, now: int, finding: Finding) -> NoteSurvey:
    """Return how many notes there are, from when to when, and how often a field has each text."""
    state = tuple(value for (value,) in connection.execute(_STATE))
    key = state, wanted.prefix, wanted.field
    found = _known.get(key)
    if found is None:
        found, is_lasting = _surveyed(connection, wanted, now, finding)
        if is_lasting:
            _known.put(key, found)
    return found


def _surveyed(
    connection: Connection, wanted: SurveyNotes, now: int, finding: Finding
) -> tuple[NoteSurvey, bool]:
    """Return what is found, and whether it stays so until something is written."""
    values = bounds(wanted.prefix) | {"now": now}
    below = f"{BELOW_MOST if is_most(connection, wanted.prefix) else BELOW} AND {HERE}"
    count, oldest, newest, expiring = connection.execute(
        _SURVEY.format(below=below), values
    ).fetchone()
    if not count:
        return NoteSurvey(), True
    texts: dict[str, int] = {}
    if wanted.field is not None:
        texts = finding.words.tally(connection, wanted.field, below, values)
    found = NoteSurvey(count, moment(oldest), moment(newest), MappingProxyType(texts))
    return found, not expiring
