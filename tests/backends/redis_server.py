"""Redis for tests: the server on 127.0.0.1:6379, or the one `DIARIST_REDIS` names."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Generator

URL = os.environ.get("DIARIST_REDIS", "redis://127.0.0.1:6379")


@cache
def _missing() -> str | None:
    """Return why there is no server, None where one answers."""
    try:
        Redis.from_url(URL, socket_connect_timeout=3).ping()
    except RedisError as error:
        return f"no Redis server answers ({error}); set DIARIST_REDIS to the URL of another"
    return None


@contextmanager
def prefix() -> Generator[str]:
    """Give a prefix of keys that nobody else has, and remove what was stored under it.

    Without a server the test is skipped, and says why; in CI that is a failure.
    """
    reason = _missing()
    if reason is not None:
        lack(reason)
    mine = f"test-{uuid.uuid4().hex}:"
    try:
        yield mine
    finally:
        server = Redis.from_url(URL)
        for key in server.scan_iter(f"{mine}*"):
            server.delete(key)
        server.close()
