"""Which of the edits that a model proposes the user's turn supports. The rest is only reported.

A model may be wrong, and a text may have talked it into something. So what changes the diary must
be in the user's own message, by half of its words, and one turn takes little away. Whether a
statement is meant so, nobody can check here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from diarist.extraction.dating import dated_summary
from diarist.extraction.discretion import harmless, is_apart, words
from diarist.extraction.prompting import MAX_USER, plain
from diarist.extraction.sentences import sentences
from diarist.extraction.telling import telling
from diarist.models import Edit, Rejected
from diarist.pages.items import about, texts
from diarist.pages.preferences import MAX_TEXT
from diarist.pages.secrets import WITHHELD, find_secret, withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarist.extraction.answers import ProposedEdit
    from diarist.extraction.prompting import Known
    from diarist.models import Snapshot, Turn

MAX_LOSSES = 5
"""Items that one turn may forget or revise; of an answer that wants more none is."""
MAX_CONTEXTS, MAX_CONTEXT = 5, 80
MAX_SENTENCES, MAX_SUMMARY = 5, 800
MAX_KEYWORDS, MAX_KEYWORD = 8, 40
NOT_SAID = "the user's message does not say so"
MAX_REASON = 200
"""Characters of a rejected text that a report shows."""

_ONE_AT_A_TIME = frozenset(["home", "name", "job", "employer"])
"""What a user has one of: a new value is about the old one, though they share no word."""

_CALENDAR = telling(
    "January February March April May June July August September October November December "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday "
    "morning evening night week weekend month year spring summer autumn winter end around"
)

Decision: TypeAlias = "Edit | Rejected"


@dataclass(frozen=True)
class Support:
    """A turn, and what the model was shown, against which its edits are judged.

    Attributes:
        turn: what was said.
        snapshot: the pages.
        known: the lines that the model was shown, by name.
        rule: what the edits are said to come from.
    """

    turn: Turn
    snapshot: Snapshot
    known: Mapping[str, Known]
    rule: str

    def decide(self, proposals: Iterable[ProposedEdit]) -> tuple[list[Edit], list[Rejected]]:
        """Return the edits that the turn supports, and the others with the reason."""
        proposals = list(proposals)
        losing = [one for one in proposals if _folded(one.action) in ("forget", "revise")]
        wanted = {known.name for one in losing if (known := self.named(one))}
        if len(wanted) > MAX_LOSSES:
            reason = (
                f"an answer that takes away or changes {len(wanted)} items is not believed (at "
                f"most {MAX_LOSSES} in a turn); do it by hand"
            )
            refused = [self._rejected(one, reason, self.named(one)) for one in losing]
            proposals = [one for one in proposals if one not in losing]
        else:
            refused = []
        decisions = dict.fromkeys(map(self._decide, proposals))
        edits = [decision for decision in decisions if isinstance(decision, Edit)]
        rejected = [decision for decision in decisions if isinstance(decision, Rejected)]
        return edits, [*rejected, *refused]

    def named(self, proposal: ProposedEdit) -> Known | None:
        """Return the line that a proposal names, with its category or without; None for none."""
        name = plain(proposal.id[:1000]).strip("[]`\"' ")
        if not name:
            return None
        for way in (name, f"{plain(proposal.category[:200])}/{name}", name.replace(".", "/", 1)):
            if way in self.known:
                return self.known[way]
        bare = [known for known in self.known.values() if known.id == name]
        return bare[0] if len(bare) == 1 else None

    def faults(self, proposals: Iterable[ProposedEdit]) -> list[str]:
        """Return what a model could mend: wrong categories, actions and ids, missing texts."""
        return [
            f"edits[{number}]: {fault}"
            for number, proposal in enumerate(proposals)
            if (fault := self._fault(proposal))
        ]

    # ------------------------------------------------------------ one edit

    def _fault(self, proposal: ProposedEdit) -> str | None:
        from diarist.extraction.answers import ACTIONS

        action = _folded(proposal.action)
        if action not in ACTIONS:
            return f"action {self._quoted(proposal.action)} is none of {', '.join(ACTIONS)}"
        known = None if action == "add" else self.named(proposal)
        if action != "add" and known is None:
            return f"id {self._quoted(proposal.id)} names no line that was shown"
        if known is None and self._category(proposal) is None:
            return (
                f"the table has no category {self._quoted(proposal.category)}; it has "
                f"{', '.join(self.snapshot.categories)}"
            )
        if action in ("add", "revise") and not plain(proposal.text[:MAX_TEXT]):
            return "text is empty"
        return None

    def _decide(self, proposal: ProposedEdit) -> Decision:
        """Return the edit as it may be applied, or why it may not."""
        action, text = _folded(proposal.action), proposal.text
        known = None if action == "add" else self.named(proposal)
        category = known.category if known else self._category(proposal)
        fault = self._fault(proposal)
        restates = known is None and action in ("revise", "confirm") and text.strip()
        if fault and not (restates and category):
            return self._rejected(proposal, fault)
        assert category is not None
        if action in ("confirm", "forget") and known is not None:
            text = known.text
            if not self._means(known):
                return self._rejected(proposal, NOT_SAID, known)
            if action == "forget":
                return Edit("forget", category, text, id=known.id, rule=self.rule)
        return self._statement(action, category, text, known, proposal)

    def _statement(
        self, action: str, category: str, text: str, known: Known | None, proposal: ProposedEdit
    ) -> Decision:
        """Return an edit that states something; a revision of something else is a new statement."""
        if len(text) > MAX_TEXT:
            reason = f"it is longer than {MAX_TEXT} characters; keep long texts as notes"
            return self._rejected(proposal, reason)
        contexts = [plain(context[:MAX_CONTEXT]) for context in proposal.contexts[:MAX_CONTEXTS]]
        edit = Edit(
            "add",
            category,
            plain(text),
            contexts=tuple(filter(None, contexts)),
            rule=self.rule,
        )
        if action != "confirm" and not self._says(edit):
            return self._rejected(proposal, NOT_SAID)
        stated = " ".join([edit.text, *edit.contexts])
        if not all(is_apart(stated, message, _is_secret) for message in self.secret):
            return Rejected(WITHHELD, "it may be a part of a secret", category)
        if action == "confirm" and known is not None:
            return replace(edit, action="confirm", id=known.id)
        own_category = self._category(proposal) or category
        if action == "revise" and known is not None and self._is_about(edit, known):
            return self._revision(edit, known, own_category)
        return replace(edit, category=own_category)

    def _revision(self, edit: Edit, known: Known, category: str) -> Edit:
        """Return what changes an item; only one that is now denied may change its category."""
        turned = about(edit.text, category).holds != about(known.text, known.category).holds
        if turned and category != known.category:
            return replace(edit, category=category, replaces=known.text)
        return replace(edit, action="revise", id=known.id)

    def _category(self, proposal: ProposedEdit) -> str | None:
        wanted = _folded(proposal.category[:200])
        names = [name for name in self.snapshot.categories if name.casefold() == wanted]
        return names[0] if len(names) == 1 else None

    def _says(self, stated: Known | Edit) -> bool:
        """Say whether half of a statement's words are the user's, lead words not counted."""
        own = _subject(stated)
        return 2 * len(own & self._said) >= len(own) > 0

    def _means(self, known: Known) -> bool:
        """Say whether the message has half of an item's words, or a sentence about hardly more."""
        own = _subject(known)
        return self._says(known) or any(
            2 * len(own & sentence) >= len(sentence) > 0 for sentence in self._sentences
        )

    def _is_about(self, edit: Edit, known: Known) -> bool:
        """Say whether a new text is about an item.

        It is if it, or the message, has most of the item's words, or if it has no others.
        """
        old, new = about(known.text, known.category), about(edit.text, known.category)
        if old.aspect == new.aspect and old.aspect in _ONE_AT_A_TIME:
            return True
        own = telling(" ".join(old.words))
        most = 2 * len(own & (self._said | telling(edit.text))) > len(own)
        return most or telling(" ".join(new.words)) <= own

    def _rejected(
        self, proposal: ProposedEdit, reason: str, known: Known | None = None
    ) -> Rejected:
        text = self._excerpt(proposal.text or proposal.id) if known is None else known.text
        category = known.category if known else self._category(proposal)
        action = _folded(proposal.action)
        shown = f"{action}: {reason}" if action in ("revise", "confirm", "forget") else reason
        return Rejected(text[:MAX_REASON], shown, category or "")

    # ------------------------------------------------------------ what was said

    @cached_property
    def _message(self) -> str:
        """The user's message, as far as the model saw it."""
        return self.turn.user_msg[:MAX_USER]

    @cached_property
    def _said(self) -> frozenset[str]:
        return telling(plain(self._message))

    @cached_property
    def _sentences(self) -> list[frozenset[str]]:
        return [telling(plain(self._message[start:end])) for start, end in sentences(self._message)]

    @cached_property
    def secret(self) -> tuple[str, ...]:
        """The messages of the turn that tell a secret; then no word of the model's is repeated."""
        messages = (self._message, self.turn.assistant_msg)
        return tuple(message for message in messages if _is_secret(message))

    def _quoted(self, text: str) -> str:
        return f'"{self._excerpt(text[:MAX_CONTEXT])}"'

    def _excerpt(self, text: str) -> str:
        """Return the start of a text for a report, without a secret."""
        return WITHHELD if self.secret and text else withheld(plain(text[:MAX_TEXT]))[:MAX_REASON]


