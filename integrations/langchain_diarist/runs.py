"""A run of an agent: whose it is, in which session, and what was said in it.

Nothing here reads a diary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.config import get_config

from diarist.adapters import whose

if TYPE_CHECKING:
    from langchain.tools import ToolRuntime
    from langgraph.runtime import Runtime

    from diarist.adapters import Bound

UserId: TypeAlias = "str | Callable[[Any], str | None] | None"
"""A user, or who it is by the `Runtime` (in a tool: `ToolRuntime`) of a run."""


class Run(TypedDict):
    """What a run's private state holds from its first step to its last.

    Attributes:
        user_id: whose run it is, whoever resumes it.
        session_id: the conversation.
        messages: what was said in it so far, also what the agent's history no longer has.
    """

    user_id: str
    session_id: str
    messages: list[BaseMessage]


def whose_run(
    runtime: Runtime[Any] | ToolRuntime[Any, Any] | None, user_id: UserId, session_id: str | None
) -> Bound:
    """Return whose run this is, and in which session, None where nobody says.

    The arguments come first, then LangGraph's own: `runtime.context.user_id` (of an object or a
    dict) or `config["configurable"]["user_id"]`, and the thread's id, which LangGraph lets be a
    UUID or a number; then `bind_user`. A `runtime` that is none of LangGraph's says nothing: it
    comes from a model's arguments, outside of an agent.

    Raises:
        UserNotBoundError: nobody says whose.
    """
    if not hasattr(runtime, "context"):
        runtime = None
    if callable(user_id):
        user_id = user_id(runtime)
    config = _configurable()
    context = None if runtime is None else cast("object", runtime.context)
    in_context = _entry(context, "user_id")
    known = config.get("user_id") if in_context is None else in_context
    thread = config.get("thread_id")
    return whose(user_id, session_id, framework=(known, None if thread is None else str(thread)))


def question(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return what the user said last, and all since: with what a new run begins.

    Where another agent has answered since, or has handed over, that is a part of it.

    >>> said = [HumanMessage("Hi."), AIMessage("Hello!"), HumanMessage("I love tea.")]
    >>> [message.text for message in question(said)]
    ['I love tea.']
    >>> [message.text for message in question([*said, AIMessage("Let me hand you over.")])]
    ['I love tea.', 'Let me hand you over.']
    """
    asked = [n for n, m in enumerate(messages) if _is_said(m) and not _is_answer(m)]
    if not asked:
        return []
    answers = [n for n, m in enumerate(messages[: asked[-1]]) if _is_answer(m)]
    begin = answers[-1] + 1 if answers else 0
    return [message for message in messages[begin:] if _is_said(message)]


def is_answered(messages: Sequence[BaseMessage]) -> bool:
    """Say whether somebody answered what the user said."""
    return bool(messages) and _is_answer(messages[-1])


def gathered(known: Sequence[BaseMessage], messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return what was said in a run: what is known of it, as it reads now, and what came after.

    Args:
        known: what was said in the run up to some step.
        messages: the agent's history now; a summary may stand for what is known.
    """
    now = {message.id: message for message in messages if message.id is not None}
    ids = {message.id for message in known}
    places = [n for n, m in enumerate(messages) if m.id in ids or _is_notice(m)]
    later = messages[places[-1] + 1 :] if places else messages[:0]
    return [now.get(m.id or "", m) for m in known] + [m for m in later if _is_said(m)]


def asked(messages: Sequence[BaseMessage]) -> str | None:
    """Return the newest words of the user, None where there are none."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage) and _is_said(message):
            return str(message.text) or None
    return None


def _is_answer(message: BaseMessage) -> bool:
    return isinstance(message, (AIMessage, ToolMessage))


def _is_said(message: BaseMessage) -> bool:
    """Say whether somebody said it: neither the developer's prompt nor a summary of the history."""
    return not isinstance(message, SystemMessage) and not _is_notice(message)


def _is_notice(message: BaseMessage) -> bool:
    """Say whether LangChain put it there, as a summary or a notification."""
    extra = cast("Mapping[str, object]", message.additional_kwargs)
    return isinstance(message, HumanMessage) and isinstance(extra.get("lc_source"), str)


def _configurable() -> Mapping[str, Any]:
    try:
        return get_config().get("configurable", {})
    except RuntimeError:  # outside of any run
        return {}


def _entry(holder: object, name: str) -> Any:
    if isinstance(holder, Mapping):
        return cast("Mapping[str, Any]", holder).get(name)
    return getattr(holder, name, None)
