"""A backend of one's own: pages and notebooks in Redis, each user's in one hash."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from diarist import BackendError, ConflictError
from diarist.backends import ABSENT, ANY

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarist.backends import Version

T = TypeVar("T")

LENGTH = 32  # of a version; a field holds it, and then the text
PUT = """
local found = redis.call('HGET', KEYS[1], ARGV[1])
local version = found and string.sub(found, 1, 32) or ''
if ARGV[2] ~= '*' and ARGV[2] ~= version then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ARGV[4])
return 1
"""


class RedisPages:
    """Any number of machines may share it: a script compares and writes in one step.

    A version is random, so that no two writes ever have the same. The client is the blocking one,
    in threads: an async one would belong to the event loop it was first used in.
    """

    def __init__(self, url: str = "redis://127.0.0.1:6379", prefix: str = "diary:") -> None:
        settings = {"decode_responses": True, "encoding_errors": "replace"}  # of lone surrogates
        self._redis: Any = Redis.from_url(url, **settings)
        self._prefix = prefix

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the text and its version, (None, None) where there is none."""
        found = await _told(self._redis.hget, self._key(user_id), kind)
        return (None, None) if found is None else (found[LENGTH:], found[:LENGTH])

    async def put(self, user_id: str, kind: str, content: str, *, expect: Any) -> Version:
        """Write the text if its version is `expect`, and return the new version."""
        wanted = "*" if expect is ANY else "" if expect is ABSENT else expect
        version = secrets.token_hex(LENGTH // 2)
        key = self._key(user_id)
        if not await _told(self._redis.eval, PUT, 1, key, kind, wanted, version, content):
            raise ConflictError(f"{kind} of {user_id!r} was written by somebody else; read again")
        return version

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the text, None where there is none."""
        return (await self.get(user_id, kind))[0]

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the text, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such a text."""
        return bool(await _told(self._redis.hexists, self._key(user_id), kind))

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the text; a hash without fields is gone."""
        await _told(self._redis.hdel, self._key(user_id), kind)

    async def delete_user(self, user_id: str) -> None:
        """Remove the user's hash."""
        await _told(self._redis.delete, self._key(user_id))

    async def list_users(self) -> list[str]:
        """Return every user who has a hash, sorted."""
        pattern = re.sub(r"([][\\*?^-])", r"\\\1", self._prefix) + "*"
        keys = await _told(lambda: list(self._redis.scan_iter(pattern, count=1000)))
        return sorted({key.removeprefix(self._prefix) for key in keys})

    async def kinds(self, user_id: str) -> list[str]:
        """Return what the user has: with this method, notebooks are exported and copied, too."""
        return sorted(await _told(self._redis.hkeys, self._key(user_id)))

    def locate(self, user_id: str, kind: str) -> str:
        """Return the name of a text, for messages."""
        return f"redis:{self._key(user_id)}/{kind}"

    def _key(self, user_id: str) -> str:
        return self._prefix + user_id


async def _told(call: Callable[..., T], *args: Any) -> T:
    """Return what a call in a thread returns, and say what went wrong as diarist does."""
    try:
        return await asyncio.to_thread(call, *args)
    except RedisError as error:
        raise BackendError(f"Redis: {error}") from error
