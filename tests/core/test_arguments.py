"""What makes no sense is refused in one sentence that names it, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import math
import sys
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from diarist import (
    DeleteNote,
    GetNote,
    ListNamespaces,
    ListNotes,
    Message,
    Payload,
    PreferenceNotFoundError,
    PutNote,
    SyncDiary,
    UnknownCategoryError,
)
from diarist.testing import FrozenClock, MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAIVE = datetime(2026, 3, 1, 12)
DAWN = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
HUGE = 10**30


class Backwards(timezone.__base__):  # type: ignore[name-defined,misc]
    """A zone that does not say how far it is from UTC: the same as none."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = wrap(value)
    return value


LISTS = partial(nested, wrap=lambda inner: [inner])
OBJECTS = partial(nested, wrap=lambda inner: {"a": inner})


@pytest.fixture
def diary() -> SyncDiary:
    diary = SyncDiary(MemoryBackend(), clock=FrozenClock(NOON))
    diary.messages.append("ana", "s", [Message("user", f"m{n}", id=f"i{n}") for n in range(20)])
    diary.notes.put("ana", ("n", "m"), "k", {"text": "tea"}, vectors={"i": [1.0, 0.0]})
    diary.upsert_preference("ana", "likes", "love tea")
    return diary


def everything(diary: SyncDiary) -> tuple[object, ...]:
    return (
        diary.messages.read("ana", "s", status=None),
        diary.notes.list("ana", limit=1000, deleted=True),
        diary.preferences("ana"),
        diary.last_conversations("ana", None),
        diary.messages.sessions("ana"),
        diary.list_users(),
    )


# ---------------------------------------------------------------- messages

MESSAGES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"role": None}, TypeError, "a message's role is a string, not NoneType"),
    ({"text": b"x"}, TypeError, "a message's text is a string, not bytes"),
    ({"name": 5}, TypeError, "a message's name is a string, not int"),
    ({"name": b"x"}, TypeError, "a message's name is a string, not bytes"),
    ({"id": 5}, TypeError, "a message's id is a string, not int"),
    ({"id": b"x"}, TypeError, "a message's id is a string, not bytes"),
    ({"at": "2024-01-01"}, TypeError, "at is a datetime with a time zone, not str"),
    ({"at": NAIVE}, ValueError, "at=2026-03-01T12:00:00 has no time zone"),
    ({"at": DAWN}, ValueError, r"at=0001-01-01T00:00:00\+05:00 is beyond the calendar"),
    ({"at": datetime(2026, 1, 1, tzinfo=Backwards())}, ValueError, "has no time zone"),
    ({"metadata": 5}, TypeError, "a message's metadata is a mapping, such as a dict, not int"),
    ({"metadata": None}, TypeError, "a message's metadata is a mapping, such as a dict, not None"),
    ({"metadata": [("a", 1)]}, TypeError, "a message's metadata is a mapping"),
    ({"status": "foo"}, ValueError, "a message's status is 'active' or 'archived', not 'foo'"),
    ({"status": 5}, TypeError, "a message's status is 'active' or 'archived', not 5"),
    ({"payload": {"a": 1}}, TypeError, "a message's payload is a diarist.Payload, not dict"),
    ({"vectors": [1.0]}, TypeError, "a message's vectors is a mapping"),
    ({"session_id": 5}, TypeError, "a message's session_id is a string"),
    ({"number": "1"}, TypeError, "a message's number is a whole number, not str"),
]


