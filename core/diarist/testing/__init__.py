"""What tests of diarist, and of what stands on it, can use: suites for stores, and real doubles.

    from diarist.testing import RecordStoreTests

    class TestMyStore(RecordStoreTests):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(tmp_path)

The suites need pytest; the doubles need nothing. A test that a store can't pass is named in
`skips`, with the reason.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from diarist.errors import MissingExtraError

if TYPE_CHECKING:
    from diarist.backends.memory import MemoryBackend
    from diarist.testing.documents import DocumentStoreTests
    from diarist.testing.doubles import AsyncScriptedExtractor, FrozenClock, ScriptedExtractor
    from diarist.testing.driving import Blocking
    from diarist.testing.records import RecordStoreTests

__all__ = [
    "AsyncScriptedExtractor",
    "Blocking",
    "DocumentStoreTests",
    "FrozenClock",
    "MemoryBackend",
    "RecordStoreTests",
    "ScriptedExtractor",
]

_HOMES = {
    "AsyncScriptedExtractor": "diarist.testing.doubles",
    "Blocking": "diarist.testing.driving",
    "DocumentStoreTests": "diarist.testing.documents",
    "FrozenClock": "diarist.testing.doubles",
    "MemoryBackend": "diarist.backends.memory",
    "RecordStoreTests": "diarist.testing.records",
    "ScriptedExtractor": "diarist.testing.doubles",
}

_OF_PYTEST = ("Blocking", "DocumentStoreTests", "RecordStoreTests")
_SUITES = (
    "documents",
    "messages",
    "note_details",
    "notes",
    "recalling",
    "searching",
    "subject",
    "turns",
    "whole",
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'diarist.testing' has no attribute {name!r}")
    if name in _OF_PYTEST:
        try:
            import pytest
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"{__name__}.{name} needs pytest: pip install pytest"
            ) from error
        # its report then shows the values in a failed assertion
        pytest.register_assert_rewrite(*(f"{__name__}.{suite}" for suite in _SUITES))
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
