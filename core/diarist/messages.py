"""`diary.messages`: what was said, verbatim and in order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

from diarist.backends.base import blocking_of
from diarist.backends.ids import check_user_id
from diarist.blocking import one_hop
from diarist.checks import (
    MOST,
    check_choice,
    check_counts,
    check_json,
    check_list,
    check_mapping,
    check_moment,
    check_session,
    check_text,
    check_vector,
    check_whole,
    shown,
)
from diarist.errors import UnsupportedError
from diarist.pages.rendering import clean
from diarist.records import ORDERS, STATUSES, Message, Payload
from diarist.showing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from diarist.backends.records import RecordStore
    from diarist.embedding import Embedder
    from diarist.records import MessageStatus, Session, SessionOrder

_CHUNK = 50
_LAST = (1 << 32) - 1  # no message has a greater number


class Messages:
    """The messages of each user, by session. Get it from a diary: `diary.messages`.

    Args:
        records: where they are kept, None where the backend has no records.
        clock: the time where a message says none.
        count_tokens: how many tokens a text has.
        embedder: gives messages their vectors, None leaves them without.
        in_thread: this runs where it may block, over a blocking store.

    Example:
        >>> import asyncio
        >>> from diarist import Diary, Message
        >>> from diarist.testing import MemoryBackend
        >>> messages = Diary(MemoryBackend()).messages
        >>> hello = [Message("user", "Hello!"), Message("assistant", "Hi, Ana.")]
        >>> _ = asyncio.run(messages.append("ana", "chat_1", hello))
        >>> [message.text for message in asyncio.run(messages.read("ana", "chat_1", last=1))]
        ['Hi, Ana.']
    """

    def __init__(
        self,
        records: RecordStore | None,
        clock: Callable[[], datetime],
        count_tokens: Callable[[str], int],
        embedder: Embedder | None = None,
        *,
        in_thread: bool = False,
    ) -> None:
        self._store = records
        self._embedder = embedder
        self._clock = clock
        self._count_tokens = count_tokens
        self._in_thread = in_thread

    @property
    def _twin(self) -> Self | None:
        blocking = None if self._in_thread else blocking_of(self._store)
        if blocking is None:
            return None
        return type(self)(blocking, self._clock, self._count_tokens, self._embedder, in_thread=True)

    @property
    def _records(self) -> RecordStore:
        if self._store is None:
            raise UnsupportedError("this diary has no records to keep messages in; pass records=")
        return self._store

    async def append(
        self, user_id: str, session_id: str, messages: Iterable[Message]
    ) -> list[Message]:
        """Add messages in order, all or none; a message whose id the session knows stays once.

        It makes no turn: only `update_memory` and `record_turn` do.

        Returns:
            All of them as they are stored, with their numbers.

        Raises:
            TypeError: metadata or payload is nothing that JSON can hold: a key that is no string,
                NaN, an infinity, more than 200 levels. (A tuple comes back as a list.)
        """
        check_user_id(user_id)
        session_id = check_session(session_id)
        said = await self._embedded(messages)
        done = await self._records.append(user_id, session_id, said, now=self._clock())
        return list(done.messages)

    async def _embedded(self, messages: Iterable[Message]) -> list[Message]:
        said = all_tidied(messages)
        if self._embedder is None:
            return said
        return await self._embedder.on(said, in_thread=self._in_thread)

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
        """Return messages in the order in which they came.

        Args:
            user_id: whose.
            session_id: the conversation; an unknown one has none.
            last: only the newest so many; `offset` then counts from the end.
            before: only those before a message (its id or number) or a time.
            after: only those after a message or a time.
            status: "active", "archived", or None for both.
            limit: the most to return.
            offset: how many to leave out first.
        """
        check_counts(last=last, limit=limit)
        check_whole("offset", offset)
        check_choice("status", status, (*STATUSES, None))
        found = await self._records.read(
            check_user_id(user_id),
            check_session(session_id),
            last=last,
            before=_bound("before", before),
            after=_bound("after", after),
            status=status,
            limit=limit,
            offset=offset,
        )
        return Listing(found)

    @one_hop
    async def window(self, user_id: str, session_id: str, max_tokens: int) -> list[Message]:
        """Return the newest whole turns that fit into a token budget, in their order.

        A turn begins with a message of the user and holds all up to the next one, so that a tool's
        result never stands without its call. Where not even the newest turn fits, it is empty.
        """
        check_user_id(user_id)
        session_id = check_session(session_id)
        found: list[Message] = []  # the newest first, as is what may become the next turn
        turn: list[Message] = []
        left, before = check_whole("max_tokens", max_tokens), None
        while True:
            chunk = await self._records.read(user_id, session_id, last=_CHUNK, before=before)
            for message in reversed(chunk):
                turn.append(message)
                left -= self._tokens(message)
                if left < 0:
                    return Listing(found[::-1])
                if message.role == "user":
                    found += turn
                    turn = []
            if len(chunk) < _CHUNK:
                return Listing([*found, *turn][::-1])
            before = chunk[0].number

    async def count(
        self, user_id: str, session_id: str, status: MessageStatus | None = "active"
    ) -> int:
        """Return how many messages a session has."""
        check_choice("status", status, (*STATUSES, None))
        return await self._records.count(check_user_id(user_id), check_session(session_id), status)

    async def replace(
        self,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        *,
        status: MessageStatus | None = "active",
    ) -> list[Message]:
        """Put these in the place of the session's active messages, all at once.

        Archived ones stay, but for those whose ids are given: an id is in a session once.

        Messages that are as before at the start keep their numbers.

        Args:
            user_id: whose.
            session_id: the conversation.
            messages: what takes their place, none for nothing.
            status: which to replace: "active", "archived", or None for both.
        """
        check_user_id(user_id)
        session_id = check_session(session_id)
        check_choice("status", status, (*STATUSES, None))
        said = await self._embedded(messages)
        return await self._records.replace(
            user_id, session_id, said, now=self._clock(), status=status
        )

    async def insert(
        self, user_id: str, session_id: str, position: int, messages: Iterable[Message]
    ) -> list[Message]:
        """Put messages before the active one at a position, all at once, as in a list.

        0 is before the oldest, -1 before the newest; beyond the end is at the end. Those after
        them get new numbers. A message whose id the session knows stays where it is.

        Returns:
            Those that are new.
        """
        check_user_id(user_id)
        session_id = check_session(session_id)
        check_whole("position", position, -MOST)
        said = await self._embedded(messages)
        return await self._records.insert(user_id, session_id, position, said, now=self._clock())

    async def delete(
        self,
        user_id: str,
        session_id: str,
        *,
        ids: Collection[str | int] | str | int = (),
        positions: Collection[int] | int = (),
    ) -> list[Message]:
        """Delete messages by id or number, or by their position among the active ones.

        Positions are as in a list: 0 is the oldest, -1 the newest. What is not there is left out.
        A single id, number or position is a list of one.

        Returns:
            What is gone.
        """
        places = _several("positions", positions, "whole numbers", (int,))
        return await self._records.delete(
            check_user_id(user_id),
            check_session(session_id),
            ids=_named(ids),
            positions=cast("list[int]", places),
        )

    async def archive(
        self,
        user_id: str,
        session_id: str,
        n: int = 0,
        *,
        ids: Collection[str | int] | str | int = (),
    ) -> list[Message]:
        """Archive the `n` oldest active messages, and those with an id or number.

        Returns:
            Those that were active until now, in order.
        """
        check_whole("n", n)
        return await self._records.archive(
            check_user_id(user_id), check_session(session_id), n, ids=_named(ids)
        )

    async def clear(self, user_id: str, session_id: str) -> int:
        """Delete every message of a session, and return how many."""
        return await self._records.clear(check_user_id(user_id), check_session(session_id))

    async def sessions(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: SessionOrder = "updated",
    ) -> list[Session]:
        """Return the sessions with their counts, the one touched last first.

        Args:
            user_id: whose.
            limit: the most to return.
            offset: how many to leave out first.
            order: "updated" is the one touched last first, "created" the oldest first.
        """
        check_counts(limit=limit)
        check_whole("offset", offset)
        check_choice("order", order, ORDERS)
        found = await self._records.sessions(
            check_user_id(user_id), limit=limit, offset=offset, order=order
        )
        return Listing(found)

    def _tokens(self, message: Message) -> int:
        text = message.text
        if not text and message.payload is not None:
            text = json.dumps(message.payload.data)
        return self._count_tokens(text) + self._count_tokens(message.name or "") + _OVERHEAD


_OVERHEAD = 4
"""Tokens that a chat format spends on a message beside its text, as OpenAI counts them."""


def all_tidied(messages: object) -> list[Message]:
    """Return messages that any store can hold.

    Raises:
        TypeError: they are no list, one is no message, or one holds what JSON can't.
        ValueError: a vector holds what 32-bit floats can't.
    """
    return [tidied(one) for one in check_list("messages", messages, "diarist.Message")]


def tidied(message: object) -> Message:
    """Return a message that any store can hold; see `all_tidied`."""
    if not isinstance(message, Message):
        raise TypeError(f"a message is a diarist.Message, not {type(message).__name__}")
    changes: dict[str, Any] = {}
    if message.metadata:
        changes["metadata"] = check_mapping("a message's metadata", message.metadata)
        check_json("a message's metadata", changes["metadata"])
    if message.payload is not None:
        form = clean(check_text("a payload's format", message.payload.format))
        check_json("a message's payload", message.payload.data)
        changes["payload"] = Payload(form, message.payload.data)
    if message.vectors:
        changes["vectors"] = {
            clean(check_text("the name of a vector", name)): check_vector(
                f"the vector {shown(name)}", vector
            )
            for name, vector in message.vectors.items()
        }
    for name in ("id", "role"):
        value = getattr(message, name)
        if value is not None and not value.isascii():
            changes[name] = clean(value)
    return replace(message, **changes) if changes else message


def _bound(name: str, value: object) -> str | int | datetime | None:
    """Return what messages are read before or after: an id, a number, or a time in UTC."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, 0), _LAST)
    if isinstance(value, datetime):
        return check_moment(name, value)
    raise TypeError(
        f"{name} is a message's id or number, or a datetime, not {type(value).__name__}"
    )


def _named(ids: object) -> list[str | int]:
    """Return ids and numbers, as they are stored; a single one is a list of one."""
    named = [ids] if isinstance(ids, str) else _several("ids", ids, "ids or numbers", (str, int))
    return [clean(one) if isinstance(one, str) else one for one in named]


def _several(
    name: str, value: object, of: str, kinds: tuple[type[str | int], ...]
) -> list[str | int]:
    """Return ids or numbers, without those that no message has; a number is a list of one."""
    is_one = isinstance(value, int) and not isinstance(value, bool)
    found: list[str | int] = []
    for one in [value] if is_one else check_list(name, value, of):
        if not isinstance(one, kinds) or isinstance(one, bool):
            raise TypeError(f"{name} is a list of {of}, not of {shown(one)}")
        if isinstance(one, str) or -_LAST <= one <= _LAST:
            found.append(one)
    return found
