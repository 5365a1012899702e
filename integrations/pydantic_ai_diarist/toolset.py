"""A diary for agents of Pydantic AI: it is read into the instructions, and learns from the runs."""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self

from anyio import CancelScope
from pydantic_ai.messages import InstructionPart
from pydantic_ai.toolsets import FunctionToolset

from diarist import Recorder, UnsupportedError, bind_user
from diarist.adapters import PROMPT, checked_prompt, open_diary
from pydantic_ai_diarist.messages import to_message
from pydantic_ai_diarist.runs import Run
from pydantic_ai_diarist.tools import diary_tools

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic_ai import RunContext
    from pydantic_ai.toolsets import ToolsetTool

    from diarist.adapters import AnyDiary
    from pydantic_ai_diarist.runs import UserId

_log = logging.getLogger("diarist.pydantic_ai")


class DiaryToolset(FunctionToolset[Any]):
    """Gives an agent a user's diary: in its instructions, by tools, and as the place for its runs.

    With each request the instructions say what the diary says about the user and their newest
    message; it is read anew each time. When a run ends, however it ends, its new messages, also
    tool calls and their results, are logged as one turn, durably, and the diary learns from it: by
    rules at once, by a model in the background (`recorder.flush_sync()` waits).

    The user is `user_id`, else `deps.user_id` (an attribute or a key), else the one of
    `diarist.bind_user`. The session is `session_id`, else `deps.session_id`, else the bound one,
    else Pydantic AI's own conversation, which goes on where a run gets a message history.

    An agent that another one asks, in a tool or an output function, is asked in that one's words,
    which are not the user's: give it `record=False`. What it was asked and answered is in the
    other's run.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend.
        user_id: whose diary; or a function of the run's `RunContext` that says whose.
        session_id: the conversation.
        tools: the names of the tools that the agent gets; None is all of `diary_tools`, () none.
        max_tokens: how many tokens the diary may take of the instructions, as it counts them.
        prompt: what is said around it; `{memory}` is its place.
        record: whether runs are logged; False only reads.
        on_error: "warn" logs a failure of the diary and lets the agent go on without; "raise"
            raises it. That nobody is bound is raised in any case.

    Raises:
        ValueError: the prompt has no place for the memory, `on_error` is neither, or no tool has
            such a name.
        UnsupportedError: the diary has no records to log runs in.

    Example:
        >>> from pydantic_ai import Agent
        >>> from pydantic_ai.models.test import TestModel
        >>> memory = DiaryToolset(None, tools=())
        >>> agent = Agent(TestModel(custom_output_text="Noted."), toolsets=[memory])
        >>> agent.run_sync("I love tea.", deps={"user_id": "ana"}).output
        'Noted.'
        >>> print(memory.diary.sync.pretty_preferences("ana", show_timestamps=False))
        likes:
          tea: love tea (said 1×)
    """

    def __init__(
        self,
        diary_or_path: AnyDiary,
        user_id: UserId = None,
        session_id: str | None = None,
        *,
        tools: Collection[str] | None = None,
        max_tokens: int = 800,
        prompt: str = PROMPT,
        record: bool = True,
        on_error: Literal["warn", "raise"] = "warn",
    ) -> None:
        if on_error not in ("warn", "raise"):
            raise ValueError(f'on_error is "warn" or "raise", not {on_error!r}')
        self.diary = open_diary(diary_or_path)
        if record and self.diary.records is None:
            raise UnsupportedError(
                "this diary has no records to log runs in; pass it records=, or record=False"
            )
        super().__init__(
            diary_tools(self.diary, user_id, session_id, include=tools, on_error=on_error)
        )
        self.recorder = Recorder(self.diary)
        self.user_id, self.session_id = user_id, session_id
        self.max_tokens, self.prompt = max_tokens, checked_prompt(prompt)
        self.record, self.on_error = record, on_error
        self._run: Run | None = None

    # ------------------------------------------------------------ a run begins

    async def for_run(self, ctx: RunContext[Any]) -> Self:
        """Return the toolset of one run, which knows whose it is.

        Raises:
            UserNotBoundError: nobody says whose run it is.
        """
        twin = copy(self)
        twin._run = Run.begun(ctx, self.user_id, self.session_id)
        return twin

    async def for_run_step(self, ctx: RunContext[Any]) -> Self:
        """Take note of what was said since the last step."""
        if self._run is not None:
            self._run.follow(ctx.messages)
        return self

    # ------------------------------------------------------------ the model is asked

    async def get_instructions(self, ctx: RunContext[Any]) -> list[InstructionPart] | None:
        """Return what the diary says that fits the user's newest words; None if it says nothing."""
        run = self._of(ctx)
        try:
            memory = await self.diary.context(
                run.user_id, run.asked, session_id=run.session_id, max_tokens=self.max_tokens
            )
        except Exception as error:
            if self.on_error == "raise":
                raise
            _log.warning("the agent answers without the diary of %r: %s", run.user_id, _told(error))
            return None
        if not memory:
            return None
        content = self.prompt.replace("{memory}", memory)
        return [InstructionPart(content=content, dynamic=True)]

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Call a tool for the user whose run it is, whoever is bound by now."""
        run = self._of(ctx)
        with bind_user(run.user_id, run.session_id):
            return await super().call_tool(name, tool_args, ctx, tool)

    def _of(self, ctx: RunContext[Any]) -> Run:
        """Return the run; where the framework has not shown it, what the context says of it."""
        if self._run is not None:
            return self._run
        if self.record:
            _tell_of_unseen_runs()
        return Run.begun(ctx, self.user_id, self.session_id)

    # ------------------------------------------------------------ a run ends

    async def __aexit__(self, *args: Any) -> None:
        """Log the run as a turn, also where it was cancelled."""
        run, self._run = self._run, None
        if run is None or not self.record:
            return
        run.gather()
        if run.messages:
            with CancelScope(shield=True):
                # In a context of its own: what learns has neither the run's deadline nor its trace.
                await asyncio.create_task(self._log(run), context=Context())

    async def _log(self, run: Run) -> None:
        try:
            said = [to_message(message) for message in run.messages]
            await self.recorder.record(run.user_id, run.session_id, said)
        except Exception as error:
            if self.on_error == "raise":
                raise
            _log.warning("a run of %r is not in the diary: %s", run.user_id, _told(error))


@cache
def _tell_of_unseen_runs() -> None:
    """Say in the log, once, that runs are not logged which the framework does not show."""
    _log.warning(
        "a DiaryToolset that a function gives is shown no run, and logs none: give it to toolsets= "
        "itself; a function may be its user_id=. This is said once"
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
