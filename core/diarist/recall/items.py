"""What stands on pages and in notebooks, as things that can be recalled, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diarist.pages import conversations
from diarist.pages.items import items, texts
from diarist.pages.notebook import lines
from diarist.pages.times import as_utc
from diarist.records import EMPTY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from diarist.pages.toml import Document
    from diarist.records import HitKind, Note


@dataclass(frozen=True, slots=True)
class Item:
    """Something short that stands by itself: a fact, a summary, a line, a note.

    Attributes:
        kind: where it stands.
        text: what it says.
        source: what names it.
        searched: the words it is found by, where they are more than its text.
        session_id: the session it is about or was learned in last.
        sessions: all sessions that it names.
        at: when it was last touched.
        metadata: what else is known about it.
        note: the note, for notes.
        cosine: how alike its meaning is to the question's.
    """

    kind: HitKind
    text: str
    source: str
    searched: str = ""
    session_id: str | None = None
    sessions: tuple[str, ...] = ()
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    note: Note | None = None
    cosine: float = 0.0


def of_preferences(document: Document, categories: Collection[str]) -> Iterator[Item]:
    """Yield the preferences of a page, those that the table knows."""
    for category in categories:
        for id, item in items(document, category).items():
            sources = texts(item.get("_sources"))
            named = [source.rpartition("#")[0] for source in sources]
            by = item.get("_updated_by")
            latest = named[-1] if named else by if isinstance(by, str) else None
            contexts = texts(item.get("contexts"))
            yield Item(
                "preferences",
                str(item["text"]),
                f"{category}.{id}",
                " ".join((category, str(item["text"]), *contexts)),
                latest,
                tuple(dict.fromkeys([*named, *([by] if isinstance(by, str) else [])])),
                _time(item.get("_updated")),
                {"category": category, "id": id, **item},
            )


def of_conversations(document: Document) -> Iterator[Item]:
    """Yield the summaries of a page."""
    for id, session in conversations.sessions(document).items():
        summary = session.get("summary")
        keywords = texts(session.get("keywords"))
        text = summary if isinstance(summary, str) and summary else ", ".join(keywords)
        if text:
            yield Item(
                "conversations",
                text,
                id,
                " ".join((text, *keywords)),
                id,
                (id,),
                _time(conversations.last_activity(session)),
                session,
            )


def of_notebook(agent_name: str, text: str) -> Iterator[Item]:
    """Yield the lines of a notebook, under the headings above them."""
    heading = ""
    for number, line in enumerate(lines(text), 1):
        said = line.strip()
        if not said:
            continue
        if said.startswith("#"):
            heading = said.lstrip("#").strip()
        yield Item(
            "notebook",
            said,
            f"{agent_name}:{number}",
            f"{heading} {said}",
            metadata={"agent_name": agent_name, "line": number},
        )


def _time(value: object) -> datetime | None:
    text = as_utc(value)
    return datetime.fromisoformat(text) if text else None
