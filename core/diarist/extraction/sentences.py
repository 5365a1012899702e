"""From a message to its clauses: what is quoted is hidden, the rest cut where a new subject starts.

Every piece keeps its place in the message, and hiding never changes a length, so that whatever is
found can be shown in the user's own words. Nothing here knows what a preference is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 8_000
"""Characters of a message that are looked at."""

CLAUSE_LIMIT = 400
"""Characters of a clause that are looked at."""

SHORTEST = 4
"""Characters that a clause needs to say something."""

HIDDEN = "¤"
"""Stands for each character of a quotation, a piece of code or an address."""

_SAME_LENGTH = str.maketrans({
    "’": "'", "‘": "'", "ʼ": "'", "`": "`", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "\u00a0": " ", "\t": " ", "\r": "\n", "‐": "-", "‑": "-",
})  # fmt: skip

_CODE = r"```[\s\S]*?(?:```|\Z)|`[^`\n]+`|^(?: {4}|>)[^\n]*$|\bhttps?://\S+"
_QUOTED = r'"[^"\n]{1,600}"|(?<!\w)\'(?:[^\'\n]|(?<=\w)\'(?=\w)){2,300}\'(?!\w)'

_MATERIAL_VERB = (
    r"translat\w+|transcrib\w+|rewrit\w+|rephras\w+|paraphras\w+|proof-?read\w*|summari[sz]\w+"
    r"|correct(?:s|ed|ing)?|edit\w*|fix\w*|improv\w+|polish\w*|shorten\w*|continu\w+|complet\w+|analy[sz]\w+"
    r"|classif\w+|review\w*|convert\w*|turn|put|render|pars\w+|cit\w+|quot\w+|comment\w*|reads?"
    r"|sa(?:y|ys|id|ying)|wr(?:ite|ote|itten|ites)|repl(?:y|ied)|answer\w*|tells?|told|ask(?:s|ed)?"
    r"|repeat\w*|pronounc\w+|spell\w*|check\w*|grad(?:e|ing)|extract\w*|tag|label\w*|explain\w*"
)
_MATERIAL_NOUN = (
    r"sentences?|phrases?|texts?|paragraphs?|passages?|e-?mails?|letters?|messages?|reviews?|essay"
    r"|lyrics|lines?|quotes?|prompts?|inputs?|outputs?|following|examples?|subtitles?|captions?"
    r"|dialogue|transcript|caption|statement|story|poem|article|post|tweet|script|bio|cover letter"
)
_BEFORE_MATERIAL = (
    rf"^(?=[^\n:]{{0,160}}:)(?:[^\n.!?:]{{0,120}}?[\s,(])?"
    rf"(?:(?:{_MATERIAL_VERB})\b[^\n.!?:]{{0,100}}|[^\n.!?:]{{0,80}}\b(?:{_MATERIAL_NOUN})\b"
    rf"[^\n.!?:]{{0,30}}):(?=\s)"
)
_MATERIAL_FOLLOWS = (
    r"\A\W*(?:(?:please|pls|can you|could you|would you|now|ok|hi|hey|then)\W+){0,3}"
    r"(?:translate|transcribe|rewrite|rephrase|paraphrase|proof-?read|summari[sz]e|correct|edit|fix"
    r"|improve|polish|shorten|continue|complete|analy[sz]e|classify|convert)\b"
    r"[^\n.!?]{0,80}\b(?:this|these|below|following|text|sentence|paragraph|e-?mail|letter|story"
    r"|essay|grammar|post)\b[^\n.!?:]{0,60}(?:[.!?:]\s|\n)"
)

_ABBREVIATION = (
    r"(?P<always>\b(?:e\.g|i\.e|vs|dr|mrs?|ms|st|prof|sr|mt|rev|gen|capt|approx|ca|fig)"
    r"|(?<!vitamin )(?<!plan )(?<!grade )(?<!type )\b(?-i:[A-HJ-Z]))\.$"
    r"|\b(?P<number>no|nos|p|pp|art)\.$|\b(?:etc|inc|ltd|co|jr|[a-z])\.$"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause with one subject.

    Attributes:
        text: its words as they are matched: lower case, straight quotes, hidden quotations.
        cased: the same as it was written, for proper names.
        start: where it starts in the message, in characters.
        link: the word that ties it to the clause before it, in lower case, or "".
        question: it asks something.
        opens: it is the first of its sentence.
        shared: it has no subject of its own, but shares that of the clause before it.
    """

    text: str
    cased: str
    start: int
    link: str = ""
    question: bool = False
    opens: bool = True
    shared: bool = False

    def joined(self, other: Clause) -> Clause:
        """Return this clause with `other`, which follows it, as its end."""
        gap = other.link.rjust(other.start - self.end - 1) + " "
        text, cased = self.text + gap + other.text, self.cased + gap + other.cased
        return replace(self, text=text, cased=cased)

    @property
    def end(self) -> int:
        """Where it ends in the message, in characters."""
        return self.start + len(self.text)


