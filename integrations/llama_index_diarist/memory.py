"""`DiaryMemory`: LlamaIndex's `Memory` on a diary, for agents, workflows and chat engines."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self, cast
from uuid import uuid4

from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.memory import Memory
from llama_index.core.memory.memory import (
    DEFAULT_FLUSH_SIZE,
    DEFAULT_TOKEN_LIMIT,
    InsertMethod,
)
from llama_index.core.storage.chat_store.base_db import MessageStatus
from pydantic import InstanceOf, PrivateAttr, model_serializer

from diarist import Diary, Recorder
from diarist.adapters import address, new_session_id, open_diary, whose
from llama_index_diarist.block import told, told_of
from llama_index_diarist.chat import beyond, in_question, in_system, newest_question
from llama_index_diarist.chat_store import OWNER, DiaryAsyncChatStore
from llama_index_diarist.messages import for_model, from_message, to_message
from llama_index_diarist.parts import Parts, parts_of
from llama_index_diarist.queue import Counter, Queue, overflow, queue_of
from llama_index_diarist.turns import record_ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.base.llms.types import ContentBlock
    from llama_index.core.memory import BaseMemoryBlock
    from llama_index.core.prompts import RichPromptTemplate
    from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore

    from diarist import Message
    from diarist.adapters import AnyDiary
    from llama_index_diarist.parts import Tokenizer


_log = logging.getLogger("diarist.llama_index")


class DiaryMemory(Memory):
    """What was said in a session, and what the user's diary says, for one user and their agent.

    What a model is shown are the messages of the session and, in the system message, what the diary
    says that fits the user's newest message. Each turn that ends with an answer is logged, durably,
    and the diary learns from it: by rules at once, by a model in the background
    (`recorder.flush_sync()` waits). When the chat becomes too long, its oldest whole turns are
    archived; system messages stay, and the last turn, of which only questions before the newest
    may leave.

    It serializes as where it is and how it is set up, not what is in it, so that a workflow's
    `Context` keeps it from run to run, and from process to process.

    What a serialized memory is opened with: `diary`, `own_session`, `parts`, `class_name`.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            None keeps everything in memory.
        user_id: whose; None takes who is bound (`diarist.bind_user`), but for a memory of its own,
            which has one owner.
        session_id: the conversation, any string; None takes the bound one, else a new one.
        chat_history: put in the place of what was said in the session so far.
        token_limit: tokens of all together, as LlamaIndex counts them.
        token_flush_size: tokens that leave at once when the chat is too long, or more.
        chat_history_token_ratio: the chat's part of `token_limit`.
        context_tokens: tokens of what the diary says, as the diary counts them; 0 is nothing.
        memory_blocks: others beside the diary; one that raises ends the run, as in LlamaIndex's own
            `Memory`, which `DiaryMemoryBlock` is for.
        memory_blocks_template: how these are shown.
        insert_method: "system", or "user" for models that take one system message, where the agent
            has a system prompt of its own: what the diary says then stands in the newest message of
            the user.
        tokenizer_fn: makes a list of tokens of a text; None takes LlamaIndex's own.
        image_token_size_estimate: tokens of a picture.
        audio_token_size_estimate: tokens of a sound.
        video_token_size_estimate: tokens of a film.
        document_token_size_estimate: tokens of a document.
        learn: whether the diary learns from the turns.
        on_error: "warn" logs a failure of the diary and goes on: what could not be stored is kept
            here, and stored with the next message. "raise" raises it. That nobody is bound is
            raised in any case, and so is a message that can't be stored.

    Raises:
        UserNotBoundError: by each call, where nobody says whose it is.

    Example:
        >>> memory = DiaryMemory.open(None, "ana", "chat_1")
        >>> memory.put(ChatMessage("I love tea."))
        >>> memory.put(ChatMessage("Noted.", role="assistant"))
        >>> print(memory.diary.sync.pretty_preferences("ana", show_timestamps=False))
        likes:
          tea: love tea (said 1×)
        >>> [message.role.value for message in memory.get()]
        ['system', 'user', 'assistant']
    """

    diary: InstanceOf[Diary]
    user_id: str | None = None
    context_tokens: int = 800
    learn: bool = True
    on_error: Literal["warn", "raise"] = "warn"
    _session: str | None = PrivateAttr(default=None)
    _parts: str | None = PrivateAttr(default=None)

    def __init__(
        self,
        diary_or_path: AnyDiary = None,
        user_id: str | None = None,
        session_id: str | None = None,
        *,
        chat_history: Sequence[ChatMessage] | None = None,
        token_limit: int = DEFAULT_TOKEN_LIMIT,
        token_flush_size: int = DEFAULT_FLUSH_SIZE,
        chat_history_token_ratio: float = 0.7,
        context_tokens: int = 800,
        memory_blocks: Sequence[BaseMemoryBlock[Any]] | None = None,
        memory_blocks_template: RichPromptTemplate | None = None,
        insert_method: InsertMethod | Literal["system", "user"] = InsertMethod.SYSTEM,
        tokenizer_fn: Tokenizer | None = None,
        image_token_size_estimate: int = 256,
        audio_token_size_estimate: int = 256,
        video_token_size_estimate: int = 256,
        document_token_size_estimate: int = 2048,
        learn: bool = True,
        on_error: Literal["warn", "raise"] = "warn",
        diary: Mapping[str, str] | None = None,
        own_session: str | None = None,
        parts: str | None = None,
        class_name: str | None = None,
    ) -> None:
        where = diary if diary_or_path is None else diary_or_path
        if where is None and user_id is None:
            user_id = OWNER
        opened = open_diary(where)
        kept = parts_of(parts)
        fields: dict[str, Any] = {
            "diary": opened,
            "user_id": user_id,
            "session_id": session_id if session_id is not None else own_session or new_session_id(),
            "sql_store": DiaryAsyncChatStore.from_dict({"diary": opened, "user_id": user_id}),
            "token_limit": token_limit,
            "token_flush_size": min(token_flush_size, max(int(token_limit * 0.7), 1)),
            "chat_history_token_ratio": chat_history_token_ratio,
            "context_tokens": context_tokens,
            "memory_blocks": list(memory_blocks or kept.blocks),
            "memory_blocks_template": memory_blocks_template or kept.template,
            "insert_method": insert_method,
            "tokenizer_fn": tokenizer_fn or kept.tokenizer,
            "image_token_size_estimate": image_token_size_estimate,
            "audio_token_size_estimate": audio_token_size_estimate,
            "video_token_size_estimate": video_token_size_estimate,
            "document_token_size_estimate": document_token_size_estimate,
            "learn": learn,
            "on_error": on_error,
        }
        cast("Any", super()).__init__(**fields)
        self._session, self._parts = session_id, parts
        if chat_history is not None:
            self.set(list(chat_history))

    @classmethod
    def open(
        cls,
        diary_or_path: AnyDiary,
        user_id: str | None = None,
        session_id: str | None = None,
        **settings: Any,
    ) -> Self:
        """Return a session's memory; `settings` are the other arguments of the class."""
        return cls(diary_or_path, user_id, session_id, **settings)

    @classmethod
    def from_defaults(  # pyright: ignore[reportIncompatibleMethodOverride] - nothing of SQL
        cls,
        session_id: str | None = None,
        chat_history: list[ChatMessage] | None = None,
        token_limit: int = DEFAULT_TOKEN_LIMIT,
        *,
        chat_store: AsyncDBChatStore | None = None,
        **settings: Any,
    ) -> Self:
        """Return a memory by the arguments that `Memory.from_defaults` has, and those of the class.

        Raises:
            TypeError: the chat store is no `DiaryAsyncChatStore`.
        """
        if isinstance(chat_store, DiaryAsyncChatStore):
            settings = {
                "diary_or_path": chat_store.diary,
                "user_id": chat_store.user_id,
                **settings,
            }
        elif chat_store is not None:
            raise TypeError(
                "a DiaryMemory keeps the chat in its diary; for another store, take LlamaIndex's "
                "Memory with a DiaryMemoryBlock"
            )
        return cls(
            session_id=session_id or None,
            chat_history=chat_history,
            token_limit=token_limit,
            **settings,
        )

    @classmethod
    def class_name(cls) -> str:
        """Return the name that serialized memories have."""
        return "DiaryMemory"

    @property
    def recorder(self) -> Recorder:
        """What logs the turns; `recorder.flush_sync()` waits until all is on the pages."""
        return Recorder(self.diary)

    # ------------------------------------------------------------ what a model is shown

    async def aget(
        self, input: str | ChatMessage | None = None, **block_kwargs: Any
    ) -> list[ChatMessage]:
        """Return what a model is shown, in objects of your own.

        Args:
            input: what the user says now, where it is not in the session yet.
            block_kwargs: for the memory blocks.
        """
        who = self._who()
        said = [for_model(message) for message in await self._read(who)]
        known = [*said, *beyond(input, said)]
        blocks: dict[str, Any] = {}
        for block in sorted(self._blocks, key=lambda block: -block.priority):
            content = await block.aget(list(known), session_id=who[1], **block_kwargs)
            if content and not isinstance(content, (str, list)):
                raise ValueError(
                    f"memory block {block.name} gives text or a list, not {type(content).__name__}"
                )
            if content:
                blocks[block.name] = content
        spent = self._estimate_token_count(said)
        room = min(self.context_tokens, self.token_limit - spent)
        text = ""
        if room > 0:
            text = await self._told(who, newest_question(known), room)
        spent += self._estimate_token_count(text)
        wanted = sum(map(self._estimate_token_count, blocks.values()))
        blocks = await self._truncate_memory_blocks(blocks, wanted, spent)
        shown, others = await self._format_memory_blocks(blocks)
        content = [TextBlock(text=text)] if text else []
        if shown:
            formatted = self.memory_blocks_template.format_messages(memory_blocks=shown)
            content = [*formatted[0].blocks, *content] if formatted else content
        return self._insert_memory_content(said, cast("list[ContentBlock]", content), others)

    async def aget_all(self, status: MessageStatus | None = None) -> list[ChatMessage]:
        """Return the messages of the session, archived ones too, or those with a status."""
        wanted: Any = None if status is None else getattr(status, "value", status)
        found = await self.diary.messages.read(*self._who(), status=wanted)
        return [from_message(message) for message in found]

    async def _read(self, who: tuple[str, str]) -> list[Message]:
        """Return the active messages, and those that wait to be stored."""
        queue = self._queue(who)
        found: list[Message] = []
        if not queue.replaces:
            try:
                found = await self.diary.messages.read(*who)
            except Exception as error:  # noqa: BLE001 - whatever a store raises
                self._failed("the messages of %r can't be read: %s", who, error)
        return [*found, *queue.unsaved]

    async def _told(self, who: tuple[str, str], query: str | None, room: int) -> str:
        user_id, session_id = who
        if self.on_error == "raise":
            return await self.diary.context(user_id, query, session_id=session_id, max_tokens=room)
        return await told(self.diary, user_id, query, session_id, room)

    def _insert_memory_content(
        self,
        chat_history: list[ChatMessage],
        memory_content: list[ContentBlock],
        chat_message_data: list[ChatMessage],
    ) -> list[ChatMessage]:
        """Return the chat with what is known, in one system message or in the newest question."""
        put = in_question if self.insert_method == InsertMethod.USER else in_system
        return put(chat_history, memory_content, chat_message_data)

    # ------------------------------------------------------------ what is said

    async def aput(self, message: ChatMessage) -> None:
        """Add a message, durably; where it ends a turn, the turn is logged and learned from."""
        await self.aput_messages([message])

    async def aput_messages(self, messages: list[ChatMessage]) -> None:
        """Add messages, all or none, durably; see `aput`.

        Raises:
            TypeError: a message can't be stored; none is.
        """
        records = [_identified(message) for message in messages]
        if not records:
            return
        who = self._who()
        stored = await self._store(who, records, replaces=False)
        await self._manage_queue(stored)
        if self.learn:
            await self._learn(who, stored)

    async def aset(self, messages: list[ChatMessage]) -> None:
        """Put messages in the place of the session's, archived ones too, at once.

        What was learned from the former ones stays; from these nothing is learned.
        """
        records = [_identified(message) for message in messages]
        await self._store(self._who(), records, replaces=True)

    async def areset(self, status: MessageStatus | None = None) -> None:
        """Delete the messages of the session, or those with a status; what was learned stays.

        What waits to be stored is active. A failure is raised in any case.
        """
        who = self._who()
        await self.sql_store.delete_messages(who[1], status=status)
        if status != MessageStatus.ARCHIVED:
            self._queue(who).take_unsaved()

    async def _store(
        self, who: tuple[str, str], records: Sequence[Message], *, replaces: bool
    ) -> Sequence[Message]:
        """Store messages, with those that could not be stored before, and return them as stored."""
        queue, said = self._queue(who), self.diary.messages
        waiting, others_replace = queue.take_unsaved()
        if not replaces:
            records, replaces = [*waiting, *records], others_replace
        try:
            if replaces:
                return await said.replace(*who, records, status=None)
            return await said.append(*who, records)
        except BaseException as error:
            queue.keep_unsaved(records, replaces=replaces)
            if not isinstance(error, Exception):
                raise
            self._failed("messages of %r wait to be stored with the next: %s", who, error)
            return ()

    async def _learn(self, who: tuple[str, str], stored: Sequence[Message]) -> None:
        """Learn from the turns that end among messages that were just stored."""
        try:
            await record_ended(self.recorder, *who, stored)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            self._failed("a turn of %r is not learned from: %s", who, error)

    # ------------------------------------------------------------ what leaves the chat

    async def _manage_queue(self, stored: Sequence[Message] = ()) -> None:
        """Archive the oldest turns where the chat is too long, and hand them to the blocks.

        Messages are archived by their numbers, so that two who do this at the same time, in other
        loops, threads or processes, archive the same ones, and one of them hands them over.
        """
        who = self._who()
        try:
            archived = await self._archived(who, stored)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            self._failed("the messages of %r can't be counted: %s", who, error)
            return
        if archived:
            await asyncio.gather(
                *(
                    block.aput(
                        [from_message(message) for message in archived],
                        from_short_term_memory=True,
                        session_id=who[1],
                    )
                    for block in self._blocks
                )
            )

    async def _archived(self, who: tuple[str, str], newer: Sequence[Message]) -> list[Message]:
        queue, said = self._queue(who), self.diary.messages
        if not newer or newer[0].number != queue.last + 1:
            newer = await said.read(*who, after=queue.last)
        if queue.add(self._counted(newer)) != await said.count(*who):
            queue.set(self._counted(await said.read(*who), queue.tokens))
        room = self.token_limit * self.chat_history_token_ratio
        if queue.total <= room:
            return []
        active = await said.read(*who)  # others may have archived some meanwhile
        tokens = self._counted(active, queue.tokens)
        queue.set(tokens)
        numbers = overflow(active, tokens, room, self.token_flush_size)
        if not numbers:
            return []
        archived = await said.archive(*who, ids=numbers)
        queue.remove(numbers)
        return archived

    def _counted(
        self, messages: Sequence[Message], known: Mapping[int, int] | None = None
    ) -> dict[int, int]:
        """Return number -> tokens of messages, counting only what is not known."""
        tokens = dict(known or {})
        found: dict[int, int] = {}
        for message in messages:
            number = message.number or 0
            if number not in tokens:
                tokens[number] = self._estimate_token_count(from_message(message))
            found[number] = tokens[number]
        return found

    def _estimate_token_count(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, message_or_blocks: str | ChatMessage | Sequence[object]
    ) -> int:
        """Return how many tokens a text, a message, or a list of messages or blocks has."""
        return self._counter.count(message_or_blocks)

    @property
    def _counter(self) -> Counter:
        return Counter(
            self._tokenize,
            self.image_token_size_estimate,
            self.audio_token_size_estimate,
            self.video_token_size_estimate,
            self.document_token_size_estimate,
        )

    # ------------------------------------------------------------ whose, failures, copies

    def _who(self) -> tuple[str, str]:
        user_id, session_id = whose(self.user_id, self._session)
        return user_id, self.session_id if session_id is None else session_id

    def _queue(self, who: tuple[str, str]) -> Queue:
        return queue_of(self.diary, (*who, self._counter))

    def _failed(self, sentence: str, who: tuple[str, str], error: Exception) -> None:
        if self.on_error == "raise":
            raise error
        _log.warning(sentence, who[0], told_of(error))

    @model_serializer(mode="plain")
    def custom_model_dump(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return where the memory is and how it is set up."""
        return {
            "diary": address(self.diary),
            "user_id": self.user_id,
            "session_id": self._session,
            "own_session": None if self._session is not None else self.session_id,
            "token_limit": self.token_limit,
            "token_flush_size": self.token_flush_size,
            "chat_history_token_ratio": self.chat_history_token_ratio,
            "context_tokens": self.context_tokens,
            "insert_method": self.insert_method.value,
            "image_token_size_estimate": self.image_token_size_estimate,
            "audio_token_size_estimate": self.audio_token_size_estimate,
            "video_token_size_estimate": self.video_token_size_estimate,
            "document_token_size_estimate": self.document_token_size_estimate,
            "learn": self.learn,
            "on_error": self.on_error,
            "parts": self._name_of_parts(),
            "class_name": self.class_name(),
        }

    def _name_of_parts(self) -> str | None:
        """Return the name by which this process finds blocks, template and tokenizer again."""
        own = Parts(self._blocks, self.memory_blocks_template, self._tokenize)
        if own.are_usual:
            return None
        self._parts = own.kept(self._parts)
        return self._parts

    @property
    def _blocks(self) -> Sequence[BaseMemoryBlock[Any]]:
        return cast("Sequence[BaseMemoryBlock[Any]]", cast("Any", self).memory_blocks)

    @property
    def _tokenize(self) -> Tokenizer:
        return cast("Any", self).tokenizer_fn

    def __copy__(self) -> Self:
        return self.from_dict(self.to_dict())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.from_dict(self.to_dict())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)


# ---------------------------------------------------------------- how


def _identified(message: ChatMessage) -> Message:
    """Return a message with an id, so that it is stored once however often that is tried."""
    return replace(to_message(message), id=uuid4().hex)
