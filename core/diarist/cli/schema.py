"""`diarist schema`: what the pages hold, for a person, an editor or a program."""

from enum import StrEnum
from typing import Annotated

import typer

from diarist import schema
from diarist.cli.options import examples
from diarist.cli.output import say
from diarist.cli.tables import load_table
from diarist.tables import DefaultPreferences

commands = typer.Typer()


class Format(StrEnum):
    """The forms in which `diarist.schema` shows a page."""

    PRETTY = "pretty"
    JSON = "json"
    PYTHON = "python"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="For a person, as JSON Schema for an editor, or as a Python class.",
    ),
]
Table = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE.py:Class",
        help="Your preference table. The file is executed.",
        show_default="DefaultPreferences",
    ),
]


@commands.command(
    epilog=examples(
        "diarist schema preferences",
        "diarist schema preferences prefs.py:MyPrefs -f json",
    )
)
def preferences(table: Table = None, form: FormatOption = Format.PRETTY) -> None:
    """Show the categories of a preference table and what they are for."""
    found = DefaultPreferences if table is None else load_table(table)
    say(schema.show_preferences_schema(found, form.value))


@commands.command(
    epilog=examples(
        "diarist schema conversations",
        "diarist schema conversations -f python",
    )
)
def conversations(form: FormatOption = Format.PRETTY) -> None:
    """Show what the page of conversations holds."""
    say(schema.show_conversations_schema(form.value))
