"""The values that are kept as records: messages, turns, notes, and what is found among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta  # noqa: TC003 - so that `get_type_hints` works
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

from diarist.checks import check_choice, check_mapping, check_moment, check_text, check_whole
from diarist.showing import Displayed, in_short

if TYPE_CHECKING:
    from diarist.counting import CountNotes, SurveyNotes

Namespace: TypeAlias = tuple[str, ...]
MessageStatus: TypeAlias = Literal["active", "archived"]
Embedded: TypeAlias = Literal["messages", "notes"]
NoteOrder: TypeAlias = Literal["name", "newest"]
Measure: TypeAlias = Literal["cosine", "distance"]
TurnState: TypeAlias = Literal["pending", "done", "failed"]

SessionOrder: TypeAlias = Literal["updated", "created"]

STATUSES: tuple[MessageStatus, ...] = get_args(MessageStatus)
ORDERS: tuple[SessionOrder, ...] = get_args(SessionOrder)
NOTE_ORDERS: tuple[NoteOrder, ...] = get_args(NoteOrder)
MEASURES: tuple[Measure, ...] = get_args(Measure)
EMPTY: Mapping[str, Any] = MappingProxyType({})
ORDER: Mapping[str, Any] = MappingProxyType({"is_order": True})
"""Metadata of a user's message that is a task for an agent; see `Turn.is_order`."""
_USUAL = (dict, MappingProxyType)


class _Kept(Enum):
    """What is there already stays."""

    KEEP = "keep"

    def __repr__(self) -> str:
        return "KEEP"


KEEP: Final = _Kept.KEEP
"""What is there already stays."""
Keep: TypeAlias = Literal[_Kept.KEEP]


@dataclass(frozen=True, slots=True)
class Payload:
    """A message in its writer's own form, so that this writer gets exactly that back.

    Attributes:
        format: whose form, and which version of it ("langchain/1").
        data: anything JSON can hold.
    """

    format: str
    data: Any


@dataclass(frozen=True, slots=True)
class Message(Displayed):
    """What somebody said, verbatim.

    Attributes:
        role: who speaks: "user", "assistant", "system", "tool" or another word.
        text: what any program can read.
        name: the speaker's or the tool's name.
        id: the writer's own id; a session takes a message with a known id only once.
        at: when it was said, with a time zone; None is when it is stored.
        metadata: anything JSON can hold.
        payload: the writer's native form.
        status: "archived" is kept, and left out unless asked for.
        session_id: the session it is in; set by the store.
        number: its place in the session, counted from 1 and never given twice; set by the store.
        vectors: index name -> vector, to be recalled by; only an export gives it back.

    Raises:
        TypeError: something is of another type than it has to be.
        ValueError: `at` has no time zone, or there is no such status.

    >>> Message("user", "Hello!").role
    'user'
    """

    role: str
    text: str
    name: str | None = None
    id: str | None = None
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    payload: Payload | None = None
    status: MessageStatus = "active"
    session_id: str | None = None
    number: int | None = None
    vectors: Mapping[str, Sequence[float]] = field(
        default_factory=lambda: EMPTY, compare=False, repr=False
    )

    __repr__ = in_short

    def __post_init__(self) -> None:
        check_text("a message's role", self.role)
        check_text("a message's text", self.text)
        if self.name is not None:
            check_text("a message's name", self.name)
        if self.id is not None:
            check_text("a message's id", self.id)
        if self.session_id is not None:
            check_text("a message's session_id", self.session_id)
        if self.number is not None:
            check_whole("a message's number", self.number)
        if self.at is not None:
            check_moment("at", self.at)
        if self.status not in STATUSES:
            check_choice("a message's status", self.status, STATUSES)
        if not isinstance(self.metadata, _USUAL):
            check_mapping("a message's metadata", self.metadata)
        if not isinstance(self.vectors, _USUAL):
            check_mapping("a message's vectors", self.vectors)
        payload = cast("object", self.payload)
        if payload is not None and not isinstance(payload, Payload):
            raise TypeError(
                f"a message's payload is a diarist.Payload, not {type(payload).__name__}"
            )

    @property
    def source(self) -> str:
        """How pages name it: session, "#", number."""
        return f"{self.session_id}#{self.number}"


