"""Whatever three users do, each sees what a plain model says, and nothing of the others."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from diarist import Message, SyncDiary
from diarist.backends.sqlite import SQLiteRecords
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

USERS = ("ana", "Ana", "an")
SESSIONS = ("chat", "")
PLACES = ((("a",), "k"), (("ab",), "k"))

users = st.sampled_from(("ana", "ana", "ana", *USERS))  # so that something happens to somebody
sessions, places = st.sampled_from(("chat", *SESSIONS)), st.sampled_from(PLACES)
words = st.sampled_from(["tea", "jam", "bolo", "日本", ""])
new_messages = st.lists(
    st.builds(Message, st.just("user"), words, id=st.none() | st.sampled_from("xyz")), max_size=4
)


class Kept(NamedTuple):
    """A message of the model."""

    number: int
    text: str
    id: str | None
    is_archived: bool = False


class Said:
    """A session of the model: a plain list, and the last number it gave."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.last = 0

    @property
    def active(self) -> list[Kept]:
        return [message for message in self.kept if not message.is_archived]

    def append(self, messages: Sequence[Message]) -> list[str]:
        texts: list[str] = []
        for message in messages:
            known = [kept for kept in self.kept if message.id is not None and kept.id == message.id]
            if not known:
                self.last += 1
                known = [Kept(self.last, message.text, message.id)]
                self.kept += known
            texts.append(known[0].text)
        return texts

    def remove(self, numbers: set[int]) -> list[str]:
        gone = [kept.text for kept in self.kept if kept.number in numbers]
        self.kept = [kept for kept in self.kept if kept.number not in numbers]
        return gone

    def archive(self, n: int) -> list[str]:
        oldest = {kept.number for kept in self.active[:n]}
        self.kept = [
            kept._replace(is_archived=True) if kept.number in oldest else kept for kept in self.kept
        ]
        return [kept.text for kept in self.kept if kept.number in oldest]

    def replace(self, messages: Sequence[Message]) -> None:
        same = 0
        for kept, message in zip(self.active, messages, strict=False):
            if kept.text != message.text or message.id not in (None, kept.id):
                break
            same += 1
        self.remove({kept.number for kept in self.active[same:]})
        ids = {message.id for message in messages[same:]} - {None}
        self.remove({kept.number for kept in self.kept if kept.is_archived and kept.id in ids})
        self.append(messages[same:])


class Person:
    """A user of the model."""

    def __init__(self) -> None:
        self.said: dict[str, Said] = {}
        self.notes: dict[tuple[tuple[str, ...], str], str] = {}
        self.deleted: dict[tuple[tuple[str, ...], str], str] = {}
        self.is_known = False