# ---------------------------------------------------------------- the conversation


def summary_of(
    summary: str, keywords: Sequence[str], turn: Turn, snapshot: Snapshot
) -> tuple[str | None, tuple[str, ...] | None, list[Rejected]]:
    """Return a model's summary and keywords as far as they may be kept, and what may not.

    None keeps what is there. Times that hang on the day of the turn become dates. Of a secret that
    the turn tells no word goes into them; a keyword is a word of the conversation.
    """
    so_far = snapshot.conversation.get("summary")
    told = harmless(turn.user_msg, _is_secret)[1] | harmless(turn.assistant_msg, _is_secret)[1]
    text = plain(summary[: 4 * MAX_SUMMARY])
    text = _cut(dated_summary(text, so_far if isinstance(so_far, str) else "", turn), told)
    secret = find_secret(text)
    rejected = [Rejected(WITHHELD, f"the summary looks like {secret}")] if secret else []
    text = "" if secret else text
    before = [so_far, *texts(snapshot.conversation.get("keywords"))]
    said = [
        turn.user_msg,
        turn.assistant_msg,
        text,
        *(one for one in before if isinstance(one, str)),
    ]
    spoken = frozenset[str]().union(*map(telling, said))
    kept = dict.fromkeys(
        word
        for keyword in keywords[: 4 * MAX_KEYWORDS]
        if (word := plain(keyword[:MAX_KEYWORD]))
        and telling(word) & spoken
        and told.isdisjoint(words(word) | {word.casefold()})
    )
    return text or None, tuple(kept)[:MAX_KEYWORDS] or None, rejected


def _cut(summary: str, told: frozenset[str]) -> str:
    """Return the first sentences of a summary that share no word with a secret."""
    parts = [summary[start:end].strip() for start, end in sentences(summary)]
    kept = [part for part in parts if told.isdisjoint(words(part))] if told else parts
    text = " ".join(kept[:MAX_SENTENCES])
    if len(text) <= MAX_SUMMARY:
        return text
    return text[:MAX_SUMMARY].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


# ---------------------------------------------------------------- words


def _subject(stated: Known | Edit) -> frozenset[str]:
    """Return the words of a statement but those that only lead in ("allergic to", "love").

    Nor do dates count: "next Friday" became one.
    """
    found = about(stated.text, stated.category)
    own = telling(stated.text if found.aspect in _ONE_AT_A_TIME else " ".join(found.words))
    return frozenset(word for word in own if not word.isdecimal()) - _CALENDAR or own


def _is_secret(text: str) -> bool:
    return find_secret(text) is not None


def _folded(text: str) -> str:
    return text.strip().casefold()
