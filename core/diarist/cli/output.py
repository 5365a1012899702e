"""What commands print: text for a person, JSON for a program, notes on standard error."""

from __future__ import annotations

import json
import re
import textwrap
from datetime import date, time
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import track

from diarist.visible import LONE, visible, written_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

_LONE_SURROGATE = re.compile(f"[{LONE}]")


def say(text: str) -> None:
    """Print a line for a person."""
    typer.echo(visible(text))


def indented(text: str) -> str:
    r"""Return `text` two columns to the right, so that none of it looks like a line of ours.

    >>> indented("one\n\ntwo")
    '  one\n\n  two'
    """
    return textwrap.indent(text, "  ")


def headline(text: str) -> None:
    """Print a line that stands out on a terminal and is plain elsewhere."""
    typer.secho(visible(text), bold=True)


def note(text: str) -> None:
    """Say something beside the result, on standard error."""
    typer.echo(visible(f"diarist: {text}"), err=True)


def say_json(value: Any) -> None:
    """Print a value as JSON, with times as text."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_as_json)
    typer.echo(_LONE_SURROGATE.sub(written_out, text))  # no encoding has them, JSON does


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "turn"), count(2, "turn")
    ('1 turn', '2 turns')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def tracked(parts: Sequence[T], description: str) -> Iterable[T]:
    """Return the parts, with a progress bar where a person looks on."""
    console = Console(stderr=True)
    return track(
        parts,
        description=description,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _as_json(value: object) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
