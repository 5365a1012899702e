"""A model that follows a script, and crews that ask it."""

from __future__ import annotations

import threading
from typing import Any

from crewai import Agent, Crew, Task
from crewai.events.event_listener import event_listener
from crewai.llms.base_llm import BaseLLM
from pydantic import Field, PrivateAttr

event_listener.formatter.verbose = False


class ScriptedLLM(BaseLLM):
    """Answers with the lines of its script in turn, and with the last one ever after.

    A line is a text, an error to raise, or a function of the prompt that gives one.
    """

    lines: list[Any] = Field(default_factory=list, exclude=True)  # a checkpoint can't hold errors
    prompts: list[str] = Field(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, *lines: Any) -> None:
        super().__init__(model="scripted", lines=list(lines) or ["Noted."])

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        said = messages if isinstance(messages, str) else "\n".join(m["content"] for m in messages)
        with self._lock:
            self.prompts.append(said)
            line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if callable(line):
            line = line(said)
        if isinstance(line, Exception):
            raise line
        return line

    async def acall(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return self.call(messages)

    def supports_function_calling(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 200_000


def cook(llm: ScriptedLLM, **settings: Any) -> Agent:
    return Agent(role="Cook", goal="Cook well", backstory="You cook.", llm=llm, **settings)


def crew(memory: Any, llm: ScriptedLLM, *descriptions: str, **settings: Any) -> Crew:
    """Return a crew of one cook, with a task for each description."""
    agent = settings.pop("agent", None) or cook(llm)
    tasks = [
        Task(description=description, expected_output="I love short lists.", agent=agent)
        for description in descriptions
    ]
    return Crew(agents=[agent], tasks=tasks, memory=memory, **settings)
