"""LlamaIndex on a diary: memory, chat stores, a memory block, an extractor, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from llama_index_diarist.block import DiaryMemoryBlock
    from llama_index_diarist.chat_store import DiaryAsyncChatStore, DiaryChatStore
    from llama_index_diarist.extractor import LlamaIndexExtractor
    from llama_index_diarist.memory import DiaryMemory
    from llama_index_diarist.messages import from_message, to_message
    from llama_index_diarist.tools import diary_tools

__all__ = [
    "DiaryAsyncChatStore",
    "DiaryChatStore",
    "DiaryMemory",
    "DiaryMemoryBlock",
    "LlamaIndexExtractor",
    "diary_tools",
    "from_message",
    "to_message",
]

__getattr__, __dir__ = exports(
    __name__,
    "llama-index",
    {
        "block": "DiaryMemoryBlock",
        "chat_store": "DiaryAsyncChatStore DiaryChatStore",
        "extractor": "LlamaIndexExtractor",
        "memory": "DiaryMemory",
        "messages": "from_message to_message",
        "tools": "diary_tools",
    },
)
