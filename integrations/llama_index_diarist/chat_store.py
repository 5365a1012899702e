"""LlamaIndex's two kinds of chat store: `DiaryChatStore` and, for `Memory`, `DiaryAsyncChatStore`.

A key is a session of a user; both kinds show the same messages. A message is turned into a record
before anything is written, so that one bad message of a batch leaves everything as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from llama_index.core.schema import BaseComponent
from llama_index.core.storage.chat_store.base import BaseChatStore
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from llama_index.core.storage.chat_store.loading import RECOGNIZED_CHAT_STORES
from pydantic import InstanceOf, field_serializer

from diarist import Diary  # noqa: TC001 - Pydantic looks at what a field is
from diarist.adapters import address, open_diary, whose
from llama_index_diarist.messages import from_message, to_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llama_index.core.base.llms.types import ChatMessage

    from diarist import Message, Session
    from diarist.adapters import AnyDiary

OWNER = "llama_index"
"""Whose a store's messages are that is given neither a diary nor a user."""


class _OfDiary(BaseComponent):
    """What both stores are made of: a diary and whose part of it; see `DiaryChatStore`."""

    diary: InstanceOf[Diary]
    user_id: str | None = None

    def __init__(
        self,
        diary_or_path: AnyDiary = None,
        user_id: str | None = None,
        *,
        diary: Mapping[str, str] | None = None,
        class_name: str | None = None,
    ) -> None:
        where = diary if diary_or_path is None else diary_or_path
        if where is None and user_id is None:
            user_id = OWNER
        fields: dict[str, Any] = {"diary": open_diary(where), "user_id": user_id}
        super().__init__(**fields)

    @field_serializer("diary")
    def _address(self, diary: Diary) -> dict[str, str]:
        return address(diary)

    def __copy__(self) -> Self:
        return type(self)(self.diary, self.user_id)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return type(self)(self.diary, self.user_id)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)

    @property
    def _user(self) -> str:
        return whose(self.user_id).user_id


class DiaryChatStore(_OfDiary, BaseChatStore):
    """Messages by key, for `ChatMemoryBuffer` and all that takes a `BaseChatStore`.

    A key is a session of the user, any string. Positions are as in a list: 0 is the oldest, -1 the
    newest; where there is none, None is returned. Messages that `Memory` has archived are kept, and
    are not shown by `get_messages`. What it serializes to says where the messages are, not what
    they are, and opens them again.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            None keeps everything in memory.
        user_id: whose; None takes who is bound (`diarist.bind_user`), but for a store of its own in
            memory, which has one owner.
        diary: where a serialized store finds its diary.
        class_name: what a serialized store calls itself.

    Raises:
        UserNotBoundError: by each call, where nobody says whose it is.

    Example:
        >>> from llama_index.core.llms import ChatMessage
        >>> store = DiaryChatStore()
        >>> store.add_message("chat_1", ChatMessage("Hello!"))
        >>> [message.content for message in store.get_messages("chat_1")]
        ['Hello!']
        >>> store.get_keys()
        ['chat_1']
    """

    __init__ = _OfDiary.__init__  # said again, or type checkers take a model's own

    @classmethod
    def class_name(cls) -> str:
        """Return the name that serialized stores have."""
        return "DiaryChatStore"

    def set_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """Put these in the place of all messages of a key, archived ones too, at once."""
        said = self.diary.sync.messages
        said.replace(self._user, key, _records(messages), status=None)

    async def aset_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """Put these in the place of all messages of a key, archived ones too, at once."""
        said = self.diary.messages
        await said.replace(self._user, key, _records(messages), status=None)

    def get_messages(self, key: str, **kwargs: Any) -> list[ChatMessage]:
        """Return the messages of a key, oldest first, in objects of your own."""
        return _chat(self.diary.sync.messages.read(self._user, key))

    async def aget_messages(self, key: str, **kwargs: Any) -> list[ChatMessage]:
        """Return the messages of a key, oldest first, in objects of your own."""
        return _chat(await self.diary.messages.read(self._user, key))

    def add_message(self, key: str, message: ChatMessage, idx: int | None = None) -> None:
        """Add a message at the end, or before the one at a position; durably."""
        said, record = self.diary.sync.messages, to_message(message)
        if idx is None:
            said.append(self._user, key, [record])
        else:
            said.insert(self._user, key, idx, [record])

    async def async_add_message(
        self, key: str, message: ChatMessage, idx: int | None = None
    ) -> None:
        """Add a message at the end, or before the one at a position; durably."""
        said, record = self.diary.messages, to_message(message)
        if idx is None:
            await said.append(self._user, key, [record])
        else:
            await said.insert(self._user, key, idx, [record])

    def delete_messages(self, key: str) -> list[ChatMessage] | None:
        """Delete all messages of a key, archived ones too, and return them; None without any."""
        said, user = self.diary.sync.messages, self._user
        there = said.read(user, key, status=None)
        return _chat(said.delete(user, key, ids=_numbers(there))) or None

    async def adelete_messages(self, key: str) -> list[ChatMessage] | None:
        """Delete all messages of a key, archived ones too, and return them; None without any."""
        said, user = self.diary.messages, self._user
        there = await said.read(user, key, status=None)
        return _chat(await said.delete(user, key, ids=_numbers(there))) or None

    def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the message at a position, and return it."""
        return _one(self.diary.sync.messages.delete(self._user, key, positions=[idx]))

    async def adelete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the message at a position, and return it."""
        return _one(await self.diary.messages.delete(self._user, key, positions=[idx]))

    def delete_last_message(self, key: str) -> ChatMessage | None:
        """Delete the newest message, and return it."""
        return self.delete_message(key, -1)

    async def adelete_last_message(self, key: str) -> ChatMessage | None:
        """Delete the newest message, and return it."""
        return await self.adelete_message(key, -1)

    def get_keys(self) -> list[str]:
        """Return the keys of this user that have messages, the oldest first."""
        return _keys(self.diary.sync.messages.sessions(self._user, order="created"))

    async def aget_keys(self) -> list[str]:
        """Return the keys of this user that have messages, the oldest first."""
        return _keys(await self.diary.messages.sessions(self._user, order="created"))


