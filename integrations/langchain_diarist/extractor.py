"""An extractor that asks a chat model of LangChain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from langchain_core.language_models import BaseChatModel

from diarist import ModelExtractor

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable, RunnableConfig
    from pydantic import BaseModel

Method: TypeAlias = Literal["json_schema", "function_calling", "json_mode", "text"]

_CONFIG: RunnableConfig = {"callbacks": [], "tags": ["nostream"], "run_name": "diarist"}
"""An agent whose run is recorded shows nothing of the extraction in its own stream."""


class LangChainExtractor(ModelExtractor):
    """Finds what is worth remembering by asking a chat model of LangChain.

    A model that can is held to the schema of the answer; one that can't is asked in plain text, and
    the JSON is found in it. What the model raises leaves the turn waiting; see `ModelExtractor`.

    Args:
        model: a chat model, or the name of one, as `init_chat_model` takes it.
        method: how the answer's form is asked for; None leaves it to the model, "text" only asks.
        prompt: a prompt of your own; see `ModelExtractor`.
        max_items: how many lines of the diary the model is shown.
        max_edits: how many edits of one answer are looked at.

    Example:
        >>> from diarist import Diary
        >>> from langchain_core.language_models import FakeListChatModel
        >>> edit = '{"action": "add", "category": "likes", "text": "love tea"}'
        >>> answer = f'{{"edits": [{edit}], "summary": "Tea."}}'
        >>> model = FakeListChatModel(responses=[answer])
        >>> from diarist.testing import MemoryBackend
        >>> diary = Diary(MemoryBackend(), agent=LangChainExtractor(model))
        >>> print(diary.sync.update_memory("ana", "chat", "I love tea!", "Noted."))
        ana, chat, turn 1:
          added likes/tea: love tea
    """

    def __init__(
        self,
        model: BaseChatModel | str,
        *,
        method: Method | None = None,
        prompt: str | None = None,
        max_items: int = 40,
        max_edits: int = 20,
    ) -> None:
        if isinstance(model, str):
            from langchain.chat_models import init_chat_model

            model = init_chat_model(model)
        if not isinstance(model, BaseChatModel):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a chat model or its name is needed, not {type(model).__name__}")
        super().__init__(self._ask, prompt=prompt, max_items=max_items, max_edits=max_edits)
        self.model, self.method = model, method

    def _ask(self, prompt: str, schema: type[BaseModel]) -> Any:
        """Return the model's answer: as `schema`, as a dict, or as text."""
        structured = self._structured(schema)
        if structured is None:
            return str(self.model.invoke(prompt, _CONFIG).text)
        answer = cast("dict[str, Any]", structured.invoke(prompt, _CONFIG))
        if answer["parsed"] is not None:
            return answer["parsed"]
        raw = cast("AIMessage", answer["raw"])
        for call in (*raw.tool_calls, *raw.invalid_tool_calls):
            return call["args"]
        return str(raw.text)

    def _structured(self, schema: type[BaseModel]) -> Runnable[Any, Any] | None:
        """Return the model held to a schema, None where it can't be."""
        if self.method == "text":
            return None
        how = {} if self.method is None else {"method": self.method}
        try:
            return self.model.with_structured_output(schema, include_raw=True, **how)
        except NotImplementedError:
            return None
