"""What the tests of the history run in processes of their own: `python children.py TASK …`."""

from __future__ import annotations

import os
import signal
import sys

from langchain_core.messages import HumanMessage

from langchain_diarist import DiaryChatMessageHistory


def adds(folder: str, name: str, count: str) -> None:
    """Add messages to one session, one after the other, and read them between."""
    history = DiaryChatMessageHistory(folder, "ana", "chat")
    for number in range(int(count)):
        history.add_message(HumanMessage(f"{name} {number}"))
        assert f"{name} {number}" in [message.content for message in history.messages]


def adds_until_killed(folder: str) -> None:
    """Add messages in pairs, and say of each pair that it is stored."""
    history = DiaryChatMessageHistory(folder, "ana", "chat")
    number = 0
    while True:
        history.add_messages([HumanMessage(f"{number} a"), HumanMessage(f"{number} b")])
        print(number, flush=True)
        number += 1


def dies_at_once(folder: str) -> None:
    """Add one message, and be killed without another step."""
    DiaryChatMessageHistory(folder, "ana", "chat").add_user_message("the last words")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    task = {"adds": adds, "adds_until_killed": adds_until_killed, "dies_at_once": dies_at_once}
    task[sys.argv[1]](*sys.argv[2:])