@pytest.mark.parametrize(("fields", "error", "words"), MESSAGES)
def test_a_message_is_what_it_says(fields: dict[str, Any], error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        Message(**{"role": "user", "text": "x", **fields})


def said(**fields: Any) -> list[Message]:
    return [Message("user", "fine"), Message("user", "x", **fields)]


NOT_JSON = "is nothing that JSON can hold"

CALLS: list[tuple[Callable[[SyncDiary], object], type[Exception], str]] = [
    # messages
    (lambda d: d.messages.append("ana", None, said()), TypeError, "a session id is a string"),
    (lambda d: d.messages.append("ana", b"s", said()), TypeError, "session id is .* not bytes"),
    (lambda d: d.messages.append(b"ana", "s", said()), ValueError, "a user id is a string"),
    (lambda d: d.messages.append("ana", "s", said()[0]), TypeError, "messages is a list of .* not"),
    (lambda d: d.messages.append("ana", "s", None), TypeError, "messages is a list .* not None"),
    (lambda d: d.messages.append("ana", "s", ["x"]), TypeError, "a message is .* not str"),
    (lambda d: d.messages.append("ana", "s", "x"), TypeError, "messages is a list .* not str"),
    (lambda d: d.messages.append("ana", "s", {"a": 1}), TypeError, "messages is a .* not dict"),
    (lambda d: d.messages.replace("ana", "s", said()[0]), TypeError, "messages is a list"),
    (lambda d: d.messages.replace("ana", None, said()), TypeError, "a session id is a string"),
    (lambda d: d.messages.replace("ana", "s", [], status="all"), ValueError, "status is .* 'all'"),
    (lambda d: d.messages.insert("ana", "s", 1.5, []), TypeError, "position is a whole number"),
    (lambda d: d.messages.insert("ana", "s", -HUGE, []), ValueError, "position must be at least"),
    (lambda d: d.messages.insert("ana", "s", 0, said()[0]), TypeError, "messages is a list"),
    (lambda d: d.record_turn("ana", "s", said()[0]), TypeError, "messages is a list"),
    (lambda d: d.record_turn("ana", None, said()), TypeError, "a session id is a string"),
    (
        lambda d: d.messages.append("ana", "s", said(metadata={1: 2, "1": 3})),
        TypeError,
        f"a message's metadata {NOT_JSON}: its keys are strings, not 1",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(metadata={"a": math.nan})),
        TypeError,
        f"a message's metadata {NOT_JSON}: at a Out of range",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(metadata={"a": b"x"})),
        TypeError,
        f"a message's metadata {NOT_JSON}: .*bytes",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(payload=Payload("f", {"a": math.inf}))),
        TypeError,
        f"a message's payload {NOT_JSON}",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(payload=Payload(b"f", 1))),
        TypeError,
        "a payload's format is a string, not bytes",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(vectors={"i": [math.nan]})),
        ValueError,
        "the vector 'i' has a number that is not finite",
    ),
    (
        lambda d: d.messages.append("ana", "s", said(vectors={"i": 5})),
        TypeError,
        "the vector 'i' is a list of numbers",
    ),
    (lambda d: d.messages.read("ana", None), TypeError, "a session id is a string"),
    (lambda d: d.messages.read("ana", b"s"), TypeError, "a session id is a string, not bytes"),
    (lambda d: d.messages.read("ana", "s", before=1.5), TypeError, "before is .* not float"),
    (lambda d: d.messages.read("ana", "s", after=True), TypeError, "after is .* not bool"),
    (lambda d: d.messages.read("ana", "s", before=b"i1"), TypeError, "before is .* not bytes"),
    (lambda d: d.messages.read("ana", "s", before=NAIVE), ValueError, "before=.* no time zone"),
    (lambda d: d.messages.read("ana", "s", after=DAWN), ValueError, "after=.* the calendar"),
    (lambda d: d.messages.read("ana", "s", last=1.5), TypeError, "last is a whole .* not float"),
    (lambda d: d.messages.read("ana", "s", last=HUGE), ValueError, "last must be at most"),
    (lambda d: d.messages.read("ana", "s", last=True), TypeError, "last is a whole .* not bool"),
    (lambda d: d.messages.read("ana", "s", limit="5"), TypeError, "limit is a whole .* not str"),
    (lambda d: d.messages.read("ana", "s", offset=None), TypeError, "offset is .* not NoneType"),
    (lambda d: d.messages.read("ana", "s", status="Archived"), ValueError, "status is .* 'Archi"),
    (lambda d: d.messages.read("ana", "s", status=5), TypeError, "status is .* not 5"),
    (lambda d: d.messages.count("ana", "s", status="foo"), ValueError, "status is .* not 'foo'"),
    (lambda d: d.messages.count("ana", "s", status=[]), TypeError, r"status is .* not \[\]"),
    (lambda d: d.messages.archive("ana", "s", n=1.5), TypeError, "n is a whole number, not float"),
    (lambda d: d.messages.archive("ana", "s", n=-1), ValueError, "n must not be negative"),
    (lambda d: d.messages.archive("ana", "s", n=HUGE), ValueError, "n must be at most"),
    (lambda d: d.messages.window("ana", "s", "5"), TypeError, "max_tokens is .* not str"),
    (lambda d: d.messages.window("ana", None, 5), TypeError, "a session id is a string"),
    (lambda d: d.messages.delete("ana", "s", ids=b"i1"), TypeError, "ids is a list .* not bytes"),
    (lambda d: d.messages.delete("ana", "s", ids=[1.5]), TypeError, "ids is a list .* not of 1.5"),
    (lambda d: d.messages.delete("ana", "s", ids=[True]), TypeError, "ids is .* not of True"),
    (lambda d: d.messages.delete("ana", "s", ids=None), TypeError, "ids is a list .* not NoneType"),
    (lambda d: d.messages.delete("ana", "s", ids={1: 2}), TypeError, "ids is a list .* not dict"),
    (lambda d: d.messages.delete("ana", "s", positions="1"), TypeError, "positions is .* not str"),
    (lambda d: d.messages.delete("ana", "s", positions=["1"]), TypeError, "positions .* of '1'"),
    (lambda d: d.messages.delete("ana", None, ids=["i1"]), TypeError, "a session id is a string"),
    (lambda d: d.messages.clear("ana", None), TypeError, "a session id is a string"),
    (lambda d: d.messages.sessions("ana", limit=1.5), TypeError, "limit is a whole number"),
    (lambda d: d.messages.sessions("ana", offset=None), TypeError, "offset is a whole number"),
    (lambda d: d.messages.sessions("ana", order="new"), ValueError, "order is 'updated' or 'crea"),
    # notes
    (lambda d: d.notes.put("ana", "n", "k", 1, metadata=5), TypeError, "metadata of 'k' is a"),
    (lambda d: d.notes.put("ana", "n", "k", 1, metadata="x"), TypeError, "metadata of 'k' is a"),
    (lambda d: d.notes.put("ana", "n", "k", 1, metadata=[1]), TypeError, "metadata of 'k' is a"),
    (lambda d: d.notes.put("ana", "n", "k", 1, metadata={1: 1}), TypeError, "keys are strings"),
    (lambda d: d.notes.put("ana", "n", "k", 1, ttl=5), TypeError, "ttl is a timedelta, not int"),
    (lambda d: d.notes.put("ana", "n", "k", 1, ttl=timedelta.max), ValueError, "ttl is at most"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": 5}), TypeError, "the vector 'i' is a"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={5: [1]}), TypeError, "name of a vector is"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors=[1.0]), TypeError, "vectors is a mapping"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": "12"}), TypeError, "vector 'i' is a"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": b"abcd"}), TypeError, "not bytes"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": ["a"]}), TypeError, "list of numbers"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": []}), ValueError, "'i' is empty"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": [math.nan]}), ValueError, "finite"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": [math.inf]}), ValueError, "finite"),
    (lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": [1e39]}), ValueError, "beyond 3.4e38"),
    (
        lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": [10**400]}),
        ValueError,
        "beyond 3.4e38",
    ),
    (
        lambda d: d.notes.put("ana", "n", "k", 1, vectors={"i": [[1.0], [math.nan]]}),
        ValueError,
        "the vector 'i' has a number that is not finite",
    ),
    (lambda d: d.notes.put("ana", "n", b"k", 1), TypeError, "a key is a string, not bytes"),
    (lambda d: d.notes.put("ana", b"n", "k", 1), TypeError, "a namespace is .* not b'n'"),
    (lambda d: d.notes.put("ana", ("n", b"m"), "k", 1), TypeError, "a namespace is a tuple of str"),
    (lambda d: d.notes.put("ana", None, "k", 1), TypeError, "a namespace is .* not None"),
    (lambda d: d.notes.put("ana", "n", "k", b"x"), TypeError, f"value of 'k' {NOT_JSON}: .*bytes"),
    (lambda d: d.notes.put("ana", "n", "k", {1: 2, "1": 3}), TypeError, "keys are strings, not 1"),
    (lambda d: d.notes.put("ana", "n", "k", [{"a": {None: 3}}]), TypeError, "strings, not None"),
    (lambda d: d.notes.put("ana", "n", "k", ({1: 2},)), TypeError, "keys are strings, not 1"),
    (lambda d: d.notes.put("ana", "n", "k", math.nan), TypeError, f"value of 'k' {NOT_JSON}"),
    (lambda d: d.notes.put("ana", "n", "k", [-math.inf]), TypeError, f"value of 'k' {NOT_JSON}"),
    (lambda d: d.notes.put("ana", "n", "k", LISTS(100_000)), TypeError, "nested deeper than 200"),
    (lambda d: d.notes.put("ana", "n", "k", OBJECTS(100_000)), TypeError, "nested deeper than 200"),
    (lambda d: d.notes.put("ana", "n", "k", LISTS(201)), TypeError, "nested deeper than 200"),
    (lambda d: d.notes.get("ana", "n", b"k"), TypeError, "a key is a string, not bytes"),
    (lambda d: d.notes.delete("ana", ("n", 1), "k"), TypeError, "a namespace is a tuple"),
    (lambda d: d.notes.restore("ana", "n", None), TypeError, "a key is a string, not NoneType"),
    (lambda d: d.notes.cleanup("ana", 5), TypeError, "retention is a timedelta, not int"),
    (lambda d: d.notes.cleanup("ana", timedelta(-1)), ValueError, "retention must not be negative"),
    (lambda d: d.notes.list("ana", limit=1.5), TypeError, "limit is a whole number, not float"),
    (lambda d: d.notes.list("ana", limit=None), TypeError, "limit is a whole .* not NoneType"),
    (lambda d: d.notes.list("ana", limit=HUGE), ValueError, "limit must be at most"),
    (lambda d: d.notes.list("ana", offset="1"), TypeError, "offset is a whole number, not str"),
    (lambda d: d.notes.list("ana", b"n"), TypeError, "a namespace is a tuple of strings"),
    (lambda d: d.notes.list("ana", filter=5), TypeError, "filter is a mapping"),
    (lambda d: d.notes.list("ana", filter=[("a", 1)]), TypeError, "filter is a map.* not list"),
    (lambda d: d.notes.list("ana", filter={1: 1}), TypeError, "each field of filter is a string"),
    (lambda d: d.notes.list("ana", filter=OBJECTS(100_000)), ValueError, "filter is nested deeper"),
    (lambda d: d.notes.put("ana", "n", "k", 1, at=5), TypeError, "at is a datetime with a time"),
    (lambda d: d.notes.put("ana", "n", "k", 1, at=NAIVE), ValueError, "at=.* has no time zone"),
    (lambda d: d.notes.list("ana", keys=5), TypeError, "keys is a list of strings, not int"),
    (lambda d: d.notes.list("ana", keys="k"), TypeError, "keys is a list of strings, not"),
    (lambda d: d.notes.list("ana", keys=["k", 5]), TypeError, "a key is a string, not int"),
    (lambda d: d.notes.list("ana", keys=["k"] * 10_001), ValueError, "at most 10,000 keys are"),
    (lambda d: d.notes.search("ana", vector=[1], measure="dot"), ValueError, "measure is 'cosine'"),
    (lambda d: d.notes.count("ana", 5), TypeError, "a namespace is a tuple of strings"),
    (lambda d: d.notes.survey("ana", field=5), TypeError, "field is a string, not int"),
    (lambda d: d.notes.survey("ana", field='a"b'), ValueError, "field is a name of letters"),
    (lambda d: d.notes.search("ana", query=5), TypeError, "query is a string, not int"),
    (lambda d: d.notes.search("ana", query=b"tea"), TypeError, "query is a string, not bytes"),
    (lambda d: d.notes.search("ana", vector=5), TypeError, "vector is a list of numbers"),
    (lambda d: d.notes.search("ana", vector=[math.nan, 1]), ValueError, "vector has a number"),
    (lambda d: d.notes.search("ana", vector=[1, 2], index=5), TypeError, "index is a string"),
    (lambda d: d.notes.namespaces("ana", depth=-1), ValueError, "depth must not be negative"),
    (lambda d: d.notes.namespaces("ana", depth="1"), TypeError, "depth is a whole number"),
    (lambda d: d.notes.namespaces("ana", prefix=5), TypeError, "a namespace is a tuple"),
    (lambda d: d.notes.namespaces("ana", suffix=b"m"), TypeError, "a namespace is a tuple"),
    (lambda d: d.notes.namespaces("ana", offset=None), TypeError, "offset is a whole number"),
    (lambda d: d.notes.batch("ana", [1]), TypeError, "an operation is a PutNote, .* not int"),
    (lambda d: d.notes.batch("ana", 1), TypeError, "operations is a list of PutNote, .* not int"),
    (lambda d: d.notes.batch("ana", GetNote(("n",), "k")), TypeError, "operations is a list"),
    (
        lambda d: d.notes.batch("ana", [PutNote(("n",), "new", 1), PutNote(("n",), "l", {1: 1})]),
        TypeError,
        "the value of 'l'",
    ),
    (
        lambda d: d.notes.batch("ana", [DeleteNote(("n", "m"), "k"), ListNotes(limit=-1)]),
        ValueError,
        "limit must not be negative",
    ),
    # recall and context
    (lambda d: d.recall("ana", 5), TypeError, "query is a string, not int"),
    (lambda d: d.recall("ana", b"tea"), TypeError, "query is a string, not bytes"),
    (lambda d: d.recall("ana", "tea", k="5"), TypeError, "k is a whole number, not str"),
    (lambda d: d.recall("ana", "tea", k=HUGE), ValueError, "k must be at most"),
    (lambda d: d.recall("ana", "tea", kinds=5), TypeError, "kinds is a list of strings, not int"),
    (lambda d: d.recall("ana", "tea", kinds=None), TypeError, "kinds is a list of strings"),
    (lambda d: d.recall("ana", "tea", kinds=[5]), ValueError, "kinds are .* not 5"),
    (lambda d: d.recall("ana", "tea", kinds=[b"notes"]), ValueError, "kinds are .* not b'notes'"),
    (lambda d: d.recall("ana", "tea", since=NAIVE), ValueError, "since=.* has no time zone"),
    (lambda d: d.recall("ana", "tea", until=NAIVE), ValueError, "until=.* has no time zone"),
    (lambda d: d.recall("ana", "tea", since="2026"), TypeError, "since is a datetime .* not str"),
    (lambda d: d.recall("ana", "tea", until="2026"), TypeError, "until is a datetime .* not str"),
    (lambda d: d.recall("ana", "tea", session_id=b"s"), TypeError, "a session id is a string"),
    (lambda d: d.context("ana", max_tokens="800"), TypeError, "max_tokens is .* not str"),
    (lambda d: d.context("ana", max_tokens=None), TypeError, "max_tokens is .* not NoneType"),
    (lambda d: d.context("ana", b"tea"), TypeError, "query is a string, not bytes"),
    (lambda d: d.context("ana", session_id=b"s"), TypeError, "a session id is a string"),
    # turns and pages
    (lambda d: d.ensure_session("ana", None), TypeError, "a session id is a string"),
    (lambda d: d.ensure_session("ana", "s", at=NAIVE), ValueError, "at=.* has no time zone"),
    (lambda d: d.update_memory("ana", "s", b"x", "y"), TypeError, "user_msg is .* not bytes"),
    (lambda d: d.update_memory("ana", "s", "x", None), TypeError, "assistant_msg is .* not None"),
    (lambda d: d.update_memory("ana", None, "x", "y"), TypeError, "a session id is a string"),
    (lambda d: d.update_memory("ana", "s", "x", "y", at="now"), TypeError, "at is a datetime"),
    (lambda d: d.upsert_preference("ana", b"likes", "x"), TypeError, "category is a string"),
    (lambda d: d.upsert_preference("ana", [], "x"), TypeError, "category is a string, not list"),
    (lambda d: d.upsert_preference("ana", "likes", b"x"), TypeError, "text is a string, not bytes"),
    (lambda d: d.upsert_preference("ana", "likes", id=5), TypeError, "id is a string, not int"),
    (
        lambda d: d.upsert_preference("ana", "likes", "x", contexts=[5]),
        TypeError,
        "each of contexts is a string, not int",
    ),
    (
        lambda d: d.upsert_preference("ana", "likes", "x", contexts=5),
        TypeError,
        "contexts is a list of strings, not int",
    ),
    (
        lambda d: d.upsert_preference("ana", "likes", "x", contexts={"a": 1}),
        TypeError,
        "contexts is a list of strings, not dict",
    ),
    (lambda d: d.forget_preference("ana", "likes", 5), TypeError, "id is a string, not int"),
    (lambda d: d.forget_preference("ana", [], "tea"), TypeError, "category is a string, not list"),
    (lambda d: d.why("ana", "likes", b"tea"), TypeError, "id is a string, not bytes"),
    (lambda d: d.last_conversations("ana", "3"), TypeError, "limit is a whole number, not str"),
    (lambda d: d.last_conversations("ana", -1), ValueError, "limit must not be negative"),
    (lambda d: d.pretty_conversations("ana", limit=1.5), TypeError, "limit is a whole number"),
    (lambda d: d.pretty_conversations("ana", fields=5), TypeError, "fields is a list of strings"),
    (lambda d: d.pretty_preferences("ana", fields=[5]), TypeError, "each of fields is a string"),
    (lambda d: d.export_user("ana", 5), TypeError, "path is a path, not int"),
    (lambda d: d.import_user("bob", b"x"), TypeError, "path is a path, not bytes"),
    (lambda d: d.notebook("ana", b"main").read(), TypeError, "agent_name is a string, not bytes"),
    (lambda d: d.notebook("ana").append(b"x"), TypeError, "text is a string, not bytes"),
    (lambda d: d.notebook("ana").format_prompt("5"), TypeError, "max_lines is .* not str"),
    (lambda d: d.notebook("ana").format_prompt(max_tokens="5"), TypeError, "max_tokens is"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), CALLS)
