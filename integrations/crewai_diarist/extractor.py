"""An extractor that asks a model of CrewAI."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from crewai import LLM
from crewai.llms.base_llm import BaseLLM

from diarist import ModelExtractor

if TYPE_CHECKING:
    from pydantic import BaseModel


class CrewAIExtractor(ModelExtractor):
    """Finds what is worth remembering by asking a model of CrewAI.

    A model that calls functions is held to the schema of the answer, any other is asked in plain
    text, and the JSON is found in it. It is called in a worker thread, and never streams into the
    crew's output. What it raises leaves the turn waiting; see `ModelExtractor`.

    Args:
        llm: the model, or the name of one, as `crewai.LLM` takes it.
        prompt: a prompt of your own; see `ModelExtractor`.
        max_items: how many lines of the diary the model is shown.
        max_edits: how many edits of one answer are looked at.

    Raises:
        TypeError: `llm` is neither.

    Example:
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> class Scripted(BaseLLM):
        ...     def call(self, messages, *args, **kwargs):
        ...         edit = '{"action": "add", "category": "likes", "text": "love tea"}'
        ...         return f'{{"edits": [{edit}], "summary": "Tea."}}'
        >>> diary = Diary(MemoryBackend(), agent=CrewAIExtractor(Scripted(model="scripted")))
        >>> print(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))
        ana, chat, turn 1:
          added likes/tea: love tea
    """

    def __init__(
        self,
        llm: BaseLLM | str,
        *,
        prompt: str | None = None,
        max_items: int = 40,
        max_edits: int = 20,
    ) -> None:
        if isinstance(llm, str):
            llm = LLM(model=llm)
        if not isinstance(llm, BaseLLM):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a model of CrewAI or its name is needed, not {type(llm).__name__}")
        super().__init__(self._ask, prompt=prompt, max_items=max_items, max_edits=max_edits)
        self.llm = llm

    def _ask(self, prompt: str, schema: type[BaseModel]) -> Any:
        """Return the model's answer: as `schema`, as a dict, or as text."""
        llm = _silent(self.llm)
        said: Any = [{"role": "user", "content": prompt}]
        calls_functions = getattr(llm, "supports_function_calling", None)
        if calls_functions is not None and calls_functions():
            return llm.call(said, response_model=schema)
        return llm.call(said)


def _silent(llm: BaseLLM) -> BaseLLM:
    """Return a model as one that does not stream."""
    if not getattr(llm, "stream", False):
        return llm
    quiet: Any = copy.copy(llm)
    quiet.stream = False
    return quiet
