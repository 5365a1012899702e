"""What the parts about chat histories share: the messages they hold, and how each way is called.

It runs in the environments of the peers too, so it needs nothing but Python and langchain-core.
"""
# pyright: basic

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from records_material import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def talk(number: int, *, seed: int) -> list[BaseMessage]:
    """Return so many messages: questions, and answers as a model of today gives them."""
    return [
        _answer(text, f"{seed}-{at}") if at % 2 else HumanMessage(text)
        for at, text in enumerate(texts(number, seed=seed))
    ]


def _answer(text: str, id: str) -> AIMessage:
    return AIMessage(
        text,
        id=f"lc_run--{id}",
        response_metadata={"model_name": "gpt-4o-mini", "finish_reason": "stop", "logprobs": None},
        usage_metadata={"input_tokens": 312, "output_tokens": 41, "total_tokens": 353},
    )


def calls(name: str, opened: Callable[[], Any], last: Callable[[Any], object]) -> dict[str, Any]:
    """Return what is measured of a history.

    Args:
        name: whose.
        opened: returns a new history of the session.
        last: reads its last messages.
    """
    kept, said, talks = opened(), questions(), pairs()

    def run() -> None:
        """Do what `RunnableWithMessageHistory` does for one question."""
        history = opened()
        assert history.messages.copy()
        assert history.messages
        history.add_messages(next(talks))

    return {
        f"{name} append": lambda: kept.add_message(next(said)),
        f"{name} pair": lambda: kept.add_messages(next(talks)),
        f"{name} last": lambda: last(kept),
        f"{name} all": lambda: opened().messages,
        f"{name} again": lambda: kept.messages,
        f"{name} run": run,
    }


def questions() -> Iterator[BaseMessage]:
    """Return single messages, one after the other."""
    return (HumanMessage(text) for text in cycle(texts(1_000, seed=3)))


def pairs() -> Iterator[list[BaseMessage]]:
    """Return questions with their answers, whose ids nobody else gets."""
    said = cycle(texts(1_000, seed=5))
    return ([HumanMessage(next(said)), _answer(next(said), f"new-{at}")] for at in _serial)


_serial = count()
