"""Where a diary is, in one text: a folder, or the address of a server. Nothing is opened here."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarist.backends.base import DocumentStore
    from diarist.backends.records import RecordStore

FORMS = "a folder, postgresql://HOST/DATABASE, or firestore://PROJECT/BASE/PATH"

_USER_AND_PASSWORD = re.compile(r"(://[^:/?#]*):[^/?#]*(?=@)")
_SECRETS = ("password=", "sslpassword=")


def is_address(place: object) -> bool:
    """Say whether a place is a server's address; everything else is a folder's path.

    Args:
        place: anything.

    >>> is_address("postgresql://app@db.example/diary"), is_address("memories")
    (True, False)
    """
    return isinstance(place, str) and "://" in place


def open_backend(address: str | os.PathLike[str]) -> DocumentStore:
    """Return the backend at an address; nothing is asked or created before it is used.

    Raises:
        ValueError: no backend has such an address.
        MissingExtraError: what reaches that server is not installed.

    >>> open_backend("memories")
    LocalBackend('memories')
    >>> open_backend("firestore://my-project/app/memory?records=/var/diary")
    FirestoreBackend('my-project', 'app/memory')
    """
    if not isinstance(address, str) or not is_address(address):
        from diarist.backends.local import LocalBackend

        scheme = os.fspath(address).partition(":")[0]
        if scheme in _BACKENDS:
            raise ValueError(f"{address}: an address begins with {scheme}://, and is no path")
        return LocalBackend(address)
    scheme = _scheme(address)
    if scheme not in _BACKENDS:
        raise ValueError(f"{scheme}:// is no backend's address; name {FORMS}")
    return _BACKENDS[scheme](address)


def open_records(address: str) -> RecordStore:
    """Return the store of records at an address."""
    if not is_address(address):
        from diarist.backends.sqlite import SQLiteRecords

        return SQLiteRecords(Path(address))
    scheme = _scheme(address)
    if scheme not in _RECORDS:
        raise ValueError(f"{scheme}:// keeps no records; name a folder or postgresql://…")
    return _RECORDS[scheme](address)


def shown(address: str) -> str:
    """Return an address as it may be printed: without a password.

    >>> shown("postgresql://app:secret@db.example/diary?password=secret")
    'postgresql://app@db.example/diary'
    """
    if not is_address(address):
        return address
    place, _, query = _USER_AND_PASSWORD.sub(r"\1", address).partition("?")
    options = [_shown(each) for each in query.split("&") if each and not each.startswith(_SECRETS)]
    return f"{place}?{'&'.join(options)}" if options else place


def _shown(option: str) -> str:
    """Return an option; `records=` may be an address with a password, too."""
    name, _, value = option.partition("=")
    inner = unquote(value)
    return option if shown(inner) == inner else f"{name}={quote(shown(inner), safe='')}"


def _scheme(address: str) -> str:
    return address.partition("://")[0]


def _firestore(address: str) -> DocumentStore:
    from diarist.backends.firestore import DEFAULT_BASE_PATH, FirestoreBackend

    parts = urlsplit(address)
    if not parts.netloc:
        raise ValueError(f"{address} names no project; name {FORMS}")
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

    place, _, query = address.partition("?")
    options = [option for option in query.split("&") if not option.startswith("schema=")]
    dsn = f"{place}?{'&'.join(options)}" if any(options) else place
    return dsn, dict(parse_qsl(query)).get("schema", SCHEMA)


def _options(address: str, query: str, *known: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise ValueError(f"{shown(address)}: {name!r} is none of {', '.join(known)}")
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
