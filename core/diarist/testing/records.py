"""What every store of records must do: inherit, give a store, get the tests."""

from __future__ import annotations

from diarist.testing.messages import MessageTests
from diarist.testing.note_details import NoteDetailTests
from diarist.testing.notes import NoteTests
from diarist.testing.recalling import RecallTests
from diarist.testing.searching import NoteSearchTests
from diarist.testing.turns import TurnTests
from diarist.testing.whole import WholeTests


class RecordStoreTests(
    MessageTests, TurnTests, NoteTests, NoteDetailTests, NoteSearchTests, RecallTests, WholeTests
):
    """Inherit, and give a fixture `store` that returns a new, empty store.

    class TestMyStore(RecordStoreTests):
        @pytest.fixture
        def store(self):
            return MyStore()
    """
