"""A diary for agents of `create_agent`: it is read into the prompt, and learns from the runs."""

from __future__ import annotations

import logging
from itertools import takewhile
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeAlias,
    cast,
    get_type_hints,
)

from langchain.agents.middleware import AgentMiddleware, AgentState, ExtendedModelResponse
from langchain.agents.middleware.types import PrivateStateAttr
from langchain_core.messages import AIMessage, SystemMessage
from langgraph.types import Command
from typing_extensions import TypedDict

from diarist import Recorder, UnsupportedError
from diarist.adapters import PROMPT, checked_prompt, new_session_id, open_diary
from langchain_diarist.messages import to_message
from langchain_diarist.runs import Run, asked, gathered, is_answered, question, whose_run
from langchain_diarist.tools import diary_tools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from langchain.agents.middleware import ModelRequest, ModelResponse
    from langchain_core.tools import BaseTool
    from langgraph.runtime import Runtime

    from diarist.adapters import AnyDiary
    from langchain_diarist.runs import UserId

Request: TypeAlias = "ModelRequest[Any]"
Response: TypeAlias = "ModelResponse[Any]"

_log = logging.getLogger("diarist.langchain")


class DiaryMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Gives an agent a user's diary: in the system prompt, and as the place where a run is kept.

    Before each call of the model, what the diary says about the user and their message stands at
    the end of the system prompt; it is read anew each time. After a run its new messages, also tool
    calls and their results, are logged as one turn, durably, and the diary learns from it: by rules
    at once, by a model in the background (`recorder.flush_sync()` waits). A run that waits for a
    person is logged once, when it ends; one that fails, with the next one of its thread.

    The user is `user_id`, else `runtime.context.user_id`, else
    `config["configurable"]["user_id"]`, else the one of `diarist.bind_user`. The session is
    `session_id`, else the thread's id, else a new one for the run.

    Args:
        diary_or_path: a diary, or where it is: a folder, a server's address, a backend.
        user_id: whose diary; or a function of the run's `Runtime` that says whose.
        session_id: the conversation.
        max_tokens: how many tokens the diary may take of the prompt, as it counts them.
        prompt: what is said around it; `{memory}` is its place.
        cache_control: put on our block, for models that cache prompts: `{"type": "ephemeral"}`.
        tools: give the agent `diary_tools`, too.
        record: whether runs are logged; False only reads.
        on_error: "warn" logs a failure of the diary and lets the agent answer without; "raise"
            raises it. That nobody is bound is raised in any case.
        name: several in one agent need several names.

    Raises:
        ValueError: the prompt has no place for the memory, or `on_error` is neither.
        UnsupportedError: the diary has no records to log runs in.

    Example:
        >>> from langchain.agents import create_agent
        >>> from langchain_core.language_models import FakeListChatModel
        >>> model = FakeListChatModel(responses=["Noted."])
        >>> memory = DiaryMiddleware(None)
        >>> agent = create_agent(model, middleware=[memory])
        >>> question = {"messages": [{"role": "user", "content": "I love tea."}]}
        >>> answer = agent.invoke(question, {"configurable": {"user_id": "ana"}})
        >>> print(memory.diary.sync.pretty_preferences("ana", show_timestamps=False))
        likes:
          tea: love tea (said 1×)
    """

    def __init__(
        self,
        diary_or_path: AnyDiary,
        user_id: UserId = None,
        session_id: str | None = None,
        *,
        max_tokens: int = 800,
        prompt: str = PROMPT,
        cache_control: Mapping[str, Any] | None = None,
        tools: bool = False,
        record: bool = True,
        on_error: Literal["warn", "raise"] = "warn",
        name: str = "DiaryMiddleware",
    ) -> None:
        if on_error not in ("warn", "raise"):
            raise ValueError(f'on_error is "warn" or "raise", not {on_error!r}')
        self.diary = open_diary(diary_or_path)
        if record and self.diary.records is None:
            raise UnsupportedError(
                "this diary has no records to log runs in; pass it records=, or record=False"
            )
        self.recorder = Recorder(self.diary)
        self.user_id, self.session_id = user_id, session_id
        self.max_tokens, self.prompt = max_tokens, checked_prompt(prompt)
        self.cache_control = cache_control
        self.record, self.on_error = record, on_error
        self._name = name
        self._key = f"{name}_run"
        self.state_schema = _state_of(self._key)
        self.tools: Sequence[BaseTool] = ()
        if tools:
            self.tools = diary_tools(self.diary, self._user_of_tool, session_id, on_error=on_error)

    @property
    def name(self) -> str:
        """What it is called in the agent's graph."""
        return self._name

    # ------------------------------------------------------------ a run begins

    def before_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Settle whose run this is, and with which messages it begins."""
        run, left = self._begun(state, runtime)
        if left is not None:
            self._log(left)
        return {self._key: run}

    async def abefore_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Do the same, async."""
        run, left = self._begun(state, runtime)
        if left is not None:
            await self._alog(left)
        return {self._key: run}

    def _begun(self, state: Any, runtime: Runtime[Any]) -> tuple[Run, Run | None]:
        """Return the run, and what a run that failed left in the thread, if it is not this user's.

        What this user's own run left begins the new one. What was said in a run that ended is its
        user's alone: one that begins with nothing new says nothing of it again.
        """
        who = whose_run(runtime, self.user_id, self.session_id)
        session = new_session_id() if who.session_id is None else who.session_id
        run = Run(user_id=who.user_id, session_id=session, messages=question(state["messages"]))
        left = cast("Run | None", state.get(self._key))
        if left is None and self._key in state and is_answered(run["messages"]):
            return {**run, "messages": []}, None
        if left is None or not left["messages"]:
            return run, None
        said = gathered(left["messages"], state["messages"])
        if (left["user_id"], left["session_id"]) == (run["user_id"], run["session_id"]):
            return {**run, "messages": said}, None
        return {**run, "messages": said[len(left["messages"]) :]}, left

    # ------------------------------------------------------------ the model is asked

    def wrap_model_call(
        self, request: Request, handler: Callable[[Request], Response]
    ) -> Response | ExtendedModelResponse[Any]:
        """Put the diary into the prompt, and take note of what the model answers."""
        run = self._run(request)
        memory = ""
        try:
            memory = self.diary.sync.context(
                run["user_id"],
                self._asked(run, request),
                session_id=run["session_id"],
                max_tokens=self.max_tokens,
            )
        except Exception as error:  # noqa: BLE001 - whatever a store or an embedder raises
            self._failed_to_read(error, run)
        return self._noted(request, run, handler(self._with(request, memory)))

    async def awrap_model_call(
        self, request: Request, handler: Callable[[Request], Awaitable[Response]]
    ) -> Response | ExtendedModelResponse[Any]:
        """Do the same, async."""
        run = self._run(request)
        memory = ""
        try:
            memory = await self.diary.context(
                run["user_id"],
                self._asked(run, request),
                session_id=run["session_id"],
                max_tokens=self.max_tokens,
            )
        except Exception as error:  # noqa: BLE001 - whatever a store or an embedder raises
            self._failed_to_read(error, run)
        return self._noted(request, run, await handler(self._with(request, memory)))

    def _run(self, request: Request) -> Run:
        run = cast("Run | None", cast("Any", request.state).get(self._key))
        return self._begun(request.state, request.runtime)[0] if run is None else run

    def _asked(self, run: Run, request: Request) -> str | None:
        return asked(run["messages"]) or asked(request.messages)

    def _with(self, request: Request, memory: str) -> Request:
        """Return the request with the diary as the last of the system prompt."""
        if not memory:
            return request
        before = request.system_message or SystemMessage("")
        text = self.prompt.replace("{memory}", memory)
        content = self._appended(cast("str | list[str | dict[str, Any]]", before.content), text)
        return request.override(system_message=before.model_copy(update={"content": content}))

    def _appended(
        self, content: str | list[str | dict[str, Any]], text: str
    ) -> str | list[str | dict[str, Any]]:
        """Return a system prompt with a text at its end: what was there stays as it is."""
        block: dict[str, Any] = {"type": "text", "text": text}
        if self.cache_control is not None:
            block["cache_control"] = dict(self.cache_control)
        elif isinstance(content, str):
            return f"{content}\n\n{text}" if content else text
        if isinstance(content, str):
            content = [{"type": "text", "text": content}] if content else []
        return [*content, block]

    def _noted(
        self, request: Request, run: Run, response: Response
    ) -> Response | ExtendedModelResponse[Any]:
        """Return the response; where the run goes on, with what was said so far.

        The history may lose it before the end: a summary takes its place.
        """
        if not any(isinstance(m, AIMessage) and m.tool_calls for m in response.result):
            return response
        said = gathered(run["messages"], request.state["messages"])
        said += takewhile(lambda m: m.id is not None, response.result)
        noted = Run(user_id=run["user_id"], session_id=run["session_id"], messages=said)
        return ExtendedModelResponse(response, Command(update={self._key: noted}))

    # ------------------------------------------------------------ a run ends

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Log the run as a turn."""
        run = self._ended(state)
        return {self._key: None} if run is None or self._log(run) else None

    async def aafter_agent(
        self, state: AgentState[Any], runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """Do the same, async."""
        run = self._ended(state)
        return {self._key: None} if run is None or await self._alog(run) else None

    def _ended(self, state: Any) -> Run | None:
        run = cast("Run | None", state.get(self._key))
        if run is None:
            return None
        return {**run, "messages": gathered(run["messages"], state["messages"])}

    def _log(self, run: Run) -> bool:
        """Log a run, and say whether that was done; what was not stays in the thread's state."""
        if not self.record or not run["messages"]:
            return True
        try:
            said = [to_message(message) for message in run["messages"]]
            self.recorder.record_sync(run["user_id"], run["session_id"], said)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            self._failed_to_log(error, run)
            return False
        return True

    async def _alog(self, run: Run) -> bool:
        if not self.record or not run["messages"]:
            return True
        try:
            said = [to_message(message) for message in run["messages"]]
            await self.recorder.record(run["user_id"], run["session_id"], said)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            self._failed_to_log(error, run)
            return False
        return True

    # ------------------------------------------------------------ failures, tools

    def _failed_to_read(self, error: Exception, run: Run) -> None:
        """Raise the error, or tell of it: once in a run, when the model is first asked."""
        if self.on_error == "raise":
            raise error
        last = run["messages"][-1] if run["messages"] else None
        is_first = not (isinstance(last, AIMessage) and last.tool_calls)  # see _noted
        _log.log(
            logging.WARNING if is_first else logging.DEBUG,
            "the agent answers without the diary of %r: %s", run["user_id"], _told(error),
        )  # fmt: skip

    def _failed_to_log(self, error: Exception, run: Run) -> None:
        if self.on_error == "raise":
            raise error
        _log.warning(
            "a run of %r is not in the diary; the next one in its thread brings it: %s",
            run["user_id"], _told(error),
        )  # fmt: skip

    def _user_of_tool(self, runtime: Any) -> str | None:
        """Return whose run a tool is called in, whoever has resumed it."""
        state = cast("dict[str, Any]", getattr(runtime, "state", None) or {})
        run = cast("Run | None", state.get(self._key))
        if run is not None:
            return run["user_id"]
        return self.user_id(runtime) if callable(self.user_id) else self.user_id


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _state_of(key: str) -> type[AgentState[Any]]:
    """Return the state of an agent with a private key of ours; each instance has its own."""
    fields = {
        "messages": get_type_hints(AgentState, include_extras=True)["messages"],
        key: NotRequired[Annotated[Run | None, PrivateStateAttr]],
    }
    return cast("type[AgentState[Any]]", TypedDict(f"{key}_state", fields))  # pyright: ignore[reportArgumentType]
