"""Halves of characters, which no file can hold: taken in what is said, refused in names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist import Message, Payload, SyncDiary
from diarist.adapters import whose
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable

ODD = "half \ud800"
SAID = Message("user", "I love tea.")


def test_lone_surrogates_are_taken_in_all_that_is_said():
    diary = SyncDiary(MemoryBackend())
    said = Message(ODD, ODD, ODD, ODD, metadata={ODD: ODD}, payload=Payload(ODD, {ODD: ODD}))
    diary.messages.append("ana", "odd", [said, Message("user", "x", vectors={ODD: [1.0]})])
    assert len(diary.messages.read("ana", "odd", after=ODD)) == 1
    assert len(diary.messages.delete("ana", "odd", ids=ODD)) == 1
    diary.notes.put("ana", "odd", "k", ODD, metadata={ODD: ODD}, vectors={ODD: [1.0]})
    assert len(diary.notes.search("ana", "odd", query=ODD, vector=[1.0], filter={ODD: ODD})) == 0
    assert len(diary.notes.search("ana", "odd", vector=[1.0])) == 1
    diary.upsert_preference("ana", "likes", f"{ODD} tea leaves", contexts=ODD)
    diary.update_memory("ana", "odd", ODD, ODD)
    diary.recall("ana", ODD)
    diary.context("ana", ODD)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda d: d.messages.append("ana", ODD, [SAID]), "a session id"),
        (lambda d: d.messages.read("ana", ODD), "a session id"),
        (lambda d: d.ensure_session("ana", ODD), "a session id"),
        (lambda d: d.record_turn("ana", ODD, [SAID]), "a session id"),
        (lambda d: d.update_memory("ana", ODD, "I love tea.", "Ok."), "a session id"),
        (lambda d: d.recall("ana", "tea", session_id=ODD), "a session id"),
        (lambda d: d.context("ana", session_id=ODD), "a session id"),
        (lambda d: whose("ana", ODD), "a session id"),
        (lambda d: d.notes.put("ana", "n", ODD, 1), "a key"),
        (lambda d: d.notes.get("ana", "n", ODD), "a key"),
        (lambda d: d.notes.put("ana", ODD, "k", 1), "a part of a namespace"),
        (lambda d: d.notes.put("ana", ("é", ODD), "k", 1), "a part of a namespace"),
        (lambda d: d.notes.list("ana", (ODD,)), "a part of a namespace"),
        (lambda d: d.notes.namespaces("ana", suffix=(ODD,)), "a part of a namespace"),
    ],
)
def test_a_name_that_would_come_back_as_another_is_refused(
    call: Callable[[SyncDiary], object], what: str
):
    """Replaced, its lone surrogate would make one name of two."""
    diary = SyncDiary(MemoryBackend())
    with pytest.raises(ValueError, match=rf"^{what} must be valid Unicode.*half \\ud800"):
        call(diary)
    assert diary.list_users() == []
