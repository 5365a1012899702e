"""The diary: every step is a call into pages, extraction or a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diarist import exporting
from diarist.backends.ids import check_user_id
from diarist.blocking import one_hop
from diarist.checks import check_counts, check_path, check_session, check_text, check_texts
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.errors import (
    DocumentError,
    PreferenceNotFoundError,
    UnknownCategoryError,
    UnsupportedError,
)
from diarist.messages import all_tidied
from diarist.models import Page, Problem, Turn, UpdateReport
from diarist.pages import check, conversations, preferences, pretty
from diarist.pages.items import sources
from diarist.pages.migrate import META
from diarist.pages.preferences import Stamp
from diarist.pages.toml import clean, thaw
from diarist.records import DeletionReport, Message
from diarist.remembering import Remembering
from diarist.showing import Conversations, Listing

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from diarist.compaction import CompactionReport
    from diarist.models import EditResult, Table
    from diarist.pages.toml import Document
    from diarist.records import RecordedTurn
    from diarist.sync import SyncDiary


class Diary(Remembering):
    """What an agent remembers about its users.

    Args:
        backend: a folder, a server's address (`postgresql://…`, `firestore://…`), or a backend.
        pref_table_cls: the categories to keep: a Pydantic model of `dict[str, PreferenceItem]`
            fields whose docstring says what each is for; None takes `DefaultPreferences`.
        agent: finds what to remember; None takes the offline rules.
        max_prefs_per_category: a full category refuses new items and says so.
        max_conversations: beyond, the conversation idle for longest leaves the page.
        similarity_threshold: from this resemblance on, in per cent, `upsert_preference` asks back.
        compaction_config: when pages are compacted, and how; None is never, but for `compact`.
        records: where messages, turns and notes are kept; None takes the backend's own.
        embed: makes vectors of texts, for `recall`: takes a list of texts and returns a vector for
            each; sync or async. None recalls by words alone.
        count_tokens: how many tokens a text has; None estimates.
        clock: the time where a call gives no `at`, in UTC unless it says another zone: the one in
            which "tomorrow" is meant.

    Raises:
        SchemaError: `pref_table_cls` is not a preference table.

    Example:
        >>> import asyncio, tempfile
        >>> diary = Diary(tempfile.mkdtemp())
        >>> turn = diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted!")
        >>> print(asyncio.run(turn))
        ana, chat_1, turn 1:
          added allergies/walnuts: allergic to walnuts
    """

    @property
    def sync(self) -> SyncDiary:
        """The same diary for code that is not async."""
        from diarist.sync import SyncDiary

        return SyncDiary._over(self)  # pyright: ignore[reportPrivateUsage]

    # ------------------------------------------------------------ learning

    @one_hop
    async def ensure_session(
        self, user_id: str, session_id: str, *, at: datetime | None = None
    ) -> bool:
        """Put the session on the conversations page, and say whether it is new.

        Args:
            user_id: whose.
            session_id: the conversation.
            at: when it began; None is now.

        Raises:
            DocumentError: the page is broken; it stays as it is.
        """
        stamp = self._time(at)
        session_id = check_session(session_id)

        def change(document: Document) -> tuple[Document, bool]:
            return conversations.ensure(
                document, session_id, at=stamp, max_conversations=self.max_conversations
            )

        return await self._documents.update(user_id, CONVERSATIONS, change)

    async def update_memory(
        self,
        user_id: str,
        session_id: str,
        user_msg: str,
        assistant_msg: str,
        *,
        at: datetime | None = None,
    ) -> UpdateReport:
        """Take in one turn: the pages are written when this returns.

        The turn is logged first, durably. The extractor works on a snapshot, outside every lock;
        its edits are applied to the newest text of each page, the conversations first. Turns of
        the user that wait, because a page was broken or a model failed, are tried again, too.

        Args:
            user_id: whose diary.
            session_id: the conversation; any string that is valid Unicode.
            user_msg: what the user said.
            assistant_msg: what the assistant answered; nothing about the user is taken from it.
            at: when it was said, in the time zone of who said it ("tomorrow" is the day after
                there); None is now.

        Returns:
            What each edit did and why.

        Raises:
            DocumentError: a page is broken; it stays as it is, and the turn waits for `catch_up`
                or the user's next turn (without records it stays with you).
            ValueError: `at` has no time zone.
        """
        check_user_id(user_id)
        check_text("user_msg", user_msg)
        check_text("assistant_msg", assistant_msg)
        turn = Turn(
            check_session(session_id), clean(user_msg), clean(assistant_msg), self._moment(at)
        )
        said = [
            Message("user", turn.user_msg, at=turn.at),
            Message("assistant", turn.assistant_msg, at=turn.at),
        ]
        reports = await self._turns.take_in(user_id, turn, said)
        await self._embed_turns(user_id, reports)
        return reports[0]

    async def record_turn(
        self,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        *,
        at: datetime | None = None,
    ) -> RecordedTurn:
        """Log a turn durably, and leave the rest to `catch_up` or the user's next turn.

        Messages with ids make it idempotent: those that the session knows make no second turn. So
        do those that were read from the session, or that an append returned: they are not stored
        again.

        Args:
            user_id: whose.
            session_id: in which conversation.
            messages: of the turn, in order; of any role, tool calls and results too.
            at: when it was; None is now.

        Raises:
            UnsupportedError: the backend has no records.
            ValueError: there are no messages.
        """
        check_user_id(user_id)
        session_id = check_session(session_id)
        said = all_tidied(messages)
        if not said:
            raise ValueError("a turn has at least one message")
        if self.records is None:
            raise UnsupportedError("this diary has no records to log turns in; pass records=")
        return await self._turns.record(user_id, session_id, said, self._moment(at))

    async def catch_up(self, user_id: str) -> list[UpdateReport]:
        """Take in the user's waiting turns, oldest first.

        Returns:
            A report for each that was done; turns that somebody works on just now are left out.

        Raises:
            Exception: the first error of a turn that failed again, after all were tried.
        """
        reports, errors = await self._turns.catch_up(check_user_id(user_id))
        await self._embed_turns(user_id, reports)
        if errors:
            raise errors[0]
        return Listing(reports)

    @one_hop
    async def upsert_preference(
        self,
        user_id: str,
        category: str,
        text: str | None = None,
        *,
        id: str | None = None,
        contexts: Sequence[str] = (),
        at: datetime | None = None,
    ) -> UpdateReport:
        """Add a preference, or change one, without any extractor.

        Args:
            user_id: whose diary.
            category: a category of the table.
            text: the statement, as it shall stand on the page ("love black coffee").
            id: None adds, unless an item resembles the text: then nothing is written and the
                report says `similar`, with the matches in per cent. "new" adds all the same. An id
                of the page changes that item, or without `text` counts it once more.
            contexts: when or why it holds; they are added to those the item has.
            at: when it was said, with a time zone; None is now.

        Raises:
            UnknownCategoryError: the table has no such category.
            PreferenceNotFoundError: no item has that id.
            DocumentError: the page is broken; it stays as it is.
        """
        self._check_category(category)
        if text is not None:
            check_text("text", text)
        if id is not None:
            check_text("id", id)
        contexts = check_texts("contexts", contexts)
        if text is None and (id is None or id == "new"):
            raise ValueError("a new preference needs a text")
        stamp = Stamp(self._time(at))

        def change(document: Document) -> tuple[Document, EditResult]:
            if id is not None and id != "new":
                _check_item(document, category, id, readable=True)
            return preferences.upsert(
                document,
                category,
                text,
                id=id,
                contexts=contexts,
                categories=self.categories,
                stamp=stamp,
                limits=self._limits,
            )

        result = await self._documents.update(user_id, PREFERENCES, change)
        return UpdateReport(user_id, results=(result,))

    @one_hop
    async def forget_preference(self, user_id: str, category: str, id: str) -> UpdateReport:
        """Take a preference off the page, also one of a category the table does not have.

        Raises:
            PreferenceNotFoundError: no item has that id.
            UnknownCategoryError: neither the table nor the page has such a category.
            DocumentError: the page is broken; it stays as it is.
        """

        def change(document: Document) -> tuple[Document, EditResult]:
            self._check_known(document, category)
            _check_item(document, category, id, readable=False)
            return preferences.forget(document, category, id)

        result = await self._documents.update(user_id, PREFERENCES, change)
        return UpdateReport(user_id, results=(result,))

    async def compact(self, user_id: str, *, dry_run: bool = False) -> CompactionReport:
        """Merge exact doubles and trim stale summaries now; no fact is lost.

        Then the compactor of `compaction_config` goes on, if there is one. A page that a person
        edits just now is left alone, and so is an item that they laid out by hand. The text before
        stays in `.previous/`.

        Args:
            user_id: whose pages.
            dry_run: only say what would be done.

        Returns:
            What became of each block that was worked on, and why others were not.

        Raises:
            Exception: what the compactor raises; the pages stay as they are.
        """
        return await self._compacting.run(check_user_id(user_id), dry_run=dry_run)

    # ------------------------------------------------------------ reading

    @one_hop
    async def why(self, user_id: str, category: str, id: str) -> list[Message]:
        """Return the messages behind a preference, oldest first, as far as they are kept.

        Raises:
            PreferenceNotFoundError: no item has that id.
            UnknownCategoryError: neither the table nor the page has such a category.
            UnsupportedError: the backend has no records.
        """
        document = await self._documents.read(user_id, PREFERENCES)
        self._check_known(document, category)
        _check_item(document, category, id, readable=False)
        if self.records is None:
            raise UnsupportedError("this diary has no records to look in; pass records=")
        found = Listing[Message]()
        for session_id, number in sources(document, category, id):
            found += await self.records.numbered(user_id, session_id, [number])
        return found

    @one_hop
    async def preferences(self, user_id: str, skip_metadata: bool = False) -> Page:
        """Return the preferences page as it is stored, "" where there is none.

        Args:
            user_id: whose diary.
            skip_metadata: leave out the `[_meta]` table.

        Raises:
            DocumentError: the page is broken (only with `skip_metadata`, which has to read it).
        """
        text = await self._documents.text(user_id, PREFERENCES)
        if skip_metadata and text:
            document = self._documents.parsed(user_id, PREFERENCES, text).remove((META,))
            text = document.text.lstrip("\r\n")
        return Page(text or "")

    @one_hop
    async def last_conversations(
        self, user_id: str, limit: int | None = 3
    ) -> dict[str, dict[str, Any]]:
        """Return the newest conversations by last activity, newest first; `limit` None is all.

        Returns:
            session -> its table as on the page (`_created`, `_updated`, `_turns`, `summary`,
            `keywords`), without `_meta`.

        Raises:
            DocumentError: the page is broken.
        """
        return Conversations(thaw(await self._newest(user_id, limit)))

    @one_hop
    async def pretty_preferences(
        self,
        user_id: str,
        skip_metadata: bool = True,
        fields: Collection[str] | None = None,
        show_count: bool = True,
        show_timestamps: bool = True,
    ) -> str:
        """Return the preferences for a person to read, by category.

        Args:
            user_id: whose.
            fields: the keys to show beside the text ("contexts", "count", "updated"); None is all.
            skip_metadata: leave out the version and the name of the table.
            show_count: show how often each was said.
            show_timestamps: show when each changed last.
        """
        wanted = None if fields is None else check_texts("fields", fields)
        shown = pretty.pretty_preferences(
            await self._documents.read(user_id, PREFERENCES),
            skip_metadata=skip_metadata,
            fields=wanted,
            show_count=show_count,
            show_timestamps=show_timestamps,
        )
        return shown or "No preferences found for user."

    @one_hop
    async def pretty_conversations(
        self,
        user_id: str,
        limit: int | None = None,
        fields: Collection[str] | None = None,
        show_turns: bool = True,
    ) -> str:
        """Return the conversations for a person to read, newest first.

        Args:
            user_id: whose.
            fields: the keys to show ("summary", "keywords", "updated"); None is all.
            limit: how many at most; None is all.
            show_turns: show how many turns each has.
        """
        wanted = None if fields is None else check_texts("fields", fields)
        found = await self._newest(user_id, limit)
        shown = pretty.pretty_conversations(found, fields=wanted, show_turns=show_turns)
        return shown or "No conversations found for user."

    @one_hop
    async def check(self, user_id: str) -> list[Problem]:
        """Return everything of the user that can't be used: lines of pages, damaged databases."""
        problems: list[Problem] = []
        for kind in (PREFERENCES, CONVERSATIONS):
            place = self._documents.locate(user_id, kind)
            try:
                document = await self._documents.read(user_id, kind)
            except DocumentError as error:
                column = f" (column {error.column})" if error.column else ""
                problems.append(Problem(place, error.line, error.reason + column))
                continue
            if kind == PREFERENCES:
                faults = check.check_preferences(document, self.categories)
            else:
                faults = check.check_conversations(document)
            problems += [Problem(place, line, reason) for line, reason in faults]
        return problems + (await self.records.check(user_id) if self.records is not None else [])

    @one_hop
    async def list_users(self) -> list[str]:
        """Return every user who has a diary, sorted."""
        users = set(await self.backend.list_users())
        if self.records is not None:
            users |= set(await self.records.list_users())
        return sorted(users)

    @one_hop
    async def export_user(self, user_id: str, path: str | os.PathLike[str]) -> list[str]:
        """Write everything of a user to a folder, or to a file that ends in .zip.

        The pages and notebooks as they are, and messages, turns, notes and sessions as JSON Lines
        with their vectors: readable without diarist, and what `import_user` takes. The diary may be
        in use meanwhile. Only the owner of the files can read them.

        Returns:
            The names of the files.

        Raises:
            UserNotFoundError: the user has nothing; nothing is written.
            FileExistsError: there is something at `path` already.
        """
        check_path("path", path)
        return await exporting.export_user(self._documents, self.records, user_id, path)

    @one_hop
    async def import_user(self, user_id: str, path: str | os.PathLike[str]) -> None:
        """Make a user of what `export_user` wrote.

        Args:
            user_id: who it becomes; need not be who it was.
            path: the folder or the zip file that it wrote.

        Raises:
            UserExistsError: the user has a diary already, or somebody else was quicker to write
                one; nothing is written over it.
            DocumentError: a page is broken; nothing is imported.
            ValueError: it is no export, or a file or a line in it can't be used, which the error
                names; nothing is imported.
        """
        check_path("path", path)
        await exporting.import_user(self._documents, self.records, user_id, path)

    @one_hop
    async def delete_user(self, user_id: str) -> DeletionReport:
        """Remove everything of a user, also against turns that are on their way."""
        check_user_id(user_id)
        report = DeletionReport(user_id)
        if self.records is not None:
            report = await self.records.delete_user(user_id)
        kinds = await self._documents.kinds(user_id)
        await self.backend.delete_user(user_id)
        return exporting.with_documents(report, kinds)

    # ------------------------------------------------------------ how

    async def _newest(self, user_id: str, limit: int | None) -> Mapping[str, Table]:
        check_counts(limit=limit)
        document = await self._documents.read(user_id, CONVERSATIONS)
        return conversations.newest(document, self.max_conversations if limit is None else limit)

    def _check_known(self, document: Document, category: str) -> None:
        """Refuse a category that neither the table nor the page has."""
        check_text("category", category)
        if category == META or document.get((category,)) is None:
            self._check_category(category)

    def _check_category(self, category: str) -> None:
        check_text("category", category)
        if category not in self.categories:
            raise UnknownCategoryError(
                f"{self.pref_table_cls.__name__} has no category {category!r}; it has "
                f"{', '.join(self.categories)}"
            )


def _check_item(document: Document, category: str, id: str, *, readable: bool) -> None:
    check_text("category", category)
    check_text("id", id)
    found = (
        id in preferences.items(document, category)
        if readable
        else document.get((category, id)) is not None
    )
    if not found or category == META:
        known = ", ".join(preferences.items(document, category)) or "no items"
        raise PreferenceNotFoundError(f"there is no {category}/{id}; {category} has {known}")
