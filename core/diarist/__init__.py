"""A diary for AI agents: memory as TOML pages that a person can read, edit and diff."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diarist.backends.firestore import FirestoreBackend
    from diarist.backends.local import LocalBackend
    from diarist.backends.postgres import PostgresBackend, PostgresRecords
    from diarist.backends.sqlite import SQLiteRecords
    from diarist.binding import bind_user
    from diarist.compaction import CompactionConfig, CompactionReport
    from diarist.counting import CountNotes, NoteCounts, NoteSurvey, SurveyNotes
    from diarist.diary import Diary
    from diarist.errors import (
        BackendError,
        BlockNotFoundError,
        ConflictError,
        DamagedError,
        DiaristError,
        DocumentError,
        ExtractionError,
        FormatVersionError,
        InvalidIdError,
        MemoryAccessError,
        MissingExtraError,
        NotebookError,
        PreferenceNotFoundError,
        SchemaError,
        UnknownCategoryError,
        UnsupportedError,
        UserExistsError,
        UserNotBoundError,
        UserNotFoundError,
    )
    from diarist.extraction.base import Extractor
    from diarist.extraction.model import ModelExtractor
    from diarist.extraction.rules import RuleExtractor
    from diarist.loaders import (
        ConversationLoader,
        PreferenceLoader,
        load_conversations,
        load_preferences,
    )
    from diarist.models import (
        Edit,
        EditResult,
        Extraction,
        Match,
        Page,
        Problem,
        Rejected,
        Snapshot,
        Turn,
        UpdateReport,
    )
    from diarist.notebook import MemoryFile, Notebook
    from diarist.recall.context import Context, Receipt, ReceiptItem
    from diarist.recording import Recorder
    from diarist.records import (
        KEEP,
        DeleteNote,
        DeletionReport,
        GetNote,
        Hit,
        ListNamespaces,
        ListNotes,
        Message,
        Note,
        Payload,
        PutNote,
        RecordedTurn,
        RestoreNote,
        Session,
    )
    from diarist.sync import SyncDiary
    from diarist.tables import ConversationItem, DefaultPreferences, PreferenceItem
    from diarist.tools import Tool, diary_tools
    from diarist.writer import MemoryWriter, WriterReport

__all__ = [
    "KEEP",
    "BackendError",
    "BlockNotFoundError",
    "CompactionConfig",
    "CompactionReport",
    "ConflictError",
    "Context",
    "ConversationItem",
    "ConversationLoader",
    "CountNotes",
    "DamagedError",
    "DefaultPreferences",
    "DeleteNote",
    "DeletionReport",
    "DiaristError",
    "Diary",
    "DocumentError",
    "Edit",
    "EditResult",
    "Extraction",
    "ExtractionError",
    "Extractor",
    "FirestoreBackend",
    "FormatVersionError",
    "GetNote",
    "Hit",
    "InvalidIdError",
    "ListNamespaces",
    "ListNotes",
    "LocalBackend",
    "Match",
    "MemoryAccessError",
    "MemoryFile",
    "MemoryWriter",
    "Message",
    "MissingExtraError",
    "ModelExtractor",
    "Note",
    "NoteCounts",
    "NoteSurvey",
    "Notebook",
    "NotebookError",
    "Page",
    "Payload",
    "PostgresBackend",
    "PostgresRecords",
    "PreferenceItem",
    "PreferenceLoader",
    "PreferenceNotFoundError",
    "Problem",
    "PutNote",
    "Receipt",
    "ReceiptItem",
    "RecordedTurn",
    "Recorder",
    "Rejected",
    "RestoreNote",
    "RuleExtractor",
    "SQLiteRecords",
    "SchemaError",
    "Session",
    "Snapshot",
    "SurveyNotes",
    "SyncDiary",
    "Tool",
    "Turn",
    "UnknownCategoryError",
    "UnsupportedError",
    "UpdateReport",
    "UserExistsError",
    "UserNotBoundError",
    "UserNotFoundError",
    "WriterReport",
    "bind_user",
    "diary_tools",
    "load_conversations",
    "load_preferences",
]

_HOMES = {
    "diarist.backends.firestore": "FirestoreBackend",
    "diarist.backends.local": "LocalBackend",
    "diarist.backends.postgres": "PostgresBackend PostgresRecords",
    "diarist.backends.sqlite": "SQLiteRecords",
    "diarist.binding": "bind_user",
    "diarist.compaction": "CompactionConfig CompactionReport",
    "diarist.counting": "CountNotes NoteCounts NoteSurvey SurveyNotes",
    "diarist.diary": "Diary",
    "diarist.errors": "BackendError BlockNotFoundError ConflictError DamagedError DiaristError "
    "DocumentError ExtractionError FormatVersionError InvalidIdError MemoryAccessError "
    "MissingExtraError NotebookError PreferenceNotFoundError SchemaError UnknownCategoryError "
    "UnsupportedError UserExistsError UserNotBoundError UserNotFoundError",
    "diarist.extraction.base": "Extractor",
    "diarist.extraction.model": "ModelExtractor",
    "diarist.extraction.rules": "RuleExtractor",
    "diarist.loaders": "ConversationLoader PreferenceLoader load_conversations load_preferences",
    "diarist.models": "Edit EditResult Extraction Match Page Problem Rejected Snapshot Turn "
    "UpdateReport",
    "diarist.notebook": "MemoryFile Notebook",
    "diarist.recall.context": "Context Receipt ReceiptItem",
    "diarist.recording": "Recorder",
    "diarist.records": "KEEP DeleteNote DeletionReport GetNote Hit ListNamespaces ListNotes "
    "Message Note Payload PutNote RecordedTurn RestoreNote Session",
    "diarist.sync": "SyncDiary",
    "diarist.tables": "ConversationItem DefaultPreferences PreferenceItem",
    "diarist.tools": "Tool diary_tools",
    "diarist.writer": "MemoryWriter WriterReport",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("diarist")
    for module, names in _HOMES.items():
        if name in names.split():
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'diarist' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
