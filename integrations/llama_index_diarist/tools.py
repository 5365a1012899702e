"""The diary's tools for LlamaIndex: what a model can do with one user's diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.tools import FunctionTool

import diarist
from diarist.adapters import open_diary

if TYPE_CHECKING:
    from collections.abc import Collection

    from diarist.adapters import AnyDiary


def diary_tools(
    diary_or_path: AnyDiary,
    user_id: str | None = None,
    session_id: str | None = None,
    *,
    agent_name: str = "main",
    prefix: str = "",
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> list[FunctionTool]:
    """Return the tools that let a model read and write one user's diary: `diarist.diary_tools`.

    Whose diary it is is no argument that a model sees, and can't be given by it.

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
        >>> tools = {tool.metadata.name: tool for tool in diary_tools(None, "ana")}
        >>> print(tools["upsert_preference"](category="likes", text="love black coffee"))
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
    return [
        FunctionTool.from_defaults(
            tool.call,
            tool.name,
            tool.description,
            fn_schema=tool.arguments,
            async_fn=tool.function,
        )
        for tool in made
    ]
