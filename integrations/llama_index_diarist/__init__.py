"""LlamaIndex on a diary: memory, chat stores, a memory block, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.adapters import exports

if TYPE_CHECKING:
    from llama_index_diarist.chat_store import DiaryAsyncChatStore, DiaryChatStore
    from llama_index_diarist.messages import from_message, to_message

__all__ = ["DiaryAsyncChatStore", "DiaryChatStore", "from_message", "to_message"]

__getattr__, __dir__ = exports(
    __name__,
    "llama-index",
    {
        "chat_store": "DiaryAsyncChatStore DiaryChatStore",
        "messages": "from_message to_message",
    },
)
