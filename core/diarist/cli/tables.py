"""A preference table named as FILE.py:Class, loaded by executing the file."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from diarist import schema
from diarist.cli.failures import CommandError
from diarist.errors import SchemaError

if TYPE_CHECKING:
    from pydantic import BaseModel


def load_table(name: str) -> type[BaseModel]:
    """Return the table that FILE.py:Class names.

    The file runs as `python FILE.py` would run it, except that it is not `__main__`: what lies
    beside it can be imported.

    Raises:
        CommandError: the name has another form, the file is missing or fails, or the class is
            missing or no preference table.
    """
    file, _, class_name = name.rpartition(":")
    if not file.endswith(".py") or not class_name.isidentifier():
        raise CommandError(f"{name!r}: a table is named as FILE.py:Class, such as prefs.py:MyPrefs")
    path = Path(file)
    if not path.is_file():
        raise CommandError(f"{file}: there is no such file")
    table = getattr(_executed(path), class_name, None)
    if table is None:
        raise CommandError(f"{file} has no class {class_name}")
    try:
        schema.categories(table)
    except SchemaError as error:
        raise CommandError(f"{name}: {error}") from error
    return table


def _executed(path: Path) -> ModuleType:
    module = ModuleType(f"diarist_table_{path.stem}")
    module.__file__ = str(path)
    # Pydantic looks a class's annotations up in its module: there it must be registered.
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # a person's file may raise anything
        reason = " ".join(str(error).split())
        raise CommandError(f"{path} fails: {type(error).__name__}: {reason}") from error
    return module
