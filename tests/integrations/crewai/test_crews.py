"""Crews, agents and flows on a diary: one call of the model a task, and nobody else is asked."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from crewai import Crew
from crewai.events.event_bus import crewai_event_bus
from crewai.flow.flow import Flow, start
from crewai.memory.memory_scope import MemoryScope, MemorySlice
from crewai.state.checkpoint_config import CheckpointConfig
from crewai.state.runtime import RuntimeState

from crewai_diarist import CrewAIExtractor, DiaryMemory
from diarist import Diary, UserNotBoundError, bind_user
from integrations.crewai.scripted import ScriptedLLM, cook, crew

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integrations.places import Place

ALLERGIC = "I'm allergic to walnuts. Plan a soup. Always cite your sources."
MENU = "Write the menu."


def said(memory: DiaryMemory, user_id: str = "ana") -> list[tuple[str, str]]:
    messages = memory.diary.sync.messages
    return [
        (message.role, message.text)
        for session in messages.sessions(user_id, order="created")
        for message in messages.read(user_id, session.id)
    ]


def calling(name: str, arguments: Any) -> str:
    return f"Thought: look\nAction: {name}\nAction Input: {json.dumps(arguments)}"


def test_a_second_kickoff_knows_what_the_first_learned(place: Place):
    """One call of the model a task, after a restart, too."""
    first = ScriptedLLM("Caldo verde is a soup of kale.", "Soup, then cake.")
    crew(DiaryMemory(place, "ana", "monday"), first, ALLERGIC, MENU).kickoff()
    assert len(first.prompts) == 2
    second = ScriptedLLM("Done.")
    memory = DiaryMemory(place, "ana", "friday")
    crew(memory, second, "Plan a kale soup.", "Bake a cake.").kickoff()
    assert len(second.prompts) == 2
    for prompt in second.prompts:
        assert "# Memories from past conversations:" in prompt
        assert "- allergies: allergic to walnuts" in prompt
    assert '- "Caldo verde is a soup of kale." (message monday#2 by assistant' in second.prompts[0]
    assert '"Soup, then cake." (message monday#4' in second.prompts[1]


def test_a_task_and_its_result_are_a_turn(place: Place):
    memory = DiaryMemory(place, "ana", "chat")
    crew(
        memory, ScriptedLLM("Thought: easy.\nFinal Answer: Kale.", "Soup."), ALLERGIC, MENU
    ).kickoff()
    assert said(memory) == [
        ("user", ALLERGIC),
        ("assistant", "Kale."),
        ("user", MENU),
        ("assistant", "Soup."),
    ]
    assert [m.name for m in memory.diary.sync.messages.read("ana", "chat")][1] == "Cook"
    assert memory.list_records() == []


def test_of_a_task_only_what_somebody_says_of_themselves_is_learned(place: Place):
    """Neither how the work shall be done, nor the expected result, nor the result."""
    memory = DiaryMemory(place, "ana")
    crew(memory, ScriptedLLM("I love garlic. I live in Lisbon."), ALLERGIC, MENU).kickoff()
    learned = memory.diary.sync.preferences("ana", skip_metadata=True).data
    assert {name: list(items) for name, items in learned.items()} == {"allergies": ["walnuts"]}


def test_two_users_at_once_have_their_own(place: Place):
    memory = DiaryMemory(place)
    llm = ScriptedLLM("Done.")
    shared = crew(memory, llm, "My name is {name}. Greet me.")

    async def one(name: str, kickoff: Callable[..., Any]) -> None:
        with bind_user(name):
            await kickoff(inputs={"name": name})

    async def main() -> None:
        for kickoff in (shared.copy().kickoff_async, shared.copy().akickoff):
            await asyncio.gather(one("ana", kickoff), one("ben", shared.copy().kickoff_async))

    asyncio.run(main())
    for name in ("ana", "ben"):
        texts = [text for _, text in said(memory, name)]
        assert texts == [f"My name is {name}. Greet me.", "Done."] * 2
        assert f"name is {name}" in memory.diary.sync.preferences(name)
    assert memory.diary.sync.list_users() == ["ana", "ben"]
    for prompt in llm.prompts:
        assert not ("is ana" in prompt and "is ben" in prompt)


def test_a_crew_is_kicked_off_for_each(place: Place):
    memory = DiaryMemory(place, "ana")
    llm = ScriptedLLM("Done.")
    crew(memory, llm, "Plan a {dish}.").kickoff_for_each([{"dish": "soup"}, {"dish": "cake"}])
    assert [text for role, text in said(memory) if role == "user"] == [
        "Plan a soup.",
        "Plan a cake.",
    ]
    assert "Plan a soup." in llm.prompts[1]


def test_a_task_that_is_done_in_a_thread_is_its_users_too(place: Place):
    memory = DiaryMemory(place)
    asked = crew(memory, ScriptedLLM("Done."), MENU)
    asked.tasks[0].async_execution = True
    with bind_user("ana", "chat"):
        asked.kickoff()
    assert said(memory) == [("user", MENU), ("assistant", "Done.")]


def test_nobody_is_bound(place: Place):
    """CrewAI goes on when a memory fails; a run for nobody ends before the model is asked."""
    llm = ScriptedLLM("Done.")
    memory = DiaryMemory(place)
    with pytest.raises(UserNotBoundError, match="whose memory is it"):
        crew(memory, llm, MENU).kickoff()
    with pytest.raises(UserNotBoundError):
        asyncio.run(crew(memory, llm, MENU).akickoff())
    with pytest.raises(UserNotBoundError):
        cook(llm, memory=memory).kickoff("Hello!")
    assert llm.prompts == []


def test_a_diary_that_fails_is_told_and_the_crew_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    memory = DiaryMemory(tmp_path, "ana")
    memory.remember("Tea.")
    for database in (tmp_path / "ana").glob("diary.db*"):
        database.write_bytes(b"no database")
    llm = ScriptedLLM("Done.")
    assert crew(DiaryMemory(tmp_path, "ana"), llm, MENU).kickoff().raw == "Done."
    assert "nothing is recalled: DamagedError" in caplog.text
    assert "this is not stored: DamagedError" in caplog.text


# ------------------------------------------------------------ an agent alone


def test_an_agent_alone_learns_from_what_it_is_told(place: Place):
    memory = DiaryMemory(place, "ana", "chat")
    llm = ScriptedLLM("Noted.")
    agent = cook(llm, memory=memory)
    agent.kickoff("I love green tea. Please always answer in French.")
    asyncio.run(cook(llm, memory=memory).kickoff_async("What shall I drink?"))
    assert "likes: love green tea" in llm.prompts[1]
    assert "instructions: always answer in French" in llm.prompts[1]
    assert said(memory)[2:] == [("user", "What shall I drink?"), ("assistant", "Noted.")]


def test_an_agent_that_is_given_the_conversation_records_what_is_new(place: Place):
    memory = DiaryMemory(place, "ana", "chat")
    llm = ScriptedLLM("I love coffee!", "Noted.")
    history: list[dict[str, Any]] = [{"role": "user", "content": "Hi! Tea or coffee?"}]
    cook(llm, memory=memory).kickoff(history)  # type: ignore[arg-type]
    history += [
        {"role": "assistant", "content": "I love coffee!"},
        {"role": "user", "content": "I love tea."},
    ]
    cook(llm, memory=memory).kickoff(history)  # type: ignore[arg-type]
    assert [text for _, text in said(memory)] == [
        "Hi! Tea or coffee?", "I love coffee!", "I love tea.", "Noted.",
    ]  # fmt: skip
    assert list(memory.diary.sync.preferences("ana").data["likes"]) == ["tea"]


# ------------------------------------------------------------ scopes, slices, flows


@pytest.mark.parametrize(
    "view", [DiaryMemory.scope, lambda memory, path: MemoryScope(memory=memory, root_path=path)]
)
def test_a_crew_with_a_scope(view: Any, place: Place):
    memory = DiaryMemory(place, "ana")
    memory.remember("The soup of the crew is red.", "/crew")
    memory.remember("The soup of others is green.", "/others")
    memory.diary.sync.upsert_preference("ana", "likes", "love soup")
    llm = ScriptedLLM("Done.")
    scope = view(memory, "/crew")
    crew(scope, llm, "Plan a soup.").kickoff()
    assert "likes: love soup" in llm.prompts[0]
    assert "of the crew is red" in llm.prompts[0]
    assert "green" not in llm.prompts[0]
    assert said(memory) == [("user", "Plan a soup."), ("assistant", "Done.")]
    scope.remember_many(["Inside."], scope="/kitchen")
    assert memory.list_scopes("/crew") == ["/crew/kitchen"]
    assert scope.forget(scope="/kitchen") == 1


def slice_of_crewai(memory: DiaryMemory, scopes: list[str], read_only: bool) -> MemorySlice:
    return MemorySlice(memory=memory, scopes=scopes, read_only=read_only)


def slice_of_ours(memory: DiaryMemory, scopes: list[str], read_only: bool) -> MemorySlice:
    return memory.slice(scopes, read_only=read_only)


@pytest.mark.parametrize("view", [slice_of_crewai, slice_of_ours])
def test_a_crew_with_a_slice(view: Any, place: Place):
    """CrewAI's own stores nothing of a kickoff in a slice, whether it is read-only or not."""
    memory = DiaryMemory(place, "ana")
    memory.remember("A red soup.", "/a")
    memory.remember("A green soup.", "/b")
    memory.remember("A blue soup.", "/c")
    llm = ScriptedLLM("Done.")
    crew(view(memory, ["/a", "/b"], True), llm, "Plan a soup.").kickoff()
    assert "red" in llm.prompts[0]
    assert "green" in llm.prompts[0]
    assert "blue" not in llm.prompts[0]
    assert said(memory) == []
    crew(view(memory, ["/a", "/b"], False), llm, "Plan a soup.").kickoff()
    assert said(memory) == [("user", "Plan a soup."), ("assistant", "Done.")]


