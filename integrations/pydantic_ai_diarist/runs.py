"""A run of an agent: whose it is, in which session, and what was said in it.

Nothing here reads a diary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_ai.messages import ModelMessage, ModelRequest

from diarist.adapters import new_session_id, whose
from pydantic_ai_diarist.messages import prompt_of

if TYPE_CHECKING:
    from pydantic_ai import RunContext

    from diarist.adapters import Bound

UserId: TypeAlias = "str | Callable[[RunContext[Any]], str | None] | None"
"""A user, or who it is by the `RunContext` of a run."""


@dataclass
class Run:
    """What a toolset knows of a run, from its first step to its last.

    Attributes:
        user_id: whose run it is.
        session_id: the conversation.
        id: Pydantic AI's id of the run, which it puts on each message of it.
        history: the messages that it goes on with, as the framework has them now.
        messages: what was said in it so far, also what its history no longer has.
    """

    user_id: str
    session_id: str
    id: str | None
    history: list[ModelMessage]
    messages: list[ModelMessage]

    @classmethod
    def begun(cls, ctx: RunContext[Any], user_id: UserId, session_id: str | None) -> Run:
        """Return the run that begins.

        A question at the end of its history that no run has asked yet, as those of user interfaces
        are, is said in this one.

        Raises:
            UserNotBoundError: nobody says whose.
        """
        who = whose_run(ctx, user_id, session_id)
        session = ctx.conversation_id if who.session_id is None else who.session_id
        open_end = takewhile(
            lambda m: isinstance(m, ModelRequest) and m.run_id is None, reversed(ctx.messages)
        )
        return cls(
            who.user_id,
            new_session_id() if session is None else session,
            ctx.run_id,
            ctx.messages,
            [*open_end][::-1],
        )

    def follow(self, history: list[ModelMessage]) -> None:
        """Take note of what was said since; `history` is kept, and read again by `gather`."""
        self.history = history
        self.gather()

    def gather(self) -> None:
        """Add what was said since the last message that is known.

        The history may have lost what was said before: a summary takes its place.
        """
        own = [m for m in self.history if m.run_id == self.id and m.parts]
        known = [message for message in self.messages if isinstance(message, ModelRequest)]
        new = takewhile(lambda message: not _is_one_of(known, message), reversed(own))
        self.messages += [*new][::-1]

    @property
    def asked(self) -> str | None:
        """The newest words of the user, None where there are none."""
        said = (prompt_of(message) for message in reversed([*self.history, *self.messages]))
        return next((text for text in said if text), None)


def whose_run(ctx: RunContext[Any], user_id: UserId, session_id: str | None = None) -> Bound:
    """Return whose run this is, and in which session, None where nobody says.

    The arguments come first, then `user_id` and `session_id` of the run's `deps`, as attributes or
    as keys; then `bind_user`.

    Raises:
        UserNotBoundError: nobody says whose.
    """
    if callable(user_id):
        user_id = user_id(ctx)
    of_deps = entry(ctx.deps, "user_id"), entry(ctx.deps, "session_id")
    return whose(user_id, session_id, framework=of_deps)


def entry(deps: object, name: str) -> Any:
    """Return what deps hold under a name, None where there is nothing."""
    if isinstance(deps, Mapping):
        return cast("Mapping[str, Any]", deps).get(name)
    return getattr(deps, name, None)


def _is_one_of(requests: list[ModelRequest], message: ModelMessage) -> bool:
    """Say whether a message is one of the requests, or a copy of one.

    The framework and history processors copy them; the time that the framework puts on one no other
    has, where providers date their answers to the second.
    """
    if not isinstance(message, ModelRequest):
        return False
    return any(
        message is known
        or message.parts is known.parts
        or (message.timestamp is not None and message.timestamp == known.timestamp)
        for known in requests
    )
