"""`DiaryChatMessageHistory`: a session of a diary as LangChain's chat history."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, HumanMessage, RemoveMessage

from diarist import Message, Recorder
from diarist.adapters import new_session_id, open_diary, whose
from langchain_diarist.messages import from_message, to_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarist.adapters import AnyDiary

_REMOVE_ALL = "__remove_all__"  # langgraph.graph.message.REMOVE_ALL_MESSAGES
_log = logging.getLogger("diarist.langchain")


class DiaryChatMessageHistory(BaseChatMessageHistory):
    """What was said in one session, oldest first, each message exactly as it was added.

    Whose it is is settled at each call: the argument, else `bind_user`. What one call adds is
    stored wholly or not at all. A message whose id the session knows stays as it is, so that a
    retry adds nothing; one without an id is added each time. A `RemoveMessage` is applied, not
    stored: it removes the message with its id, or with `REMOVE_ALL_MESSAGES` all before it; what
    is not there is left out. A call that removes, too, does one step after the other.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            None keeps everything in memory.
        user_id: whose; None takes who is bound (`diarist.bind_user`).
        session_id: the conversation, any string; None takes the bound one, else a new one that
            this history keeps.
        learn: have the diary learn from what is added. Each message of the user with all up to the
            next one, as far as they are added in one call, is then a turn, logged on its own.
            The middleware and `DiaryMemory` do so by themselves; a history is a record only.

    Raises:
        UserNotBoundError: by each call, where nobody says whose it is.

    Example:
        >>> history = DiaryChatMessageHistory(None, "ana", "chat_1")
        >>> history.add_messages([HumanMessage("Hello!"), HumanMessage("Anybody there?")])
        >>> [message.content for message in history.get_messages(last=1)]
        ['Anybody there?']
        >>> len(history)
        2
    """

    def __init__(
        self,
        diary_or_path: AnyDiary,
        user_id: str | None = None,
        session_id: str | None = None,
        *,
        learn: bool = False,
    ) -> None:
        super().__init__()
        self.diary = open_diary(diary_or_path)
        self.learn = learn
        self._user_id, self._session_id = user_id, session_id
        self._own_session = new_session_id()
        self._read: tuple[tuple[str, str], Sequence[Message]] = ("", ""), ()

    @property
    def session_id(self) -> str:
        """The session that is read and written here and now."""
        return self._who()[1]

    @property
    def messages(self) -> list[BaseMessage]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """All messages, in a list of your own."""
        return self.get_messages()

    def get_messages(self, last: int | None = None) -> list[BaseMessage]:
        """Return the messages, or the newest `last`, which are read alone."""
        who, said = self._who(), self.diary.sync.messages
        if last is not None:
            return _built(said.read(*who, last=last))
        known = self._known(who)
        if known:
            newest, count = said.read(*who, after=_before_last(known)), said.count(*who)
            known = _going_on(known, newest, count)
        return self._keep(who, known or said.read(*who))

    async def aget_messages(self, last: int | None = None) -> list[BaseMessage]:
        """Return the messages, or the newest `last`, which are read alone."""
        who, said = self._who(), self.diary.messages
        if last is not None:
            return _built(await said.read(*who, last=last))
        known = self._known(who)
        if known:
            newest = await said.read(*who, after=_before_last(known))
            known = _going_on(known, newest, await said.count(*who))
        return self._keep(who, known or await said.read(*who))

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Add messages in order, durably; see the class for ids and removals."""
        who = self._who()
        for step in _steps(messages, self.learn):
            if step.is_turn:
                Recorder(self.diary).record_sync(*who, step.added)
            elif step.added:
                _tell_of_other(step.added, self.diary.sync.messages.append(*who, step.added))
            elif step.removed:
                self.diary.sync.messages.delete(*who, ids=step.removed)
            else:
                self.diary.sync.messages.clear(*who)

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Add messages in order, durably; see the class for ids and removals."""
        who = self._who()
        for step in _steps(messages, self.learn):
            if step.is_turn:
                await Recorder(self.diary).record(*who, step.added)
            elif step.added:
                _tell_of_other(step.added, await self.diary.messages.append(*who, step.added))
            elif step.removed:
                await self.diary.messages.delete(*who, ids=step.removed)
            else:
                await self.diary.messages.clear(*who)

    def add_message(self, message: BaseMessage) -> None:
        """Add one message."""
        self.add_messages([message])

    async def aadd_message(self, message: BaseMessage) -> None:
        """Add one message."""
        await self.aadd_messages([message])

    def clear(self) -> None:
        """Delete the messages of this session; what was learned from them stays."""
        self.diary.sync.messages.clear(*self._who())

    async def aclear(self) -> None:
        """Delete the messages of this session; what was learned from them stays."""
        await self.diary.messages.clear(*self._who())

    def __len__(self) -> int:
        return self.diary.sync.messages.count(*self._who())

    def __bool__(self) -> bool:
        return True  # an empty history is a history

    # ------------------------------------------------------------ how

    def _who(self) -> tuple[str, str]:
        user_id, session_id = whose(self._user_id, self._session_id)
        return user_id, self._own_session if session_id is None else session_id

    def _known(self, who: tuple[str, str]) -> Sequence[Message]:
        """Return what was read of this session before."""
        whose_it_was, messages = self._read
        return messages if whose_it_was == who else ()

    def _keep(self, who: tuple[str, str], messages: Sequence[Message]) -> list[BaseMessage]:
        """Build all messages; they are kept as they are stored, which nobody can change."""
        self._read = who, messages
        return _built(messages)


def _built(messages: Iterable[Message]) -> list[BaseMessage]:
    return [from_message(message) for message in messages]


def _before_last(known: Sequence[Message]) -> int:
    return (known[-1].number or 1) - 1


def _going_on(known: Sequence[Message], newest: Sequence[Message], count: int) -> Sequence[Message]:
    """Return what is known with what came after it; nothing where that is not all that happened.

    Numbers are never given twice, so the session is what is known and what is newer if the newest
    one known is still there as it was, and together they are as many as the session has.

    Args:
        known: all messages of the session, as they were once.
        newest: the last of them and what is newer, as it is now.
        count: how many the session has now.
    """
    if not newest or newest[0] != known[-1] or count != len(known) + len(newest) - 1:
        return ()
    return known if len(newest) == 1 else [*known, *newest[1:]]


class _Step(NamedTuple):
    """One thing to do: add, as a turn or not, or remove; with neither, remove everything."""

    added: list[Message]
    removed: list[str]
    is_turn: bool = False


def _steps(messages: Iterable[BaseMessage], learn: bool) -> list[_Step]:
    """Return what to do, in order."""
    steps: list[_Step] = []
    adding: list[BaseMessage] = []
    for message in messages:
        if not isinstance(message, RemoveMessage):
            adding.append(message)
            continue
        if message.id == _REMOVE_ALL:
            steps, adding = [_Step([], [])], []
            continue
        steps += _additions(adding, learn)
        adding = []
        steps.append(_Step([], [message.id or ""]))
    return steps + _additions(adding, learn)


def _additions(messages: Sequence[BaseMessage], learn: bool) -> list[_Step]:
    """Return one step for all, or with `learn` one for each turn."""
    if not messages:
        return []
    if not learn:
        return [_Step([to_message(message) for message in messages], [])]
    turns: list[list[BaseMessage]] = [[]]
    for message in messages:
        if isinstance(message, HumanMessage) and _is_answered(turns[-1]):
            turns.append([])
        turns[-1].append(message)
    return [
        _Step([to_message(message) for message in turn], [], is_turn=_has_question(turn))
        for turn in turns
    ]


def _has_question(turn: Iterable[BaseMessage]) -> bool:
    return any(isinstance(message, HumanMessage) for message in turn)


def _is_answered(turn: Sequence[BaseMessage]) -> bool:
    return _has_question(turn) and not isinstance(turn[-1], HumanMessage)


def _tell_of_other(given: Sequence[Message], stored: Sequence[Message]) -> None:
    """Say in the log where an id was known with another content, which stays."""
    for one, kept in zip(given, stored, strict=True):
        if one.payload != kept.payload or (one.payload is None and one.text != kept.text):
            _log.warning(
                "a message with the id %r is in the session already, with another content, and "
                "stays; to change it, add RemoveMessage(id) first",
                kept.id,
            )
