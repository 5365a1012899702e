"""The `diarist` command. It needs the extra `[cli]`; nothing else in diarist does."""

from __future__ import annotations

import sys

_EXTRA = {"typer", "rich", "click"}


def main() -> None:
    """Run the command line, or say what to install for it."""
    try:
        from diarist.cli.app import app
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("diarist: the command line needs more: pip install 'diarist[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before there is a command that could be stopped in order
        sys.stderr.write("diarist: stopped\n")
        sys.exit(130)
    app(prog_name="diarist")
