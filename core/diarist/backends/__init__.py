"""Where a diary is kept: bytes in, bytes out."""

from diarist.backends.base import ABSENT, ANY, DocumentStore, PageStore, Version, update
from diarist.backends.local import LocalBackend
from diarist.backends.records import RecordStore

__all__ = [
    "ABSENT",
    "ANY",
    "DocumentStore",
    "LocalBackend",
    "PageStore",
    "RecordStore",
    "Version",
    "update",
]