class Isolation(RuleBasedStateMachine):
    """Three users of one folder, and their model."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = SQLiteRecords(self.folder.name, durability="normal")
        clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.diary = SyncDiary(MemoryBackend(), records=self.store, clock=clock)
        self.people = {user: Person() for user in USERS}

    def teardown(self) -> None:
        self.diary.close()
        self.folder.cleanup()

    # ------------------------------------------------------------ messages

    @rule(user=users, session=sessions, messages=new_messages)
    def append(self, user: str, session: str, messages: list[Message]) -> None:
        person = self.people[user]
        person.is_known = True
        expected = person.said.setdefault(session, Said()).append(messages)
        done = self.diary.messages.append(user, session, messages)
        assert [message.text for message in done] == expected

    @rule(user=users, session=sessions, messages=new_messages)
    def replace(self, user: str, session: str, messages: list[Message]) -> None:
        person = self.people[user]
        person.is_known = True
        person.said.setdefault(session, Said()).replace(messages)
        self.diary.messages.replace(user, session, messages)

    @rule(user=users, session=sessions, number=st.integers(1, 9), id=st.sampled_from("xyz"))
    def delete(self, user: str, session: str, number: int, id: str) -> None:
        said = self.people[user].said.get(session, Said())
        numbers = {kept.number for kept in said.kept if number == kept.number or id == kept.id}
        done = self.diary.messages.delete(user, session, ids=[number, id])
        assert [message.text for message in done] == said.remove(numbers)

    @rule(user=users, session=sessions, position=st.integers(-3, 3))
    def delete_at(self, user: str, session: str, position: int) -> None:
        said = self.people[user].said.get(session, Said())
        active = dict(enumerate(said.active)) | dict(enumerate(said.active, -len(said.active)))
        numbers = {active[position].number} if position in active else set[int]()
        done = self.diary.messages.delete(user, session, positions=[position])
        assert [message.text for message in done] == said.remove(numbers)

    @rule(user=users, session=sessions, n=st.integers(0, 3))
    def archive(self, user: str, session: str, n: int) -> None:
        expected = self.people[user].said.get(session, Said()).archive(n)
        done = self.diary.messages.archive(user, session, n)
        assert [message.text for message in done] == expected

    @rule(user=users, session=sessions)
    def clear(self, user: str, session: str) -> None:
        said = self.people[user].said.get(session, Said())
        assert self.diary.messages.clear(user, session) == len(said.kept)
        said.kept = []

    # ------------------------------------------------------------ notes

    @rule(user=users, place=places, value=words)
    def put(self, user: str, place: tuple[tuple[str, ...], str], value: str) -> None:
        person = self.people[user]
        person.is_known = True
        person.notes[place] = value
        person.deleted.pop(place, None)
        self.diary.notes.put(user, *place, value)

    @rule(user=users, place=places)
    def delete_note(self, user: str, place: tuple[tuple[str, ...], str]) -> None:
        person = self.people[user]
        was_there = place in person.notes
        assert self.diary.notes.delete(user, *place) is was_there
        if was_there:
            person.deleted[place] = person.notes.pop(place)

    @rule(user=users, place=places)
    def restore_note(self, user: str, place: tuple[tuple[str, ...], str]) -> None:
        person = self.people[user]
        was_deleted = place in person.deleted
        assert self.diary.notes.restore(user, *place) is was_deleted
        if was_deleted:
            person.notes[place] = person.deleted.pop(place)

    # ------------------------------------------------------------ users

    @rule(user=users)
    def delete_user(self, user: str) -> None:
        person = self.people[user]
        report = self.diary.delete_user(user)
        assert report.messages == sum(len(said.kept) for said in person.said.values())
        assert report.notes == len(person.notes) + len(person.deleted)
        self.people[user] = Person()

    @rule()
    def open_again(self) -> None:
        self.diary.close()

    # ------------------------------------------------------------ what they see

    @invariant()
    def each_sees_their_own(self) -> None:
        known = sorted(user for user, person in self.people.items() if person.is_known)
        assert self.diary.list_users() == known
        for user, person in self.people.items():
            self.sees_what_was_said(user, person)
            self.sees_the_notes(user, person)

    def sees_what_was_said(self, user: str, person: Person) -> None:
        seen = {session.id: session for session in self.diary.messages.sessions(user)}
        assert set(seen) == set(person.said)
        for session in SESSIONS:
            said = person.said.get(session, Said())
            found = self.diary.messages.read(user, session, status=None)
            assert [
                Kept(message.number or 0, message.text, message.id, message.status == "archived")
                for message in found
            ] == said.kept
            if session in seen:
                archived = len(said.kept) - len(said.active)
                assert (seen[session].messages, seen[session].archived) == (
                    len(said.active),
                    archived,
                )

    def sees_the_notes(self, user: str, person: Person) -> None:
        listed = self.diary.notes.list(user, limit=99)
        assert [((note.namespace, note.key), note.value) for note in listed] == sorted(
            person.notes.items()
        )
        for word in ("tea", "日本"):
            found = self.diary.notes.search(user, query=word, limit=99)
            assert {(hit.note.namespace, hit.note.key) for hit in found if hit.note} == {
                place for place, value in person.notes.items() if value == word
            }


Isolation.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes minutes
)
TestIsolation = Isolation.TestCase