@dataclass(frozen=True, slots=True)
class Session(Displayed):
    """A conversation, counted.

    Attributes:
        id: its id.
        messages: how many active messages it has.
        archived: how many archived ones.
        turns: how many turns were recorded in it.
        created_at: when it began.
        updated_at: its last activity.
        numbered: the last number given to a message.
    """

    id: str
    messages: int
    archived: int
    turns: int
    created_at: datetime
    updated_at: datetime
    numbered: int = 0

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """A turn as it is logged, before and after it reached the pages.

    Attributes:
        session_id: the conversation.
        number: its number in the session, from 1.
        state: pending, done or failed.
        reason: why it is still pending, or failed.
        attempts: how often it was tried in vain.
        messages: what was said.
        at: when, in the time zone it was recorded with.
    """

    session_id: str
    number: int
    state: TurnState
    messages: tuple[Message, ...]
    at: datetime
    reason: str | None = None
    attempts: int = 0

    __repr__ = in_short

    @property
    def is_order(self) -> bool:
        """Whether what the user said is a task for an agent; see `ORDER`."""
        return any(m.role == "user" and m.metadata.get("is_order") is True for m in self.messages)

    def text_of(self, role: str) -> str:
        """Return what `role` said, its messages apart by a blank line."""
        return "\n\n".join(m.text for m in self.messages if m.role == role and m.text)


@dataclass(frozen=True, slots=True)
class Note(Displayed):
    """A value under a key in a namespace.

    Attributes:
        namespace: where; a tuple of strings.
        key: its name there.
        value: text or any JSON object.
        metadata: anything JSON can hold.
        created_at: when it was first put, UTC.
        updated_at: when it was last put, UTC.
        expires_at: when it is over, None for never.
        ttl: how long it lives from a put or a refreshing read.
        deleted_at: when it was deleted; such notes are only seen where asked for.
        indexes: the names of the vector indexes it is in.
        vectors: index name -> its vectors; only where asked for.
    """

    namespace: Namespace
    key: str
    value: Any
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    ttl: timedelta | None = None
    deleted_at: datetime | None = None
    indexes: tuple[str, ...] = ()
    vectors: Mapping[str, list[list[float]]] = field(
        default_factory=lambda: EMPTY, compare=False, repr=False
    )

    __repr__ = in_short


HitKind: TypeAlias = Literal["preferences", "conversations", "messages", "notes", "notebook"]
KINDS: tuple[HitKind, ...] = get_args(HitKind)
"""Where memories are looked for."""


@dataclass(frozen=True, slots=True)
class Hit(Displayed):
    """One thing recalled, with its source.

    Attributes:
        kind: where it was found.
        text: what it says.
        score: the greater the better; comparable inside one answer.
        user_id: whose it is.
        source: a message's id, or session#number where it has none; a preference's category.id, a
            note's namespace/key, a conversation's session, a notebook's agent:line.
        session_id: the session, where it has one.
        at: when it was said or written.
        metadata: what was stored with it.
        note: the note, for notes.
        message: the message, for messages.
        features: why it was found: what fits, from 0 to 1 (see `diarist.recall.features`).
    """

    kind: HitKind
    text: str
    score: float
    user_id: str
    source: str
    session_id: str | None = None
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: EMPTY, repr=False)
    note: Note | None = field(default=None, repr=False)
    message: Message | None = field(default=None, repr=False)
    features: Mapping[str, float] = field(default_factory=lambda: EMPTY, repr=False)

    __repr__ = in_short


@dataclass(frozen=True, slots=True)
class DeletionReport:
    """What deleting a user removed.

    Attributes:
        user_id: whose diary.
        pages: the kinds of pages.
        messages: how many messages, archived ones too.
        notes: how many notes, deleted and expired ones too.
        turns: how many turns.
        notebooks: the agents whose notebooks they were.
    """

    user_id: str
    pages: tuple[str, ...] = ()
    messages: int = 0
    notes: int = 0
    turns: int = 0
    notebooks: tuple[str, ...] = ()

    __repr__ = in_short

    def __str__(self) -> str:
        pages = ", ".join(self.pages) or "none"
        notebooks = ", ".join(self.notebooks) or "none"
        return (
            f"{self.user_id}: removed pages ({pages}), {self.messages} messages, {self.turns} "
            f"turns, {self.notes} notes, notebooks ({notebooks})"
        )


# ---------------------------------------------------------------- what can be done with notes

Vectors: TypeAlias = Mapping[str, "list[float] | list[list[float]]"]
"""Index name (model and dimension) -> one vector, or several of one note."""


@dataclass(frozen=True, slots=True)
class Exported:
    """All records of a user, of one moment.

    Attributes:
        messages: all of them with their vectors, archived ones too, by session and number.
        turns: all of them, oldest first.
        notes: all of them with their vectors, deleted and expired ones too.
        sessions: every session that had a message or a turn, in the order they were made.
    """

    messages: Sequence[Message] = ()
    turns: Sequence[RecordedTurn] = ()
    notes: Sequence[tuple[Note, Vectors]] = ()
    sessions: Sequence[Session] = ()


