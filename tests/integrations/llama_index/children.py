"""What the tests of the memory run in processes of their own: `python children.py TASK …`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from llama_index.core.llms import ChatMessage

from llama_index_diarist import DiaryMemory


def chats(folder: str, name: str, count: str) -> None:
    """Ask and answer in one session, turn by turn, as agents do."""
    memory = DiaryMemory.open(
        folder, "ana", "chat", token_limit=40, token_flush_size=1, tokenizer_fn=str.split
    )

    async def main() -> None:
        for number in range(int(count)):
            await memory.aput(ChatMessage(f"I love dish {name}{number}."))
            assert await memory.aget()
            await memory.aput_messages([ChatMessage(f"Noted {name}{number}.", role="assistant")])

    asyncio.run(main())


def dies_at_once(folder: str) -> None:
    """End a turn, and be killed without another step."""
    memory = DiaryMemory.open(folder, "ana", "chat")
    memory.put_messages([ChatMessage("I love tea."), ChatMessage("Noted.", role="assistant")])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    {"chats": chats, "dies_at_once": dies_at_once}[sys.argv[1]](*sys.argv[2:])
