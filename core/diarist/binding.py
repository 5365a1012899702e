"""Whose memory is it? Where no call and no framework says so, the surrounding `bind_user` does."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from diarist.backends.ids import check_user_id
from diarist.errors import UserNotBoundError

if TYPE_CHECKING:
    from collections.abc import Generator


class Bound(NamedTuple):
    """Who is bound here, and in which session."""

    user_id: str
    session_id: str | None = None


_bound: ContextVar[Bound | None] = ContextVar("diarist_bound", default=None)


@contextmanager
def bind_user(user_id: str, session_id: str | None = None) -> Generator[Bound]:
    """Say whose memory everything inside the `with` block is about.

    It holds for this task or thread and those it starts, and for no other.

    Raises:
        InvalidIdError: nobody can have that id.

    >>> with bind_user("ana", "chat_1"):
    ...     bound().user_id
    'ana'
    """
    token = _bound.set(Bound(check_user_id(user_id), session_id))
    try:
        yield Bound(user_id, session_id)
    finally:
        _bound.reset(token)


def bound(user_id: str | None = None) -> Bound:
    """Return who is meant: `user_id` where it is given, else who is bound here.

    Raises:
        UserNotBoundError: nobody is; there is no default user.
    """
    here = _bound.get()
    if user_id is not None:
        session_id = here.session_id if here is not None and here.user_id == user_id else None
        return Bound(check_user_id(user_id), session_id)
    if here is None:
        raise UserNotBoundError(
            "whose memory is it? Pass user_id=, set it in the framework's own context "
            "(runtime.context.user_id, deps), or wrap the call in `with diarist.bind_user(...)`"
        )
    return here
