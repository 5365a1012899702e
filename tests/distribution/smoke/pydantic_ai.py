"""Pydantic AI: agents whose runs are remembered, that search, that keep a notebook."""

from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

from pydantic_ai_diarist import AgentMemoryToolset, DiaryToolset

memory = DiaryToolset("memories", tools=())
agent = Agent(TestModel(custom_output_text="Noted."), deps_type=dict, toolsets=[memory])
agent.run_sync("I'm allergic to walnuts.", deps={"user_id": "ana"})
assert "allergic to walnuts" in memory.diary.sync.context("ana", "Suggest a cake.")

searching = TestModel(call_tools=["search_memory"], custom_output_text="No walnuts.")
agent = Agent(searching, deps_type=dict, toolsets=[DiaryToolset(memory.diary)])
assert agent.run_sync("A cake?", deps={"user_id": "ana"}).output == "No walnuts."

asked = TestModel(call_tools=[], custom_output_text="Noted.")
notebook = AgentMemoryToolset(memory.diary, "main")
assert Agent(asked, deps_type=dict, toolsets=[notebook]).run_sync("Hello").output == "Noted."