def test_an_agent_with_a_slice_that_is_read_only_records_nothing(place: Place):
    memory = DiaryMemory(place, "ana")
    cook(ScriptedLLM("Done."), memory=memory.slice(["/a"])).kickoff("I love tea.")
    assert said(memory) == []
    cook(ScriptedLLM("Done."), memory=memory.slice(["/a"], read_only=False)).kickoff("I love tea.")
    assert said(memory) == [("user", "I love tea."), ("assistant", "Done.")]


def test_the_models_tools_save_to_a_slice(place: Place):
    memory = DiaryMemory(place, "ana")
    llm = ScriptedLLM(
        calling("save_to_memory", {"contents": ["Rui drinks mate."]}),
        calling("save_to_memory", {"contents": ["Mate is hot.", "Mate is green."]}),
        calling("search_memory", {"queries": ["mate"]}),
        "Thought: I know.\nFinal Answer: Mate.",
    )
    crew(memory.slice(["/a", "/b"], read_only=False), llm, "What does Rui drink?").kickoff()
    assert llm.prompts[3].count("(note ") == 3
    assert memory.info("/a").record_count == 3


def test_a_slice_is_asked_for_a_part_of_it(place: Place):
    memory = DiaryMemory(place, "ana")
    memory.remember_many(["Tea above."], "/a")
    memory.remember_many(["Tea below."], "/a/x")
    memory.remember_many(["Tea beside."], "/b")
    view = memory.slice(["/a"])
    assert view.remember("No.") is None
    assert view.remember_many(["No."]) == []
    found = {
        scope: [match.record.content for match in view.recall("tea", scope=scope)]
        for scope in (None, "/a/x", "/b", "/")
    }
    assert found == {
        None: ["Tea above.", "Tea below."],
        "/a/x": ["Tea below."],
        "/b": [],
        "/": ["Tea above.", "Tea below."],
    }