def test_what_makes_no_sense_is_refused_in_a_sentence_and_nothing_changes(
    diary: SyncDiary, call: Callable[[SyncDiary], object], error: type[Exception], words: str
):
    before = everything(diary)
    with pytest.raises(error, match=words) as caught:
        call(diary)
    assert len(str(caught.value)) < 400
    assert everything(diary) == before
    asyncio.run(diary.diary.messages.append("ana", "s", [Message("user", "still fine")]))


# ---------------------------------------------------------------- what is meant well


@pytest.mark.parametrize(
    ("which", "gone"),
    [
        ({"ids": "12"}, []),
        ({"ids": "i12"}, ["m12"]),
        ({"ids": 3}, ["m2"]),
        ({"ids": {"i1", 3}}, ["m1", "m2"]),
        ({"ids": (n for n in [1, "i1"])}, ["m0", "m1"]),
        ({"ids": [HUGE, -HUGE, "no"]}, []),
        ({"positions": 3}, ["m3"]),
        ({"positions": -1}, ["m19"]),
        ({"positions": [HUGE, -HUGE]}, []),
    ],
)
def test_a_single_id_or_position_is_a_list_of_one(
    diary: SyncDiary, which: dict[str, Any], gone: list[str]
):
    diary.messages.append("ana", "s", [])
    assert [message.text for message in diary.messages.delete("ana", "s", **which)] == gone
    assert diary.messages.count("ana", "s") == 20 - len(gone)


