"""What a diary answers: `recall` for a question, `context` for a prompt."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, cast

from diarist.backends.ids import check_user_id
from diarist.blocking import one_hop
from diarist.checks import check_list, check_moment, check_session, check_text, check_whole, shown
from diarist.errors import UnsupportedError
from diarist.foundation import Foundation
from diarist.note_checks import place
from diarist.records import KINDS
from diarist.showing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from diarist.models import UpdateReport
    from diarist.recall.context import Context
    from diarist.recalling import Filters, Question, Recaller
    from diarist.records import Hit, Namespace


class Remembering(Foundation):
    """The answering half of a diary; see `Diary`."""

    async def recall(
        self,
        user_id: str,
        query: str,
        k: int = 10,
        *,
        kinds: Collection[str] = KINDS,
        session_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        namespace: Namespace | str = (),
        where: Callable[[Hit], bool] | None = None,
    ) -> list[Hit]:
        """Return what answers a question best, best first; each fact once, each with its source.

        Any text is a safe query. One place in five is kept for the newest messages of the session,
        or of the one touched last; they come at the end.

        Args:
            user_id: whose diary.
            query: a question, or words.
            k: the most to return.
            kinds: where to look: "preferences", "conversations", "messages", "notes", "notebook".
            session_id: only what was said or learned in this conversation; notes and notebooks
                belong to none.
            since: only what was said or touched then or later.
            until: only what was said or touched before.
            namespace: of the notes only those below it.
            where: a function of a hit; only those that it is true of are taken.

        Raises:
            ValueError: an unknown kind, a negative `k`, a time without a zone.
            DocumentError: a page that is looked at is broken.
        """
        from diarist.recalling import Filters

        check_user_id(user_id)
        check_whole("k", k)
        kinds = _kinds(kinds)
        filters = Filters(
            None if session_id is None else check_session(session_id),
            None if since is None else check_moment("since", since),
            None if until is None else check_moment("until", until),
            place(namespace),
            where,
        )
        return await self._recalled(user_id, await self._question(query), k, kinds, filters)

    @one_hop
    async def _recalled(
        self, user_id: str, question: Question, k: int, kinds: Collection[str], filters: Filters
    ) -> list[Hit]:
        return Listing(await self._recaller.recall(user_id, question, k, kinds, filters))

    async def reembed(self, user_id: str) -> int:
        """Give every message and note that has no vector of the present model one.

        Other models' vectors stay beside them.

        Returns:
            How many were given one.

        Raises:
            UnsupportedError: the diary has no `embed=`, or no records.
            Exception: what the model raises; what was embedded before stays.
        """
        if self.embedder is None or self.records is None:
            raise UnsupportedError("this diary has no model or no records; pass embed= or records=")
        from diarist.recalling import reembed

        return await reembed(
            self.records, self.embedder, check_user_id(user_id), in_thread=self._is_twin
        )

    async def context(
        self,
        user_id: str,
        query: str | None = None,
        *,
        session_id: str | None = None,
        max_tokens: int = 800,
    ) -> Context:
        """Return what a prompt should say about the user: preferences, conversations, hits.

        The same diary and question give the same text. Sections come in a fixed order, with what
        depends on the question last, so that a prompt cache keeps the rest. A page that is broken
        is replaced by the last good one, and the receipt says so.

        Args:
            user_id: whose diary.
            query: what the user asks now; None leaves out what is related to it.
            session_id: the conversation that goes on: its summary and its newest 20 messages are
                left out, for the prompt has them anyway.
            max_tokens: how many tokens the text may have, as the diary's `count_tokens` counts.

        Returns:
            A `str`, "" where there is nothing to say; `.receipt` tells what is in it and why.
        """
        check_user_id(user_id)
        check_whole("max_tokens", max_tokens)
        if session_id is not None:
            session_id = check_session(session_id)
        question = None if query is None else await self._question(query)
        return await self._context(user_id, question, session_id, max_tokens)

    @one_hop
    async def _context(
        self, user_id: str, question: Question | None, session_id: str | None, max_tokens: int
    ) -> Context:
        from diarist.recalling import context

        return await context(
            self._recaller, user_id, question, session_id, max_tokens, self.count_tokens
        )

    @one_hop
    async def view(self, user_id: str, *, messages: int = 2000, notes: int = 1000) -> str:
        """Return the user's diary as one page of HTML, which needs no server and no network.

        Preferences with the messages behind them, conversations on a time line, notes, notebooks,
        and a search box. What was stored can't run in it. The same diary gives the same page, but
        for the time at its top. What can't be read is told there, and the rest is shown.

        Args:
            user_id: whose diary.
            messages: the most to show of what was said, those of the latest conversations; the
                page says what it leaves out. The messages behind preferences are always shown.
            notes: the most notes to show, those that were put last.
        """
        from diarist.html.view import page
        from diarist.viewing import whole

        check_user_id(user_id)
        check_whole("messages", messages)
        check_whole("notes", notes)
        return page(
            await whole(
                self._documents,
                self.records,
                self.categories,
                user_id,
                messages=messages,
                notes=notes,
                at=self._moment(None),
            )
        )

    # ------------------------------------------------------------ how

    async def _question(self, query: str) -> Question:
        from diarist.recalling import Question

        check_text("query", query)
        vector = None
        if self.embedder is not None:
            vector = await self.embedder.one(query, in_thread=self._is_twin)
        return Question(query, self._moment(None).astimezone(UTC), vector)

    async def _embed_turns(self, user_id: str, reports: Iterable[UpdateReport]) -> None:
        """Give the messages of turns their vectors: a turn is logged before any model is asked."""
        if self.embedder is None or self.records is None:
            return
        for report in reports:
            if report.session_id is None or report.turn is None:
                continue
            turn = await self.records.turn(user_id, report.session_id, report.turn)
            said = [] if turn is None else [m for m in turn.messages if m.number is not None]
            found = await self.embedder.of([m.text for m in said], in_thread=self._is_twin)
            by_index: dict[str, dict[int, list[float]]] = {}
            for message, vectors in zip(said, found, strict=True):
                for index, vector in vectors.items():
                    by_index.setdefault(index, {})[message.number or 0] = vector
            for index, vectors in by_index.items():
                await self.records.set_vectors(user_id, report.session_id, index, vectors)

    @property
    def _recaller(self) -> Recaller:
        from diarist.recalling import Recaller

        return Recaller(self._documents, self.records, self.categories)


def _kinds(kinds: object) -> tuple[str, ...]:
    wanted = [kinds] if isinstance(kinds, str) else check_list("kinds", kinds, "strings")
    unknown = [
        kind if isinstance(kind, str) else shown(kind) for kind in wanted if kind not in KINDS
    ]
    if unknown or isinstance(kinds, str):
        raise ValueError(f"kinds are {', '.join(KINDS)}; not {', '.join(unknown) or kinds}")
    return tuple(cast("list[str]", wanted))