def test_a_flow_remembers(place: Place):
    kept = DiaryMemory(place, "ana")
    kept.record_turn("I love green tea.", "Noted.")

    class Kitchen(Flow[Any]):
        @start()
        def begin(self) -> str:
            for fact in self.extract_memories("The tea is on the shelf."):
                self.remember(fact, scope="/kitchen")
            self.remember(["One.", "Two."])
            return "\n".join(match.format() for match in self.recall("tea"))

    shown = str(Kitchen(memory=kept).kickoff())
    assert "likes: love green tea" in shown
    assert '"The tea is on the shelf."' in shown
    assert len(kept.list_records()) == 3


def test_the_models_own_tools_read_and_write(place: Place):
    memory = DiaryMemory(place, "ana")
    memory.record_turn("I love green tea.", "Noted.")

    llm = ScriptedLLM(
        calling("save_to_memory", {"contents": ["Rui drinks mate {every} day."]}),
        calling("save_to_memory", {"contents": ["One.", "Two."]}),
        calling("search_memory", {"queries": ["mate", "tea"]}),
        "Thought: I know.\nFinal Answer: Mate.",
    )
    assert crew(memory, llm, "What does Rui drink?").kickoff().raw == "Mate."
    assert "Saved to memory (scope=/, importance=0.5)" in llm.prompts[1]
    assert '- "Rui drinks mate {every} day." (note ' in llm.prompts[3]
    assert llm.prompts[3].count("likes: love green tea") == 2  # of the task, and of both searches
    assert len(memory.list_records()) == 3


