"""A `DiaryStore` in the places where LangChain and others use a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from langchain_diarist import DiaryStore, read_label, safe_label

if TYPE_CHECKING:
    from integrations.places import Place


class Scripted(GenericFakeChatModel):
    """A chat model that says what it is told to."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


@tool
def remember(text: str, runtime: ToolRuntime) -> str:
    """Remember something about the user."""
    assert runtime.store is not None
    user = runtime.config["configurable"]["user_id"]
    runtime.store.put(("memories", safe_label(user)), "m", {"content": text})
    return "remembered"


@tool
def search(query: str, runtime: ToolRuntime) -> str:
    """Search what is known about the user."""
    assert runtime.store is not None
    user = runtime.config["configurable"]["user_id"]
    found = runtime.store.search(("memories", safe_label(user)), query=query)
    return ", ".join(item.value["content"] for item in found)


def said(name: str, **arguments: str) -> AIMessage:
    call = {"name": name, "args": arguments, "id": "1", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def run(store: DiaryStore, user: str, *answers: AIMessage) -> list[Any]:
    agent = create_agent(Scripted(messages=iter(answers)), [remember, search], store=store)
    question = {"messages": [("user", "hello")]}
    return agent.invoke(question, {"configurable": {"user_id": user}})["messages"]


def test_an_agents_tools_remember_in_one_run_and_find_it_in_the_next(place: Place):
    store = DiaryStore(place, owner=lambda namespace: read_label(namespace[1]))
    run(store, "a@b.com", said("remember", text="allergic to walnuts"), AIMessage("ok"))
    messages = run(store, "a@b.com", said("search", query="walnuts"), AIMessage("ok"))
    assert messages[2].content == "allergic to walnuts"
    messages = run(store, "ben", said("search", query="walnuts"), AIMessage("ok"))
    assert messages[2].content == ""
    assert store.diary.sync.list_users() == ["a@b.com"]
