"""What every store of records must do with all of a user's records, and with several users."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from diarist.errors import UserExistsError
from diarist.records import (
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    Message,
    NewTurn,
    Payload,
    PutNote,
)
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, later, said, texts

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore


async def fill(store: RecordStore, user: str) -> None:
    """Give a user some of everything."""
    many = [
        Message("user", f"{user} {n}", id=f"m{n}", at=later(n), vectors={"m:2": [n, 0.5]})
        for n in range(5)
    ]
    await store.append(user, "chat", many, now=NOON)
    await store.archive(user, "chat", 2)
    await store.delete(user, "chat", positions=[0, -1])
    native = Message("assistant", "é\0", name="x", metadata={"a": 1}, payload=Payload("f", [None]))
    await store.append(user, "", [native], now=later(9))
    for number, state in enumerate(("done", "failed", "pending"), 1):
        lease = NewTurn(floor=2, owner="w", lease=later(30))
        await store.record(user, "talk", said(f"{user} turn {number}"), lease, now=later(number))
        if state != "pending":
            await store.finish(user, "talk", number + 2, state, "why")  # type: ignore[arg-type]
    await store.release(user, "talk", 5, owner="w", reason="not yet")
    hour = timedelta(hours=1)
    puts = [
        PutNote(("a", "b"), "k", {"text": user}, {"m": 1}, hour, {"m/2": [[1.0, 0.5], [0.0, 1.0]]}),
        PutNote(("a",), "gone", "deleted", vectors={"m/2": [0.25, 1.0], "o/1": [1.0]}),
        PutNote(("a",), "brief", "expires", ttl=timedelta(seconds=1)),
    ]
    await store.notes(user, puts, now=NOON)
    await store.notes(user, [DeleteNote(("a",), "gone")], now=NOON)


async def everything(store: RecordStore, user: str) -> dict[str, Any]:
    """Return all that a store has of a user, asked in every way."""
    exported, sessions = await store.export(user), await store.sessions(user)
    return {
        "messages": {s.id: await store.read(user, s.id, status=None) for s in sessions},
        "sessions": sessions,
        "turns": await store.turns(user),
        "exported": (
            [(message, dict(message.vectors)) for message in exported.messages],
            list(exported.turns),
            [(note, dict(vectors)) for note, vectors in exported.notes],
            list(exported.sessions),
        ),
    }


class WholeTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_an_export_put_back_is_the_same(self, store: RecordStore) -> None:
        """Messages, turns and notes, the hidden ones too, with their numbers and times."""
        await fill(store, "ana")
        before, exported = await everything(store, "ana"), await store.export("ana")
        assert [(m.session_id, m.number) for m in exported.messages] == [
            ("chat", 1), ("chat", 2), ("chat", 4), ("", 1), ("talk", 1), ("talk", 2), ("talk", 3),
        ]  # fmt: skip
        assert [dict(message.vectors) for message in exported.messages[:4]] == [
            {"m:2": [0.0, 0.5]}, {"m:2": [1.0, 0.5]}, {"m:2": [3.0, 0.5]}, {},
        ]  # fmt: skip
        assert [(turn.number, turn.state) for turn in exported.turns] == [
            (3, "done"), (4, "failed"), (5, "pending"),
        ]  # fmt: skip
        assert len(exported.notes) == 3
        assert [(s.id, s.numbered, s.turns) for s in exported.sessions] == [
            ("chat", 5, 0), ("", 1, 0), ("talk", 3, 5),
        ]  # fmt: skip
        report = await store.delete_user("ana")
        assert (report.messages, report.turns, report.notes) == (7, 3, 3)
        assert await store.list_users() == []
        await store.restore("ana", exported)
        assert await everything(store, "ana") == before
        assert await store.waiting("ana", now=NOON) == [("talk", 5)]
        found = await store.notes("ana", [ListNotes(query="ana")], now=NOON)
        assert [scored.note.key for scored in found[0]] == ["k"]
        done = await store.append("ana", "chat", [Message("user", "known", id="m1")], now=NOON)
        assert done.added == 0
        done = await store.append("ana", "chat", said("next"), now=NOON)
        assert done.messages[0].number == 6
        turn = (await store.record("ana", "talk", said("next"), NewTurn(), now=NOON)).turn
        assert turn is not None
        assert turn.number == 6

    @driven
    async def test_a_stranger_is_exported_as_nothing(self, store: RecordStore) -> None:
        """And is none the less a stranger."""
        exported = await store.export("ghost")
        assert list(exported.messages) + list(exported.turns) == []
        assert list(exported.notes) + list(exported.sessions) == []
        assert await store.list_users() == []

    @driven
    async def test_nothing_is_restored_over_a_record(self, store: RecordStore) -> None:
        """Neither over a note, nor over a session whose messages are gone."""
        await fill(store, "ana")
        exported = await store.export("ana")
        await store.delete_user("ana")
        await store.notes("ana", [PutNote((), "k", "mine")], now=NOON)
        with pytest.raises(UserExistsError, match="has a diary already"):
            await store.restore("ana", exported)
        assert await store.sessions("ana") == []
        await store.delete_user("ana")
        await store.append("ana", "chat", said("mine"), now=NOON)
        await store.clear("ana", "chat")
        with pytest.raises(UserExistsError):
            await store.restore("ana", exported)
        assert list((await store.export("ana")).notes) == []

    @driven
    async def test_of_two_who_restore_one_does(self, store: RecordStore) -> None:
        """And the other leaves nothing; whoever appends meanwhile is before or after."""
        await fill(store, "ana")
        exported = await store.export("ana")
        await store.delete_user("ana")
        await store.append("ana", "mine", said("mine"), now=NOON)
        other = await store.export("ana")
        await store.delete_user("ana")
        results = await self.together(
            [
                store.restore("ana", exported),
                store.restore("ana", other),
                store.append("ana", "more", said("more"), now=NOON),
            ]
        )
        refused = [each for each in results[:2] if isinstance(each, UserExistsError)]
        found = {session.id for session in await store.sessions("ana")}
        assert found in (
            {"more"}, {"mine", "more"}, {"chat", "", "talk", "more"},
        )  # fmt: skip
        assert len(refused) == (2 if found == {"more"} else 1)
        assert results[2].added == 1

    @driven
    async def test_a_deleted_user_begins_anew(self, store: RecordStore) -> None:
        """Nothing that was there is known, found or counted any more."""
        await fill(store, "ana")
        await store.delete_user("ana")
        assert await store.list_users() == []
        assert await everything(store, "ana") == {
            "messages": {},
            "sessions": [],
            "turns": [],
            "exported": ([], [], [], []),
        }
        again = await store.delete_user("ana")
        assert (again.messages, again.turns, again.notes) == (0, 0, 0)
        assert await store.list_users() == []
        done = await store.append("ana", "chat", [Message("user", "hello", id="m1")], now=NOON)
        assert (done.added, done.messages[0].number) == (1, 1)
        assert await store.list_users() == ["ana"]

    @driven
    async def test_deleting_while_others_write_leaves_whole_writes(
        self, store: RecordStore
    ) -> None:
        """Each write is gone with the user, or there after it: never in part, never refused."""

        async def write(name: int) -> None:
            for n in range(5):
                await store.append("ana", "chat", said(f"{name}-{n}", f"{name}-{n}b"), now=NOON)

        results = await self.together([*(write(n) for n in range(4)), store.delete_user("ana")])
        assert results[:4] == [None] * 4
        found = texts(await store.read("ana", "chat"))
        assert await store.count("ana", "chat", None) == len(found)
        assert [text + "b" for text in found[::2]] == found[1::2]

    @driven
    async def test_two_users_never_meet(self, store: RecordStore) -> None:
        """Same sessions, ids, namespaces and keys; neither sees or touches the other's."""
        users = ["ana", "an", "ana2", "Ana", "日本", "a/b"]
        for user in users:
            await fill(store, user)
        before = {user: await everything(store, user) for user in users}
        assert await store.list_users() == sorted(users)
        for user in users:
            assert texts(before[user]["messages"]["chat"])[0] == f"{user} 0"
            found = await store.notes(user, [ListNotes(), GetNote(("a", "b"), "k")], now=NOON)
            assert [scored.note.value for scored in found[0]][1] == {"text": user}
            hits = await store.notes(user, [ListNotes(query="ana")], now=NOON)
            assert len(hits[0]) <= 1
        await store.clear("ana", "chat")
        await store.replace("ana", "talk", said("new"), now=NOON)
        await store.notes("ana", [DeleteNote(("a", "b"), "k")], now=NOON)
        await store.finish("ana", "talk", 5, "done")
        await store.cleanup("ana", now=later(99), retention=timedelta(0))
        for user in users[1:]:
            assert await everything(store, user) == before[user]
        await store.delete_user("ana")
        assert await store.list_users() == sorted(users[1:])
        for user in users[1:]:
            assert await everything(store, user) == before[user]
        assert await store.notes("ana", [ListNamespaces()], now=NOON) == [[]]