@cache
def pattern(source: str) -> re.Pattern[str]:
    """Return `source` compiled, when it is first needed. It is matched with lowered text."""
    return re.compile(source, re.MULTILINE)


@cache
def regardless(source: str) -> re.Pattern[str]:
    """Return `source` compiled without regard to case, but for its groups `(?-i:…)`."""
    return re.compile(source, re.IGNORECASE)


def lowered(text: str) -> str:
    """Return `text` in lower case and of the same length.

    >>> lowered("İzmir and Oslo")
    'İzmir and oslo'
    """
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


def readable(text: str) -> str:
    """Return the part of `text` that is looked at, with quotations, code and material hidden.

    A message that is one quotation as a whole is not hidden. The length stays the same.

    >>> readable('I like "Dune", mostly')
    'I like ¤¤¤¤¤¤, mostly'
    """
    text = text[:LIMIT].translate(_SAME_LENGTH)
    stripped = text.strip()
    if stripped[:1] == stripped[-1:] == '"' and stripped.count('"') == 2:
        text = text.replace('"', " ")
    for source in (_CODE, _QUOTED):
        text = pattern(source).sub(_hide, text)
    low = lowered(text)
    if follows := pattern(_MATERIAL_FOLLOWS).search(low):
        return _hide_from(text, follows.end())
    if ":" in text and (before := pattern(_BEFORE_MATERIAL).search(low)):
        return _hide_from(text, before.end())
    return text


def _hide(match: re.Match[str]) -> str:
    return "".join("\n" if character == "\n" else HIDDEN for character in match[0])


