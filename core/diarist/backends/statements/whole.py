"""All records of a user in SQL, out and in; each function is called inside one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.backends.statements import messages, notes, surveys, turns
from diarist.errors import UserExistsError
from diarist.records import Exported

if TYPE_CHECKING:
    from diarist.backends.statements.connection import Connection


def export(connection: Connection) -> Exported:
    """Return everything of the user."""
    return Exported(
        messages.every(connection),
        turns.all_turns(connection, None),
        notes.every(connection),
        messages.sessions(connection, order="created"),
    )


def restore(connection: Connection, user_id: str, exported: Exported) -> None:
    """Put everything back as it was exported.

    Raises:
        UserExistsError: there is a record; a message or a turn has a session.
    """
    for table in ("sessions", "notes"):
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
            raise UserExistsError.of(user_id)
    messages.restore(connection, exported.messages, exported.sessions)
    for turn in exported.turns:
        turns.add(connection, turn, [message.number or 0 for message in turn.messages])
    for note, vectors in exported.notes:
        notes.add(connection, note, vectors)
    surveys.changed(connection)
