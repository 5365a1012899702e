"""The offline extractor: families of English constructions, and guards against look-alikes.

What it finds is the user's own clause without its subject ("I'm allergic to walnuts." gives
"allergic to walnuts"), never a paraphrase. It takes the user's words alone; what the assistant says
is no source. In doubt it offers (`Extraction.rejected`, with the reason) instead of storing.

Rules are data: TOML packs, diarist's own in `rules/`, yours by `RuleExtractor(packs=[...])`, as a
`Path` or as text. Yours are tried first; what they match is cut and guarded like everything else.

    [[rule]]
    name = "supports"                       # unique in the pack
    kind = "taste"                          # helps to place it in a table of your own
    subject = ["I"]                         # I, I am, I was, I have, I had, I would, I will, my,
                                            # other (somebody or something else), elided (none)
    modal = ["", "do"]                      # allowed modals: "" (none), do, can, will, would, must
    pattern = "(?:support|root for) {thing}"
    affirmed = "likes"                      # the category of what is said …
    negated = "dislikes"                    # … and of what is denied; leave out what means nothing
    examples = { "I support St. Pauli." = "support St. Pauli" }
    not = ["I support it."]

`pattern` is a regular expression, tried with lowered text where the verb starts: subject, "am",
adverbs, "don't" and "never" are behind it already. Line breaks in it count for nothing; a group
`(?-i:[A-Z])` asks for a capital. `{fond}` is a word family of `rules/words.toml` or of the pack's
own `[words]` table (`fond = ["like", …]`), `{fond:s}`, `{fond:ed}` and `{fond:ing}` are its forms.

The groups mean something: `thing` is what it is about (`{thing}` is the rest of the clause), `np`
the subject of an "other" clause, `replaces` what it takes the place of or ends, `text` the whole
statement where that is not the clause; `bad` says that the meaning denies it.

What a long message tells in passing, beside a question, must have weight; see `rules/weight.toml`.

Further keys: `require` (what the clause must contain), `elided` (true, or how the verb must begin
where no subject is said), `habit` (it needs "usually", "always", "never" …), `split` ("a and b" are
two statements), `confidence` ("store", or "offer" for what a person should look at first).
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from diarist.extraction import changes, commands, follow_ups, weights
from diarist.extraction.dating import dated
from diarist.extraction.discretion import is_apart
from diarist.extraction.matching import asides, frame, told_in
from diarist.extraction.packs import load_pack
from diarist.extraction.sentences import LIMIT as READ
from diarist.extraction.sentences import clauses, lowered, readable, sentences
from diarist.extraction.statements import MAX_TEXT, Finding, findings
from diarist.extraction.summary import summarise
from diarist.models import Edit, Extraction, Rejected
from diarist.pages.items import texts
from diarist.pages.secrets import WITHHELD, find_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diarist.extraction.packs import Guard, PackFile
    from diarist.models import Snapshot, Turn

LIMIT = 50
"""The most edits one turn may bring."""

MAX_CLAUSES = 250
"""The most clauses of a message that are read; 8,000 characters of prose have fewer."""

_ENGLISH = frozenset(
    "the a an and or but i you he she it we they is am are was were be been have has had do does "
    "did don't not no my your his her our their this that these those to of in on at for with from "
    "by as if when what which who how why where can could will would should so than then there "
    "here just very about into over me him them us i'm it's i've i'd that's like please any all "
    "more some up out one's never always also because too really".split()
)


_ELSEWHERE = frozenset(
    "ich du sie wir ist bin nicht kein keine und der das ein eine mein meine je tu il elle nous "
    "suis est ne pas le les un une mon ma et yo soy es el los mi y que muy gosto eu sou os um "
    "uma meu minha io sono non lo gli ho ik ben niet een het mijn jag jeg och og ikke inte nie "
    "jestem bir de del la da em en och med som gusta como tengo para con sin "
    "saya tidak yang dan suka ako ang ve vorrei mam bardzo".split()
)
"""Small words of other languages in Latin letters."""

_SHARED = frozenset("a an am as do he i in is me no on so the to us was".split())
"""Small words of English that other languages write alike."""


class RuleExtractor:
    """Finds statements about the user by rules: offline, deterministic, in a few milliseconds.

    >>> [edit.text for edit in RuleExtractor().find("Hi! I'm allergic to walnuts and peanuts.")]
    ['allergic to walnuts', 'allergic to peanuts']
    """

    is_instant = True
    """It needs no lease to be renewed while it works."""

    def __init__(
        self, packs: Iterable[str | PackFile] = (), *, weight: int = weights.NEEDED
    ) -> None:
        """Take rule packs of your own, and what a statement must weigh that is told in passing.

        `weight` counts in a message of three sentences or more that asks for something (see
        `rules/weight.toml`): 0 stores all that is found in it, more points store less of it.
        """
        self._weight = weight
        self._packs = tuple(rule for pack in packs for rule in load_pack(pack))

    def find(self, text: str, categories: Mapping[str, str] | None = None) -> list[Edit]:
        """Return what would be stored of a user's message, in its order, at most `LIMIT` edits.

        `categories` are the table's names and meanings; without them the default table's.
        """
        if categories is None:
            from diarist import schema, tables

            categories = schema.categories(tables.DefaultPreferences)
        found = self._findings(text, categories)
        return [finding.edit for finding in found if finding.doubt is None][:LIMIT]

    def extract(self, turn: Turn, snapshot: Snapshot) -> Extraction:
        """Return the edits of `turn`, what is offered and why, and the conversation's summary.

        Times that hang on the day of the turn are dates in all of them ("next month").
        """
        followed = follow_ups.edits(turn, snapshot)
        secret = find_secret(turn.user_msg[:READ])
        found = [] if followed else self._findings(turn.user_msg, snapshot.categories)
        if secret:
            found = [finding for finding in found if _is_apart(finding.edit, turn.user_msg)]
        found = [changes.lifted(finding, turn.user_msg, snapshot) for finding in found]
        edits = (
            followed
            or [
                changes.replacing(finding, turn.user_msg, snapshot)
                for finding in found
                if finding.doubt is None
            ][:LIMIT]
        )
        edits = [dated(edit, turn) for edit in edits]
        previous = snapshot.conversation.get("summary")
        rolling = summarise(
            previous if isinstance(previous, str) else None,
            turn,
            keywords=texts(snapshot.conversation.get("keywords")),
            is_secret=_is_secret,
        )
        return Extraction(
            edits=tuple(commands.resolve(edits, snapshot)),
            summary=rolling.text,
            keywords=rolling.keywords,
            rejected=_rejected(turn.user_msg, found, secret, followed is None),
        )

    def _findings(self, message: str, categories: Mapping[str, str]) -> list[Finding]:
        text = readable(message)
        found: dict[tuple[str, str, str], Finding] = {}
        budget = MAX_CLAUSES
        for start, end in sentences(text):
            parts = tuple(islice(clauses(text, start, end), budget))
            budget -= len(parts)
            for told in told_in(parts, self._packs):
                for finding in findings(message, told, categories):
                    edit = finding.edit
                    found.setdefault((edit.action, edit.category, edit.text.casefold()), finding)
            if len(found) >= 2 * LIMIT or budget <= 0:
                break
        around = frame(lowered(text))
        beside = asides() if "?" in text else ()
        framed = [_framed(finding, around, beside) for finding in found.values()]
        return list(map(self._weighed, framed)) if weights.is_passing(text) else framed

    def _weighed(self, finding: Finding) -> Finding:
        """Return a finding of a message that tells in passing, in doubt where it has no weight."""
        edit = finding.edit
        if finding.doubt or not weights.is_light(edit.text, finding.kind, self._weight):
            return finding
        return replace(finding, doubt=weights.LIGHT)


def _framed(finding: Finding, around: Iterable[Guard], beside: Iterable[Guard]) -> Finding:
    """Return the finding, in doubt where the message as a whole makes it doubtful.

    Such a message is no speech of the user's own, or it asks for something and tells what is only
    the background of that.
    """
    if finding.doubt:
        return finding
    said = finding.edit.text.lower()
    reasons = (
        *(guard.reason for guard in around if guard.concerns(finding.kind)),
        *(guard.reason for guard in beside if guard.stops(said, finding.kind)),
    )
    return replace(finding, doubt=next(iter(reasons), None))


def _is_secret(text: str) -> bool:
    return find_secret(text) is not None


def _is_apart(edit: Edit, message: str) -> bool:
    """Say whether an edit is no part of a secret; one that forgets writes none."""
    said = " ".join([edit.text, *edit.contexts, edit.replaces or ""])
    return edit.action == "forget" or is_apart(said, message, _is_secret)


def _rejected(
    message: str, found: list[Finding], secret: str | None, alone: bool
) -> tuple[Rejected, ...]:
    """Return what was found and is not stored.

    Of a foreign message no word: what is a secret in it can't be told.
    """
    if secret:
        seen = (Rejected(WITHHELD, f"it looks like {secret}"),)
    elif not found and alone and is_foreign(message):
        seen = (Rejected(WITHHELD, "no rule pack fits this language"),)
    else:
        seen = ()
    doubted = (
        Rejected(finding.edit.text[:MAX_TEXT], finding.doubt, finding.edit.category)
        for finding in found
        if finding.doubt is not None
    )
    return (*seen, *doubted)[:LIMIT]


def is_foreign(text: str) -> bool:
    """Say whether a message of four words or more is hardly English.

    One without any small word may be ("Rex died last year.", a list of keywords): it must have a
    foreign one, or be eight words that end like a sentence. Beside two foreign ones, words that
    English shares with others ("me", "no") are no sign of it.

    >>> is_foreign("Ich esse kein Fleisch und trinke keinen Wein")
    True
    >>> is_foreign("I don't eat meat"), is_foreign("Rex died last year.")
    (False, False)
    """
    text = readable(text[:2000])
    said = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text)
    if len(re.findall(r"[{}()=<>_;|/\\]", text)) > len(said) / 5:
        return False
    if len(said) < 4:
        return not text.isascii() and bool(re.search(r"[\u0370-\u1fff\u3040-\ud7af]{4}", text))
    foreign = sum(word in _ELSEWHERE for word in _no_names(said))
    whole = len(said) >= 8 and text.rstrip().endswith((".", "!", "?"))
    if text.isascii() and not foreign and not whole:
        return False
    english = _ENGLISH - _SHARED if foreign > 1 else _ENGLISH
    return sum(word.lower() in english for word in said) < 0.1 * len(said)


def _no_names(words: list[str]) -> Iterator[str]:
    """Yield the words in lower case, but for capital ones: "Los Angeles" is no Spanish."""
    if words[1:] and words[1].islower():
        yield words[0].lower()
    yield from (word for word in words if word.islower())
