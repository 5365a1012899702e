"""A run of an agent: whose it is, and in which session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from diarist.adapters import whose

if TYPE_CHECKING:
    from pydantic_ai import RunContext

    from diarist.adapters import Bound

UserId: TypeAlias = "str | Callable[[RunContext[Any]], str | None] | None"
"""A user, or who it is by the `RunContext` of a run."""


def whose_run(ctx: RunContext[Any], user_id: UserId, session_id: str | None = None) -> Bound:
    """Return whose run this is, and in which session, None where nobody says.

    The arguments come first, then `user_id` and `session_id` of the run's `deps`, as attributes or
    as keys; then `bind_user`.

    Raises:
        UserNotBoundError: nobody says whose.
    """
    if callable(user_id):
        user_id = user_id(ctx)
    of_deps = entry(ctx.deps, "user_id"), entry(ctx.deps, "session_id")
    return whose(user_id, session_id, framework=of_deps)


def entry(deps: object, name: str) -> Any:
    """Return what deps hold under a name, None where there is nothing."""
    if isinstance(deps, Mapping):
        return cast("Mapping[str, Any]", deps).get(name)
    return getattr(deps, name, None)
