"""A diary that has a text, such as one that wants to run, wherever there can be one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.html.reading import toml
from diarist import Message, SyncDiary

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def hostile_diary(folder: Path, text: str) -> SyncDiary:
    """Return a diary that has a text wherever there can be one."""
    diary = SyncDiary(folder, clock=lambda: NOON)
    said = [Message("user", text, name=text, metadata={text: text}), Message(text, text)]
    diary.messages.append("ana", text, said)
    diary.notes.put("ana", (text, text), text, {text: text}, metadata={text: text})
    diary.notes.put("ana", (text,), "text", text)
    diary.notebook("ana", text).append(text)
    key, value = toml(text), toml(text)
    item = f"text = {value}\n_was = {value}\ncontexts = [{value}]\n{key} = {value}\n"
    sources = f"_sources = [{toml(text + '#1')}, {value}]\n"
    preferences = f"# {text}\n[{key}.{key}]\n{item}{sources}[likes.{key}]\n{item}{sources}"
    conversations = f"[conversations.{key}]\nsummary = {value}\nkeywords = [{value}]\n{key} = 1\n"
    (folder / "ana" / "preferences.toml").write_text(preferences)
    (folder / "ana" / "conversations.toml").write_text(conversations)
    return diary
