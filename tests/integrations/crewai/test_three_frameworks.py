"""One diary, three frameworks: in one process, on one folder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from langchain.agents import create_agent
from llama_index.core.agent.workflow import FunctionAgent

from crewai_diarist import DiaryMemory as CrewMemory
from diarist import Diary
from integrations.crewai.scripted import ScriptedLLM, crew
from integrations.langchain.scripted import ScriptedChatModel, asking
from integrations.llama_index import scripted as llama_index
from langchain_diarist import DiaryMiddleware
from llama_index_diarist import DiaryMemory as LlamaIndexMemory

if TYPE_CHECKING:
    from integrations.places import Place

LEARNED = "- allergies: allergic to walnuts"


@pytest.mark.parametrize("shared", [True, False], ids=["one diary", "one folder"])
def test_what_one_learns_the_others_know(shared: bool, place: Place):
    diary = Diary(place) if shared else place

    agent = create_agent(ScriptedChatModel(lines=["Noted."]), middleware=[DiaryMiddleware(diary)])
    thread = {"configurable": {"user_id": "ana", "thread_id": "chat"}}
    agent.invoke(asking("I'm allergic to walnuts."), thread)  # type: ignore[arg-type]

    llm = ScriptedLLM("A cake of almonds.")
    crew(CrewMemory(diary, "ana", "chat"), llm, "Plan a cake for my birthday.").kickoff()
    assert LEARNED in llm.prompts[0]

    model = llama_index.ScriptedLLM("Almonds.")
    memory = LlamaIndexMemory.open(diary, "ana", "chat")
    reader = FunctionAgent(llm=model)
    asyncio.run(_run(reader, memory))
    system, *chat = model.shown[0]
    assert LEARNED in (system.content or "")
    assert [(message.role.value, message.content) for message in chat] == [
        ("user", "I'm allergic to walnuts."),
        ("assistant", "Noted."),
        ("user", "Plan a cake for my birthday."),
        ("assistant", "A cake of almonds."),
        ("user", "Which nuts?"),
    ]

    said = Diary(place).sync.messages.read("ana", "chat")
    assert [message.text for message in said][-2:] == ["Which nuts?", "Almonds."]
    assert Diary(place).sync.check("ana") == []


async def _run(agent: FunctionAgent, memory: LlamaIndexMemory) -> None:
    await agent.run(user_msg="Which nuts?", memory=memory)
