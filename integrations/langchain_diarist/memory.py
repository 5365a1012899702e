"""`DiaryMemory`: a diary as the memory of a classic chain. New code takes `DiaryMiddleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, get_buffer_string
from pydantic import PrivateAttr

from diarist import Diary, MissingExtraError, Recorder
from diarist.adapters import new_session_id, open_diary, whose
from langchain_diarist.messages import from_message, text_of, to_message

try:
    from langchain_classic.base_memory import BaseMemory
except ModuleNotFoundError as error:
    raise MissingExtraError(
        "DiaryMemory is for the chains of langchain-classic: pip install langchain-classic"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarist import Message
    from diarist.adapters import AnyDiary

_STOP = "stop"  # an input that chains hand on to the model, and no prompt has a place for


class DiaryMemory(BaseMemory):
    """Fills a chain's prompt with what was said and what is known, and records each run as a turn.

    A prompt has a place for each of the memory variables: `{history}`, the newest whole turns of
    the session, and `{context}`, what the diary knows about the user that fits the input. A prompt
    without the second, as `ConversationChain` brings along, takes `context_key=None`. Whose memory
    it is is settled at each call: the argument, else `bind_user`.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            None keeps everything in memory.
        user_id: whose; None takes who is bound (`diarist.bind_user`).
        session_id: the conversation, any string; None takes the bound one, else a new one that
            this memory keeps.
        memory_key: the variable for what was said.
        context_key: the variable for what is known; None leaves it out.
        input_key: the input that is the user's; None takes the only one there is.
        output_key: the output that answers; None takes the only one there is, or "output".
        return_messages: what was said as messages, for a `MessagesPlaceholder`, not as text.
        human_prefix: who the user is in the text.
        ai_prefix: who answers in the text.
        max_tokens: of what was said; turns that do not fit are left out, the oldest first.
        context_tokens: of what is known.

    Raises:
        MissingExtraError: by the import, without langchain-classic.
        UserNotBoundError: by each call, where nobody says whose it is.

    Example:
        >>> memory = DiaryMemory(None, "ana", "chat_1")
        >>> memory.save_context({"input": "I love tea."}, {"response": "Noted."})
        >>> print(memory.load_memory_variables({"input": "What shall I drink?"})["history"])
        Human: I love tea.
        AI: Noted.
        >>> memory.memory_variables
        ['history', 'context']
    """

    user_id: str | None
    session_id: str | None
    memory_key: str
    context_key: str | None
    input_key: str | None
    output_key: str | None
    return_messages: bool
    human_prefix: str
    ai_prefix: str
    max_tokens: int
    context_tokens: int
    _diary: Diary = PrivateAttr()
    _own_session: str = PrivateAttr(default_factory=new_session_id)

    def __init__(
        self,
        diary_or_path: AnyDiary,
        user_id: str | None = None,
        session_id: str | None = None,
        *,
        memory_key: str = "history",
        context_key: str | None = "context",
        input_key: str | None = None,
        output_key: str | None = None,
        return_messages: bool = False,
        human_prefix: str = "Human",
        ai_prefix: str = "AI",
        max_tokens: int = 2_000,
        context_tokens: int = 800,
    ) -> None:
        settings: dict[str, Any] = {
            "user_id": user_id,
            "session_id": session_id,
            "memory_key": memory_key,
            "context_key": context_key,
            "input_key": input_key,
            "output_key": output_key,
            "return_messages": return_messages,
            "human_prefix": human_prefix,
            "ai_prefix": ai_prefix,
            "max_tokens": max_tokens,
            "context_tokens": context_tokens,
        }
        super().__init__(**settings)
        self._diary = open_diary(diary_or_path)

    @property
    def diary(self) -> Diary:
        """The diary that it remembers in."""
        return self._diary

    @property
    def memory_variables(self) -> list[str]:
        """The variables that it fills in."""
        return [self.memory_key, *([self.context_key] if self.context_key else [])]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return what was said in the session, and what is known about the user.

        Raises:
            ValueError: several inputs may be the user's, and no `input_key` says which.
        """
        user_id, session_id = self._who()
        query = self._asked(inputs)
        diary = self._diary.sync
        loaded = {
            self.memory_key: self._history(
                diary.messages.window(user_id, session_id, self.max_tokens)
            )
        }
        if self.context_key:
            loaded[self.context_key] = diary.context(
                user_id, query, session_id=session_id, max_tokens=self.context_tokens
            )
        return loaded

    async def aload_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Do the same without blocking the loop."""
        user_id, session_id = self._who()
        query = self._asked(inputs)
        loaded = {
            self.memory_key: self._history(
                await self._diary.messages.window(user_id, session_id, self.max_tokens)
            )
        }
        if self.context_key:
            loaded[self.context_key] = await self._diary.context(
                user_id, query, session_id=session_id, max_tokens=self.context_tokens
            )
        return loaded

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Record a run as a turn, and have the diary learn from it.

        Raises:
            ValueError: several inputs, or outputs, may be meant, and no key says which.
        """
        Recorder(self._diary).record_sync(*self._who(), self._turn(inputs, outputs))

    async def asave_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Do the same without blocking the loop."""
        await Recorder(self._diary).record(*self._who(), self._turn(inputs, outputs))

    def clear(self) -> None:
        """Delete the messages of this session; what was learned from them stays."""
        self._diary.sync.messages.clear(*self._who())

    async def aclear(self) -> None:
        """Do the same without blocking the loop."""
        await self._diary.messages.clear(*self._who())

    # ------------------------------------------------------------ how

    def _who(self) -> tuple[str, str]:
        user_id, session_id = whose(self.user_id, self.session_id)
        return user_id, self._own_session if session_id is None else session_id

    def _history(self, messages: Sequence[Message]) -> list[BaseMessage] | str:
        said = [from_message(message) for message in messages]
        if self.return_messages:
            return said
        return get_buffer_string(said, human_prefix=self.human_prefix, ai_prefix=self.ai_prefix)

    def _asked(self, inputs: Mapping[str, Any]) -> str | None:
        """Return what the user asks, None where no input is the user's."""
        if not self._candidates(inputs):
            return None
        asked = _as_message(inputs.get(self._input(inputs), ""), HumanMessage)
        return text_of(asked) or None

    def _turn(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> list[Message]:
        asked = _as_message(inputs[self._input(inputs)], HumanMessage)
        answer = _as_message(outputs[self._output(outputs)], AIMessage)
        return [to_message(asked), to_message(answer)]

    def _candidates(self, inputs: Mapping[str, Any]) -> list[str]:
        """Return the inputs that may be the user's."""
        if self.input_key is not None:
            return [self.input_key]
        return [name for name in inputs if name not in (*self.memory_variables, _STOP)]

    def _input(self, inputs: Mapping[str, Any]) -> str:
        return _only(self._candidates(inputs), "input")

    def _output(self, outputs: Mapping[str, Any]) -> str:
        if self.output_key is not None:
            return self.output_key
        if len(outputs) > 1 and "output" in outputs:
            return "output"
        return _only(list(outputs), "output")


def _only(names: Sequence[str], what: str) -> str:
    if len(names) == 1:
        return names[0]
    raise ValueError(
        f"one {what} is stored, and there are {', '.join(names) or 'none'}: pass {what}_key="
    )


def _as_message(value: object, kind: type[HumanMessage | AIMessage]) -> BaseMessage:
    """Return what a chain took or gave as a message; of several messages the texts are one."""
    if isinstance(value, BaseMessage):
        return value
    if isinstance(value, str):
        return kind(content=value)
    if isinstance(value, (list, tuple)):
        parts = cast("Sequence[object]", value)
        return kind(content="\n\n".join(text_of(_as_message(part, kind)) for part in parts))
    return kind(content=str(value))
