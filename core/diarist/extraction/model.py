"""An extractor that asks a model: one prompt for a turn, and a second one where it must mend it.

Which model, and how it is reached, is the caller's. What it answers is data: read leniently, judged
against what the user said (`support`), and applied by the same rules as offline finds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarist.errors import ExtractionError
from diarist.extraction.asking import asked, checked_complete
from diarist.extraction.dating import dated
from diarist.extraction.prompting import MAX_USER, ask, ask_again, checked, packaged, plain
from diarist.extraction.support import Support, summary_of
from diarist.models import Extraction, Rejected
from diarist.pages.secrets import withheld

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from diarist.extraction.answers import Reading
    from diarist.extraction.asking import Complete, Rounds
    from diarist.models import Snapshot, Turn

PROMPT = "extract-2"
"""The newest of diarist's own prompts; a changed prompt is a new file."""


class ModelExtractor:
    """Finds what is worth remembering by asking a model.

    `complete(prompt, schema)` asks it, by whatever framework: `schema` is a Pydantic model, whose
    JSON Schema a model can be held to; the answer may be an instance of it, a dict, or text with
    the JSON somewhere in it. What it raises reaches the caller of `update_memory`, and the turn
    waits. An answer that can't be read is asked for once more, with what was wrong.

    Nothing is taken on the model's word: an edit names a category of the table, an item that it was
    shown, and something that the user's message says, by its words. What does not is `rejected`.

    Args:
        complete: sync (it runs in a worker thread) or async.
        prompt: a prompt of your own, with the places `{{categories}}`, `{{known}}` and `{{turn}}`,
            and, where you like, `{{summary}}` and `{{time}}`.
        max_items: how many lines of the diary the model is shown, those most like the turn.
        max_edits: how many edits of one answer are looked at.

    Raises:
        TypeError: `complete` can't be called.
        ValueError: the prompt lacks a place, or has one that nothing fills.

    >>> from datetime import UTC, datetime
    >>> from diarist.models import Snapshot, Turn
    >>> def complete(prompt, schema):
    ...     edit = {"action": "add", "category": "likes", "text": "love tea"}
    ...     return {"edits": [edit], "summary": "Tea."}
    >>> turn = Turn("s", "I love tea!", "Noted.", datetime(2026, 1, 1, tzinfo=UTC))
    >>> found = ModelExtractor(complete).extract(turn, Snapshot({"likes": ""}))
    >>> found.edits[0].text, found.summary
    ('love tea', 'Tea.')
    """

    def __init__(
        self,
        complete: Complete,
        *,
        prompt: str | None = None,
        max_items: int = 40,
        max_edits: int = 20,
    ) -> None:
        self._complete = checked_complete(complete)
        self._template = packaged(PROMPT) if prompt is None else checked(prompt)
        self._rule = f"model/{PROMPT if prompt is None else 'own prompt'}"
        self._max_items, self._max_edits = max_items, max_edits

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction | Awaitable[Extraction]:
        """Return what the model finds in `turn`: at once, or to be awaited if `complete` is async.

        Raises:
            ExtractionError: the model gave nothing that can be read, twice.
        """
        return asked(self._complete, self._rounds(turn, snapshot))

    def _rounds(self, turn: Turn, snapshot: Snapshot) -> Rounds[Extraction]:
        """Yield what to ask, take the answers, return what was found; here nothing waits."""
        from diarist.extraction.answers import answer_type

        question = ask(self._template, turn, snapshot, self._max_items)
        schema = answer_type(tuple(snapshot.categories))
        support = Support(turn, snapshot, question.known, self._rule)
        first = self._read((yield question.prompt, schema), support)
        if not first.faults:
            return self._found(first, support)
        prompt = ask_again(question.prompt, first.faults, first.raw)
        second = self._read((yield prompt, schema), support)
        usable = next((reading for reading in (second, first) if reading.usable), None)
        if usable is None:
            raise ExtractionError(
                "the model gave no answer that can be used, nor a second time: "
                f"{'; '.join(second.faults)}; {_began(second.raw, support)}. The turn waits; "
                "catch_up asks again, and a model that keeps to a JSON Schema would help"
            )
        return self._found(usable, support)

    def _read(self, answer: object, support: Support) -> Reading:
        from diarist.extraction.answers import MAX_FAULTS, read

        reading = read(answer, self._max_edits)
        faults = (*reading.faults, *support.faults(reading.edits))
        return replace(reading, faults=faults[:MAX_FAULTS])

    def _found(self, reading: Reading, support: Support) -> Extraction:
        turn = support.turn
        edits, rejected = support.decide(reading.edits)
        edits = [dated(edit, turn) if edit.action in ("add", "revise") else edit for edit in edits]
        rejected += [Rejected("an edit of the wrong form", reason) for reason in reading.malformed]
        if reading.proposed > self._max_edits:
            reason = f"the answer has {reading.proposed}, and {self._max_edits} are looked at"
            rejected.append(Rejected("the last edits", reason))
        if len(turn.user_msg) > MAX_USER:
            reason = f"the model is shown the first {MAX_USER} characters"
            rejected.append(Rejected("the end of the message", reason))
        summary, keywords, kept_out = summary_of(
            reading.summary, reading.keywords, turn, support.snapshot
        )
        return Extraction(tuple(edits), summary, keywords, (*rejected, *kept_out))


def _began(answer: str, support: Support) -> str:
    """Return how an answer starts; where the turn tells a secret, it may repeat it."""
    shown = plain(withheld(answer[:1000]))[:200]
    if not shown:
        return "it was empty"
    return "how it began is withheld" if support.secret else f"it began {shown!r}"