def _hide_from(text: str, position: int) -> str:
    return text[:position] + HIDDEN * (len(text) - position)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence of `text`, its closing mark included.

    >>> text = "I like St. Ives. Why? Ask me"
    >>> [text[start:end] for start, end in sentences(text)]
    ['I like St. Ives.', 'Why?', 'Ask me']
    """
    start = 0
    for stop in pattern(_STOP).finditer(text):
        if stop[0] == "." and _abbreviates(text, max(start, stop.end() - 12), stop.end()):
            continue
        if stop[0] == "?" and regardless(_ANSWERED).match(text, start):
            continue
        end = stop.end() if not stop[0].startswith("\n") else stop.start()
        while start < end and text[start] in " \n-*•":
            start += 1
        if end - start >= SHORTEST:
            yield start, end
        start = stop.end()


_STOP = r"[.!?…]+[\"')\]]*(?=\s|\Z)|[。！？｡]+(?:[」』”）]+(?=\s|\Z))?(?![」』”）])|\n+|\Z"

_ANSWERED = (
    r"[\s*•-]*(?!(?:what|why|how|who|when|where|which|really|sure|you|so|ok|right|any|is|are|do)\b)"
    r"[\w'-]+(?: [\w'-]+){0,4}\? (?:no\b|not\b|never|yes,? please|hard (?:pass|no)|yuck|ugh|eww?"
    r"|always|any ?(?:day|time)|love (?:it|them)|count me|can't|hate|pass)\b"
)
"""A topic and a verdict on it are one sentence: "Country music? Not for me."."""


def _abbreviates(text: str, start: int, end: int) -> bool:
    """Say whether a full stop belongs to its word: "Dr. Smith", "no. 5", but "No. I won't"."""
    found = regardless(_ABBREVIATION).search(text, start, end)
    if found is None or found["always"]:
        return found is not None
    following = text[end : end + 2].strip()[:1]
    return following.isdigit() if found["number"] else following.islower()


_PRONOUN = r"(?:i|im|ive|we|you|he|she|they|it|there|that|this|i'\w+|we'\w+|you'\w+|it's|that's)"
_ASKING = (
    r"(?:(?:can|could|would|will|do|does|did|is|are|should|have|has|may|shall|am)(?:n't)? "
    r"(?:i|you|we|they|it|he|she|there|that|this|the|my|any|some)"
    r"|(?:what|which|who|how|why|where)(?:'s|'re)?(?! (?:i|we)\b)"
    r"|when (?:is|are|do|does|should)"
    r"|any (?:ideas?|suggestions?|tips|recommendations?|thoughts|advice|chance)|got any|right|ok)"
)
_ASKED = r"(?:please(?= \w)|let me know|suggest|recommend|give me|tell me|show me|find me|help)"
_VERB = (
    r"(?:(?:also|really|just|strongly|much|always|usually|generally|absolutely|mostly|definitely"
    r"|actively|typically|strictly|especially|often|instead|would|tend to|try to) )*"
    r"(?:can'?t|cannot|don'?t|do not|won'?t|never|avoid|prefer|love|hate|enjoy|dislike|loathe"
    r"|detest|despise|refuse|adore|am|'m|have (?:a|an|no|two|three)|(?:usually|always) (?=\w)"
    r"|tend to)"
)
_BOUNDARY = (
    r"(?=[\s,;:()—])(?:\s*[;:](?=\s)\s*|\s+[-–—]+\s+|\s*—\s*|\s*[()](?=[\s\w])\s*"
    rf"|\s*,?\s+(?:and|but|so|yet|or|nor|plus|though|although|whereas|while|because|since|as|cause"
    rf"|cuz|bc|which is why|given(?: that)?)\s+"
    rf"(?=(?:{_PRONOUN}|{_ASKING}|{_ASKED})\b)"
    rf"|\s*,\s+(?:and|but|so|yet|or|because|since|as|while)\s+(?=(?:my|our|the|his|her|their)\b)"
    rf"|\s+(?:but|because|so|since)\s+(?=(?:my|our)\b)|\s*,\s+so\s+(?!that\b|much\b|many\b|long\b)"
    rf"|\s*,\s+(?!that(?:'s| is) (?:my|how i|what i)\b)(?=(?:{_PRONOUN}|{_ASKING}|{_ASKED})\b)"
    rf"|\s*,?\s+(?:and|but)\s+(?={_VERB}\b|(?:also )?like (?!that|this|to say))"
    rf"|\s*,\s+(?={_VERB}\b)|\s*,?\s+but\s+"
    r"|\s*,?\s+(?:just |much )?(?:like|of) how\s+(?=i (?:usually|always|never|only|often|tend)\b))"
)
_SHARED_SUBJECT = r"(?!(?:i|we|you|it|he|she|they|i'\w+|we'\w+)\b)[\w'-]+(?: [\w'-]+){0,2}"
_UNFINISHED = (
    r"(?:(?:please|and|but|also),? )?(?:from (?:now|here|today) on|in (?:the )?future|going forward"
    r"|moving forward|by default|as a rule|(?:when(?:ever)?|if|unless|once|(?:each|every"
    r"|any) ?time)"
    r" (?:i|we)\b[^,;:]*)"
)
_CONTRASTED = r"\s*,?\s+but\s+(?:not (?:to )?|to )(?!\w+ly\b)[\w'-]+(?: [\w'-]+)?\W*$"
"""More of what was said, not a clause: "allergic to walnuts, but not to peanuts"."""
_SAME_CLAUSE = (
    r"\s+since\s+(?:i|we)\s+(?:was|were|started|left|moved|turned|got|had|first|retired|became|met)\b|"
    r"\s+while\s+(?:i|we|my)\b|\s*,?\s+but\s+(?:only|little|few|no|with(?:out)?|still|also|less"
    r"|more|mostly|especially|in|on|at|for|from|rarely|occasionally|sometimes)\b(?! i\b)"
    r"|\s*[-–—]+\s*(?:anything but|especially|particularly|mostly|mainly|never|not|nothing)\b"
)
"""What goes on with the same statement: "read while I eat", "spicy food, but only at home"."""
_SHARED = rf"{_VERB}\b|(?:also )?like\b"
_LEAD_SUBORDINATE = (
    r"(?:(?:and|but|so|well|also|hi|hey|oh)\W+)?(since|because|as|given(?: that)?|considering"
    r"(?: that)?|seeing as|now that|bearing in mind(?: that)?)\s+(?=(?:i|im|ive|we|my|i'\w+)\b)"
)


def clauses(text: str, start: int, end: int) -> Iterator[Clause]:
    """Yield the clauses of the sentence of `text` between `start` and `end`.

    A reason in front ("since I don't eat meat, …") and a statement before or after a question are
    clauses of their own, so that they can state something. Of a clause only the first
    `CLAUSE_LIMIT` characters count.

    >>> text = "I like tea but hate coffee, what about you?"
    >>> [clause.text for clause in clauses(text, 0, len(text))]
    ['i like tea', 'hate coffee', 'what about you']
    """
    sentence = lowered(text[start:end])
    asks = sentence.rstrip("\"')] ").endswith("?")
    stop = max(len(sentence.rstrip(" .!?…\"')]")), 1)
    link, position = "", 0
    if lead := pattern(_LEAD_SUBORDINATE).match(sentence, 0, stop):
        link, position = lead[1], lead.end()
    pieces: list[Clause] = []
    for boundary in [*pattern(_BOUNDARY).finditer(sentence, position, stop), None]:
        if boundary and _goes_on(sentence, position, boundary):
            continue
        words = sentence[position : boundary.start() if boundary else stop].rstrip()[:CLAUSE_LIMIT]
        if len(words) >= SHORTEST:
            begins = start + position
            shared = bool(pieces) and bool(pattern(_SHARED).match(words))
            cased = text[begins : begins + len(words)]
            pieces.append(Clause(words, cased, begins, link, opens=not pieces, shared=shared))
        if boundary:
            link, position = boundary[0].strip(" ,"), boundary.end()
    yield from _asking(pieces, asks)


def _goes_on(text: str, start: int, boundary: re.Match[str]) -> bool:
    """Say whether a clause goes on: "from now on, …", "Ann and I …", "to nuts, but not …"."""
    if pattern(_UNFINISHED).fullmatch(text, start, boundary.start()):
        return True
    if pattern(_CONTRASTED).match(text, boundary.start()):
        return True
    if pattern(_SAME_CLAUSE).match(text, boundary.start()):
        return True
    first_half = pattern(_SHARED_SUBJECT).fullmatch(text, start, boundary.start())
    return bool(first_half) and boundary[0].strip() == "and" and text[boundary.end()] in "iI"


def _asking(pieces: list[Clause], question: bool) -> Iterator[Clause]:
    """Mark what asks: all that begins like a question, and the end before a question mark.

    The end of "I'm vegan, what can I cook?" asks, its beginning doesn't; a reason never does.
    """
    asks = [bool(pattern(rf"(?:so |and |but )?{_ASKING}\b").match(piece.text)) for piece in pieces]
    for number, piece in enumerate(pieces):
        reason = piece.link in REASONS
        last = number == len(pieces) - 1
        tagged = question and not last and asks[-1] and _is_tag(pieces[-1].text)
        unsettled = question and (last or tagged) and not (reason and any(asks))
        yield replace(piece, question=asks[number] or unsettled)


REASONS = frozenset(
    "since, because, as, given, considering, cause, cuz, bc, given that, considering that, "
    "seeing as, now that, bearing in mind that".split(", ")
)
"""The links that make a clause the reason of the one before it."""


def _is_tag(text: str) -> bool:
    return text.lower() in {"right", "ok", "am i", "aren't i", "don't i", "do i"}
