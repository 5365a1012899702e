"""A turn has all that was said in its run, and nothing else, whatever the history has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelCallLimitMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
)
from langchain_core.messages import HumanMessage, RemoveMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.message import REMOVE_ALL_MESSAGES

from diarist import Diary, Extraction
from integrations.langchain.scripted import ScriptedChatModel, asking, calling
from langchain_diarist import DiaryMiddleware

if TYPE_CHECKING:
    from diarist import Snapshot, Turn
    from integrations.places import Place

CHAT: Any = {"configurable": {"thread_id": "chat"}}
ELSEWHERE: Any = {"configurable": {"thread_id": "elsewhere"}}


@tool
def order(cake: str) -> str:
    """Order a cake."""
    return f"{cake} ordered"


def said(diary: Diary, session_id: str = "chat") -> list[str]:
    return [message.text for message in diary.sync.messages.read("ana", session_id)]


def turns(diary: Diary) -> int:
    return sum(session.turns for session in diary.sync.messages.sessions("ana"))


class Reading:
    """An extractor that only keeps what it was shown."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        self.turns.append((turn.user_msg, turn.assistant_msg))
        return Extraction()


def notice(text: str) -> HumanMessage:
    """Return what LangChain itself puts into a history, such as a summary."""
    return HumanMessage(text, additional_kwargs={"lc_source": "summarization"})


def test_the_diary_learns_from_each_run_by_itself(place: Place):
    reader = Reading()
    memory = DiaryMiddleware(Diary(place, agent=reader), "ana")
    model = ScriptedChatModel(lines=["Hello!", calling("order", cake="pie"), "Ordered.", "Bye!"])
    agent = create_agent(model, [order], middleware=[memory], checkpointer=InMemorySaver())
    for text in ("Hi!", "A pie!", "Thanks!"):
        agent.invoke(asking(text), CHAT)
    memory.recorder.flush_sync()
    assert reader.turns == [
        ("Hi!", "Hello!"),
        ("A pie!", '[calls order {"cake": "pie"}]\n\nOrdered.'),
        ("Thanks!", "Bye!"),
    ]


def test_the_prompt_does_not_repeat_what_the_conversation_has(place: Place):
    model = ScriptedChatModel()
    agent = create_agent(
        model, middleware=[DiaryMiddleware(place, "ana")], checkpointer=InMemorySaver()
    )
    agent.invoke(asking("The spare key hangs in the garage."), CHAT)
    for thread in (CHAT, ELSEWHERE):
        agent.invoke(asking("Where is the spare key?"), thread)
    assert ["in the garage" in system for system in model.systems] == [False, False, True]


def test_neither_prompts_nor_notices_are_what_the_user_said(place: Place):
    memory = DiaryMiddleware(place, "ana")
    model = ScriptedChatModel()
    memory.diary.sync.notes.put("ana", "places", "key", "The key hangs in the garage.")
    create_agent(model, middleware=[memory]).invoke(
        {
            "messages": [
                SystemMessage("Be brief."),
                notice("They asked for cakes."),
                HumanMessage("Where is the key?"),
                notice("It is late."),
            ]
        },
        CHAT,
    )
    assert said(memory.diary) == ["Where is the key?", "Noted."]
    assert "in the garage" in model.systems[0]


def test_a_summary_in_place_of_everything_loses_nothing_of_the_run(place: Place):
    class Forgetting(AgentMiddleware):  # type: ignore[type-arg]
        def before_model(self, state: Any, runtime: Any) -> Any:
            if len(state["messages"]) < 3:
                return None
            return {
                "messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), notice("A pie is ordered.")]
            }

    memory = DiaryMiddleware(place, "ana")
    model = ScriptedChatModel(lines=[calling("order", cake="pie"), "Ordered."])
    agent = create_agent(model, [order], middleware=[memory, Forgetting()])  # type: ignore[list-item]
    agent.invoke(asking("A pie!"), CHAT)
    texts = said(memory.diary)
    assert (texts[0], texts[-1]) == ("A pie!", "Ordered.")
    assert "A pie is ordered." not in texts


def test_a_summary_in_the_middle_of_a_run_costs_nothing_of_it(place: Place):
    for order_of in (1, -1):
        thread: Any = {"configurable": {"thread_id": f"chat{order_of}"}}
        memory = DiaryMiddleware(place, "ana")
        calls = [calling("order", f"call_{n}", cake=f"cake {n}") for n in range(6)]
        model = ScriptedChatModel(lines=["Hello!", *calls, "All ordered.", "You're welcome."])
        summary = SummarizationMiddleware(
            ScriptedChatModel(lines=["They order cakes."]),
            trigger=("messages", 4),
            keep=("messages", 2),
        )
        agent = create_agent(
            model,
            [order],
            middleware=[memory, summary][::order_of],  # type: ignore[list-item]
            checkpointer=InMemorySaver(),
        )
        agent.invoke(asking("Hi!"), thread)
        agent.invoke(asking("Six cakes, please. I'm allergic to walnuts."), thread)
        history = agent.invoke(asking("Thanks!"), thread)["messages"]
        assert len(history) < 8
        texts = said(memory.diary, session_id=f"chat{order_of}")
        orders = [
            text
            for n in range(6)
            for text in (f'[calls order {{"cake": "cake {n}"}}]', f"cake {n} ordered")
        ]
        assert texts == [
            "Hi!", "Hello!",
            "Six cakes, please. I'm allergic to walnuts.", *orders, "All ordered.",
            "Thanks!", "You're welcome.",
        ]  # fmt: skip
        (session,) = [
            s for s in memory.diary.sync.messages.sessions("ana") if s.id == f"chat{order_of}"
        ]
        assert session.turns == 3
    assert "They order cakes." not in said(memory.diary)


def test_messages_taken_out_of_the_history_stay_in_the_diary(place: Place):
    class Trimming(AgentMiddleware):  # type: ignore[type-arg]
        def before_model(self, state: Any, runtime: Any) -> Any:
            return {"messages": [RemoveMessage(id=m.id) for m in state["messages"][:-2]]}

    memory = DiaryMiddleware(place, "ana")
    agent = create_agent(
        ScriptedChatModel(),
        middleware=[memory, Trimming()],  # type: ignore[list-item]
        checkpointer=InMemorySaver(),
    )
    for number in range(4):
        agent.invoke(asking(f"Number {number}"), CHAT)
    assert said(memory.diary) == [
        text for number in range(4) for text in (f"Number {number}", "Noted.")
    ]
    assert turns(memory.diary) == 4


def test_what_another_middleware_hides_is_hidden_in_the_diary(place: Place):
    memory = DiaryMiddleware(place, "ana")
    hiding = PIIMiddleware("email")
    agent = create_agent(ScriptedChatModel(), middleware=[memory, hiding])
    agent.invoke(asking("Write to ana@example.com."), CHAT)
    assert said(memory.diary)[0] == "Write to [REDACTED_EMAIL]."


def test_a_run_that_is_ended_early_is_recorded_to_its_end(place: Place):
    memory = DiaryMiddleware(place, "ana")
    model = ScriptedChatModel(lines=[calling("order", cake="pie")])
    limit = ModelCallLimitMiddleware(run_limit=2)
    answer = create_agent(model, [order], middleware=[memory, limit]).invoke(asking("A pie!"), CHAT)
    assert said(memory.diary)[-1] == answer["messages"][-1].text
    assert "limit" in answer["messages"][-1].text
    assert len(said(memory.diary)) == len(answer["messages"]) == 6