@pytest.mark.parametrize(
    ("bounds", "count"),
    [
        ({"last": sys.maxsize, "limit": sys.maxsize}, 20),
        ({"offset": sys.maxsize}, 0),
        ({"before": HUGE}, 20),
        ({"before": -HUGE}, 0),
        ({"after": 2**32}, 0),
        ({"after": HUGE}, 0),
        ({"after": -1}, 20),
        ({"before": datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=1)))}, 20),
    ],
)
def test_numbers_that_no_message_has_are_bounds_all_the_same(
    diary: SyncDiary, bounds: dict[str, Any], count: int
):
    assert len(diary.messages.read("ana", "s", **bounds)) == count


def test_the_greatest_whole_number_means_all(diary: SyncDiary):
    assert len(diary.notes.list("ana", limit=sys.maxsize)) == 1
    assert diary.notes.list("ana", limit=sys.maxsize, offset=sys.maxsize) == []
    assert len(diary.notes.search("ana", query="tea", limit=sys.maxsize, offset=0)) == 1
    assert diary.notes.search("ana", query="tea", limit=sys.maxsize, offset=sys.maxsize) == []
    assert diary.notes.namespaces("ana", limit=sys.maxsize, offset=sys.maxsize) == []
    assert len(diary.recall("ana", "tea", k=sys.maxsize)) == 22
    assert "tea" in diary.context("ana", max_tokens=sys.maxsize)
    assert len(diary.messages.archive("ana", "s", sys.maxsize)) == 20


