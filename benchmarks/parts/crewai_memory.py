"""Answers for a memory of CrewAI, ours or CrewAI's own on LanceDB, of 1,000 records.

Its name is the second argument; with " asked" behind it, how often a task asks the model is
printed.
"""
# pyright: basic

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

os.environ |= {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "OTEL_SDK_DISABLED": "true",
}

from crewai import Agent, Crew, Memory, Task
from crewai.events.event_listener import event_listener
from crewai.llms.base_llm import BaseLLM
from crewai.memory.types import MemoryRecord
from records_material import answer, texts

RECORDS, SCOPES, DIMS = 1000, 50, 384
FACTS = json.dumps({"memories": ["It is red.", "It is hot.", "It is cheap.", "Rui likes it."]})

event_listener.formatter.verbose = False


class Instant(BaseLLM):
    """A model that answers at once, and counts how often it is asked."""

    asked: ClassVar[list[int]] = [0]

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        self.asked[0] += 1
        said = messages if isinstance(messages, str) else messages[0]["content"]
        return FACTS if "memor" in said and "Cook" not in said else "{}"

    def supports_function_calling(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 200_000


def embed(given: list[str]) -> list[list[float]]:
    """Return a vector for each text that depends on its words, and costs little."""
    found: list[list[float]] = []
    for text in given:
        vector = [0.1] * DIMS
        for word in text.split():
            vector[crc32(word.encode()) % DIMS] += 1.0
        found.append(vector)
    return found


def scope(number: int) -> str:
    return f"/user/u{number % SCOPES:02}"


def opened(name: str, folder: Path, llm: Instant) -> Any:
    if name == "DiaryMemory":
        from crewai_diarist import DiaryMemory

        return DiaryMemory(folder / name, "ana")
    return Memory(storage=str(folder / name), embedder=embed, llm=llm)


def fill(memory: Any, said: list[str]) -> None:
    if type(memory) is not Memory:
        for n, text in enumerate(said):
            memory.remember(f"{text} {n}", scope(n), [f"kind-{n % 3}"], {}, 0.5)
        return
    records = [
        MemoryRecord(content=f"{text} {n}", scope=scope(n), categories=[f"kind-{n % 3}"])
        for n, text in enumerate(said)
    ]
    for record, vector in zip(records, embed([r.content for r in records]), strict=True):
        record.embedding = vector
    memory._storage.save(records)


def crew_of(memory: Any, llm: Instant) -> Crew:
    cook = Agent(role="Cook", goal="Cook", backstory="You are a Cook.", llm=llm)
    task = Task(description="Plan a soup.", expected_output="A soup.", agent=cook)
    return Crew(agents=[cook], tasks=[task], memory=memory)


def main(folder: Path, name: str) -> None:
    llm = Instant(model="instant")
    memory = opened(name.removesuffix(" asked"), folder / name, llm)
    crew = crew_of(memory, llm)
    if name.endswith(" asked"):
        crew.kickoff()
        print(llm.asked[0])
        return
    said, draw, numbers = texts(RECORDS, seed=7, words=15), random.Random(11), count()
    fill(memory, said)

    def question() -> str:
        return " ".join(draw.choice(said).split()[:4])

    def remember() -> None:
        number = next(numbers)
        memory.remember(f"{draw.choice(said)} new {number}", scope(number), ["kind-1"], {}, 0.5)

    calls = {
        "remember": remember,
        "recall": lambda: memory.recall(question()),
        "recall scope": lambda: memory.recall(question(), scope=scope(draw.randrange(SCOPES))),
        "list": lambda: memory.list_records(scope(draw.randrange(SCOPES)), limit=20),
        "info": lambda: memory.info("/"),
        "task": crew.akickoff,
    }
    asyncio.run(answer(calls))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
