"""What every store of records must do with messages."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from diarist.records import Message, Payload
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, later, numbers, said, texts

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore

PAYLOAD: Any = {
    "type": "ai",
    "content": [{"type": "text", "text": "é日🦊\0\u2028"}, {"type": "image", "bytes": 3}],
    "tool_calls": [{"id": "call_1", "args": {"n": 1.5, "deep": [[None], True, -(2**60)]}}],
    "half": "a\ud800b",
    "": "",
}


class MessageTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_messages_come_back_in_the_order_they_came(self, store: RecordStore) -> None:
        """Also those of one batch, and those with an earlier time."""
        await store.append("ana", "chat", said("1", "2"), now=NOON)
        await store.append("ana", "chat", [Message("assistant", "3", at=later(-60))], now=later(1))
        done = await store.append("ana", "chat", said("4"), now=later(2))
        assert (done.added, numbers(done.messages)) == (1, [4])
        found = await store.read("ana", "chat")
        assert texts(found) == ["1", "2", "3", "4"]
        assert numbers(found) == [1, 2, 3, 4]
        assert [m.at for m in found] == [NOON, NOON, later(-60), later(2)]
        assert {m.session_id for m in found} == {"chat"}
        assert found[0].source == "chat#1"

    @driven
    async def test_an_append_returns_what_is_stored(self, store: RecordStore) -> None:
        """New or known, each is as a read gives it."""
        await store.append("ana", "chat", [Message("user", "old", id="a")], now=NOON)
        done = await store.append(
            "ana", "chat", [Message("user", "new", id="a"), *said("b")], now=later(1)
        )
        assert list(done.messages) == await store.read("ana", "chat")
        assert texts(done.messages) == ["old", "b"]

    @driven
    async def test_a_known_id_is_not_added_again(self, store: RecordStore) -> None:
        """In the session; another session has ids of its own."""
        both = [Message("user", "1", id="a"), Message("user", "2", id="b")]
        assert (await store.append("ana", "chat", both, now=NOON)).added == 2
        assert (await store.append("ana", "chat", both, now=NOON)).added == 0
        third = [both[1], Message("user", "3", id="c"), Message("user", "again", id="c")]
        assert (await store.append("ana", "chat", third, now=NOON)).added == 1
        assert texts(await store.read("ana", "chat")) == ["1", "2", "3"]
        assert (await store.append("ana", "other", both, now=NOON)).added == 2
        assert (await store.append("ana", "chat", said("x", "x"), now=NOON)).added == 2

    @pytest.mark.parametrize(
        "id", ["", "a\0b", "a\0", "日本", "'\"\\", "x" * 5000, "null", "\ufffd"]
    )
    @driven
    async def test_any_string_is_an_id(self, store: RecordStore, id: str) -> None:
        """It is found again, and by itself alone."""
        await store.append("ana", "chat", [Message("user", "other", id="a")], now=NOON)
        message = Message("user", "1", id=id)
        assert (await store.append("ana", "chat", [message], now=NOON)).added == 1
        assert (await store.append("ana", "chat", [message], now=NOON)).added == 0
        found = await store.read("ana", "chat")
        assert [m.id for m in found] == ["a", id]
        assert texts(await store.read("ana", "chat", before=id)) == ["other"]
        assert texts(await store.delete("ana", "chat", ids=[id])) == ["1"]
        assert texts(await store.read("ana", "chat")) == ["other"]

    @pytest.mark.parametrize("session", ["", " ", "a\0b", "a#b", "日本\n", "x" * 5000, "Chat"])
    @driven
    async def test_any_string_is_a_session(self, store: RecordStore, session: str) -> None:
        """The empty one, too."""
        await store.append("ana", "chat", said("another"), now=NOON)
        await store.append("ana", session, said("1"), now=later(1))
        assert texts(await store.read("ana", session)) == ["1"]
        assert [found.id for found in await store.sessions("ana")] == [session, "chat"]
        assert await store.clear("ana", session) == 1
        assert texts(await store.read("ana", "chat")) == ["another"]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\0",
            "a\0b\0",
            "line\r\nline\n",
            "é日🦊👩‍👩‍👧\u202e",
            "x" * 1_000_000,
            "'; DROP TABLE messages --",
        ],
        ids=["empty", "NUL", "NULs", "CRLF", "Unicode", "1 MB", "SQL"],
    )
    @driven
    async def test_a_text_comes_back_as_it_was(self, store: RecordStore, text: str) -> None:
        """No character is lost."""
        message = Message(text[:1000] or "role", text, name=text[:1000])
        await store.append("ana", "chat", [message], now=NOON)
        found = (await store.read("ana", "chat"))[0]
        assert (found.role, found.text, found.name) == (message.role, text, text[:1000])

    @driven
    async def test_a_lone_surrogate_does_not_stop_a_message(self, store: RecordStore) -> None:
        """It is replaced in the text; what is JSON keeps it."""
        message = Message(
            "user", "a\ud800b", metadata={"k": "\udfff"}, payload=Payload("f", PAYLOAD)
        )
        done = await store.append("ana", "chat", [message], now=NOON)
        found = (await store.read("ana", "chat"))[0]
        assert found.text == "a\ufffdb"
        assert found == done.messages[0]
        assert found.metadata == {"k": "\udfff"}
        assert found.payload == Payload("f", PAYLOAD)

    @driven
    async def test_payload_and_metadata_come_back_exactly(self, store: RecordStore) -> None:
        """Each writer gets its own form back; None is not the same as nothing."""
        given = [
            Message("assistant", "1", metadata=PAYLOAD, payload=Payload("langchain/1", PAYLOAD)),
            Message("assistant", "2", payload=Payload("x", None)),
            Message("assistant", "3", payload=Payload("", [])),
            Message("assistant", "4", name="", metadata={"a": None}),
            Message("assistant", "5"),
        ]
        await store.append("ana", "chat", given, now=NOON)
        found = await store.read("ana", "chat")
        assert [m.payload for m in found] == [m.payload for m in given]
        assert [dict(m.metadata) for m in found] == [dict(m.metadata) for m in given]
        assert [m.name for m in found] == [None, None, None, "", None]
        assert list(found[0].metadata) == list(PAYLOAD)

    @driven
    async def test_times_keep_their_microseconds(self, store: RecordStore) -> None:
        """They come back in UTC, whatever zone they were given in."""
        at = (
            later(1)
            .replace(microsecond=123_457)
            .astimezone(timezone(timedelta(hours=5, minutes=30)))
        )
        old = NOON.replace(year=1931)
        given = [Message("user", "1", at=at), Message("user", "2", at=old)]
        await store.append("ana", "chat", given, now=NOON)
        found = await store.read("ana", "chat")
        assert [m.at for m in found] == [at, old]
        assert all(m.at is not None and m.at.utcoffset() == timedelta(0) for m in found)

    @driven
    async def test_a_read_takes_the_part_that_is_asked_for(self, store: RecordStore) -> None:
        """By the end, by a message, by a time, by pages."""
        given = [Message("user", str(n), id=f"m{n}", at=later(n)) for n in range(1, 10)]
        await store.append("ana", "chat", given, now=NOON)

        async def read(**wanted: Any) -> str:
            return "".join(texts(await store.read("ana", "chat", **wanted)))

        assert await read() == "123456789"
        assert await read(last=3) == "789"
        assert await read(last=0) == ""
        assert await read(last=99) == "123456789"
        assert await read(last=3, offset=2) == "567"
        assert await read(limit=3) == "123"
        assert await read(limit=3, offset=7) == "89"
        assert await read(limit=0) == ""
        assert await read(offset=8) == "9"
        assert (
            await read(before=4) == await read(before="m4") == await read(before=later(4)) == "123"
        )
        assert await read(after=7) == await read(after="m7") == await read(after=later(7)) == "89"
        assert await read(after=2, before="m6", last=2) == "45"
        assert await read(before=1) == await read(after=9) == ""
        assert await read(before="unknown") == await read(after="unknown") == ""
        assert await read(before=2**40) == await read(after=-1) == "123456789"
        assert await read(after=2**40) == await read(before=-1) == ""
        assert texts(await store.numbered("ana", "chat", [9, 2, 2, 77, 0, -1])) == ["2", "9"]
        assert await store.numbered("ana", "chat", []) == []
        assert await store.numbered("ana", "unknown", [1]) == []

    @driven
    async def test_a_stranger_and_an_unknown_session_have_nothing(self, store: RecordStore) -> None:
        """Looking, deleting and ending what is not there makes nobody."""
        assert await store.read("ana", "chat") == []
        assert await store.count("ana", "chat", None) == 0
        assert await store.sessions("ana") == []
        assert await store.delete("ana", "chat", ids=["a", 1], positions=[0]) == []
        assert await store.archive("ana", "chat", 5) == []
        assert await store.clear("ana", "chat") == 0
        assert await store.list_users() == []
        await store.append("ana", "chat", said("1"), now=NOON)
        assert await store.read("ana", "unknown") == []
        assert await store.count("ana", "unknown", "active") == 0
        assert await store.delete("ana", "unknown", positions=[0]) == []
        assert await store.clear("ana", "unknown") == 0
        assert [session.id for session in await store.sessions("ana")] == ["chat"]

    @driven
    async def test_messages_are_deleted_by_id_number_and_position(self, store: RecordStore) -> None:
        """What is not there is left out; what is gone comes back in order."""
        given = [Message("user", str(n), id=f"m{n}") for n in range(1, 10)]
        await store.append("ana", "chat", given, now=NOON)
        await store.append("ana", "other", said("another"), now=NOON)
        assert texts(await store.delete("ana", "chat", ids=["m9", 1, "m1", "no", 77])) == ["1", "9"]
        assert texts(await store.delete("ana", "chat", positions=[0, -1, -1])) == ["2", "8"]
        assert texts(await store.delete("ana", "chat", positions=[4, 5, -6, -99])) == ["7"]
        assert texts(await store.delete("ana", "chat", ids=["m3"], positions=[0, 1])) == ["3", "4"]
        assert await store.delete("ana", "chat") == []
        assert (
            await store.delete("ana", "chat", ids=[2**32, 2**32 + 1, 2**33, 3 * 2**32 + 1, -1, 0])
            == []
        )
        assert texts(await store.read("ana", "chat")) == ["5", "6"]
        assert await store.count("ana", "chat", "active") == 2
        assert texts(await store.read("ana", "other")) == ["another"]

    @driven
    async def test_a_number_is_never_given_twice(self, store: RecordStore) -> None:
        """Not after deleting, replacing or clearing: pages name messages by it."""
        await store.append("ana", "chat", said("1", "2", "3"), now=NOON)
        await store.delete("ana", "chat", positions=[-1])
        done = await store.append("ana", "chat", said("4"), now=NOON)
        assert numbers(done.messages) == [4]
        assert numbers(await store.replace("ana", "chat", said("x"), now=NOON)) == [5]
        await store.clear("ana", "chat")
        done = await store.append("ana", "chat", [Message("user", "7", id="m")], now=NOON)
        assert numbers(done.messages) == [6]
        await store.delete("ana", "chat", ids=["m"])
        done = await store.append("ana", "chat", [Message("user", "8", id="m")], now=NOON)
        assert (done.added, numbers(done.messages)) == (1, [7])

    @driven
    async def test_replacing_keeps_the_numbers_of_a_common_start(self, store: RecordStore) -> None:
        """From the first difference on all is new; archived messages stay."""
        given = [
            Message("user", str(n), id=f"m{n}", payload=Payload("f", [n])) for n in range(1, 6)
        ]
        await store.append("ana", "chat", given, now=NOON)
        await store.archive("ana", "chat", 1)
        changed = [*given[1:3], Message("user", "new"), given[4]]
        made = await store.replace("ana", "chat", changed, now=later(1))
        assert texts(made) == ["2", "3", "new", "5"]
        assert numbers(made) == [2, 3, 6, 7]
        assert await store.read("ana", "chat") == made
        assert texts(await store.read("ana", "chat", status=None)) == ["1", "2", "3", "new", "5"]
        assert await store.replace("ana", "chat", made, now=later(2)) == made
        assert await store.replace("ana", "chat", [], now=later(3)) == []
        assert texts(await store.read("ana", "chat", status=None)) == ["1"]
        assert texts(await store.replace("ana", "fresh", said("a"), now=NOON)) == ["a"]

    @driven
    async def test_replacing_brings_an_archived_message_back(self, store: RecordStore) -> None:
        """What is given is what is active afterwards, each id once."""
        given = [Message("user", str(n), id=f"m{n}") for n in range(1, 4)]
        await store.append("ana", "chat", given, now=NOON)
        await store.archive("ana", "chat", 2)
        await store.replace("ana", "chat", given[1:], now=later(1))
        assert texts(await store.read("ana", "chat")) == ["2", "3"]
        assert texts(await store.read("ana", "chat", status="archived")) == ["1"]
        assert (await store.sessions("ana"))[0].messages == 2

    @driven
    async def test_messages_are_archived_by_id_or_number(self, store: RecordStore) -> None:
        """Once: who comes second gets none of them."""
        given = [Message("user", str(n), id=f"m{n}") for n in range(1, 7)]
        await store.append("ana", "chat", given, now=NOON)
        done = await store.archive("ana", "chat", 0, ids=["m5", 2, "no", 99])
        assert [(m.text, m.status) for m in done] == [("2", "archived"), ("5", "archived")]
        assert await store.archive("ana", "chat", 0, ids=["m5", 2]) == []
        assert texts(await store.archive("ana", "chat", 2, ids=[5, 6, 1])) == ["1", "3", "6"]
        assert texts(await store.read("ana", "chat")) == ["4"]
        assert await store.count("ana", "chat", "archived") == 5

    @driven
    async def test_all_messages_of_a_session_are_replaced_at_once(self, store: RecordStore) -> None:
        """Archived ones too, where all are meant; each comes with its own status."""
        await store.append("ana", "chat", said("1", "2", "3"), now=NOON)
        await store.archive("ana", "chat", 2)
        one = Message("user", "1", status="archived")
        new = [one, *said("2"), Message("user", "x", id="m")]
        await store.replace("ana", "chat", new, now=later(1), status=None)
        found = await store.read("ana", "chat", status=None)
        assert [(m.text, m.status) for m in found] == [
            ("1", "archived"),
            ("2", "active"),
            ("x", "active"),
        ]
        assert numbers(found) == [1, 4, 5]
        await store.replace("ana", "chat", said("y"), now=later(2), status="archived")
        assert texts(await store.read("ana", "chat", status=None)) == ["2", "x", "y"]
        again = [*new[1:], Message("user", "known", id="m"), *said("z")]
        await store.replace("ana", "chat", again, now=later(3), status=None)
        assert texts(await store.read("ana", "chat", status=None)) == ["2", "x", "z"]
        await store.replace("ana", "chat", [], now=later(4), status=None)
        assert await store.read("ana", "chat", status=None) == []

    @driven
    async def test_messages_are_inserted_as_into_a_list(self, store: RecordStore) -> None:
        """What comes after them is new in all but time, id and text; the session is counted."""
        given = [Message("user", str(n), id=f"m{n}", at=later(n)) for n in range(1, 5)]
        await store.append("ana", "chat", given, now=NOON)
        await store.archive("ana", "chat", 1)
        listed = ["2", "3", "4"]
        for position, text in [(1, "a"), (0, "b"), (-1, "c"), (99, "d"), (-99, "e"), (8, "f")]:
            made = await store.insert("ana", "chat", position, said(text), now=later(9))
            listed.insert(position, text)
            assert texts(made) == [text]
            assert texts(await store.read("ana", "chat")) == listed
        found = await store.read("ana", "chat", status=None)
        assert numbers(found) == sorted(number or 0 for number in numbers(found))
        assert [m.at for m in found if m.id == "m4"] == [later(4)]
        assert texts(found)[0] == "1"
        assert await store.count("ana", "chat", None) == 10
        assert texts(await store.insert("ana", "new", 3, said("x", "y"), now=NOON)) == ["x", "y"]

    @driven
    async def test_what_the_session_knows_is_not_inserted_again(self, store: RecordStore) -> None:
        """It stays where it is, archived or not."""
        given = [Message("user", str(n), id=f"m{n}") for n in range(1, 4)]
        await store.append("ana", "chat", given, now=NOON)
        await store.archive("ana", "chat", 1)
        new = [given[2], Message("user", "new", id="n"), given[0]]
        assert texts(await store.insert("ana", "chat", 0, new, now=NOON)) == ["new"]
        assert texts(await store.read("ana", "chat")) == ["new", "2", "3"]
        before = await store.read("ana", "chat")
        assert await store.insert("ana", "chat", 0, given, now=NOON) == []
        assert await store.read("ana", "chat") == before

    @driven
    async def test_many_are_deleted_by_position_at_once(self, store: RecordStore) -> None:
        """From either end; archived ones are not counted."""
        await store.append("ana", "chat", said(*"012345678"), now=NOON)
        await store.archive("ana", "chat", 1)
        gone = await store.delete("ana", "chat", positions=[0, 1, -1, 4, 99, -8, -9])
        assert texts(gone) == ["1", "2", "5", "8"]
        assert texts(await store.read("ana", "chat", status=None)) == ["0", "3", "4", "6", "7"]

    @driven
    async def test_the_oldest_are_archived(self, store: RecordStore) -> None:
        """They are kept, counted, and left out unless asked for."""
        await store.append("ana", "chat", said("1", "2", "3", "4"), now=NOON)
        gone = await store.archive("ana", "chat", 2)
        assert [(m.text, m.status) for m in gone] == [("1", "archived"), ("2", "archived")]
        assert texts(await store.read("ana", "chat")) == ["3", "4"]
        assert await store.read("ana", "chat", status="archived") == gone
        assert texts(await store.read("ana", "chat", status=None, last=3)) == ["2", "3", "4"]
        assert await store.archive("ana", "chat", 0) == []
        assert texts(await store.delete("ana", "chat", positions=[0])) == ["3"]
        assert texts(await store.archive("ana", "chat", 99)) == ["4"]
        counts = [
            await store.count("ana", "chat", status) for status in ("active", "archived", None)
        ]
        assert counts == [0, 3, 3]
        assert await store.clear("ana", "chat") == 3
        assert await store.count("ana", "chat", None) == 0

    @driven
    async def test_sessions_are_counted_and_ordered_by_activity(self, store: RecordStore) -> None:
        """The one touched last comes first."""
        await store.append("ana", "a", said("1", "2", "3"), now=NOON)
        await store.append("ana", "b", said("1"), now=later(1))
        await store.append("ana", "a", said("4"), now=later(2))
        await store.archive("ana", "a", 1)
        await store.delete("ana", "a", positions=[0])
        first, second = await store.sessions("ana")
        assert (first.id, first.messages, first.archived, first.turns) == ("a", 2, 1, 0)
        assert (first.created_at, first.updated_at) == (NOON, later(2))
        assert (second.id, second.messages, second.archived) == ("b", 1, 0)
        assert (second.created_at, second.updated_at) == (later(1), later(1))
        await store.append("ana", "b", said("2"), now=later(3))
        assert [session.id for session in await store.sessions("ana")] == ["b", "a"]

    @driven
    async def test_sessions_are_listed_in_the_order_they_were_made(
        self, store: RecordStore
    ) -> None:
        """Also those that came at the same moment, and those that are empty."""
        names = ["b", "", "日本", "a", "c"]
        for name in names:
            await store.append("ana", name, said("1"), now=NOON)
        await store.append("ana", "", said("2"), now=later(1))
        await store.clear("ana", "b")
        made = await store.sessions("ana", order="created")
        assert [session.id for session in made] == names
        part = await store.sessions("ana", order="created", limit=2, offset=1)
        assert [session.id for session in part] == names[1:3]

    @driven
    async def test_appends_at_the_same_time_are_all_there(self, store: RecordStore) -> None:
        """Each writer's own order is kept, and every number is given once."""

        async def talk(name: int) -> None:
            for n in range(10):
                await store.append("ana", "chat", said(f"{name}-{n}", f"{name}-{n}b"), now=NOON)

        assert await self.together(talk(name) for name in range(8)) == [None] * 8
        found = await store.read("ana", "chat")
        assert numbers(found) == list(range(1, 161))
        for name in range(8):
            mine = [text for text in texts(found) if text.startswith(f"{name}-")]
            assert mine == [f"{name}-{n}{end}" for n in range(10) for end in ("", "b")]

    @driven
    async def test_a_batch_is_added_wholly_or_not_at_all(self, store: RecordStore) -> None:
        """A message that can't be stored stops those beside it, and nobody else's."""
        bad = [*said("fine"), Message("user", "bad", metadata={"x": object()})]
        results = await self.together(
            [
                store.append("ana", "chat", said("one"), now=NOON),
                store.append("ana", "chat", bad, now=NOON),
                store.append("ana", "chat", said("two"), now=NOON),
            ]
        )
        assert [isinstance(result, Exception) for result in results] == [False, True, False]
        assert sorted(texts(await store.read("ana", "chat"))) == ["one", "two"]
        assert (await store.sessions("ana"))[0].messages == 2
