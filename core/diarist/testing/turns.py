"""What every store of records must do with turns."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from diarist.records import Message, NewTurn
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, later, numbers, said, texts

if TYPE_CHECKING:
    from datetime import datetime

    from diarist.backends.records import RecordStore
    from diarist.records import Appended


def exchange(name: str = "m", at: datetime | None = None) -> list[Message]:
    """Return a question and an answer with ids."""
    return [
        Message("user", f"{name}?", id=f"{name}-user", at=at),
        Message("assistant", f"{name}!", id=f"{name}-assistant", at=at),
    ]


async def record(
    store: RecordStore, name: str, *, session: str = "chat", now: datetime = NOON
) -> Appended:
    """Record an exchange that waits for somebody."""
    return await store.record("ana", session, exchange(name), NewTurn(), now=now)


class TurnTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_a_turn_is_its_messages_and_a_number(self, store: RecordStore) -> None:
        """It waits, and its messages are messages like any others."""
        done = await record(store, "one")
        assert done.is_new
        assert done.turn is not None
        assert (done.turn.session_id, done.turn.number, done.turn.state) == ("chat", 1, "pending")
        assert (done.turn.reason, done.turn.attempts) == (None, 0)
        assert texts(done.turn.messages) == ["one?", "one!"]
        assert done.turn.text_of("assistant") == "one!"
        assert await store.turn("ana", "chat", 1) == done.turn
        assert texts(await store.read("ana", "chat")) == ["one?", "one!"]
        assert (await store.sessions("ana"))[0].turns == 1

    @driven
    async def test_known_messages_make_no_second_turn(self, store: RecordStore) -> None:
        """Whatever became of the turn: the caller gets it as it is."""
        first = await record(store, "one")
        again = await record(store, "one", now=later(1))
        assert (again.is_new, again.added, again.turn) == (False, 0, first.turn)
        await store.finish("ana", "chat", 1, "done")
        again = await record(store, "one", now=later(2))
        assert again.turn is not None
        assert (again.is_new, again.turn.number, again.turn.state) == (False, 1, "done")
        other = await record(store, "one", session="other")
        assert other.is_new
        assert len(await store.turns("ana")) == 2

    @driven
    async def test_messages_without_ids_are_always_a_new_turn(self, store: RecordStore) -> None:
        """The same may be said twice."""
        for number in (1, 2):
            done = await store.record("ana", "chat", said("hello"), NewTurn(), now=NOON)
            assert done.turn is not None
            assert (done.is_new, done.turn.number) == (True, number)

    @driven
    async def test_messages_that_were_only_appended_become_a_turn(self, store: RecordStore) -> None:
        """An append makes none, so a record of the same messages still does."""
        await store.append("ana", "chat", exchange("one"), now=NOON)
        assert await store.turns("ana") == []
        done = await record(store, "one")
        assert (done.is_new, done.added) == (True, 0)
        assert done.turn is not None
        assert numbers(done.turn.messages) == [1, 2]
        assert not (await record(store, "one")).is_new

    @driven
    async def test_messages_that_were_read_become_a_turn_without_ids(
        self, store: RecordStore
    ) -> None:
        """By session and number; archived ones too, and what is new is appended."""
        await store.append("ana", "chat", said("a", "b", "c"), now=NOON)
        await store.archive("ana", "chat", 1)
        read = await store.read("ana", "chat", status=None)
        done = await store.record("ana", "chat", read[:2], NewTurn(), now=NOON)
        assert done.turn is not None
        assert (done.is_new, done.added, numbers(done.turn.messages)) == (True, 0, [1, 2])
        again = await store.record("ana", "chat", read[1:2], NewTurn(), now=NOON)
        assert (again.is_new, again.turn) == (False, done.turn)
        mixed = await store.record("ana", "chat", [read[2], *said("d")], NewTurn(), now=NOON)
        assert mixed.turn is not None
        assert (mixed.is_new, mixed.added, numbers(mixed.messages)) == (True, 1, [3, 4])
        assert texts(await store.read("ana", "chat", status=None)) == ["a", "b", "c", "d"]

    @driven
    async def test_messages_of_another_session_or_gone_are_new(self, store: RecordStore) -> None:
        """A number alone names nothing."""
        await store.append("ana", "chat", said("a", "b"), now=NOON)
        read = await store.read("ana", "chat")
        await store.append("ana", "other", said("x"), now=NOON)
        copied = await store.record("ana", "other", read[:1], NewTurn(), now=NOON)
        assert (copied.added, numbers(copied.messages)) == (1, [2])
        await store.delete("ana", "chat", ids=[1])
        done = await store.record("ana", "chat", read, NewTurn(), now=NOON)
        assert (done.added, numbers(done.messages)) == (1, [3, 2])
        assert texts(await store.read("ana", "chat")) == ["b", "a"]

    @driven
    async def test_a_turn_keeps_the_zone_it_was_recorded_in(self, store: RecordStore) -> None:
        """Where it is Tuesday, "tomorrow" is Wednesday; what messages say is UTC."""
        for number, east in enumerate((timedelta(hours=13), timedelta(hours=-9.5)), 1):
            there = NOON.astimezone(timezone(east))
            done = await store.record("ana", "chat", said("x"), NewTurn(), now=there)
            kept = await store.turn("ana", "chat", number)
            assert done.turn is not None
            assert kept is not None
            assert kept.at == done.turn.at == NOON
            assert kept.at.utcoffset() == done.turn.at.utcoffset() == east
            assert kept.messages[0].at is not None
            assert kept.messages[0].at.utcoffset() == timedelta()

    @driven
    async def test_numbers_go_on_after_the_page(self, store: RecordStore) -> None:
        """The floor is what the page has already; later it does not matter."""
        for floor, number in ((5, 6), (0, 7), (3, 8)):
            done = await store.record("ana", "chat", said("x"), NewTurn(floor), now=NOON)
            assert done.turn is not None
            assert done.turn.number == number

    @driven
    async def test_only_one_gets_a_turn(self, store: RecordStore) -> None:
        """Until the lease is over, nobody else does; then one of them."""
        await record(store, "one")
        claims = await self.together(
            store.claim("ana", "chat", 1, owner=f"w{n}", now=NOON, until=later(2)) for n in range(8)
        )
        won = [claim for claim in claims if claim is not None]
        assert len(won) == 1
        assert texts(won[0].messages) == ["one?", "one!"]
        assert await store.waiting("ana", now=later(1)) == []
        nobody = await store.claim("ana", "chat", 1, owner="x", now=later(1), until=later(9))
        assert nobody is None
        assert await store.waiting("ana", now=later(2)) == [("chat", 1)]
        assert await store.claim("ana", "chat", 1, owner="x", now=later(2), until=later(4))
        assert await store.claim("ana", "chat", 7, owner="x", now=later(2), until=later(4)) is None
        assert await store.claim("ana", "no", 1, owner="x", now=later(2), until=later(4)) is None

    @driven
    async def test_turns_are_taken_in_their_order(self, store: RecordStore) -> None:
        """Nobody takes a turn while somebody works on an earlier one of the user."""

        async def take(owner: str, minute: int, most: int = 9) -> list[str]:
            now, until = later(minute), later(minute + 2)
            taken = await store.take("ana", most=most, owner=owner, now=now, until=until)
            return [turn.text_of("user") for turn in taken]

        assert await take("a", 0) == []
        for name in ("one", "two", "three"):
            await record(store, name)
        assert await take("a", 0, 1) == ["one?"]
        assert await take("b", 1) == []
        await store.finish_all("ana", [("chat", 1)])
        assert await take("b", 1, 1) == ["two?"]
        assert await take("a", 3) == ["two?", "three?"]
        await store.release("ana", "chat", 2, owner="a", reason="asleep")
        assert await take("b", 4) == ["two?"]
        await store.finish_all("ana", [("chat", 2), ("chat", 3), ("chat", 9)])
        assert await take("b", 9) == []
        assert [turn.state for turn in await store.turns("ana")] == ["done"] * 3

    @driven
    async def test_the_first_turn_of_a_session_needs_its_floor(self, store: RecordStore) -> None:
        """Without it nothing is recorded; later nobody asks for it."""
        unknown = NewTurn(None)
        done = await store.record("ana", "chat", exchange("one"), unknown, now=NOON)
        assert (done.turn, done.added, await store.read("ana", "chat")) == (None, 0, [])
        await store.append("ana", "chat", said("hello"), now=NOON)
        done = await store.record("ana", "chat", exchange("one"), unknown, now=NOON)
        assert done.turn is None
        await store.record("ana", "chat", exchange("one"), NewTurn(4), now=NOON)
        done = await store.record("ana", "chat", exchange("two"), unknown, now=NOON)
        assert done.turn is not None
        assert done.turn.number == 6
        assert await store.has_turn("ana", "chat", 6)
        assert not await store.has_turn("ana", "chat", 7)
        assert not await store.has_turn("bob", "chat", 6)

    @driven
    async def test_a_turn_recorded_by_its_worker_is_claimed_already(
        self, store: RecordStore
    ) -> None:
        """And the worker learns how many others wait."""
        await record(store, "one")
        done = await store.record(
            "ana", "chat", exchange("two"), NewTurn(owner="w", lease=later(2)), now=NOON
        )
        assert done.waiting == 1
        assert await store.waiting("ana", now=NOON) == [("chat", 1)]
        assert await store.claim("ana", "chat", 2, owner="x", now=later(1), until=later(9)) is None
        assert await store.waiting("ana", now=later(2)) == [("chat", 1), ("chat", 2)]

    @driven
    async def test_a_lease_is_renewed_by_its_owner_alone(self, store: RecordStore) -> None:
        """Whoever lost the turn learns that."""
        await record(store, "one")
        await store.claim("ana", "chat", 1, owner="w", now=NOON, until=later(2))
        assert await store.renew("ana", "chat", 1, owner="w", until=later(5))
        assert not await store.renew("ana", "chat", 1, owner="x", until=later(9))
        assert await store.claim("ana", "chat", 1, owner="x", now=later(4), until=later(9)) is None
        assert await store.claim("ana", "chat", 1, owner="x", now=later(5), until=later(9))
        assert not await store.renew("ana", "chat", 1, owner="w", until=later(20))
        assert not await store.renew("ana", "chat", 2, owner="w", until=later(20))
        assert not await store.renew("ghost", "chat", 1, owner="w", until=later(20))

    @driven
    async def test_a_released_turn_waits_with_its_reason(self, store: RecordStore) -> None:
        """At once, for anybody; only its owner can release it."""
        await record(store, "one")
        for attempt in (1, 2):
            await store.claim("ana", "chat", 1, owner="w", now=NOON, until=later(2))
            await store.release("ana", "chat", 1, owner="x", reason="not mine")
            assert await store.waiting("ana", now=NOON) == []
            await store.release("ana", "chat", 1, owner="w", reason=f"no model {attempt}")
            turn = await store.turn("ana", "chat", 1)
            assert turn is not None
            assert (turn.state, turn.reason) == ("pending", f"no model {attempt}")
            assert turn.attempts == attempt
            assert await store.waiting("ana", now=NOON) == [("chat", 1)]

    @pytest.mark.parametrize("state", ["done", "failed"])
    @driven
    async def test_an_ended_turn_waits_for_nobody(self, store: RecordStore, state: str) -> None:
        """Neither its lease nor a late release brings it back."""
        await record(store, "one")
        await store.claim("ana", "chat", 1, owner="w", now=NOON, until=later(2))
        await store.finish("ana", "chat", 1, state, "why")  # type: ignore[arg-type]
        await store.release("ana", "chat", 1, owner="w", reason="late")
        assert not await store.renew("ana", "chat", 1, owner="w", until=later(9))
        assert await store.claim("ana", "chat", 1, owner="x", now=later(9), until=later(10)) is None
        assert await store.waiting("ana", now=later(9)) == []
        turn = await store.turn("ana", "chat", 1)
        assert turn is not None
        assert (turn.state, turn.reason) == (state, "why")

    @driven
    async def test_a_turn_can_be_made_to_wait_again(self, store: RecordStore) -> None:
        """A failed one, or one that its owner did not try."""
        await record(store, "one")
        await store.finish("ana", "chat", 1, "failed", "why")
        await store.finish("ana", "chat", 1, "pending", "why")
        assert await store.waiting("ana", now=NOON) == [("chat", 1)]
        turn = await store.claim("ana", "chat", 1, owner="w", now=NOON, until=later(2))
        assert turn is not None
        assert (turn.state, turn.reason, turn.attempts) == ("pending", "why", 0)
        await store.finish("ana", "chat", 1, "pending")
        assert await store.claim("ana", "chat", 1, owner="x", now=NOON, until=later(2))

    @driven
    async def test_the_oldest_turn_waits_first(self, store: RecordStore) -> None:
        """By when it was said, over all sessions; a state is listed the same way."""
        for name, session, at in (("a", "x", 3), ("b", "y", 1), ("c", "x", 2), ("d", "x", 1)):
            messages = exchange(name, later(at))
            await store.record("ana", session, messages, NewTurn(), now=later(9))
        await store.finish("ana", "x", 3, "failed", "no")
        assert await store.waiting("ana", now=later(9)) == [("y", 1), ("x", 2), ("x", 1)]
        pending = await store.turns("ana", "pending")
        assert [turn.text_of("user") for turn in pending] == ["b?", "c?", "a?"]
        assert [turn.text_of("user") for turn in await store.turns("ana", "failed")] == ["d?"]
        assert len(await store.turns("ana")) == 4
        assert await store.turns("ana", "done") == []

    @driven
    async def test_a_turn_keeps_what_is_left_of_its_messages(self, store: RecordStore) -> None:
        """Archived ones still count; deleted ones are gone."""
        await record(store, "one")
        await record(store, "two")
        await store.archive("ana", "chat", 2)
        await store.delete("ana", "chat", ids=["two-user"])
        first, second = await store.turns("ana")
        assert texts(first.messages) == ["one?", "one!"]
        assert texts(second.messages) == ["two!"]

    @driven
    async def test_a_turn_of_a_deleted_user_is_gone(self, store: RecordStore) -> None:
        """What its worker still does to it makes nobody and nothing."""
        await record(store, "one")
        await store.claim("ana", "chat", 1, owner="w", now=NOON, until=later(2))
        report = await store.delete_user("ana")
        assert (report.messages, report.turns, report.notes) == (2, 1, 0)
        assert await store.turn("ana", "chat", 1) is None
        assert not await store.renew("ana", "chat", 1, owner="w", until=later(9))
        await store.release("ana", "chat", 1, owner="w", reason="late")
        await store.finish("ana", "chat", 1, "done")
        assert await store.claim("ana", "chat", 1, owner="x", now=later(9), until=later(10)) is None
        assert await store.turns("ana") == []
        assert await store.waiting("ana", now=later(9)) == []
        assert await store.list_users() == []
        done = await record(store, "one")
        assert done.turn is not None
        assert (done.is_new, done.turn.number, numbers(done.messages)) == (True, 1, [1, 2])