# ------------------------------------------------------------ models, copies, JSON


def test_a_model_learns_before_a_kickoff_ends(place: Place):
    edit = {"action": "add", "category": "likes", "text": "love kale soup"}
    reader = ScriptedLLM(json.dumps({"edits": [edit], "summary": "Soup."}))
    diary = Diary(place, agent=CrewAIExtractor(reader))
    crew(DiaryMemory(diary, "ana"), ScriptedLLM("Done."), "I love kale soup. Plan one.").kickoff()
    assert len(reader.prompts) == 1
    assert "love kale soup" in diary.sync.preferences("ana")


def test_what_can_not_be_learned_ends_no_kickoff(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    diary = Diary(tmp_path, agent=CrewAIExtractor(ScriptedLLM(ValueError("no key"))))
    memory = DiaryMemory(diary, "ana")
    memory.record_turn("I love tea.", "Noted.")
    page = tmp_path / "ana" / "preferences.toml"
    page.write_text("broken = [")
    assert crew(memory, ScriptedLLM("Done."), MENU).kickoff().raw == "Done."
    assert "this is not stored: DocumentError" in caplog.text
    assert len(said(memory)) == 4


def test_a_crew_serializes_and_is_copied_without_a_warning(address: str):
    memory = DiaryMemory(address, "ana")
    asked = crew(memory, ScriptedLLM("Done."), MENU, agent=cook(ScriptedLLM(), memory=memory))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        told = json.loads(asked.model_dump_json())
        copied = asked.copy()
    assert told["memory"]["memory_kind"] == "memory"
    assert told["memory"]["storage"] == f"diary:{address}"
    assert told["agents"][0]["memory"]["storage"] == f"diary:{address}"
    assert copied.memory is memory


def test_a_crew_goes_on_from_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """CrewAI makes a Memory of its own there, too; the crew is given its diary again."""
    monkeypatch.chdir(tmp_path)
    memory = DiaryMemory(tmp_path / "memories", "ana", "chat")
    asked = crew(memory, ScriptedLLM("Done.", RuntimeError("is down")), "Plan a soup.", MENU)
    with pytest.raises(RuntimeError, match="is down"):
        asked.kickoff()
    crewai_event_bus.flush()
    kept = RuntimeState(root=[asked]).checkpoint(str(tmp_path / "checkpoints"))
    restored = Crew.from_checkpoint(CheckpointConfig(restore_from=kept))
    restored.memory = memory
    restored.create_crew_memory()
    for agent in restored.agents:
        agent.llm = ScriptedLLM("Done again.")
    restored.kickoff()
    assert said(memory)[2:] == [("user", MENU), ("assistant", "Done again.")]
    assert {path.name for path in tmp_path.iterdir()} == {"memories", "checkpoints"}


def test_a_copied_agent_does_not_forget_in_silence(place: Place):
    """CrewAI makes a Memory of its own of the agent's, with the fields that it knows."""
    agent = cook(ScriptedLLM("Done."), memory=DiaryMemory(place, "ana"))
    asked = crew(None, ScriptedLLM("Done."), MENU, agent=agent)
    assert asked.kickoff().raw == "Done."
    with pytest.raises(NotImplementedError, match="give the DiaryMemory to the crew"):
        asked.kickoff_for_each([{}])
