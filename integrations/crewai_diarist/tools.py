"""The diary's tools for CrewAI, and what a prompt can be filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crewai.tools import BaseTool
from pydantic import PrivateAttr

import diarist
from crewai_diarist.stands import NobodyBoundError
from diarist import Tool, UserNotBoundError
from diarist.adapters import open_diary, whose

if TYPE_CHECKING:
    from collections.abc import Collection

    from diarist.adapters import AnyDiary

_NOTHING = "Nothing is known yet."


class DiaryTool(BaseTool):
    """One of `diarist.diary_tools`. CrewAI keeps no answer of it for a second call."""

    _tool: Tool = PrivateAttr()

    def __init__(self, tool: Tool) -> None:
        super().__init__(
            name=tool.name,
            description=tool.description,
            args_schema=tool.arguments,
            cache_function=never,
        )
        self._tool = tool

    def _run(self, **arguments: Any) -> str:
        try:
            return self._tool.call(**arguments)
        except UserNotBoundError as error:
            raise NobodyBoundError(str(error)) from None

    async def _arun(self, **arguments: Any) -> str:
        try:
            return await self._tool.function(**arguments)
        except UserNotBoundError as error:
            raise NobodyBoundError(str(error)) from None


def never(arguments: Any = None, result: Any = None) -> bool:
    """Say that an answer is not kept: the diary may change before the next call."""
    return False


def diary_tools(
    diary_or_path: AnyDiary,
    user_id: str | None = None,
    session_id: str | None = None,
    *,
    agent_name: str = "main",
    prefix: str = "",
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> list[BaseTool]:
    """Return the tools that let a model read and write one user's diary: `diarist.diary_tools`.

    Whose diary it is is no argument that a model sees, and can't be given by it. In a crew with a
    `DiaryMemory`, CrewAI's own tool takes the place of `search_memory`.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend;
            without records there are no tools for notes.
        user_id: whose diary; None is whoever `bind_user` names when a tool is called.
        session_id: the conversation that goes on; None is the bound one, if any.
        agent_name: whose notebook.
        prefix: put before each name.
        include: the tools to return, by their names without prefix; None is all.
        exclude: the tools to leave out.

    Raises:
        ValueError: no tool has that name.
        UnsupportedError: `include` names a tool for notes, and the diary has no records.

    Example:
        >>> tools = {tool.name: tool for tool in diary_tools(None, "ana")}
        >>> print(tools["upsert_preference"].run(category="likes", text="love black coffee"))
        Added likes/black-coffee: "love black coffee".
    """
    made = diarist.diary_tools(
        open_diary(diary_or_path),
        user_id,
        session_id=session_id,
        agent_name=agent_name,
        prefix=prefix,
        include=include,
        exclude=exclude,
    )
    return [DiaryTool(tool) for tool in made]


def diary_inputs(
    diary_or_path: AnyDiary,
    user_id: str | None = None,
    *,
    n_conversations: int = 3,
    max_tokens: int = 800,
) -> dict[str, str]:
    """Return `user_profile` and `recent_conversations` for `crew.kickoff(inputs=...)`.

    Each is lines of data with their markup escaped, for a place in a backstory, a goal or a task:
    `"{user_profile}"`. So a prompt has them without any memory.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend.
        user_id: whose diary; None is whoever is bound.
        n_conversations: how many conversations at most, the newest.
        max_tokens: of both together, as the diary counts them.

    Raises:
        UserNotBoundError: nobody says whose.

    Example:
        >>> diary = open_diary(None)
        >>> report = diary.sync.upsert_preference("ana", "likes", "love tea")
        >>> diary_inputs(diary, "ana")
        {'user_profile': '- likes: love tea', 'recent_conversations': 'Nothing is known yet.'}
    """
    who = whose(user_id).user_id
    sections = open_diary(diary_or_path).sync.context(who, max_tokens=max_tokens).sections
    talks = sections.get("conversations", "").splitlines()[:n_conversations]
    return {
        "user_profile": sections.get("preferences", _NOTHING),
        "recent_conversations": "\n".join(talks) or _NOTHING,
    }
