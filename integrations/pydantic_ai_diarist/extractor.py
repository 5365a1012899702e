"""An extractor that asks a model of Pydantic AI, or lets an agent edit the diary with tools."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent, UnexpectedModelBehavior, capture_run_messages
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, infer_model
from pydantic_ai.toolsets import FunctionToolset

from diarist import ModelExtractor
from pydantic_ai_diarist.editing import PROMPT, TOOLS, MemoryDeps, changes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from pydantic import BaseModel
    from pydantic_ai.messages import ModelMessage

    from diarist import Extraction, Snapshot, Turn


class PydanticAIExtractor(ModelExtractor):
    """Finds what is worth remembering by asking a model of Pydantic AI, or an agent.

    A model is held to the schema of the answer, in the way that its profile says; what it says
    instead is read, too, and asked for once more where that can't be done. What it raises leaves
    the turn waiting; see `ModelExtractor`.

    An agent gets TOMLDiary's tools (`pydantic_ai_diarist.editing`) for the run, those it doesn't
    have already, and `MemoryDeps` as its deps. What it changed there, by these tools or by its own,
    is judged as what a model proposes: the user's message has to say so.

    Args:
        model: a model, the name of one, or an agent.
        prompt: a prompt of your own; see `ModelExtractor`.
        max_items: how many lines of the diary a model is shown; an agent is shown all.
        max_edits: how many edits of one answer are looked at.

    Raises:
        TypeError: `model` is none of these.

    Example:
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> from pydantic_ai.models.test import TestModel
        >>> edit = {"action": "add", "category": "likes", "text": "love tea"}
        >>> model = TestModel(custom_output_args={"edits": [edit], "summary": "Tea."})
        >>> diary = Diary(MemoryBackend(), agent=PydanticAIExtractor(model))
        >>> print(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))
        ana, chat, turn 1:
          added likes/tea: love tea
    """

    def __init__(
        self,
        model: Model | str | AbstractAgent[Any, Any],
        *,
        prompt: str | None = None,
        max_items: int = 40,
        max_edits: int = 20,
    ) -> None:
        is_agent = isinstance(model, AbstractAgent)
        if not is_agent and not isinstance(model, (Model, str)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                "a model of Pydantic AI, the name of one or an agent is needed, not "
                f"{type(model).__name__}"
            )
        self.agent = model if is_agent else None
        self.model = None if is_agent else infer_model(model)
        self._prompt = prompt or PROMPT if is_agent else prompt
        super().__init__(self._ask, prompt=self._prompt, max_items=max_items, max_edits=max_edits)

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction | Awaitable[Extraction]:
        """Return what the model or the agent finds in `turn`, to be awaited."""
        if self.agent is None:
            return super().extract(turn, snapshot)
        editor = _Editor(self.agent, MemoryDeps.of(turn, snapshot))
        shown = sum(map(len, snapshot.preferences.values()))
        asking = ModelExtractor(
            editor.ask, prompt=self._prompt, max_items=shown, max_edits=self._max_edits
        )
        return asking.extract(turn, snapshot)

    async def _ask(self, prompt: str, schema: type[BaseModel]) -> Any:
        """Return the model's answer: as `schema`, as a dict, or as text."""
        agent = Agent(self.model, output_type=schema, retries=0, name="diarist")
        with capture_run_messages() as messages:
            try:
                return (await agent.run(prompt)).output
            except UnexpectedModelBehavior:
                answer = _answered(messages)
                if answer is None:
                    raise
                return answer


class _Editor:
    """An agent that edits the pages of one turn."""

    def __init__(self, agent: AbstractAgent[Any, Any], deps: MemoryDeps) -> None:
        self._agent, self._deps = agent, deps

    async def ask(self, prompt: str, schema: type[BaseModel]) -> dict[str, Any]:
        """Return what the agent changes, asked once or once more, as a model's answer."""
        deps = deepcopy(self._deps)
        names = _tools_of(self._agent)
        missing = FunctionToolset[Any]([tool for tool in TOOLS if tool.__name__ not in names])
        await self._agent.run(prompt, deps=deps, toolsets=[missing])
        return changes(self._deps, deps)


def _tools_of(agent: AbstractAgent[Any, Any]) -> set[str]:
    """Return the names of the tools that an agent has, as far as functions are behind them."""
    names: set[str] = set()
    for toolset in agent.toolsets:
        toolset.apply(lambda leaf: names.update(getattr(leaf, "tools", ())))
    return names


def _answered(messages: Sequence[ModelMessage]) -> Any:
    """Return what a model answered, if not as it should: arguments or text; None for nothing."""
    answers = [message for message in messages if isinstance(message, ModelResponse)]
    if not answers:
        return None
    calls = [part for part in answers[-1].parts if part.part_kind == "tool-call"]
    texts = [part for part in answers[-1].parts if part.part_kind == "text"]
    return calls[0].args if calls else "".join(part.content for part in texts)
