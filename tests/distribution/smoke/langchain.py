"""LangChain and LangGraph: an agent with the middleware and a tool, the store, the history."""

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from langchain_diarist import DiaryChatMessageHistory, DiaryMiddleware, DiaryStore, diary_tools


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


call = {"name": "search_memory", "args": {"query": "walnuts"}, "id": "1"}
model = Scripted(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("No walnuts.")]))
memory = DiaryMiddleware("memories")
agent = create_agent(
    model, middleware=[memory], tools=diary_tools(memory.diary), store=DiaryStore()
)
said = {"messages": [("user", "I'm allergic to walnuts.")]}
done = agent.invoke(said, {"configurable": {"thread_id": "chat_1"}}, context={"user_id": "ana"})
assert [message.type for message in done["messages"]] == ["human", "ai", "tool", "ai"]
assert "allergic to walnuts" in memory.diary.sync.context("ana", "Suggest a cake.")

store = DiaryStore("store")
store.put(("soups",), "caldo", {"text": "kale and potatoes"})
assert store.search(("soups",), query="kale")[0].key == "caldo"
assert store.list_namespaces() == [("soups",)]

history = DiaryChatMessageHistory("memories", user_id="ana", session_id="chat_2")
history.add_messages([HumanMessage("Hello"), AIMessage("Hello, Ana")])
assert [message.content for message in history.messages] == ["Hello", "Hello, Ana"]
