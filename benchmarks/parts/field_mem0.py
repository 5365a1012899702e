"""mem0 behind the questions of `field_material`: Qdrant in a folder, scripted model and embedder.

Its settings name the model's and embedder's class by a provider; ours are registered under the
name of one ("langchain"), for other names are refused.
"""
# pyright: basic

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if "used" not in sys.argv and "plain" not in sys.argv:
    os.environ["MEM0_TELEMETRY"] = "False"
os.environ["MEM0_DIR"] = f"{sys.argv[1]}/.mem0"

from field_material import DIMENSIONS, main, script, vector
from mem0 import Memory
from mem0.embeddings.base import EmbeddingBase
from mem0.llms.base import LLMBase
from mem0.utils.factory import EmbedderFactory, LlmFactory

if TYPE_CHECKING:
    from pathlib import Path


class Scripted(LLMBase):
    """The model."""

    def generate_response(self, messages, tools=None, tool_choice="auto", **kwargs):
        _, _, new = messages[-1]["content"].partition("## New Messages")
        found = script.fact(new)
        return json.dumps({"memory": [{"id": "0", "text": f"Loves {found}"}] if found else []})


class Embedder(EmbeddingBase):
    """The embedder."""

    def embed(self, text, memory_action=None):
        return vector(text)


LlmFactory.register_provider("langchain", "__main__.Scripted")
EmbedderFactory.provider_to_class["langchain"] = "__main__.Embedder"


class Memories:
    """A memory in a folder."""

    def __init__(self, folder: Path) -> None:
        place = {"path": str(folder / "qdrant"), "on_disk": True}
        dimensions = {"embedding_model_dims": DIMENSIONS}
        self.memory = Memory.from_config(
            {
                "llm": {"provider": "langchain", "config": {"model": "scripted"}},
                "embedder": {"provider": "langchain", "config": {"model": "scripted"}},
                "vector_store": {"provider": "qdrant", "config": place | dimensions},
                "history_db_path": str(folder / "history.db"),
            }
        )

    def remember(self, user: str, number: int, said: str) -> None:
        turn = [{"role": "user", "content": said}, {"role": "assistant", "content": "Noted."}]
        self.memory.add(turn, user_id=user)

    def recall(self, user: str, question: str) -> list[dict]:
        return self.memory.search(question, filters={"user_id": user}, top_k=5)["results"]

    def context(self, user: str, question: str) -> str:
        return "\n".join(f"- {entry['memory']}" for entry in self.recall(user, question))

    def kept(self, user: str) -> list[str]:
        found = self.memory.get_all(filters={"user_id": user}, top_k=5000)["results"]
        return [entry["memory"] for entry in found]

    def origin(self, user: str) -> str:
        (entry, *_) = self.memory.get_all(filters={"user_id": user}, top_k=5000)["results"]
        known = {"id", "memory", "hash", "created_at", "updated_at", "user_id", "score"}
        return ", ".join(f"`{key}`" for key in entry if key not in known and entry[key])

    def delete(self, user: str) -> None:
        self.memory.delete_all(user_id=user)

    def close(self) -> None:
        self.memory.vector_store.client.close()
        self.memory.close()


def plain(folder: Path) -> None:
    """Remember one thing as the README does."""
    memory = Memory()
    memory.add([{"role": "user", "content": "I love tea."}], user_id="ana")


if __name__ == "__main__":
    sys.exit(main(Memories, plain))