@dataclass(frozen=True, slots=True)
class PutNote:
    """Put a value under a key; what is not told stays as it was.

    Attributes:
        namespace: where.
        key: its name there.
        value: text or any JSON object; KEEP changes the rest of a note that is there.
        metadata: None clears it.
        ttl: how long it lives from now; None is for ever.
        vectors: None removes them.
        expires_at: when it is over, instead of a time to live; no read puts that off.
        if_absent: refuse to put it over another, be that deleted and not cleaned up yet.
        at: when this is said to happen; None is now.
        sole: delete it forever wherever else the user has a note with this key.
    """

    namespace: Namespace
    key: str
    value: Any
    metadata: Mapping[str, Any] | Keep | None = KEEP
    ttl: timedelta | Keep | None = KEEP
    vectors: Vectors | Keep | None = KEEP
    expires_at: datetime | None = None
    if_absent: bool = False
    at: datetime | None = None
    sole: bool = False


@dataclass(frozen=True, slots=True)
class GetNote:
    """Read one note; `refresh` starts its time to live anew, `deleted` finds what is gone, too."""

    namespace: Namespace
    key: str
    refresh: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DeleteNote:
    """Delete a note softly: it is hidden until it is restored or cleaned up.

    Attributes:
        namespace: where.
        key: its name there.
        forever: it can't be restored.
        at: when this is said to happen; None is now.
    """

    namespace: Namespace
    key: str
    forever: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RestoreNote:
    """Bring a deleted note back."""

    namespace: Namespace
    key: str


@dataclass(frozen=True, slots=True)
class ListNotes:
    """List or search the notes below a namespace.

    Attributes:
        prefix: the namespaces that begin with it; () is all of the user's.
        filter: conditions on fields of the value; see `diarist.filters`.
        query: words to look for; the result is then ranked.
        vector: a vector to compare with; the result is then ranked.
        index: the vector index, where there are several of that dimension.
        limit: the most notes to return.
        offset: how many to leave out first.
        refresh: start the time to live of what is returned anew.
        deleted: what is deleted or has expired, too, until it is removed.
        order: by namespace and key, or the one put last first; a ranked result is best first.
        rest: what a ranked result lacks follows it, the one put last first, without a score.
        below: also the namespaces below; else that one alone.
        key_prefix: only keys that begin so.
        keys: only notes with one of these keys; None is any.
        measure: how vectors are compared: by their cosine, or "distance", 1 / (1 + its square).
        vectors: return them with the notes.
    """

    prefix: Namespace = ()
    filter: Mapping[str, Any] | None = None
    query: str | None = None
    vector: tuple[float, ...] | None = None
    index: str | None = None
    limit: int = 10
    offset: int = 0
    refresh: bool = False
    deleted: bool = False
    order: NoteOrder = "name"
    rest: bool = False
    below: bool = True
    key_prefix: str = ""
    keys: tuple[str, ...] | None = None
    measure: Measure = "cosine"
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class ListNamespaces:
    """List the namespaces that have notes.

    Attributes:
        prefix: only those that begin so.
        suffix: only those that end so.
        depth: cut to so many elements, each named once.
        limit: the most to return.
        offset: how many to leave out first.
        wildcard: an element of prefix or suffix that stands for any one element.
    """

    prefix: Namespace = ()
    suffix: Namespace = ()
    depth: int | None = None
    limit: int | None = None
    offset: int = 0
    wildcard: str | None = None


_NoteReading: TypeAlias = "GetNote | ListNotes | CountNotes | SurveyNotes | ListNamespaces"
NoteOperation: TypeAlias = "PutNote | DeleteNote | RestoreNote | _NoteReading"


@dataclass(frozen=True, slots=True)
class Scored:
    """A note that was searched for, and how well it fits; None where that was not asked."""

    note: Note
    score: float | None = None


@dataclass(frozen=True, slots=True)
class NewTurn:
    """What the log needs to know about a turn that is recorded with its messages.

    Attributes:
        floor: the turns the page has already; the first of a session gets a greater number. None
            where nobody looked: nothing is then recorded in a session that has no turn yet.
        owner: who works on it at once, None for nobody.
        lease: until when, where somebody does.
    """

    floor: int | None = 0
    owner: str | None = None
    lease: datetime | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did.

    Attributes:
        messages: all of them as they are stored, in the order given; known ones too.
        added: how many were new.
        turn: the turn they make, where one was asked for; None where the floor has to be known.
        is_new: whether that turn is new.
        waiting: how many other turns of the user wait for somebody.
    """

    messages: tuple[Message, ...] = ()
    added: int = 0
    turn: RecordedTurn | None = None
    is_new: bool = True
    waiting: int = 0
