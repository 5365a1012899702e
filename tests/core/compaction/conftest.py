"""A diary whose clock stands long before the files of the tests are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from diarist import CompactionConfig, LocalBackend, SyncDiary
from diarist.testing import FrozenClock

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2020, 5, 1, 12, tzinfo=UTC)
HEAD = '[_meta]\nversion = "1.0"\nschema_name = "DefaultPreferences"\n'


class Make(Protocol):
    """`make(preferences, conversations, config=None)` is a diary in which ana has these pages."""

    def __call__(
        self, preferences: str = "", conversations: str = "", **options: Any
    ) -> SyncDiary: ...


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def make(tmp_path: Path, clock: FrozenClock) -> Make:
    def make(preferences: str = "", conversations: str = "", **options: Any) -> SyncDiary:
        folder = tmp_path / "ana"
        folder.mkdir()
        for kind, text in (("preferences", preferences), ("conversations", conversations)):
            if text:
                (folder / f"{kind}.toml").write_text(HEAD + "\n" + text)
        backend = LocalBackend(tmp_path, durability="normal")
        return SyncDiary(backend, **{"clock": clock, **options})

    return make


def item(path: str, text: str, **keys: str) -> str:
    """Return a preference as diarist writes it."""
    values = {
        "contexts": "[]",
        "_count": "1",
        "_created": '"2020-01-01T00:00:00Z"',
        "_updated": '"2020-01-01T00:00:00Z"',
        "_created_by": '"a"',
        "_updated_by": '"a"',
        "_sources": '["a#1"]',
        **keys,
    }
    lines = [
        f"[{path}]",
        f'text = "{text}"',
        *(f"{key} = {value}" for key, value in values.items()),
    ]
    return "\n".join([*lines, "", ""])


def talk(session: str, summary: str, day: int = 1, turns: int = 3) -> str:
    """Return a conversation of a day in January as diarist writes it."""
    at = f"2020-01-{day:02}T00:00:00Z"
    return (
        f'[conversations.{session}]\n_created = "{at}"\n_updated = "{at}"\n_turns = {turns}\n'
        f'summary = "{summary}"\nkeywords = []\n\n'
    )


def newer(count: int = 3) -> str:
    """Return conversations that are newer than any other."""
    return "".join(talk(f"new{n}", f"Talked {n}.", 20 + n) for n in range(count))


def always(**options: Any) -> CompactionConfig:
    """Return settings by which every turn compacts."""
    return CompactionConfig(**{"enabled": True, "total_char_threshold": 1, **options})
