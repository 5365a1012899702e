"""A preference table or a model named as FILE.py:name, loaded by executing the file."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from diarist import schema
from diarist.cli.failures import CommandError
from diarist.embedding import METHODS
from diarist.errors import SchemaError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from diarist.embedding import Embed


def load_table(name: str) -> type[BaseModel]:
    """Return the table that FILE.py:Class names.

    The file runs as `python FILE.py` would run it, except that it is not `__main__`: what lies
    beside it can be imported.

    Raises:
        CommandError: the name has another form, the file is missing or fails, or the class is
            missing or no preference table.
    """
    table = _named(name, "class", "a table is named as FILE.py:Class, such as prefs.py:MyPrefs")
    try:
        schema.categories(table)
    except SchemaError as error:
        raise CommandError(f"{name}: {error}") from error
    return table


def load_model(name: str) -> Embed:
    """Return the embedding model that FILE.py:name names: a callable of a list of texts.

    Raises:
        CommandError: the name has another form, the file is missing or fails, has no such name, or
            what it names can't embed.
    """
    model = _named(name, "function", "a model is named as FILE.py:name, such as model.py:embed")
    if not any(callable(getattr(model, way, None)) for way in ("__call__", *METHODS)):
        raise CommandError(f"{name}: embeds no texts: it can't be called, and has no method for it")
    return model


def _named(name: str, what: str, form: str) -> Any:
    file, _, inside = name.rpartition(":")
    if not file.endswith(".py") or not inside.isidentifier():
        raise CommandError(f"{name!r}: {form}")
    path = Path(file)
    if not path.is_file():
        raise CommandError(f"{file}: there is no such file")
    found = getattr(_executed(path), inside, None)
    if found is None:
        raise CommandError(f"{file} has no {what} {inside}")
    return found


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
