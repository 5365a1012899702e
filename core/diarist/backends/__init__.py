"""Where a diary is kept: bytes in, bytes out."""

from diarist.backends.base import ABSENT, ANY, DocumentStore, PageStore, Version, update
from diarist.backends.local import LocalBackend

__all__ = ["ABSENT", "ANY", "DocumentStore", "LocalBackend", "PageStore", "Version", "update"]
