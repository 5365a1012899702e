"""Why a command can't do what it was asked, in words for the person who typed it."""

from __future__ import annotations

from typing import cast

import typer

from diarist.errors import DiaristError

WRONG_INPUT = 2
"""The exit code for everything a person can put right: options, files, ids, broken pages."""
STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""


class CommandError(ValueError):
    """A command can't go on; the message is one clear line, or one for each fault."""


UsageError = cast("type[Exception]", typer.BadParameter.__base__)
"""What a wrong command line raises: click's class in older typers, typer's own in newer ones."""

EXPECTED = (UsageError, DiaristError, OSError, ValueError)
"""What is reported as a line; everything else is a fault in diarist and keeps its traceback."""


def lines_for(error: Exception) -> list[str]:
    """Return what to tell about one of the `EXPECTED` errors.

    >>> lines_for(FileNotFoundError(2, "No such file or directory", "chat.jsonl"))
    ['chat.jsonl: no such file or directory']
    """
    if isinstance(error, CommandError):
        return str(error).splitlines()
    if isinstance(error, UsageError):
        return [_usage(error)]
    if isinstance(error, OSError) and not isinstance(error, DiaristError) and error.strerror:
        reason = error.strerror[:1].lower() + error.strerror[1:]
        return [reason if error.filename is None else f"{error.filename}: {reason}"]
    return [" ".join(str(error).split()) or type(error).__name__]


def _usage(error: Exception) -> str:
    said = getattr(error, "format_message", error.__str__)()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "diarist"
    sentence = " ".join(str(said).split()).rstrip(".").replace("Value error, ", "")
    return f"{sentence[:1].lower()}{sentence[1:]} (see `{command} --help`)"
