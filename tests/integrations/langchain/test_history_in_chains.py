"""`RunnableWithMessageHistory` over a diary: blocking, async, streaming, for many users."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import ConfigurableFieldSpec, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from diarist import Diary, UserNotBoundError, bind_user
from langchain_diarist import DiaryChatMessageHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrations.places import Place

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WAYS = ["invoke", "ainvoke", "stream", "astream"]


def use(way: str, chain: Any, value: object, **configurable: str) -> str:
    """Run a chain in one of the ways, and return what it says."""
    config: Any = {"configurable": configurable}

    async def streamed() -> str:
        return "".join([part.content async for part in chain.astream(value, config)])

    if way == "invoke":
        return chain.invoke(value, config).content
    if way == "ainvoke":
        return asyncio.run(chain.ainvoke(value, config)).content
    if way == "stream":
        return "".join(part.content for part in chain.stream(value, config))
    return asyncio.run(streamed())


def answers() -> Iterator[AIMessage | str]:
    yield from (f"answer {number}" for number in range(100))


class Seen:
    """A scripted model, and what it was shown."""

    def __init__(self) -> None:
        self.shown: list[list[Any]] = []
        model = GenericFakeChatModel(messages=answers())
        self.model = RunnableLambda(self._look) | model

    def _look(self, messages: Any) -> Any:
        found = messages.to_messages() if hasattr(messages, "to_messages") else messages
        self.shown.append([message.content for message in found])
        return messages


def in_session(diary: Diary) -> Callable[[str], DiaryChatMessageHistory]:
    return lambda session_id: DiaryChatMessageHistory(diary, "ana", session_id)


@pytest.mark.parametrize("way", WAYS)
def test_a_list_of_messages_goes_in_with_all_that_was_said(way: str, place: Place):
    seen, diary = Seen(), Diary(place)
    chain = RunnableWithMessageHistory(seen.model, in_session(diary))
    for number in range(3):
        said = use(way, chain, [HumanMessage(f"question {number}")], session_id="chat")
        assert said == f"answer {number}"
    assert seen.shown[-1] == ["question 0", "answer 0", "question 1", "answer 1", "question 2"]
    kept = in_session(diary)("chat").messages
    assert [message.content for message in kept] == [*seen.shown[-1], "answer 2"]
    assert [message.type.removesuffix("MessageChunk").lower() for message in kept] == [
        "human", "ai",
    ] * 3  # fmt: skip
    assert in_session(diary)("other").messages == []


@pytest.mark.parametrize("way", WAYS)
def test_a_prompt_has_a_place_for_the_history(way: str, place: Place):
    seen, diary = Seen(), Diary(place)
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be kind."), MessagesPlaceholder("history"), ("human", "{input}")]
    )
    chain = RunnableWithMessageHistory(
        prompt | seen.model,
        in_session(diary),
        input_messages_key="input",
        history_messages_key="history",
    )
    for number in range(2):
        use(way, chain, {"input": f"question {number}"}, session_id="chat")
    assert seen.shown[-1] == ["Be kind.", "question 0", "answer 0", "question 1"]
    assert len(in_session(diary)("chat")) == 4


@pytest.mark.parametrize("way", WAYS)
def test_user_and_conversation_come_from_the_config_and_never_mix(way: str, place: Place):
    seen, diary = Seen(), Diary(place)

    def history(*, user_id: str, conversation_id: str) -> DiaryChatMessageHistory:
        return DiaryChatMessageHistory(diary, user_id, conversation_id)

    fields = [
        ConfigurableFieldSpec(id=name, annotation=str, is_shared=True)
        for name in ("user_id", "conversation_id")
    ]
    chain = RunnableWithMessageHistory(seen.model, history, history_factory_config=fields)
    for user in ("ana", "ben"):
        for conversation in ("1", "2"):
            said: list[BaseMessage] = [HumanMessage(f"I am {user}, {conversation}.")]
            use(way, chain, said, user_id=user, conversation_id=conversation)
    assert all(len(shown) == 1 for shown in seen.shown)
    for user in ("ana", "ben"):
        for conversation in ("1", "2"):
            kept = history(user_id=user, conversation_id=conversation).messages
            assert kept[0].content == f"I am {user}, {conversation}."
            assert len(kept) == 2


@pytest.mark.parametrize("way", WAYS)
def test_who_is_bound_is_whose_history_it_is(way: str, place: Place):
    diary = Diary(place)
    chain = RunnableWithMessageHistory(
        Seen().model, lambda session_id: DiaryChatMessageHistory(diary, session_id=session_id)
    )
    for user in ("ana", "ben"):
        with bind_user(user):
            use(way, chain, [HumanMessage(f"I am {user}.")], session_id="")
    with pytest.raises(UserNotBoundError):
        use(way, chain, [HumanMessage("Who am I?")], session_id="")
    assert diary.sync.list_users() == ["ana", "ben"]
    for user in ("ana", "ben"):
        assert DiaryChatMessageHistory(diary, user, "").messages[0].content == f"I am {user}."


def test_many_users_at_once_each_have_their_own(place: Place):
    diary = Diary(place)
    chain = RunnableWithMessageHistory(
        RunnableLambda(lambda messages: AIMessage(f"You said: {messages[-1].content}")),
        lambda session_id: DiaryChatMessageHistory(diary, session_id=session_id),
    )

    async def talk(user: str) -> None:
        with bind_user(user):
            for number in range(5):
                config: Any = {"configurable": {"session_id": "chat"}}
                await chain.ainvoke([HumanMessage(f"{user} {number}")], config)

    async def all_at_once() -> None:
        await asyncio.gather(*(talk(f"user{number}") for number in range(8)))

    asyncio.run(all_at_once())
    for number in range(8):
        user = f"user{number}"
        kept = [m.content for m in DiaryChatMessageHistory(diary, user, "chat").messages]
        assert kept == [text for n in range(5) for text in (f"{user} {n}", f"You said: {user} {n}")]


def test_with_learn_a_chain_leaves_what_it_heard_on_the_page(place: Place):
    diary = Diary(place)
    chain = RunnableWithMessageHistory(
        Seen().model,
        lambda session_id: DiaryChatMessageHistory(diary, "ana", session_id, learn=True),
    )
    use("invoke", chain, [HumanMessage("I'm allergic to walnuts.")], session_id="chat")
    assert "walnuts" in diary.sync.preferences("ana")
