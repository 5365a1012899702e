"""A compactor that asks a model which blocks can be shorter, or are said twice.

Which model, and how it is reached, is the caller's. What it answers is data: an operation that
brings in something new, or leaves out a fact, is refused and reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diarist.extraction.asking import asked, checked_complete
from diarist.extraction.prompting import ask_again, checked, filled, packaged, plain
from diarist.extraction.shortening import is_said_by, objection_to
from diarist.pages.items import texts
from diarist.pages.secrets import find_secret, withheld
from diarist.recall.context import one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from diarist.compaction import Blocks
    from diarist.extraction.asking import Complete, Rounds
    from diarist.extraction.operations import OperationsReading, ProposedOperation
    from diarist.models import Table

PROMPT = "compact-1"
"""The newest of diarist's own prompts; a changed prompt is a new file."""
MAX_NAME = 300
MAX_OPERATIONS = 200
"""Operations of one answer that are looked at."""
_PLACES = frozenset(["blocks"])


@dataclass(frozen=True, slots=True)
class _Shown:
    """A block as the model sees it."""

    page: Literal["preferences", "conversations"]
    block: str
    text: str
    line: str


class ModelCompactor:
    """Shortens and merges blocks by asking a model.

    `complete(prompt, schema)` is what `ModelExtractor` takes. It is asked about every preference
    and every summary, some dozens at a time; an answer that can't be read is asked for once more,
    then the rest stays as it is and the report says so. What `complete` raises ends the compaction,
    and nothing is changed.

    Nothing is taken on the model's word. A shorter text may only leave out words that say nothing,
    never a name, a number, a negation or a fact; a block goes only where another says the same,
    which then has its counts and sources.

    Args:
        complete: sync (it runs in a worker thread) or async.
        prompt: a prompt of your own, with the place `{{blocks}}`.
        max_blocks: how many blocks the model is shown at a time.
        shortest_summary: characters from which on a summary is worth a question.

    Raises:
        TypeError: `complete` can't be called.
        ValueError: the prompt lacks its place, or has one that nothing fills.
    """

    def __init__(
        self,
        complete: Complete,
        *,
        prompt: str | None = None,
        max_blocks: int = 60,
        shortest_summary: int = 200,
    ) -> None:
        self._complete = checked_complete(complete)
        template = packaged(PROMPT) if prompt is None else prompt
        self._template = checked(template, _PLACES, _PLACES)
        if max_blocks < 1:
            raise ValueError(f"max_blocks must be at least 1, not {max_blocks}")
        self._max_blocks, self._shortest_summary = max_blocks, shortest_summary

    def compact(self, blocks: Blocks) -> Awaitable[None] | None:
        """Do to the blocks what the model proposes and what keeps every fact."""
        return asked(self._complete, self._rounds(blocks))

    def _rounds(self, blocks: Blocks) -> Rounds[None]:
        """Yield what to ask, take the answers; here nothing waits."""
        from diarist.extraction.operations import OperationsAnswer, read_operations

        for shown in self._portions(blocks):
            lines = "\n".join(f"- {one_line(name)}: {one.line}" for name, one in shown.items())
            prompt = filled(self._template, {"blocks": lines})
            reading = read_operations((yield prompt, OperationsAnswer))
            if reading.faults:
                again = ask_again(prompt, reading.faults, reading.raw)
                second = read_operations((yield again, OperationsAnswer))
                reading = second if second.usable else reading
            _take(reading, shown, blocks)
            if not reading.usable:
                return

    def _portions(self, blocks: Blocks) -> Iterator[dict[str, _Shown]]:
        """Yield the blocks by page and name, as many at a time as the model is shown."""
        for shown in (_preferences(blocks), _summaries(blocks, self._shortest_summary)):
            for start in range(0, len(shown), self._max_blocks):
                yield dict(shown[start : start + self._max_blocks])


def _preferences(blocks: Blocks) -> list[tuple[str, _Shown]]:
    if not blocks.includes("preferences"):
        return []
    found: dict[str, _Shown] = {}
    for block, item in blocks.list_preference_blocks():
        name, text = plain(block), item["text"]
        contexts = texts(item.get("contexts"))
        told = f"{text} ({', '.join(contexts)})" if contexts else text
        if name and len(name) <= MAX_NAME and not find_secret(told):
            found.setdefault(name, _Shown("preferences", block, text, one_line(told)))
    return list(found.items())


def _summaries(blocks: Blocks, shortest: int) -> list[tuple[str, _Shown]]:
    if not blocks.includes("conversations"):
        return []
    found: list[tuple[str, _Shown]] = []
    for session, table in blocks.list_conversation_blocks():
        text = _summary(table)
        if len(text) >= shortest and not find_secret(text):
            name = f"conversation {len(found) + 1}"
            found.append((name, _Shown("conversations", session, text, one_line(text))))
    return found


def _summary(session: Table) -> str:
    summary = session.get("summary")
    return summary if isinstance(summary, str) else ""


def _take(reading: OperationsReading, shown: dict[str, _Shown], blocks: Blocks) -> None:
    page = next(iter(shown.values())).page
    if not reading.usable:
        faults = withheld("; ".join(reading.faults))
        blocks.refuse("", page, f"the model gave no answer that can be used: {faults}")
        return
    for fault in reading.faults:
        blocks.refuse("", page, fault)
    done: set[str] = set()
    for proposed in reading.operations[:MAX_OPERATIONS]:
        one = _named(proposed.block, shown)
        if one is None:
            blocks.refuse("", page, "the model named a block that it was not shown")
        elif one.block not in done:
            done.add(one.block)
            _do(proposed, one, shown, blocks)


def _do(proposed: ProposedOperation, one: _Shown, shown: dict[str, _Shown], blocks: Blocks) -> None:
    action = proposed.action.strip().casefold()
    reason = None
    if action == "rewrite":
        text = plain(proposed.text[: 2 * len(one.text)])
        is_summary = one.page == "conversations"
        reason = objection_to(text, one.text, is_summary=is_summary)
        if reason is None and is_summary:
            blocks.rewrite_conversation_block(one.block, text)
        elif reason is None:
            blocks.rewrite_preference_block(one.block, text)
    elif action != "delete":
        reason = "the model wants neither to rewrite nor to delete it"
    elif one.page == "conversations":
        reason = "a conversation is not deleted on a model's word"
    else:
        into = _named(proposed.into, shown)
        if into is None or into.block == one.block:
            reason = "the model names no other block that says it"
        elif not _is_carried(one, into, blocks):
            reason = f"{into.block} does not say the same"
        else:
            blocks.delete_preference_block(one.block, into.block)
    if reason is not None:
        blocks.refuse(one.block, one.page, reason)


def _is_carried(one: _Shown, into: _Shown, blocks: Blocks) -> bool:
    """Say whether `into`, as it is by now, says what `one` says."""
    there = dict(blocks.list_preference_blocks())
    carrier = there.get(into.block)
    if carrier is None:
        return False
    categories = (one.block.partition("/")[0], into.block.partition("/")[0])
    return is_said_by(one.text, categories[0], carrier["text"], categories[1])


def _named(name: str, shown: dict[str, _Shown]) -> _Shown | None:
    return shown.get(plain(name[: 2 * MAX_NAME]).strip("[]`\"' "))
