"""A backend as people wrote them for TOMLDiary: its six methods, no versions and no more."""

from __future__ import annotations

import asyncio


class SixMethods:
    """Pages in a dict, with a moment in which others have their turn."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], str] = {}

    async def load(self, user_id: str, kind: str) -> str | None:
        await asyncio.sleep(0)
        return self.pages.get((user_id, kind))

    async def save(self, user_id: str, kind: str, content: str) -> None:
        await asyncio.sleep(0)
        self.pages[user_id, kind] = content

    async def exists(self, user_id: str, kind: str) -> bool:
        return (user_id, kind) in self.pages

    async def delete(self, user_id: str, kind: str) -> None:
        self.pages.pop((user_id, kind), None)

    async def delete_user(self, user_id: str) -> None:
        self.pages = {key: text for key, text in self.pages.items() if key[0] != user_id}

    async def list_users(self) -> list[str]:
        return sorted({user for user, _ in self.pages})
