"""Where a diary is, as it is typed on a command line: a folder, or the address of a server."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from diarist.backends.base import DocumentStore
from diarist.backends.local import LocalBackend
from diarist.backends.records import RecordStore
from diarist.backends.sqlite import SQLiteRecords
from diarist.cli.failures import CommandError

FORMS = "a folder, postgresql://HOST/DATABASE, or firestore://PROJECT/BASE/PATH"

_USER_AND_PASSWORD = re.compile(r"(://[^:/?#]*):[^/?#]*(?=@)")
_PASSWORD = re.compile(r"(?<=[?&]password=)[^&]*")


def open_backend(address: str) -> DocumentStore:
    """Return the backend at an address; nothing is asked or created before it is used.

    Raises:
        CommandError: no backend has such an address.

    >>> open_backend("memories")
    LocalBackend('memories')
    >>> open_backend("firestore://my-project/app/memory?records=/var/diary")
    FirestoreBackend('my-project', 'app/memory')
    """
    scheme = _scheme(address)
    if not scheme:
        return LocalBackend(address)
    if scheme not in _BACKENDS:
        raise CommandError(f"{scheme}:// is no backend's address; name {FORMS}")
    return _BACKENDS[scheme](address)


def open_records(address: str) -> RecordStore:
    """Return the store of records at an address."""
    scheme = _scheme(address)
    if not scheme:
        return SQLiteRecords(Path(address))
    if scheme not in _RECORDS:
        raise CommandError(f"{scheme}:// keeps no records; name a folder or postgresql://…")
    return _RECORDS[scheme](address)


def shown(address: str) -> str:
    """Return an address as it may be printed: without a password.

    >>> shown("postgresql://app:secret@db.example/diary?password=secret")
    'postgresql://app@db.example/diary?password=…'
    """
    return _PASSWORD.sub("…", _USER_AND_PASSWORD.sub(r"\1", address))


def _scheme(address: str) -> str:
    scheme, found, _ = address.partition("://")
    return scheme if found else ""


def _firestore(address: str) -> DocumentStore:
    from diarist.backends.firestore import DEFAULT_BASE_PATH, FirestoreBackend

    parts = urlsplit(address)
    options = _options(address, parts.query, "database", "credentials", "records")
    records = options.get("records")
    return FirestoreBackend(
        parts.netloc,
        unquote(parts.path).strip("/") or DEFAULT_BASE_PATH,
        options.get("credentials"),
        options.get("database"),
        records=None if records is None else open_records(records),
    )


def _postgres(address: str) -> DocumentStore:
    from diarist.backends.postgres import PostgresBackend

    dsn, schema = _dsn_and_schema(address)
    return PostgresBackend(dsn, schema=schema)


def _postgres_records(address: str) -> RecordStore:
    from diarist.backends.postgres import PostgresRecords

    dsn, schema = _dsn_and_schema(address)
    return PostgresRecords(dsn, schema=schema)


def _dsn_and_schema(address: str) -> tuple[str, str]:
    """Return what libpq reads of an address, letter by letter, and the schema it names."""
    from diarist.backends.postgres.opening import SCHEMA

    parts = urlsplit(address)
    options = [option for option in parts.query.split("&") if not option.startswith("schema=")]
    schema = dict(parse_qsl(parts.query)).get("schema", SCHEMA)
    return urlunsplit(parts._replace(query="&".join(options))), schema


def _options(address: str, query: str, *known: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise CommandError(f"{shown(address)}: {name!r} is none of {', '.join(known)}")
    return options


_BACKENDS: Mapping[str, Callable[[str], DocumentStore]] = {
    "firestore": _firestore,
    "postgres": _postgres,
    "postgresql": _postgres,
}
_RECORDS: Mapping[str, Callable[[str], RecordStore]] = {
    "postgres": _postgres_records,
    "postgresql": _postgres_records,
}
