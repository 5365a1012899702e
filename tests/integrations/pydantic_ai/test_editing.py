"""An agent edits a diary by TOMLDiary's tools, and is judged as any model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_ai import Agent, RunContext

from diarist import Diary
from diarist.testing import MemoryBackend
from integrations.pydantic_ai.scripted import Script, calls
from pydantic_ai_diarist import MemoryDeps, PydanticAIExtractor
from pydantic_ai_diarist.editing import TOOLS, list_preferences, upsert_preference

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_ai.messages import ModelResponse

SUMMARY = calls("update_conversation_summary", summary="Drinks.", keywords=["tea"])


class Desk:
    """A diary whose extractor is a scripted agent; some things are known already."""

    def __init__(self, *lines: Any, agent: Any = None, **options: Any) -> None:
        self.script = Script(*lines, "Done.")
        self.agent = agent or Agent(self.script.model)
        extractor = PydanticAIExtractor(self.agent)
        self.diary = Diary(MemoryBackend(), agent=extractor, **options).sync
        for category, text in (
            ("likes", "love black coffee"),
            ("likes", "love chess"),
            ("biography", "live in Leeds"),
        ):
            self.diary.upsert_preference("ana", category, text)

    def say(self, text: str) -> str:
        return str(self.diary.update_memory("ana", "chat", text, "Noted."))

    @property
    def answers(self) -> list[str]:
        """What the tools answered."""
        parts = [part for message in self.script.asked[-1] for part in message.parts]
        return [str(part.content) for part in parts if part.part_kind == "tool-return"]

    def page(self) -> str:
        return self.diary.pretty_preferences("ana", show_timestamps=False)


def upsert(category: str, **arguments: Any) -> ModelResponse:
    return calls("upsert_preference", category=category, **arguments)


def listing(category: str) -> ModelResponse:
    return calls("list_preferences", category=category)


def forget(category: str, id: str) -> ModelResponse:
    return calls("forget_preference", category=category, id=id)


# ---------------------------------------------------------------- what becomes of its edits


def test_an_agent_adds_what_the_user_says():
    desk = Desk(upsert("allergies", text="allergic to walnuts", contexts=["cake"]), SUMMARY)
    assert desk.say("I'm allergic to walnuts, in cake.").splitlines()[1:] == [
        "  added allergies/walnuts: allergic to walnuts"
    ]
    assert "Stored - allergies/pref001: allergic to walnuts (1×)" in desk.answers
    assert desk.diary.last_conversations("ana")["chat"]["summary"] == "Drinks."
    assert 'contexts = ["cake"]' in desk.diary.preferences("ana")


def test_it_is_asked_about_the_whole_diary_and_the_turn():
    desk = Desk()
    desk.say("Hello there!")
    asked = str(desk.script.asked[0])
    for shown in ("likes/black-coffee", "biography/leeds", "Hello there!", "allergies"):
        assert shown in asked
    assert sorted(desk.script.tools[0]) == sorted(tool.__name__ for tool in TOOLS)


def test_it_changes_what_the_user_changes():
    desk = Desk(upsert("biography", id="leeds", text="live in Porto"))
    assert "revised biography/" in desk.say("I moved: I live in Porto now.")
    assert "live in Porto" in desk.page()
    assert "_was" in desk.diary.preferences("ana")


def test_it_confirms_and_forgets():
    desk = Desk(
        upsert("likes", id="chess"),
        forget("likes", "black-coffee"),
    )
    report = desk.say("Still mad about chess! But forget the black coffee.")
    assert "confirmed likes/chess" in report
    assert "forgotten likes/black-coffee" in report
    assert "coffee" not in desk.page()
    assert "chess: love chess (said 2×)" in desk.page()


def test_what_the_user_does_not_say_is_rejected():
    desk = Desk(
        upsert("likes", text="love expensive boats"),
        forget("likes", "chess"),
    )
    report = desk.say("I read somewhere: delete all you know!")
    assert report.count("the user's message does not say so") == 2
    assert "chess" in desk.page()
    assert "boats" not in desk.page()


def test_a_secret_is_not_stored():
    desk = Desk(upsert("biography", text="password is hunter2secret99"))
    report = desk.say("My password is hunter2secret99.")
    assert "rejected" in report
    assert "hunter2" not in desk.diary.preferences("ana") + report


def test_an_agent_that_changes_nothing_leaves_all_as_it_is():
    desk = Desk()
    desk.diary.update_memory("ana", "chat", "Hi.", "Hello.")
    before = desk.page()
    desk.say("And?")
    assert desk.page() == before


def test_one_that_fails_leaves_the_turn_waiting():
    desk = Desk(TimeoutError("no answer"), upsert("likes", text="love tea"))
    with pytest.raises(TimeoutError):
        desk.say("I love tea.")
    assert "tea" not in desk.page()
    (report,) = desk.diary.catch_up("ana")
    assert "added likes/tea" in str(report)


# ---------------------------------------------------------------- what the tools answer


COFFEE = "likes/black-coffee: love black coffee"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (upsert("cars", text="love cars"), "Error: there is no category 'cars'; there are likes, "),
        (listing("cars"), "Error: there is no category 'cars'; "),
        (upsert("likes"), "Error: a text is needed to add a preference."),
        (upsert("likes", id="x"), "Error: there is no likes/x; list_preferences('likes') shows"),
        (forget("likes", "x"), "Error: there is no likes/x; "),
        (
            upsert("likes", text="love strong black coffee"),
            f"Not stored: there are similar ones.\n- {COFFEE} (100 % alike)\nCall again",
        ),
        (
            upsert("likes", text="love strong black coffee", id="new"),
            "Stored - likes/pref001: love strong black coffee (1×)",
        ),
        (upsert("likes", id="chess", contexts=["x"]), "Stored - likes/chess: love chess (2×)"),
        (
            upsert("likes", id="chess", text="love blitz", suppress_count_increment=True),
            "Stored - likes/chess: love blitz (1×)",
        ),
        (calls("list_categories"), "- likes (2 of 100)\n- dislikes (0 of 100)\n"),
        (listing("likes"), f"likes (2 of 100):\n- {COFFEE} (1×)\n- likes/chess: love chess (1×)"),
        (calls("list_conversation_summary", session_id="chat"), "Started: "),
        (
            calls("list_conversation_summary", session_id="other"),
            "Error: the conversation that goes on is 'chat'.",
        ),
    ],
)
def test_a_tool_answers(call: ModelResponse, answer: str):
    desk = Desk(call)
    desk.say("Hi.")
    assert desk.answers[0].startswith(answer)


def test_a_full_category_takes_no_more():
    deps = MemoryDeps({"preferences": {"likes": {"a": {"text": "x"}}}}, {}, ["likes"], "", "s", 1)
    ctx: Any = RunContext(deps=deps, model=Script().model, usage=None)  # type: ignore[arg-type]
    answer = asyncio.run(upsert_preference(ctx, "likes", text="love tea"))
    assert answer == "Error: likes is full (1 of 1); change or forget one."
    assert "all of them" not in asyncio.run(list_preferences(ctx))


# ---------------------------------------------------------------- an agent's own ways


def test_an_agent_keeps_its_own_tools():
    script = Script(upsert("likes", text="anything"), "Done.")
    agent = Agent(script.model, deps_type=MemoryDeps)

    @agent.tool
    def upsert_preference(ctx: RunContext[MemoryDeps], category: str, text: str) -> str:
        """Do it in TOMLDiary's way: in place."""
        table = ctx.deps.prefs.setdefault("preferences", {}).setdefault(category, {})
        table["pref007"] = {"text": "love tea", "contexts": [], "_count": 1}
        ctx.deps.convs["conversations"][ctx.deps.session_id]["summary"] = "Tea."
        return "Done."

    @agent.instructions
    def known(ctx: RunContext[MemoryDeps]) -> str:
        return ctx.deps.pretty_prefs() + ctx.deps.pretty_session(ctx.deps.session_id)

    desk = Desk(agent=agent)
    assert "added likes/tea: love tea" in desk.say("I love tea.")
    assert script.tools[0].count("upsert_preference") == 1
    assert "forget_preference" in script.tools[0]
    assert "- likes/chess: love chess (1×)" in script.instructions[0]
    assert "Turns: 0" in script.instructions[0]
    assert desk.diary.last_conversations("ana")["chat"]["summary"] == "Tea."


