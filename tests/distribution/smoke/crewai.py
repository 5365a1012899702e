"""CrewAI: a crew that remembers its user, its tools, and a storage for CrewAI's own memory."""

from crewai import Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM

from crewai_diarist import DiaryMemory, DiaryStorage, diary_tools

prompts = []


class Pretend(BaseLLM):
    def call(self, messages, *args, **kwargs):
        prompts.append(messages[-1]["content"])
        return "Caldo verde."


memory = DiaryMemory("memories", user_id="ana")
memory.record_turn("I'm allergic to walnuts.", "Noted.")
cook = Agent(role="Cook", goal="Cook", backstory="You cook.", llm=Pretend(model="pretend"))
task = Task(description="Plan a soup.", expected_output="A soup.", agent=cook)
Crew(agents=[cook], tasks=[task], memory=memory).kickoff()
assert "allergic to walnuts" in prompts[0]
assert memory.diary.sync.recall("ana", "caldo verde")
assert diary_tools("memories", "ana")
assert DiaryStorage("store").count() == 0
