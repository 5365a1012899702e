"""TOMLDiary's folders, as `diarist migrate` reads them: pages of any of its versions."""

from collections import Counter
from pathlib import Path

from diarist.backends.local import LocalBackend
from diarist.blocking import finish
from diarist.cli.bringing import Brought, Fault
from diarist.cli.failures import CommandError
from diarist.diary import Diary
from diarist.documents import CONVERSATIONS, PREFERENCES, Documents
from diarist.errors import DocumentError
from diarist.pages.merging import merged_conversations, merged_preferences
from diarist.pages.migrate import stamped
from diarist.pages.toml import Document

_KINDS = {
    PREFERENCES: ("preference", merged_preferences),
    CONVERSATIONS: ("conversation", merged_conversations),
}


class TomlDiaryFolder:
    """Every page of every user in a folder, which may be the diary's own.

    Args:
        path: the folder with a folder for each user.
        diary: where to; its coroutines never suspend.

    Raises:
        CommandError: there is no such page.
    """

    def __init__(self, path: Path, diary: Diary) -> None:
        self._schema_name = diary.pref_table_cls.__name__
        self._target = Documents(diary.backend, self._schema_name)
        self._source = Documents(LocalBackend(path).blocking, self._schema_name)
        pages = self._source.backend
        self.parts = [
            (user, kind)
            for user in finish(pages.list_users())
            for kind in _KINDS
            if finish(pages.exists(user, kind))
        ]
        if not self.parts:
            raise CommandError(
                f"{path} holds no memories of TOMLDiary: it has to be the folder with a folder for "
                "each user, and in those preferences.toml or conversations.toml"
            )

    def look(self, part: tuple[str, str]) -> Brought:
        """Say what bringing a page would do."""
        try:
            page = finish(self._target.read(*part))
            return self._brought(part, finish(self._source.read(*part)), page)[1]
        except DocumentError as error:
            return Brought(faults=[Fault(part[0], str(error))])

    def bring(self, part: tuple[str, str]) -> Brought:
        """Bring what a page says to the diary's page, and that to today's layout."""
        try:
            source = finish(self._source.read(*part))
            change = self._target.update(*part, lambda page: self._brought(part, source, page))
            return finish(change)
        except DocumentError as error:
            return Brought(faults=[Fault(part[0], str(error))])

    def _brought(
        self, part: tuple[str, str], source: Document, page: Document
    ) -> tuple[Document, Brought]:
        user, kind = part
        noun, merged_with = _KINDS[kind]
        merged = merged_with(page, source)
        told = Brought(Counter({noun: merged.new}), Counter({noun: merged.known}), users={user})
        return stamped(merged.page, self._schema_name), told
