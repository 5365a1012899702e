"""LlamaIndex: a chat engine with the memory, its own memory with our block, the tools."""

from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.memory import ChatMemoryBuffer

from llama_index_diarist import DiaryChatStore, DiaryMemory, diary_tools

memory = DiaryMemory.open("memories", user_id="ana", session_id="monday")
SimpleChatEngine.from_defaults(llm=MockLLM(), memory=memory).chat("I'm allergic to walnuts.")
friday = DiaryMemory.open("memories", user_id="ana", session_id="friday")
assert "allergic to walnuts" in str(friday.get(input="A cake?")[0].content)

buffer = ChatMemoryBuffer.from_defaults(
    chat_store=DiaryChatStore("memories", user_id="ana"), chat_store_key="key"
)
buffer.put(ChatMessage("Hello", role="user"))
assert [message.content for message in buffer.get()] == ["Hello"]

tools = {tool.metadata.name: tool for tool in diary_tools("memories", "ana")}
assert "walnuts" in str(tools["search_memory"].call(query="walnuts"))
