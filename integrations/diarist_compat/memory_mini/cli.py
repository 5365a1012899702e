"""memory-mini's command line, with `restore`: `python -m diarist_compat.memory_mini --help`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from diarist import KEEP, DiaristError
from diarist_compat.memory_mini.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

EXPECTED = (DiaristError, OSError, ValueError, re.error)
"""What is told in a line; everything else is a fault of ours and keeps its traceback."""
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 2 where it can't be done."""
    args = vars(_parser().parse_args(argv))
    command = args.pop("command")
    try:
        with Store(args.pop("db")) as store:
            for line in command(store, **args):
                sys.stdout.write(f"{line}\n")
    except EXPECTED as error:
        sys.stderr.write(f"memory-mini: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="memory-mini", description="Texts under keys in a file.")
    parser.add_argument("--db", default="memory-mini.db", help="the file")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help: str, run: Any, *arguments: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(command=run)
        for argument in arguments:
            command.add_argument(argument)
        return command

    def add_in_namespace(
        name: str, help: str, run: Any, *arguments: str
    ) -> argparse.ArgumentParser:
        command = add(name, help, run, *arguments)
        command.add_argument("--namespace", "--ns", dest="ns")
        return command

    store = add_in_namespace("store", "Store a value under a key.", _store, "key", "value")
    store.add_argument("--metadata", type=_json_object, default=KEEP, help="a JSON object")
    store.add_argument("--upsert", action=argparse.BooleanOptionalAction, default=True)
    get = add_in_namespace("get", "Print a value.", _get, "key")
    list_ = add_in_namespace("list", "List entries.", _list)
    for command in (get, list_):
        command.add_argument("--include-deleted", action="store_true")
    search = add_in_namespace("search", "Search entries.", _search, "text")
    search.add_argument("--mode", choices=["prefix", "regex", "fts"], default="prefix")
    add_in_namespace("soft-delete", "Hide an entry until it is restored.", _soft_delete, "key")
    add_in_namespace("restore", "Bring back a hidden entry.", _restore, "key")
    cleanup = add("cleanup", "Remove what is hidden for long, or has expired.", _cleanup)
    cleanup.add_argument("--retention-days", type=int, default=30)
    cleanup.add_argument("--all-deleted", action="store_true")
    add("stats", "Count entries by status.", _stats)
    return parser


def _store(store: Store, **asked: Any) -> Iterator[str]:
    entry = store.store(**asked)
    yield json.dumps({"key": entry.key, "namespace": entry.namespace, "status": entry.status})


def _get(store: Store, **asked: Any) -> Iterator[str]:
    entry = store.get(**asked)
    yield "" if entry is None else entry.value


def _list(store: Store, **asked: Any) -> Iterator[str]:
    for entry in store.list(**asked):
        yield _columns(entry.namespace, entry.key, entry.status, entry.value)


def _search(store: Store, **asked: Any) -> Iterator[str]:
    for entry in store.search(**asked):
        yield _columns(entry.namespace, entry.key, entry.value)


def _soft_delete(store: Store, **asked: Any) -> Iterator[str]:
    yield "deleted" if store.soft_delete(**asked) else "missing"


def _restore(store: Store, **asked: Any) -> Iterator[str]:
    yield "restored" if store.restore(**asked) else "missing"


def _cleanup(store: Store, retention_days: int, **asked: Any) -> Iterator[str]:
    yield str(store.cleanup(retention=timedelta(days=retention_days), **asked))


def _stats(store: Store) -> Iterator[str]:
    yield json.dumps(store.stats(), sort_keys=True)


def _columns(*texts: str) -> str:
    r"""Return texts apart by tabs; a tab or line end inside one is written out.

    >>> _columns("a", "b\nc")
    'a\tb\\nc'
    """
    return "\t".join(_escaped(text) for text in texts)


def _escaped(text: Iterable[str]) -> str:
    return "".join(_ESCAPED.get(char, char) for char in text)


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]


if __name__ == "__main__":
    sys.exit(main())
