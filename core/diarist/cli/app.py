"""The app: the commands of each group in one place, and errors as one line and an exit code."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from diarist.cli import (
    backends,
    checking,
    compacting,
    copying,
    editing,
    ingest,
    migrating,
    moving,
    notes,
    pages,
    recalling,
    schema,
    viewing,
)
from diarist.cli.failures import EXPECTED, STOPPED, WRONG_INPUT, lines_for
from diarist.cli.options import examples
from diarist.cli.output import note


class _StoppedError(Exception):
    """Somebody pressed Ctrl-C while a command worked."""


class _Commands(TyperGroup):
    """A group that tells an expected error as a line on standard error and exits with 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # typer has no words for it, and its releases differ in the code
            raise _StoppedError from None

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except EXPECTED as error:
            for line in lines_for(error):
                note(line)
            code = WRONG_INPUT
        except _StoppedError:
            note("stopped")
            code = STOPPED
        except typer.Abort as error:  # a question that nobody answers
            note("stopped")
            code = STOPPED if isinstance(error.__context__, KeyboardInterrupt) else 1
        sys.exit(code)


app = typer.Typer(
    cls=_Commands,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "diarist ingest ana chat.jsonl",
        "diarist show ana",
        "diarist edit ana",
        "diarist check",
    ),
)
for group in (ingest, pages, viewing, recalling, editing, compacting, checking, moving, copying):
    app.add_typer(group.commands)
app.add_typer(backends.commands, name="backend", help="Try a backend, or make its tables.")
app.add_typer(notes.commands, name="note", help="Put, read and remove notes.")
app.add_typer(migrating.commands, name="migrate", help="Bring over what other systems keep.")
app.add_typer(schema.commands, name="schema", help="Show what the pages may hold.")


def _tell_version(wanted: bool) -> None:
    if wanted:
        from diarist import __version__

        typer.echo(f"diarist {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version),
]


@app.callback()
def diarist(context: typer.Context, version: Version = False) -> None:
    """Keep a diary for an AI agent: pages that a person can read, edit and diff."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
