"""`docs/cli.md`, written from the commands themselves: `python tests/command_page.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from core.cli.commands import every_command, examples_of, named

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """\
# The command line

`pip install 'diarist[cli]'` brings the command `diarist`. This page is written from its help by
`python tests/command_page.py`, and a test runs every example.

- Commands about one user take the user first. `--diary PATH`, else `DIARIST_HOME`, else
  `./memories` names the diary: a folder, or a server's address ([backends.md](backends.md)).
- The answer is on standard output: words for a person, or with `--json` JSON for a program. What is
  to be said beside it is on standard error, each line with `diarist: ` before it.
- Text of a diary is data: control characters in it are written out, so that none moves your cursor.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | looked, and found something bad, or nothing; or you said no; or not all could be copied |
| 2 | wrong input: an option, a file, a user, a page, a server, a full disk; a line says which |
| 130 | stopped by Ctrl-C; what was acknowledged is kept |

Anything else, with a traceback, is a fault of diarist's: please report it.
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(f"\n{_section(' '.join(names))}" for names in every_command())


def _section(name: str) -> str:
    command = named(name)
    places = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = " ".join(["diarist", name, *map(_placeholder, places)])
    rows = [(f"`{_placeholder(p)}`", p.help) for p in places]
    rows += [(f"`{_spelled(p)}`", p.help) for p in options]
    table = "".join(f"| {left} | {_cell(right)} |\n" for left, right in rows)
    shown = "\n".join(examples_of(name))
    return (
        f"## {name}\n\n{_words(command.help)}\n\n`{usage}`\n\n"
        f"| | |\n|---|---|\n{table}\n```sh\n{shown}\n```\n"
    )


def _placeholder(parameter: Any) -> str:
    shown = (parameter.metavar or parameter.name.upper()).strip("[]")
    return shown if parameter.required else f"[{shown}]"


def _spelled(parameter: Any) -> str:
    names = ", ".join(sorted(parameter.opts, key=len))
    if getattr(parameter, "is_flag", False):
        return names
    return f"{names} {parameter.metavar or parameter.name.upper()}"


def _words(text: str) -> str:
    """Return a help text as paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
