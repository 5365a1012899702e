"""LangChain and LangGraph on a diary: middleware, store, chat history, memory class, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from langchain_diarist.extractor import LangChainExtractor
    from langchain_diarist.history import DiaryChatMessageHistory
    from langchain_diarist.labels import read_label, safe_label
    from langchain_diarist.memory import DiaryMemory
    from langchain_diarist.messages import from_message, to_message
    from langchain_diarist.middleware import DiaryMiddleware
    from langchain_diarist.store import DiaryStore
    from langchain_diarist.tools import diary_tools

__all__ = [
    "DiaryChatMessageHistory",
    "DiaryMemory",
    "DiaryMiddleware",
    "DiaryStore",
    "LangChainExtractor",
    "diary_tools",
    "from_message",
    "read_label",
    "safe_label",
    "to_message",
]

__getattr__, __dir__ = exports(
    __name__,
    "langchain",
    {
        "extractor": "LangChainExtractor",
        "middleware": "DiaryMiddleware",
        "tools": "diary_tools",
        "history": "DiaryChatMessageHistory",
        "labels": "read_label safe_label",
        "memory": "DiaryMemory",
        "messages": "from_message to_message",
        "store": "DiaryStore",
    },
)