def test_notes_deleted_are_kept_for_ever_where_one_says_so(diary: SyncDiary):
    diary.notes.delete("ana", ("n", "m"), "k")
    assert diary.notes.cleanup("ana", timedelta.max) == 0
    assert diary.notes.cleanup("ana", timedelta(0)) == 1


def test_kinds_may_be_any_iterable(diary: SyncDiary):
    wanted = diary.recall("ana", "tea", kinds=["notes", "preferences"])
    assert len(wanted) == 2
    assert diary.recall("ana", "tea", kinds=(k for k in ("notes", "preferences"))) == wanted


def test_no_limit_is_all_conversations():
    diary = SyncDiary(MemoryBackend())
    for number in range(5):
        diary.ensure_session("ana", f"s{number}")
    assert len(diary.last_conversations("ana")) == 3
    assert len(diary.last_conversations("ana", limit=None)) == 5
    assert diary.last_conversations("ana", 0) == {}


def test_a_field_and_a_context_may_be_a_single_string(diary: SyncDiary):
    diary.upsert_preference("ana", "likes", "black coffee", contexts="work")
    assert "contexts: work" in diary.pretty_preferences("ana", fields="contexts")
    assert "said" not in diary.pretty_preferences("ana", fields="contexts")


def test_mappings_tuples_and_depths_that_json_can_hold_are_taken(diary: SyncDiary):
    proxy = MappingProxyType({"a": (1, 2)})
    (stored,) = diary.messages.append("ana", "s", [Message("user", "x", metadata=proxy)])
    assert stored.metadata == {"a": [1, 2]}
    diary.notes.put("ana", "n", "k", LISTS(200), metadata=proxy)
    note = diary.notes.get("ana", "n", "k")
    assert note is not None
    assert (note.value, note.metadata) == (LISTS(200), {"a": [1, 2]})
    assert diary.notes.search("ana", query="x")[0].note == note
    diary.notes.put("ana", "n", "k", {"\ud800": "\udfff"}, metadata={"\ud800": "x"})


