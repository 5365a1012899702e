"""CrewAI's `Memory` behind the questions of `field_material`: on LanceDB, in a folder."""
# pyright: basic

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if "used" not in sys.argv and "plain" not in sys.argv:
    os.environ |= {
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_DISABLE_VERSION_CHECK": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "OTEL_SDK_DISABLED": "true",
    }
os.environ["CREWAI_STORAGE_DIR"] = sys.argv[1]

from crewai import Memory
from crewai.events.event_listener import event_listener
from crewai.llms.base_llm import BaseLLM
from field_material import main, script, vector

if TYPE_CHECKING:
    from pathlib import Path

event_listener.formatter.verbose = False


class Scripted(BaseLLM):
    """The model."""

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        system, user = (message["content"] for message in messages)
        found = script.fact(user)
        if system.startswith("You extract"):
            return json.dumps({"memories": [f"Loves {found}"] if found else []})
        return json.dumps({"suggested_scope": "/", "categories": ["likes"], "importance": 0.5})

    def supports_function_calling(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 200_000


class Memories:
    """A memory in a folder; a scope for each user."""

    def __init__(self, folder: Path) -> None:
        self.memory = Memory(
            storage=str(folder / "memory"),
            llm=Scripted(model="scripted"),
            embedder=lambda given: [vector(text) for text in given],
        )

    def remember(self, user: str, number: int, said: str) -> None:
        for fact in self.memory.extract_memories(f"User: {said}\nAssistant: Noted."):
            self.memory.remember(fact, scope=f"/user/{user}")

    def submit(self, user: str, number: int, said: str) -> None:
        facts = self.memory.extract_memories(f"User: {said}\nAssistant: Noted.")
        self.memory.remember_many(facts, scope=f"/user/{user}")

    def recall(self, user: str, question: str) -> list:
        return self.memory.recall(question, scope=f"/user/{user}", limit=5)

    def context(self, user: str, question: str) -> str:
        return "\n".join(match.format() for match in self.recall(user, question))

    def kept(self, user: str) -> list[str]:
        found = self.memory.list_records(f"/user/{user}", limit=5000)
        return [record.content for record in found]

    def origin(self, user: str) -> str:
        (record, *_) = self.memory.list_records(f"/user/{user}")
        return f"`source = {record.source!r}`" if record.source else ""

    def delete(self, user: str) -> None:
        self.memory.reset(scope=f"/user/{user}")

    def close(self) -> None:
        self.memory.drain_writes()
        self.memory.close()


def plain(folder: Path) -> None:
    """Remember one thing as the documentation does."""
    memory = Memory()
    memory.remember("The user loves tea.")


if __name__ == "__main__":
    main(Memories, plain)
    os._exit(0)  # LanceDB's threads crash the interpreter at its end now and then
