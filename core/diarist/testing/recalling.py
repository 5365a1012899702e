"""What every store of records must know of its messages, so that they can be recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.recall.candidates import ASKS, TELLS_WHEN, Wanted
from diarist.records import Message, PutNote
from diarist.testing.driving import driven
from diarist.testing.subject import NOON, RecordSuite, do, later, said, texts

if TYPE_CHECKING:
    from diarist.backends.records import RecordStore


async def found(store: RecordStore, *words: str, user: str = "ana", **wanted: object) -> list[str]:
    """Return the texts of the candidates that have one of the words, in the order of their keys."""
    answer = await store.find(user, Wanted(words, **wanted))  # type: ignore[arg-type]
    if answer is None:
        return []
    keys = [key for key in answer.chosen if answer.masks.get(key)]
    messages = await store.keyed(user, keys)
    return texts(messages[key] for key in keys)


class RecallTests(RecordSuite):
    """A part of `RecordStoreTests`."""

    @driven
    async def test_messages_are_found_by_their_words(self, store: RecordStore) -> None:
        """By any of them, stemmed and folded, also archived ones; by no other."""
        given = said("She was walking home.", "A walk", "Un café!", "寿司が好き", "Nothing")
        await store.append("ana", "chat", given, now=NOON)
        await store.archive("ana", "chat", 1)
        assert await found(store, "walks") == ["She was walking home.", "A walk"]
        assert await found(store, "cafe") == ["Un café!"]
        assert await found(store, "寿司") == ["寿司が好き"]
        assert await found(store, "nothing", "walk") == [
            "She was walking home.",
            "A walk",
            "Nothing",
        ]
        assert await found(store, "absent") == []
        assert await found(store, user="ana") == []
        assert await found(store, "walk", user="ghost") == []
        assert await store.list_users() == ["ana"]

    @driven
    async def test_what_is_gone_is_found_no_more(self, store: RecordStore) -> None:
        """Whatever took it away."""
        given = [Message("user", f"walk {n}", id=f"m{n}") for n in range(4)]
        await store.append("ana", "chat", given, now=NOON)
        await store.delete("ana", "chat", ids=["m1"])
        assert await found(store, "walk") == ["walk 0", "walk 2", "walk 3"]
        await store.replace("ana", "chat", [given[0], Message("user", "walk anew")], now=NOON)
        assert await found(store, "walk") == ["walk 0", "walk anew"]
        await store.clear("ana", "chat")
        assert await found(store, "walk") == []

    @driven
    async def test_a_candidate_comes_with_its_neighbours_and_marks(
        self, store: RecordStore
    ) -> None:
        """What ranking needs: words, marks, times, names, the session as a whole."""
        given = [
            Message("user", "Do you walk?", name="Ana", at=later(1)),
            Message("assistant", "Yesterday I did.", name="Ben", at=later(2)),
            Message("user", "Fine.", at=later(3)),
        ]
        await store.append("ana", "chat", given, now=NOON)
        await store.append("ana", "other", said("Walk the walk", "talk"), now=NOON)
        answer = await store.find("ana", Wanted(("walk", "ben")))
        assert answer is not None
        assert answer.names == {"ben"}
        rows = [answer.rows[key] for key in sorted(answer.rows)]
        assert [row.words for row in rows] == [3, 3, 1, 3, 1]
        assert [row.marks for row in rows] == [ASKS, TELLS_WHEN, 0, 0, 0]
        assert [row.name for row in rows] == ["Ana", "Ben", None, None, None]
        assert [row.at for row in rows[:3]] == [later(1), later(2), later(3)]
        assert answer.mean_words == 11 / 5
        assert max(answer.sessions.values()) == 1.0
        assert len(answer.sessions) == 2
        messages = await store.keyed("ana", [*answer.rows, 7, -1])
        assert list(messages) == sorted(answer.rows)
        assert messages[min(messages)].session_id == "chat"

    @driven
    async def test_only_what_is_asked_for_counts(self, store: RecordStore) -> None:
        """A session, a time, or both."""
        for session in ("a", "b"):
            given = [Message("user", f"walk {session}{n}", at=later(n)) for n in range(4)]
            await store.append("ana", session, given, now=NOON)
        assert await found(store, "walk", session_id="a", since=later(1), until=later(3)) == [
            "walk a1",
            "walk a2",
        ]
        assert await found(store, "walk", until=later(1)) == ["walk a0", "walk b0"]
        assert await found(store, "walk", session_id="unknown") == []

    @driven
    async def test_vectors_are_found_by_and_only_what_lacks_one_is_listed(
        self, store: RecordStore
    ) -> None:
        """An index each; what is deleted is out of it."""
        car = Message("user", "automobile", id="c", vectors={"m:2": [1.0, 0.0]})
        await store.append("ana", "chat", [car, *said("boat", "plane")], now=NOON)
        await do(store, PutNote(("n",), "k", {"text": "a note"}))
        lacking = await store.lacking("ana", "messages", "m:2", after=0, limit=9)
        assert [text for _, text in lacking] == ["boat", "plane"]
        (boat, _), (plane, _) = lacking
        assert await store.lacking("ana", "messages", "m:2", after=boat, limit=9) == lacking[1:]
        assert await store.lacking("ana", "messages", "other", after=0, limit=1) != []
        vectors = {boat: [0.0, 2.0], plane: [1.0, 1.0], 7: [1.0, 1.0]}
        assert await store.add_vectors("ana", "messages", "m:2", vectors) == 2
        assert await store.lacking("ana", "messages", "m:2", after=0, limit=9) == []
        notes = await store.lacking("ana", "notes", "m:2", after=0, limit=9)
        assert [text for _, text in notes] == ["a note"]
        assert await store.add_vectors("ana", "notes", "m:2", {notes[0][0]: [1.0, 0.0]}) == 1
        assert await store.lacking("ana", "notes", "m:2", after=0, limit=9) == []
        answer = await store.find("ana", Wanted((), vector=(0.0, 1.0), index="m:2"))
        assert answer is not None
        assert {key: round(cosine, 3) for key, cosine in answer.cosines.items()} == {
            boat: 1.0,
            plane: 0.707,
            boat - 1: 0.0,
        }
        assert await store.set_vectors("ana", "chat", "m:2", {1: [0.0, 1.0], 9: [1.0, 0.0]}) == 1
        answer = await store.find("ana", Wanted((), vector=(0.0, 1.0), index="m:2"))
        assert answer is not None
        assert answer.cosines[boat - 1] == 1.0
        assert await store.set_vectors("ana", "unknown", "m:2", {1: [0.0, 1.0]}) == 0
        await store.delete("ana", "chat", ids=["c"])
        answer = await store.find("ana", Wanted((), vector=(1.0, 0.0), index="m:2"))
        assert answer is not None
        assert set(answer.cosines) == {boat, plane}
        assert await store.lacking("ghost", "messages", "m:2", after=0, limit=9) == []
        assert await store.add_vectors("ghost", "messages", "m:2", vectors) == 0
        assert await store.check("ana") == await store.check("ghost") == []
        assert await store.list_users() == ["ana"]
