"""LangMem behind the questions of `field_material`: its manager on LangGraph's SqliteStore.

The store has no vectors: LangGraph's needs an extension that not every Python's `sqlite3` loads.
"""
# pyright: basic

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from field_material import main, script
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore
from langmem import ReflectionExecutor, create_memory_store_manager

if TYPE_CHECKING:
    from pathlib import Path


class Scripted(BaseChatModel):
    """The model: it calls the tool that stores a memory."""

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        found = script.fact("\n".join(str(m.content) for m in messages))
        call = {"name": "Memory", "args": {"content": f"Loves {found}"}, "id": "1"}
        message = AIMessage("", tool_calls=[call] if found else [])
        return ChatResult(generations=[ChatGeneration(message=message)])


class Memories:
    """A manager whose store is a file."""

    def __init__(self, folder: Path) -> None:
        self._opening = SqliteStore.from_conn_string(str(folder / "store.db"))
        self.store = self._opening.__enter__()
        self.store.setup()
        self.manager = create_memory_store_manager(Scripted(), store=self.store)
        self.executor: ReflectionExecutor | None = None

    def _given(self, user: str, said: str):
        turn = [{"role": "user", "content": said}, {"role": "assistant", "content": "Noted."}]
        return {"messages": turn}, {"configurable": {"langgraph_user_id": user}}

    def remember(self, user: str, number: int, said: str) -> None:
        self.manager.invoke(*self._given(user, said))

    def submit(self, user: str, number: int, said: str) -> None:
        if self.executor is None:
            self.executor = ReflectionExecutor(self.manager, store=self.store)
        self.executor.submit(*self._given(user, said))

    def recall(self, user: str, question: str) -> list:
        _, config = self._given(user, "")
        return self.manager.search(query=question, limit=5, config=config)

    def context(self, user: str, question: str) -> str:
        return "\n".join(str(item.value) for item in self.recall(user, question))

    def kept(self, user: str) -> list[str]:
        return [str(item.value) for item in self.store.search(("memories", user), limit=5000)]

    def origin(self, user: str) -> str:
        (item, *_) = self.store.search(("memories", user))
        known = {"kind", "content"}
        return ", ".join(key for key in item.value if key not in known)

    def delete(self, user: str) -> None:
        for item in self.store.search(("memories", user), limit=5000):
            self.store.delete(item.namespace, item.key)

    def close(self) -> None:
        self._opening.__exit__(None, None, None)


def plain(folder: Path) -> None:
    """Remember one thing as the documentation does."""
    manager = create_memory_store_manager(
        "anthropic:claude-3-5-sonnet-latest", store=InMemoryStore()
    )
    manager.invoke(
        {"messages": [{"role": "user", "content": "I love tea."}]},
        {"configurable": {"langgraph_user_id": "ana"}},
    )


if __name__ == "__main__":
    sys.exit(main(Memories, plain))
