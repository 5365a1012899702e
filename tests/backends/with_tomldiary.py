"""What runs where TOMLDiary is installed: `python with_tomldiary.py learn|read PROJECT USER`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pydantic import BaseModel
from tomldiary import Diary, PreferenceItem
from tomldiary.backends import FirestoreBackend


class Table(BaseModel):
    """allergies : what the user can't eat"""

    allergies: dict[str, PreferenceItem] = {}


class Walnuts:
    """An agent that always hears of walnuts."""

    async def run(self, message: str, deps: Any) -> None:
        day = "2026-01-01T00:00:00+00:00"
        deps.prefs.setdefault("preferences", {})["allergies"] = {
            "pref001": {
                "text": "allergic to walnuts", "contexts": ["food"], "_count": 2,
                "_created": day, "_updated": day, "_created_by": "chat", "_updated_by": "chat",
            }
        }  # fmt: skip


async def main(task: str, project: str, user: str) -> dict[str, Any]:
    backend = FirestoreBackend(project, "app/memory")
    diary = Diary(backend, Table, agent=Walnuts())
    if task == "learn":
        await diary.update_memory(user, "chat", "I'm allergic to walnuts.", "Noted.")
    return {
        "users": await backend.list_users(),
        "preferences": await diary.preferences(user),
        "conversations": await backend.load(user, "conversations"),
    }


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
