"""What PostgreSQL refuses, in one sentence that says where and what to do."""

from __future__ import annotations

from psycopg import errors

from diarist.errors import BackendError

_LOGIN = "look at the user and the password in the DSN"
_DATABASE = "make the database, or correct its name in the DSN"
_UNREACHED = "start the server, or correct the DSN"
_REFUSALS = (
    ("no pg_hba.conf entry", "let the server's pg_hba.conf admit this user and machine"),
    ("authentication failed", _LOGIN),
    ("no password supplied", _LOGIN),
    ('role "', _LOGIN),
    ('database "', _DATABASE),
)
"""What a refused connection is told by, which has no code."""
_ADVICE: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (
        (errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        _LOGIN,
    ),
    (errors.InvalidCatalogName, _DATABASE),
    (errors.InsufficientPrivilege, "docs/backends.md lists what the user needs to be granted"),
    (
        (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedFunction),
        "`diarist backend init URL` makes the tables",
    ),
    (errors.ReadOnlySqlTransaction, "it is a standby or set to read only; write to the primary"),
    (errors.TooManyConnections, "allow more in PostgreSQL, or fewer with connections="),
    (errors.DiskFull, "free some space on its disk; nothing was changed"),
    (errors.QueryCanceled, "a time limit of the server ended it; nothing was changed"),
    (
        (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow),
        "nothing was changed; try again when it is up",
    ),
)


def told(place: str, schema: str, error: Exception) -> BackendError:
    """Return a refusal of PostgreSQL's for `place`."""
    if isinstance(error, errors.Error) and error.sqlstate is None:  # no connection
        reason = _reason(error)
        advice = next((advice for sign, advice in _REFUSALS if sign in reason), _UNREACHED)
        return BackendError(f"can't reach {place}: {reason}; nothing was changed: {advice}")
    advice = next((advice for kinds, advice in _ADVICE if isinstance(error, kinds)), None)
    where = f"{place}, schema {schema}"
    return BackendError(f"can't use {where}: {_reason(error)}" + (f"; {advice}" if advice else ""))


def _reason(error: Exception) -> str:
    """Return the line of a message that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("LINE ", "^", "Is the server"))]
    reason = lines[0] if lines else type(error).__name__
    for noise in ("connection failed: ", "FATAL:  ", "FATAL: "):
        reason = reason.replace(noise, "")
    return reason
