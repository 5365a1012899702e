"""`SyncDiary`: the diary for code that is not async, with the same methods and parts.

Over a local backend a call runs to its end in the thread that makes it, without a loop or a hop:
also inside a running loop, in many threads and after a fork. Only what is really awaited, a model
or a remote backend, goes to a loop in the background.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, Self, TypeVar, cast

from diarist.blocking import background, finish
from diarist.diary import Diary
from diarist.messages import Messages
from diarist.notebook import Notebook
from diarist.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")


class _Blocks(Protocol):
    _diary: Diary

    def _of(self, diary: Diary) -> Any: ...


S = TypeVar("S", bound=_Blocks)


def _blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """Return `method` as a call that blocks, with its signature and its words."""

    @wraps(method)
    def call(self: _Blocks, *args: P.args, **kwargs: P.kwargs) -> T:
        diary = self._diary  # pyright: ignore[reportPrivateUsage]
        twin = diary.blocking
        part = self._of(diary if twin is None else twin)  # pyright: ignore[reportPrivateUsage]
        run = background if twin is None else finish
        return run(method(part, *args, **kwargs))

    return call


def _with_arguments_of(
    constructor: Callable[Concatenate[Any, P], None],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Give a constructor the signature of another; `wraps` alone hides that from type checkers."""
    return cast("Any", wraps(constructor))


class SyncMessages:
    """`Messages`, blocking."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary

    def _of(self, diary: Diary) -> Messages:
        return diary.messages

    append = _blocking(Messages.append)
    read = _blocking(Messages.read)
    window = _blocking(Messages.window)
    count = _blocking(Messages.count)
    replace = _blocking(Messages.replace)
    insert = _blocking(Messages.insert)
    delete = _blocking(Messages.delete)
    archive = _blocking(Messages.archive)
    clear = _blocking(Messages.clear)
    sessions = _blocking(Messages.sessions)


class SyncNotes:
    """`Notes`, blocking."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary

    def _of(self, diary: Diary) -> Notes:
        return diary.notes

    put = _blocking(Notes.put)
    get = _blocking(Notes.get)
    delete = _blocking(Notes.delete)
    restore = _blocking(Notes.restore)
    cleanup = _blocking(Notes.cleanup)
    list = _blocking(Notes.list)
    search = _blocking(Notes.search)
    count = _blocking(Notes.count)
    survey = _blocking(Notes.survey)
    namespaces = _blocking(Notes.namespaces)
    batch = _blocking(Notes.batch)


class SyncNotebook:
    """`Notebook`, blocking."""

    def __init__(self, diary: Diary, user_id: str, agent_name: str) -> None:
        self._diary = diary
        self._user_id, self._agent_name = user_id, agent_name

    def __repr__(self) -> str:
        return f"Sync{self._of(self._diary)!r}"

    def _of(self, diary: Diary) -> Notebook:
        return diary.notebook(self._user_id, self._agent_name)

    read = _blocking(Notebook.read)
    write = _blocking(Notebook.write)
    append = _blocking(Notebook.append)
    replace = _blocking(Notebook.replace)
    load = _blocking(Notebook.load)
    format_prompt = _blocking(Notebook.format_prompt)


class SyncDiary:
    """The diary, blocking; see `Diary` for what it takes and what each method does.

    Example:
        >>> import tempfile
        >>> diary = SyncDiary(tempfile.mkdtemp())
        >>> print(diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted!"))
        ana, chat_1, turn 1:
          added allergies/walnuts: allergic to walnuts
    """

    @_with_arguments_of(Diary.__init__)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._diary = Diary(*args, **kwargs)

    @classmethod
    def _over(cls, diary: Diary) -> Self:
        made = cls.__new__(cls)
        made._diary = diary
        return made

    def __repr__(self) -> str:
        return f"Sync{self._diary!r}"

    def _of(self, diary: Diary) -> Diary:
        return diary

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def diary(self) -> Diary:
        """The same diary for async code."""
        return self._diary

    @property
    def messages(self) -> SyncMessages:
        """What was said, verbatim."""
        return SyncMessages(self._diary)

    @property
    def notes(self) -> SyncNotes:
        """Values under keys in namespaces."""
        return SyncNotes(self._diary)

    def notebook(self, user_id: str, agent_name: str = "main") -> SyncNotebook:
        """Return an agent's own `MEMORY.md`.

        Args:
            user_id: in whose diary.
            agent_name: whose notebook; each agent has one for each user.
        """
        return SyncNotebook(self._diary, user_id, agent_name)

    def stats(self) -> dict[str, Any]:
        """Return figures of this process; see `Diary.stats`."""
        return self._diary.stats()

    close = _blocking(Diary.aclose)
    ensure_session = _blocking(Diary.ensure_session)
    update_memory = _blocking(Diary.update_memory)
    record_turn = _blocking(Diary.record_turn)
    catch_up = _blocking(Diary.catch_up)
    compact = _blocking(Diary.compact)
    why = _blocking(Diary.why)
    upsert_preference = _blocking(Diary.upsert_preference)
    forget_preference = _blocking(Diary.forget_preference)
    preferences = _blocking(Diary.preferences)
    last_conversations = _blocking(Diary.last_conversations)
    pretty_preferences = _blocking(Diary.pretty_preferences)
    pretty_conversations = _blocking(Diary.pretty_conversations)
    recall = _blocking(Diary.recall)
    context = _blocking(Diary.context)
    reembed = _blocking(Diary.reembed)
    view = _blocking(Diary.view)
    check = _blocking(Diary.check)
    list_users = _blocking(Diary.list_users)
    export_user = _blocking(Diary.export_user)
    import_user = _blocking(Diary.import_user)
    delete_user = _blocking(Diary.delete_user)
