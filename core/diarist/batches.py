"""Several turns of one user at once: read one after the other, and each page written once.

Only for extractors that answer at once: a model's answer is not held back until others are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from diarist import workers
from diarist.documents import CONVERSATIONS, PREFERENCES
from diarist.learning import Learner, report_of
from diarist.models import UpdateReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diarist.learning import Begun
    from diarist.models import Extraction, Snapshot, Turn
    from diarist.pages.toml import Document


@dataclass(frozen=True, slots=True)
class _Step:
    """A turn that was read in memory, and what that would do."""

    begun: Begun
    found: Extraction
    number: int
    report: UpdateReport


@dataclass(frozen=True, slots=True)
class _Draft:
    """Turns that were read in memory, and each page before and after them."""

    steps: tuple[_Step, ...]
    known: tuple[Document, Document]
    talked: tuple[Document, Document]


@dataclass(frozen=True, slots=True)
class BatchLearner(Learner):
    """What a turn passes through, and what several turns do together."""

    async def take_all(
        self, user_id: str, turns: Sequence[Begun], *, in_thread: bool
    ) -> list[UpdateReport | Exception]:
        """Read claimed turns of one user with an instant extractor; write each page once.

        Each turn is shown the pages as those before it left them, as if it came alone. An error of
        one turn ends it: those before it are on the pages, those behind it wait again, untried. The
        turns on the pages are still to be finished.

        Returns:
            A report for each turn on the pages, then the error, if there was one.

        Raises:
            Exception: nothing could be read or written; every turn waits, with the reason.
        """
        try:
            done, failure = await self._read_all(user_id, turns, in_thread=in_thread)
            reports = await self._write_all(user_id, done) if done.steps else []
        except BaseException as error:
            for begun in turns:
                await self.hand_back(user_id, begun, error)
            raise
        if failure is None:
            return [*reports]
        await self.hand_back(user_id, turns[len(reports)], failure)
        for begun in turns[len(reports) + 1 :]:
            await self.put_back(user_id, begun)
        return [*reports, failure]

    async def put_back(self, user_id: str, begun: Begun) -> None:
        """Leave a turn that was not tried to whoever comes next."""
        assert self.records is not None
        assert begun.recorded is not None
        await self.records.finish(
            user_id,
            begun.turn.session_id,
            begun.recorded.number,
            "pending",
            begun.recorded.reason,
        )

    # ------------------------------------------------------------ how

    async def _read_all(
        self, user_id: str, turns: Sequence[Begun], *, in_thread: bool
    ) -> tuple[_Draft, Exception | None]:
        """Let the extractor read the turns, and apply what it finds to the pages in memory."""
        known = now_known = await self.documents.settled(user_id, PREFERENCES)
        talked = now_talked = await self.documents.settled(user_id, CONVERSATIONS)
        extract = cast("Callable[[Turn, Snapshot], Extraction]", self.read)
        steps: list[_Step] = []
        failure: Exception | None = None
        for begun in turns:
            shown = self._shown(now_known, now_talked, begun.turn.session_id)
            try:
                if in_thread:
                    found = extract(begun.turn, shown)
                else:
                    found = await workers.run(extract, begun.turn, shown)
                next_talked, number = self._with_turn(now_talked, begun, found)
                next_known, results = now_known, ()
                if found.edits:
                    next_known, results = self._with_edits(now_known, begun, found, number)
                report = report_of(user_id, begun, found, number, results)
            except Exception as error:  # noqa: BLE001 - it is this turn's, and returned
                failure = error
                break
            now_known, now_talked = next_known, next_talked
            steps.append(_Step(begun, found, number, report))
        return _Draft(tuple(steps), (known, now_known), (talked, now_talked)), failure

    async def _write_all(self, user_id: str, draft: _Draft) -> list[UpdateReport]:
        """Write each page; on one that somebody changed meanwhile all is applied anew."""
        steps, last = draft.steps, draft.steps[-1].begun.recorded

        def record(document: Document) -> tuple[Document, bool]:
            if self._is_gone(user_id, last):
                return document, False
            before, after = draft.talked
            if document.text == before.text:
                return after, True
            for step in steps:
                document, _ = self._with_turn(document, step.begun, step.found)
            return document, True

        def apply(document: Document) -> tuple[Document, list[UpdateReport]]:
            if self._is_gone(user_id, last):
                return document, [_nothing(user_id, step.begun) for step in steps]
            before, after = draft.known
            if document.text == before.text:
                return after, [step.report for step in steps]
            reports: list[UpdateReport] = []
            for step in steps:
                begun, found, number = step.begun, step.found, step.number
                document, results = self._with_edits(document, begun, found, number)
                reports.append(report_of(user_id, begun, found, number, results))
            return document, reports

        is_there = not await self._is_gone_remotely(user_id, last)
        if not is_there or not await self.documents.update(user_id, CONVERSATIONS, record):
            return [_nothing(user_id, step.begun) for step in steps]
        if not any(step.found.edits for step in steps):
            return [step.report for step in steps]
        return await self.documents.update(user_id, PREFERENCES, apply)


def _nothing(user_id: str, begun: Begun) -> UpdateReport:
    """Return what became of a turn whose user was deleted meanwhile."""
    return UpdateReport(user_id, begun.turn.session_id)
