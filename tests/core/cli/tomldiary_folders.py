"""Folders as the real TOMLDiary writes them, in `data/tomldiary-VERSION`.

They are made in an environment of their own, once for each version:

    uv pip install 'tomldiary==0.3.0' 'pydantic-ai<2' httpx
    python tests/core/cli/tomldiary_folders.py tests/core/cli/data/tomldiary-0.3.0
"""
# pyright: basic

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

TURNS = [
    ("ana@example.com", "chat.1", "likes", "loves black coffee", ["morning", "work"], "Coffee."),
    ("ana@example.com", "chat.1", "allergies", "allergic to walnuts", [], "Coffee and nuts."),
    (
        "ana@example.com",
        "chat 2",
        "likes",
        'says "olá"\nand 日本',
        ["# no comment"],
        'A "quote"\n.',
    ),
    ("ana@example.com", "", "likes", "plays the cello", [], ""),
    ("Bob", "chat.1", "allergies", "allergic to cats", ["home"], "Cats."),
]


class Scripted:
    """An agent that writes each turn's facts, by TOMLDiary's own tools."""

    def __init__(self) -> None:
        self.turn = TURNS[0]

    async def run(self, message: str, deps: object) -> None:
        from tomldiary.tools import update_conversation_summary, upsert_preference

        _, _, category, text, contexts, summary = self.turn
        context = SimpleNamespace(deps=deps)
        assert "✅" in await upsert_preference(context, category, text=text, contexts=contexts)
        await update_conversation_summary(context, summary, ["word", text.split()[0]])


async def main(folder: Path) -> None:
    from pydantic import create_model
    from tomldiary import Diary, PreferenceItem
    from tomldiary.backends import LocalBackend

    kind = (dict[str, PreferenceItem], {})
    table = create_model("MyPrefTable", __doc__="What is known.", likes=kind, allergies=kind)
    agent = Scripted()
    diary = Diary(LocalBackend(folder), table, agent)
    for turn in TURNS:
        agent.turn = turn
        await diary.update_memory(turn[0], turn[1], turn[3], "Noted.")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
