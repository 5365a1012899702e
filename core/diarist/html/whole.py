"""A diary as far as it is to be shown: its pages, conversations, notes and notebooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diarist.pages.conversations import last_activity, turns
from diarist.pages.times import as_utc
from diarist.pages.toml import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from diarist.models import Table
    from diarist.notebook import MemoryFile
    from diarist.pages.toml import Document
    from diarist.records import Message, Note, Session


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the diary.

    Attributes:
        kind: "preferences" or "conversations".
        page: as it can be used.
        text: as it is stored.
        faults: what can't be used, a sentence each.
    """

    kind: str
    page: Document
    text: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation.

    Attributes:
        id: the session's.
        table: what the conversations page says of it, empty where it does not.
        session: how it is counted, None where no message of it is kept.
        messages: the newest, as far as they are to be shown.
    """

    id: str
    table: Table = field(default_factory=lambda: EMPTY)
    session: Session | None = None
    messages: tuple[Message, ...] = ()

    @property
    def kept(self) -> int:
        """How many messages there are."""
        return 0 if self.session is None else self.session.messages + self.session.archived

    @property
    def at(self) -> str:
        """When it was last touched, "" where nobody says."""
        updated = "" if self.session is None else as_utc(self.session.updated_at)
        return max(last_activity(self.table), updated)

    @property
    def since(self) -> str:
        """When it began, as far as anybody says; else when it was last touched."""
        begun = [as_utc(self.table.get("_created"))]
        begun += [] if self.session is None else [as_utc(self.session.created_at)]
        return min(filter(None, begun), default=self.at)

    @property
    def turns(self) -> int:
        """How many turns it had."""
        return max(turns(self.table), 0 if self.session is None else self.session.turns)


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept for programs.

    Attributes:
        talks: every conversation, the one touched last first.
        behind: the messages that preferences name, by session and number.
        notes: the notes that are to be shown, by namespace and key.
        all_notes: how many there are.
    """

    talks: tuple[Talk, ...] = ()
    behind: Mapping[tuple[str, int], Message] = field(default_factory=dict[Any, Any])
    notes: tuple[Note, ...] = ()
    all_notes: int = 0


@dataclass(frozen=True, slots=True)
class Whole:
    """A diary, as far as it is to be shown.

    Attributes:
        user_id: whose.
        at: as of when.
        categories: the table's, with their meanings.
        preferences: the page of preferences.
        conversations: the page of conversations.
        records: messages and notes.
        notebooks: the notebooks of agents.
        faults: what else can't be read.
    """

    user_id: str
    at: datetime
    categories: Mapping[str, str]
    preferences: Sheet
    conversations: Sheet
    records: Records
    notebooks: tuple[MemoryFile, ...] = ()
    faults: tuple[str, ...] = ()
