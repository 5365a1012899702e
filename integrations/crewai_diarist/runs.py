"""What CrewAI tells a memory of a run: one text of the task, the agent and the result.

Nothing here reads a diary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crewai.agents.constants import FINAL_ANSWER_ACTION

from diarist import Message
from diarist.adapters import ORDER

_TASK = re.compile(
    r"Task: (?P<asked>.*?)\nAgent: (?P<role>.*?)\nExpected result: .*?\nResult: (?P<answer>.*)",
    re.DOTALL,
)
_CHAT = re.compile(r"Input: (?P<asked>.*)\nAgent: (?P<role>.*?)\nResult: (?P<answer>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """What an agent was asked, and what it answered.

    Attributes:
        asked: a task's description, or what a user said.
        answer: the result, without the thoughts that led to it.
        role: the agent's.
        is_order: it is a task: whoever wrote it may not be the user.
    """

    asked: str
    answer: str
    role: str
    is_order: bool

    @property
    def messages(self) -> list[Message]:
        """The turn; of an order only what somebody says of themselves is learned."""
        asked = Message("user", self.asked, metadata=ORDER if self.is_order else {})
        return [asked, Message("assistant", self.answer, name=self.role or None)]


def run_in(content: str) -> Run | None:
    r"""Return the run that a text of CrewAI tells of, None for any other text.

    >>> run = run_in("Task: Plan it.\nAgent: Cook\nExpected result: A list.\nResult: Soup.")
    >>> run.asked, run.role, run.answer, run.is_order
    ('Plan it.', 'Cook', 'Soup.', True)
    >>> run_in("The launch is on Friday.")
    """
    for form in (_TASK, _CHAT):
        found = form.fullmatch(content)
        if found:
            answer = found["answer"].split(FINAL_ANSWER_ACTION)[-1]
            return Run(found["asked"].strip(), answer.strip(), found["role"].strip(), form is _TASK)
    return None


def newest(asked: str, said: list[Message]) -> str:
    r"""Return what is new in an input that begins with what was said in the session before.

    An agent that is given a whole conversation makes one text of it, without saying who spoke.

    >>> said = [Message("user", "Hi!"), Message("assistant", "Hello!")]
    >>> newest("Hi!\nHello!\nI love tea.", said), newest("Hi!", said)
    ('I love tea.', 'Hi!')
    """
    for begin in range(len(said)):
        known = "\n".join(message.text for message in said[begin:]) + "\n"
        if asked.startswith(known):
            return asked[len(known) :]
    return asked