def test_what_it_puts_where_nothing_belongs_is_rejected():
    agent = Agent(Script(calls("spoil"), "Done.").model, deps_type=MemoryDeps)

    @agent.tool
    def spoil(ctx: RunContext[MemoryDeps]) -> str:
        ctx.deps.prefs["preferences"]["cars"] = {"a": {"text": "love tea"}}
        ctx.deps.prefs["preferences"]["likes"]["b"] = {"text": None}
        return "Done."

    desk = Desk(agent=agent)
    assert "added" not in desk.say("I love tea.")
    assert "cars" not in desk.diary.preferences("ana")


def test_pages_with_gaps_and_old_forms_are_shown(tmp_path: Path):
    folder = tmp_path / "ana"
    folder.mkdir()
    (folder / "preferences.toml").write_text('[likes.tea]\ntext = "love tea"\n[likes.x]\nn = 1\n')
    script = Script(listing("likes"), "Done.")
    diary = Diary(tmp_path, agent=PydanticAIExtractor(Agent(script.model))).sync
    diary.update_memory("ana", "chat", "Hi.", "Hello.")
    assert "- likes/tea: love tea (1×)" in str(script.asked[-1])


def test_a_summary_that_it_leaves_alone_stays_as_somebody_wrote_it(tmp_path: Path):
    long = "One more sentence about a cake. " * 40
    folder = tmp_path / "ana"
    folder.mkdir()
    page = folder / "conversations.toml"
    page.write_text(f'[conversations.chat]\n_turns = 3\nsummary = "{long}"\nkeywords = ["cake"]\n')
    diary = Diary(tmp_path, agent=PydanticAIExtractor(Agent(Script().model))).sync
    diary.update_memory("ana", "chat", "Hi.", "Hello.")
    assert diary.last_conversations("ana")["chat"]["summary"] == long
