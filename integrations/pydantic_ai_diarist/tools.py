"""The diary's tools for Pydantic AI: what a model can do with one user's diary."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from pydantic_ai import RunContext, Tool

import diarist
from diarist import bind_user
from diarist.adapters import UNUSABLE, open_diary
from pydantic_ai_diarist.runs import whose_run

if TYPE_CHECKING:
    from collections.abc import Collection

    from diarist.adapters import AnyDiary
    from pydantic_ai_diarist.runs import UserId

_log = logging.getLogger("diarist.pydantic_ai")


def diary_tools(
    diary_or_path: AnyDiary,
    user_id: UserId = None,
    session_id: str | None = None,
    *,
    agent_name: str = "main",
    prefix: str = "",
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
    on_error: Literal["warn", "raise"] = "raise",
) -> list[Tool[Any]]:
    """Return the tools that let a model read and write one user's diary: `diarist.diary_tools`.

    The user is found as in `DiaryToolset`, is no argument that a model sees, and can't be given by
    it.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            without records there are no tools for notes.
        user_id: whose diary; or a function of the run's `RunContext` that says whose.
        session_id: the conversation that goes on.
        agent_name: whose notebook.
        prefix: put before each name.
        include: the tools to return, by their names without prefix; None is all.
        exclude: the tools to leave out.
        on_error: "raise" raises what no model can put right, such as a full disk; "warn" logs it
            and tells the model that the memory can't be used now.

    Raises:
        ValueError: no tool has that name.
        UnsupportedError: `include` names a tool for notes, and the diary has no records.

    Example:
        >>> from pydantic_ai import Agent
        >>> from pydantic_ai.models.test import TestModel
        >>> tools = diary_tools(None, "ana", include=["list_categories"])
        >>> agent = Agent(TestModel(), tools=tools)
        >>> print(agent.run_sync("What do you keep?").output[:38])
        {"list_categories":"- likes (0 of 100)
    """
    made = diarist.diary_tools(
        open_diary(diary_or_path),
        agent_name=agent_name,
        prefix=prefix,
        include=include,
        exclude=exclude,
    )
    return [_made(tool, user_id, session_id, on_error) for tool in made]


def _made(
    tool: diarist.Tool,
    user_id: UserId,
    session_id: str | None,
    on_error: Literal["warn", "raise"],
) -> Tool[Any]:
    async def call(ctx: RunContext[Any], **arguments: Any) -> str:
        with bind_user(*whose_run(ctx, user_id, session_id)):
            try:
                return await tool.function(**arguments)
            except Exception as error:
                if on_error == "raise":
                    raise
                _log.warning("a tool can't use the diary: %s: %s", type(error).__name__, error)
                return UNUSABLE

    return Tool[Any].from_schema(call, tool.name, tool.description, tool.parameters, takes_ctx=True)
