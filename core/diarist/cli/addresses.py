"""Where a diary is, as it is typed on a command line: a folder, or the address of a server."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from diarist.backends.base import DocumentStore
from diarist.backends.local import LocalBackend
from diarist.backends.records import RecordStore
from diarist.backends.sqlite import SQLiteRecords
from diarist.cli.failures import CommandError

FORMS = "a folder, or firestore://PROJECT/BASE/PATH"


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
        raise CommandError(f"{scheme}:// keeps no records; name a folder")
    return _RECORDS[scheme](address)


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


def _options(address: str, query: str, *known: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise CommandError(f"{address}: {name!r} is none of {', '.join(known)}")
    return options


_BACKENDS: Mapping[str, Callable[[str], DocumentStore]] = {"firestore": _firestore}
_RECORDS: Mapping[str, Callable[[str], RecordStore]] = {}