class DiaryAsyncChatStore(_OfDiary, AsyncDBChatStore):
    """Messages by key, active or archived, for `Memory`.

    Any number of event loops, threads and processes may share one, or its folder. Each call is done
    wholly or not at all. For the arguments, keys and positions see `DiaryChatStore`.

    Example:
        >>> import asyncio
        >>> from llama_index.core.llms import ChatMessage
        >>> from llama_index.core.memory import Memory
        >>> store = DiaryAsyncChatStore()
        >>> memory = Memory.from_defaults(session_id="chat_1", chat_store=store)
        >>> memory.put(ChatMessage("Hello!"))
        >>> asyncio.run(store.count_messages("chat_1"))
        1
    """

    __init__ = _OfDiary.__init__  # said again, or type checkers take a model's own

    @classmethod
    def class_name(cls) -> str:
        """Return the name that serialized stores have."""
        return "DiaryAsyncChatStore"

    async def get_messages(
        self,
        key: str,
        status: MessageStatus | None = MessageStatus.ACTIVE,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[ChatMessage]:
        """Return messages of a key, oldest first, in objects of your own.

        Args:
            key: the session.
            status: active or archived ones, or None for all.
            limit: the most to return.
            offset: how many of the oldest to leave out.
        """
        found = await self.diary.messages.read(
            self._user, key, status=_status(status), limit=limit, offset=offset or 0
        )
        return _chat(found)

    async def tail(self, key: str, n: int) -> list[ChatMessage]:
        """Return the newest `n` active messages of a key, oldest first, without reading others."""
        return _chat(await self.diary.messages.read(self._user, key, last=n))

    async def count_messages(
        self, key: str, status: MessageStatus | None = MessageStatus.ACTIVE
    ) -> int:
        """Return how many messages a key has."""
        return await self.diary.messages.count(self._user, key, _status(status))

    async def add_message(
        self, key: str, message: ChatMessage, status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Add a message, durably."""
        await self.add_messages(key, [message], status)

    async def add_messages(
        self,
        key: str,
        messages: list[ChatMessage],
        status: MessageStatus = MessageStatus.ACTIVE,
    ) -> None:
        """Add messages in order, durably."""
        records = _records(messages, status)
        if records:
            await self.diary.messages.append(self._user, key, records)

    async def set_messages(
        self,
        key: str,
        messages: list[ChatMessage],
        status: MessageStatus = MessageStatus.ACTIVE,
    ) -> None:
        """Put these in the place of all messages of a key, archived ones too, at once."""
        records = _records(messages, status)
        await self.diary.messages.replace(self._user, key, records, status=None)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the active message at a position, and return it."""
        return _one(await self.diary.messages.delete(self._user, key, positions=[idx]))

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Delete the messages of a key, active or archived ones, or None for all."""
        said, user = self.diary.messages, self._user
        if status is None:
            await said.clear(user, key)
        else:
            await said.replace(user, key, [], status=_status(status))

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Delete the `n` oldest active messages, and return them."""
        said, user = self.diary.messages, self._user
        most = min(n, await said.count(user, key))
        return _chat(await said.delete(user, key, positions=range(most)))

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Archive the `n` oldest active messages, and return them."""
        return _chat(await self.diary.messages.archive(self._user, key, max(n, 0)))

    async def get_keys(self) -> list[str]:
        """Return the keys of this user that have messages, the oldest first."""
        return _keys(await self.diary.messages.sessions(self._user, order="created"))


_known = cast("dict[str, type[BaseChatStore]]", RECOGNIZED_CHAT_STORES)
_known[DiaryChatStore.class_name()] = DiaryChatStore
"""So that `ChatMemoryBuffer.from_dict` opens one again."""


# ---------------------------------------------------------------- how


def _records(
    messages: Iterable[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
) -> list[Message]:
    records = [to_message(message) for message in messages]
    if MessageStatus(status) is MessageStatus.ACTIVE:
        return records
    return [replace(record, status="archived") for record in records]


def _chat(records: Sequence[Message]) -> list[ChatMessage]:
    return [from_message(record) for record in records]


def _one(records: Sequence[Message]) -> ChatMessage | None:
    return from_message(records[0]) if records else None


def _numbers(records: Iterable[Message]) -> list[int]:
    return [record.number for record in records if record.number is not None]


def _keys(sessions: Iterable[Session]) -> list[str]:
    return [session.id for session in sessions if session.messages or session.archived]


def _status(status: MessageStatus | None) -> Any:
    return None if status is None else MessageStatus(status).value