def test_operations_of_a_batch_name_their_places_as_calls_do(diary: SyncDiary):
    listing, names = ListNotes(prefix="n"), ListNamespaces(prefix="n", suffix=["m"])  # pyright: ignore
    (found, places) = diary.notes.batch("ana", [listing, names])
    assert [scored.note.key for scored in found] == ["k"]
    assert places == [("n", "m")]


def test_a_vector_may_come_from_numpy(diary: SyncDiary):
    np = pytest.importorskip("numpy")
    diary.notes.put("ana", "n", "np", 1, vectors={"np": np.array([0.0, 1.0, 0.0])})
    diary.notes.put("ana", "n", "several", 1, vectors={"np": [np.array([1.0, 0.0, 0.0])] * 2})
    hits = diary.notes.search("ana", vector=np.array([0.0, 1.0, 0.0], np.float32))
    assert [hit.note.key for hit in hits if hit.note] == ["np", "several"]
    assert hits[0].score == pytest.approx(1.0)


def test_a_category_of_neither_the_table_nor_the_page_is_named_as_unknown(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    for ask in (diary.forget_preference, diary.why):
        with pytest.raises(UnknownCategoryError, match=r"no category 'pets'; it has likes"):
            ask("ana", "pets", "cat")
        with pytest.raises(PreferenceNotFoundError, match="likes has no items"):
            ask("ana", "likes", "cat")
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / "preferences.toml").write_text('[pets.cat]\ntext = "has a cat"\n')
    with pytest.raises(PreferenceNotFoundError, match="pets has cat"):
        diary.forget_preference("ana", "pets", "dog")
    assert diary.forget_preference("ana", "pets", "cat").with_status("forgotten")
