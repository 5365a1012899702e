"""An extractor that asks a model of LlamaIndex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.llms import LLM, ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool

from diarist import ModelExtractor

if TYPE_CHECKING:
    from pydantic import BaseModel

_PROMPT = PromptTemplate("{question}")


class LlamaIndexExtractor(ModelExtractor):
    """Finds what is worth remembering by asking a model of LlamaIndex.

    A model that has a way of its own to keep to a schema is asked in this way, one that calls
    functions by a function, any other in plain text; and in plain text, too, where the first way
    gave nothing. The JSON is found in whatever is answered. The model is called in a worker thread,
    so that it belongs to no event loop. What it raises leaves the turn waiting; see
    `ModelExtractor`.

    Args:
        llm: the model.
        prompt: a prompt of your own; see `ModelExtractor`.
        max_items: how many lines of the diary the model is shown.
        max_edits: how many edits of one answer are looked at.

    Raises:
        TypeError: `llm` is no model of LlamaIndex.

    Example:
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> from llama_index.core.llms.mock import MockFunctionCallingLLM
        >>> edit = '{"action": "add", "category": "likes", "text": "love tea"}'
        >>> said = f'{{"edits": [{edit}], "summary": "Tea."}}'
        >>> answer = ChatMessage(said, role="assistant")
        >>> llm = MockFunctionCallingLLM(response_generator=lambda messages, **kwargs: answer)
        >>> diary = Diary(MemoryBackend(), agent=LlamaIndexExtractor(llm))
        >>> print(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))
        ana, chat, turn 1:
          added likes/tea: love tea
    """

    def __init__(
        self,
        llm: LLM,
        *,
        prompt: str | None = None,
        max_items: int = 40,
        max_edits: int = 20,
    ) -> None:
        if not isinstance(llm, LLM):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a model of LlamaIndex is needed, not {type(llm).__name__}")
        super().__init__(self._ask, prompt=prompt, max_items=max_items, max_edits=max_edits)
        self.llm = llm

    def _ask(self, prompt: str, schema: type[BaseModel]) -> Any:
        """Return the model's answer: as `schema`, as a dict, or as text."""
        if _keeps_to_schemas(self.llm):
            try:
                return self.llm.structured_predict(schema, _PROMPT, question=prompt)
            except ValueError:  # no answer of that form
                return self._said(prompt)
        if isinstance(self.llm, FunctionCallingLLM) and self._calls_functions:
            return self._called(self.llm, prompt, schema)
        return self._said(prompt)

    def _called(self, llm: FunctionCallingLLM, prompt: str, schema: type[BaseModel]) -> Any:
        """Return what the model calls a function with, or says instead."""
        tool = FunctionTool.from_defaults(
            _nothing, schema.__name__, schema.__doc__ or schema.__name__, fn_schema=schema
        )
        response = llm.chat_with_tools([tool], prompt, tool_required=True)
        calls = llm.get_tool_calls_from_response(response, error_on_no_tool_call=False)
        return calls[0].tool_kwargs if calls else response.message.content or ""

    def _said(self, prompt: str) -> str:
        if self.llm.metadata.is_chat_model or self._calls_functions:
            return self.llm.chat([ChatMessage(prompt)]).message.content or ""
        return self.llm.complete(prompt).text

    @property
    def _calls_functions(self) -> bool:
        return self.llm.metadata.is_function_calling_model


def _keeps_to_schemas(llm: LLM) -> bool:
    """Say whether a model has its own way to answer by a schema."""
    return type(llm).structured_predict not in (
        LLM.structured_predict,
        FunctionCallingLLM.structured_predict,
    )


def _nothing(**arguments: Any) -> None:
    """Stand for the function that a model calls; its arguments are the answer."""
