"""The commands there are, as the app has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.main import get_command

from diarist.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_command() -> list[tuple[str, ...]]:
    """Return the names of each command: ("show",), ("note", "put")."""
    return list(_below(get_command(app), ()))


def named(name: str) -> Any:
    """Return the command of a name such as "note put"."""
    command: Any = get_command(app)
    for part in name.split():
        command = command.commands[part]
    return command


def examples_of(name: str) -> list[str]:
    """Return the examples in a command's help, as they are typed."""
    lines = (named(name).epilog or "").splitlines()
    return [line.removeprefix("- `").removesuffix("`") for line in lines if line.startswith("- `")]


def _below(command: Any, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, inner in command.commands.items():
        if getattr(inner, "commands", None):
            yield from _below(inner, (*names, name))
        else:
            yield (*names, name)
