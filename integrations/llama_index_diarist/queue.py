"""What a process knows of the messages that a model is shown of a session: their tokens, and which.

Nothing here reads a diary. Numbers are never given twice, so what is known stays true; that nothing
else happened to the session is seen by how many messages it has.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from diarist import Diary, Message

    Counted: TypeAlias = str | ChatMessage | Sequence[object]

_UNANSWERED = ["user", "user"]
"""Roles of a question that nobody answered, and of what comes next."""

MOST = 1000
"""Sessions of a diary whose counts a process keeps."""


@dataclass
class Queue:
    """The active messages of a session, as far as this process knows them.

    Any number of threads may share one.

    Attributes:
        tokens: number -> tokens, in order.
        total: of all tokens.
        unsaved: messages that could not be stored; they are stored with the next.
        replaces: whether these take the place of all that is stored.

    >>> queue = Queue()
    >>> queue.add({1: 5}), queue.add({1: 5, 2: 3}), queue.total
    (1, 2, 8)
    """

    tokens: dict[int, int] = field(default_factory=dict[int, int])
    total: int = 0
    unsaved: tuple[Message, ...] = ()
    replaces: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last(self) -> int:
        """The number of the newest message known."""
        return next(reversed(self.tokens), 0)

    def add(self, tokens: Mapping[int, int]) -> int:
        """Take note of newer messages, and return how many there are now."""
        with self._lock:
            for number, count in tokens.items():
                if number > self.last:
                    self.tokens[number] = count
                    self.total += count
            return len(self.tokens)

    def set(self, tokens: Mapping[int, int]) -> None:
        """Take note of all messages."""
        with self._lock:
            self.tokens, self.total = dict(tokens), sum(tokens.values())

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget messages that have left."""
        with self._lock:
            self.total -= sum(self.tokens.pop(number, 0) for number in numbers)

    def take_unsaved(self) -> tuple[tuple[Message, ...], bool]:
        """Return what waits to be stored, and if it replaces what is there; it waits no more."""
        with self._lock:
            taken = self.unsaved, self.replaces
            self.unsaved, self.replaces = (), False
            return taken

    def keep_unsaved(self, messages: Sequence[Message], *, replaces: bool) -> None:
        """Have messages wait, before those that came later."""
        with self._lock:
            self.unsaved = tuple(messages) if self.replaces else (*messages, *self.unsaved)
            self.replaces = self.replaces or replaces


_queues: WeakKeyDictionary[Diary, OrderedDict[Hashable, Queue]] = WeakKeyDictionary()
_lock = threading.Lock()


def queue_of(diary: Diary, key: Hashable) -> Queue:
    """Return the queue of a session; memories of one diary share it.

    Args:
        diary: where the session is.
        key: whose, which session, and how it is counted.
    """
    with _lock:
        queues = _queues.setdefault(diary, OrderedDict())
        queue = queues.setdefault(key, Queue())
        queues.move_to_end(key)
        while len(queues) > MOST:
            oldest = next((key for key, one in queues.items() if not one.unsaved), None)
            if oldest is None:
                break
            del queues[oldest]
        return queue


def overflow(
    messages: Sequence[Message], tokens: Mapping[int, int], room: float, least: int
) -> list[int]:
    """Return the numbers of the oldest whole turns, which leave where there is no room for all.

    A turn begins with what the user says and holds all up to what they say next, so that no result
    of a tool stands without its call. System messages stay, and so does the last turn; where it
    alone is too long, the questions it begins with leave, but for the newest.

    Args:
        messages: the active ones, in order.
        tokens: number -> tokens.
        room: how many tokens may stay.
        least: how many tokens leave at once, or more, where there are as many before the last turn.

    >>> from diarist import Message
    >>> asked = [Message("user", text, number=n) for n, text in enumerate(["Tea?", "Gin?", "Ale?"])]
    >>> overflow(asked, {0: 2, 1: 2, 2: 2}, room=5, least=4)
    [0]
    """
    over = sum(tokens.get(message.number or 0, 0) for message in messages) - room
    if over <= 0:
        return []
    said = [message for message in messages if message.role != "system"]
    numbers = [message.number or 0 for message in said]
    gone = [0, *accumulate(tokens.get(number, 0) for number in numbers)]
    begins = [
        place
        for place, (before, message) in enumerate(pairwise(said), 1)
        if message.role == "user" and before.role != "user"
    ]
    last = begins[-1] if begins else 0
    cut = next((begin for begin in begins if gone[begin] >= max(over, least)), last)
    while gone[cut] < over and [message.role for message in said[cut : cut + 2]] == _UNANSWERED:
        cut += 1
    return numbers[:cut]


@dataclass(frozen=True)
class Counter:
    """Counts the tokens of messages: of tool calls, thoughts and citations, too.

    Attributes:
        tokenizer: makes a list of tokens of a text.
        image: tokens of a picture.
        audio: tokens of a sound.
        video: tokens of a film.
        document: tokens of a document.
    """

    tokenizer: Callable[[str], Sequence[object]]
    image: int
    audio: int
    video: int
    document: int

    def count(self, counted: Counted) -> int:
        """Return how many tokens a text, a message, or a list of messages or blocks has.

        Raises:
            ValueError: it is none of these.
        """
        if isinstance(counted, str):
            return len(self.tokenizer(counted))
        if isinstance(counted, ChatMessage):
            kwargs = counted.additional_kwargs
            extra = len(self.tokenizer(str(kwargs))) if kwargs else 0
            return extra + sum(map(self._block, counted.blocks))
        if isinstance(counted, (list, tuple)):
            return sum(
                self.count(one) if isinstance(one, (str, ChatMessage)) else self._block(one)
                for one in counted
            )
        raise ValueError(f"Invalid message type: {type(counted)}")

    def _block(self, block: object) -> int:
        if isinstance(block, TextBlock):
            return self.count(block.text)
        if isinstance(block, ThinkingBlock):
            return block.num_tokens or self.count(block.content or "")
        if isinstance(block, ToolCallBlock):
            return self.count(f"{block.tool_name} {block.tool_kwargs}")
        if isinstance(block, CitableBlock):
            return self.count(f"{block.title} {block.source}") + self.count(block.content)
        if isinstance(block, CitationBlock):
            return self.count(f"{block.title} {block.source}") + self._block(block.cited_content)
        if isinstance(block, CachePoint):
            return 0
        sizes = {
            ImageBlock: self.image,
            AudioBlock: self.audio,
            VideoBlock: self.video,
            DocumentBlock: self.document,
        }
        size = next((size for kind, size in sizes.items() if isinstance(block, kind)), None)
        if size is None:
            raise ValueError(f"Invalid message type: {type(block)}")
        return size
