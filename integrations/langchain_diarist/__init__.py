"""LangChain and LangGraph on a diary: middleware, store, chat history, memory class, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from langchain_diarist.history import DiaryChatMessageHistory
    from langchain_diarist.memory import DiaryMemory
    from langchain_diarist.messages import from_message, to_message

__all__ = ["DiaryChatMessageHistory", "DiaryMemory", "from_message", "to_message"]

__getattr__, __dir__ = exports(
    __name__,
    "langchain",
    {
        "history": "DiaryChatMessageHistory",
        "memory": "DiaryMemory",
        "messages": "from_message to_message",
    },
)
