"""Messages, turns and notes in tables: what is the same whoever keeps them."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

from diarist.backends.sql_turns import SQLTurns
from diarist.backends.statements import messages as message_statements
from diarist.backends.statements import notes as note_statements
from diarist.backends.statements import search as search_statements
from diarist.backends.statements import vectors as vector_statements
from diarist.backends.statements import whole as whole_statements
from diarist.backends.statements.connection import Finding, Sought
from diarist.records import Appended, Exported, GetNote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from diarist.backends.statements.connection import Connection, TextIndex, VectorIndex
    from diarist.recall.candidates import Found, Wanted
    from diarist.records import (
        Embedded,
        Message,
        MessageStatus,
        NoteOperation,
        Session,
        SessionOrder,
    )


class SQLRecords(SQLTurns):
    """Records by the functions in `statements`; who inherits says how tables are reached."""

    @property
    @abstractmethod
    def _index(self) -> TextIndex:
        """What finds records by their words."""

    def _vectors(self, in_memory: VectorIndex) -> VectorIndex:
        """Return what compares the vectors of a user; asked for inside a transaction."""
        return in_memory

    @property
    def compared_by(self) -> str:
        """What compares vectors."""
        return "numpy, in memory"

    # ------------------------------------------------------------ messages

    async def append(
        self, user_id: str, session_id: str, messages: Sequence[Message], *, now: datetime
    ) -> Appended:
        """Add messages in order; one whose id the session knows is not added again."""

        def work(connection: Connection) -> Appended:
            stored, added = message_statements.append(connection, session_id, messages, now)
            return Appended(stored, added)

        return await self._write(user_id, work)

    async def read(
        self,
        user_id: str,
        session_id: str,
        *,
        last: int | None = None,
        before: str | int | datetime | None = None,
        after: str | int | datetime | None = None,
        status: MessageStatus | None = "active",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Message]:
        """Return messages in order; None for `status` is all."""
        work = partial(
            message_statements.read,
            session_id=session_id,
            last=last,
            before=before,
            after=after,
            status=status,
            limit=limit,
            offset=offset,
        )
        return await self._read(user_id, work, is_single=True) or []

    async def numbered(
        self, user_id: str, session_id: str, numbers: Collection[int]
    ) -> list[Message]:
        """Return the messages with these numbers that there are, in order."""
        work = partial(message_statements.numbered, session_id=session_id, numbers=numbers)
        return await self._read(user_id, work, is_single=True) or []

    async def count(self, user_id: str, session_id: str, status: MessageStatus | None) -> int:
        """Return how many messages a session has."""
        work = partial(message_statements.count, session_id=session_id, status=status)
        return await self._read(user_id, work, is_single=True) or 0

    async def replace(
        self,
        user_id: str,
        session_id: str,
        messages: Sequence[Message],
        *,
        now: datetime,
        status: MessageStatus | None = "active",
    ) -> list[Message]:
        """Put `messages` in the place of those with a status, None for all of the session."""
        work = partial(
            message_statements.replace_all,
            session_id=session_id,
            messages=messages,
            now=now,
            status=status,
        )
        return list(await self._write(user_id, work))

    async def insert(
        self,
        user_id: str,
        session_id: str,
        position: int,
        messages: Sequence[Message],
        *,
        now: datetime,
    ) -> list[Message]:
        """Put messages before the active one at a position; return those that are new."""
        work = partial(
            message_statements.insert,
            session_id=session_id,
            position=position,
            messages=messages,
            now=now,
        )
        return list(await self._write(user_id, work))

    async def delete(
        self,
        user_id: str,
        session_id: str,
        *,
        ids: Collection[str | int] = (),
        positions: Collection[int] = (),
    ) -> list[Message]:
        """Delete by id, number or position among the active messages; return what is gone."""
        work = partial(
            message_statements.delete, session_id=session_id, ids=ids, positions=positions
        )
        return await self._change(user_id, work) or []

    async def archive(
        self, user_id: str, session_id: str, n: int, *, ids: Collection[str | int] = ()
    ) -> list[Message]:
        """Archive the `n` oldest active messages, and others by id or number; return them."""
        work = partial(message_statements.archive, session_id=session_id, n=n, ids=ids)
        return await self._change(user_id, work) or []

    async def clear(self, user_id: str, session_id: str) -> int:
        """Delete all messages of a session, and return how many."""
        work = partial(message_statements.clear, session_id=session_id)
        return await self._change(user_id, work) or 0

    async def sessions(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: SessionOrder = "updated",
    ) -> list[Session]:
        """Return sessions: the one touched last first, or in the order they were made."""
        work = partial(message_statements.sessions, limit=limit, offset=offset, order=order)
        return await self._read(user_id, work, is_single=True) or []

    async def find(self, user_id: str, wanted: Wanted) -> Found | None:
        """Return the messages that may answer a question, None where there are none."""

        def work(connection: Connection) -> Found | None:
            near = None
            if wanted.vector is not None and wanted.index is not None:
                sought = Sought("messages", wanted.index, wanted.vector)
                near = self._vectors(self._matrices.kept(user_id)).near(connection, sought)
            return search_statements.find(connection, wanted, self._index, near)

        return await self._read(user_id, work)

    async def keyed(self, user_id: str, keys: Collection[int]) -> dict[int, Message]:
        """Return the messages with these keys that there are, archived ones too."""
        work = partial(message_statements.keyed, keys=keys)
        return await self._read(user_id, work, is_single=True) or {}

    async def lacking(
        self, user_id: str, kind: Embedded, index: str, *, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Return key and text of messages, or notes, that have no vector in an index, by key."""
        work = partial(vector_statements.lacking, kind=kind, index=index, after=after, limit=limit)
        return await self._read(user_id, work, is_single=True) or []

    async def add_vectors(
        self, user_id: str, kind: Embedded, index: str, vectors: Mapping[int, Sequence[float]]
    ) -> int:
        """Give what is still there a vector, by its key; return how many there were."""
        work = partial(vector_statements.add, kind=kind, index=index, vectors=vectors)
        return await self._change(user_id, work) or 0

    async def set_vectors(
        self, user_id: str, session_id: str, index: str, vectors: Mapping[int, Sequence[float]]
    ) -> int:
        """Give messages of a session a vector, by their numbers; return how many there were."""

        def work(connection: Connection) -> int:
            keys = message_statements.keys(connection, session_id, vectors)
            found = {key: vectors[number] for number, key in keys.items()}
            return vector_statements.add(connection, "messages", index, found)

        return await self._change(user_id, work) or 0

    # ------------------------------------------------------------ notes

    async def notes(
        self, user_id: str, operations: Sequence[NoteOperation], *, now: datetime
    ) -> list[Any]:
        """Do all operations or none; reads see the state before. Return a result for each."""
        if len(operations) == 1 and isinstance(operations[0], GetNote):
            get = operations[0]
            note = await self._read(
                user_id, lambda found: note_statements.get(found, get, now), is_single=True
            )
            if note is None or note.ttl is None or not get.refresh:
                return [note]

        def read(connection: Connection) -> list[Any]:
            finding = Finding(self._index, self._vectors(self._matrices.kept(user_id)))
            return note_statements.read(connection, operations, now, finding)

        def write(connection: Connection) -> list[Any]:
            finding = Finding(self._index, self._vectors(self._matrices.passing(user_id)))
            return note_statements.run(connection, operations, now, finding)

        if note_statements.only_read(operations):
            is_single = note_statements.is_single(operations)
            found = await self._read(user_id, read, is_single=is_single)
            if found is not None and note_statements.are_to_refresh(operations, found):
                found = await self._change(user_id, write)
        elif note_statements.puts(operations):
            found = await self._write(user_id, write)
        else:
            found = await self._change(user_id, write)
        return note_statements.nobody(operations) if found is None else found

    # ------------------------------------------------------------ the whole

    async def export(self, user_id: str) -> Exported:
        """Return everything of a user as it is at one moment; of a stranger nothing."""
        return await self._read(user_id, whole_statements.export) or Exported()

    async def restore(self, user_id: str, exported: Exported) -> None:
        """Put everything back as it was exported.

        Raises:
            UserExistsError: the user has a record; nothing is changed.
        """
        work = partial(whole_statements.restore, user_id=user_id, exported=exported)
        await self._write(user_id, work)
