"""When is a new statement an old item? Each text is reduced to its subject, and if it holds.

"I really love coffee" and "likes coffee" have one subject; "allergic to walnuts" and "allergic to
peanuts" have two, however alike the sentences are. Nothing here compares by resemblance: in doubt
two items are kept, for a double costs a line and a merge costs a fact.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Subject(NamedTuple):
    """What a statement is about.

    Attributes:
        aspect: taste, allergy, home, name, job … by the words that lead in; "" for others.
        holds: False where the statement denies or rejects its subject.
        words: the subject, folded.
    """

    aspect: str
    holds: bool
    words: tuple[str, ...]

    def same(self, other: Subject, *, within_category: bool) -> bool:
        """Say whether both are about one thing, whether they agree on it or not.

        Inside one category a text without lead words ("coffee") may mean any aspect.
        """
        if self.words != other.words:
            return False
        if self.aspect == other.aspect:
            return within_category or self.aspect != ""
        return within_category and "" in (self.aspect, other.aspect)


_LEADS = {
    ("taste", True): "like, love, adore, enjoy, prefer, fond of, fan of, into, keen on, "
    "crazy about, passionate about, favour, favor, favorite, favourite",
    ("taste", False): "dislike, hate, detest, loathe, despise, can not stand, can not bear, "
    "can not tolerate, averse to, aversion to, dislike of, sick of, tired of, gone off, went off, "
    "mind",
    ("fear", False): "scared of, afraid of, terrified of, frightened of",
    ("avoidance", False): "avoid, stay away from, steer clear of",
    ("allergy", True): "allergic to, allergy to",
    ("intolerance", True): "intolerant to, intolerant of, intolerance to, intolerance of",
    ("sensitivity", True): "sensitive to, sensitivity to",
    ("condition", True): "suffer from, suffering from, diagnosed with",
    ("home", True): "live in, living in, based in, reside in, moved to, home is",
    ("name", True): "name is, call me, called, go by, known as, named, everyone calls me, "
    "everybody calls me, people call me, friends call me",
    ("job", True): "work as, working as, employed as, job is, occupation is",
    ("employer", True): "work for, working for, work at, working at, employed by",
    ("goal", True): "want to, would like to, would love to, plan to, planning to, hope to, "
    "hoping to, aim to, aiming to, goal is to, trying to, wish to",
}
_CATEGORY_ASPECTS = {"likes": ("taste", True), "dislikes": ("taste", False)}
_CATEGORY_LEADS = {("allergies", "have"): ("condition", True)}
_SPELLED_AS_IS = frozenset(["name", "home", "employer"])
"""Aspects whose subjects are names: "Anas" is not the plural of "Ana"."""
_NEGATIONS = frozenset(["not", "never", "no", "without", "outgrew", "outgrown"])
_LONG_NEGATIONS = (("no", "longer"), ("used", "to"))
_ENDINGS = (("gave", "up"), ("given", "up"), ("stopped",), ("stop",), ("quit",))
"""What denies the verb in -ing that follows: "gave up smoking"."""
_BEGINNINGS = frozenset(["started", "began", "begun", "resumed"])
"""What affirms the verb in -ing that follows: "started eating meat"."""
_NARROWINGS = (
    ("but", "only"), ("but", "just"), ("but", "not"), ("only", "when"), ("only", "if"),
)  # fmt: skip
"""What says more of the subject behind it: "jazz, but only live"."""
_FORMS_OF_BE = frozenset(["am", "is", "are", "was", "were", "be", "been", "get", "got", "getting"])
_EMPTY_WORDS = frozenset(
    "i am is are be been do does did will would my user we really very so just quite absolutely "
    "truly also still definitely always actually simply totally completely generally usually "
    "honestly please a an the now currently".split()
)
_DEGREES = frozenset(
    "severely seriously extremely highly deathly deadly mildly slightly strongly deeply "
    "terribly badly particularly especially somewhat rather".split()
)
_BEFORE_LEADS = frozenset(
    "have has had got get big huge great strong real massive lifelong severe serious mild "
    "slight bad terrible become became becoming getting gone turned developed come grown learned "
    "learnt to".split()
)
_TAILS = (
    ("any", "more"), ("anymore",), ("any", "longer"), ("no", "more"), ("too",), ("as", "well"),
    ("at", "all"), ("very", "much"), ("so", "much"), ("a", "lot"), ("now",), ("these", "days"),
    ("after", "all"), ("again",),
)  # fmt: skip
_DENYING_TAILS = _TAILS[:4]
_ASPECTS_BEHIND = {
    "allergy": "allergy",
    "allergies": "allergy",
    "intolerance": "intolerance",
    "intolerant": "intolerance",
}
_CONTRACTIONS = (
    ("can't", "can not"), ("cannot", "can not"), ("won't", "will not"), ("n't", " not"),
    ("'m ", " am "), ("'d ", " would "), ("'ve ", " have "), ("'re ", " are "), ("'ll ", " will "),
)  # fmt: skip
_LOOSE_SPELLINGS = {
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "didnt": ("did", "not"),
    "isnt": ("is", "not"),
    "arent": ("are", "not"),
    "cant": ("can", "not"),
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "wanna": ("want", "to"),
}
_NOT_PLURAL = frozenset(["news", "glasses"])
_PLURAL_IN_OE = frozenset(["shoes", "toes", "canoes", "foes"])
_IN_A_NUMBER = re.compile(r"(?<=\d)[.,:/-](?=\d)|(?<!\S)[-−](?=[.\d])|(?<=\d)%")
_VOWELS = "aeiou"


class _Reading(NamedTuple):
    """A text, read: aspect and polarity of its lead words, if it is denied, and what is left."""

    aspect: str
    lead_holds: bool
    denied: bool
    rest: tuple[str, ...]


def _lead_table() -> dict[tuple[str, ...], tuple[str, bool]]:
    return {
        tuple(phrase.split()): meaning
        for meaning, phrases in _LEADS.items()
        for phrase in phrases.split(", ")
    }


_LEAD_TABLE = _lead_table()
_LEAD_WORDS = frozenset(word for phrase in _LEAD_TABLE for word in phrase)
_LONGEST_LEAD = max(map(len, _LEAD_TABLE))


def fold(text: str) -> tuple[str, ...]:
    """Return the words of `text`, alike for case, form, punctuation and contractions.

    >>> fold("I DON’T like “Café”, C++ or -3.5 %!")
    ('i', 'do', 'not', 'like', 'café', 'c++', 'or', '-3.5')
    """
    text = unicodedata.normalize("NFKC", text.replace("’", "'")).casefold() + " "
    for contraction, words in _CONTRACTIONS:
        text = text.replace(contraction, words)
    inside = {match.start() for match in _IN_A_NUMBER.finditer(text)}
    spaced = [
        c if c in "'+#" or _speaks(c) or position in inside else " "
        for position, c in enumerate(text)
    ]
    found: list[str] = []
    for word in "".join(spaced).split():
        bare = word.strip("'").removesuffix("'s")
        found += _LOOSE_SPELLINGS.get(bare, (bare,) if bare else ())
    return tuple(found)


def _speaks(character: str) -> bool:
    """Say whether a character is of a word: letters, their marks, numbers, symbols (an emoji)."""
    return unicodedata.category(character)[0] in "LMNS" and character != "\ufe0f"


def subject(text: str, category: str = "", aspect: str = "") -> Subject:
    """Return what `text`, an item of `category`, is about.

    Where no lead words tell the aspect ("Leeds"), it is `aspect`, else the category's.

    >>> subject("really love coffee")
    Subject(aspect='taste', holds=True, words=('coffee',))
    >>> subject("don't like coffee any more").holds
    False
    >>> subject("have a severe peanut allergy") == subject("allergic to peanuts")
    True
    """
    words = fold(text)
    led_by, lead_holds, denied, rest = _read(words, category)
    if not rest:
        return Subject("", not denied, (text.strip().casefold(),))
    if not led_by and not aspect:
        aspect, lead_holds = _CATEGORY_ASPECTS.get(category, ("", True))
    aspect = led_by or aspect
    return Subject(aspect, lead_holds != denied, rest if aspect in _SPELLED_AS_IS else _stems(rest))


def says_more(new: str, old: str) -> bool:
    """Say whether `new` has content that `old`, on the same subject, lacks.

    >>> says_more("severely allergic to walnuts", "allergic to walnuts")
    True
    >>> says_more("really love coffee", "likes coffee")
    False
    """
    return bool(_content(new) - _content(old))


def _content(text: str) -> set[str]:
    words = [word for word in fold(text) if word not in _EMPTY_WORDS]
    return {
        _base(word)
        for word in words
        if word not in _LEAD_WORDS and _first_person(word) not in _LEAD_WORDS
    }


def _read(words: tuple[str, ...], category: str) -> _Reading:
    start, aspect, lead_holds, denied, kept = _lead_in(words, category)
    rest, denied_behind = _without_tail(_without_narrowing(words[start:]))
    if aspect in ("", "condition") and len(rest) > 1 and rest[-1] in _ASPECTS_BEHIND:
        named = tuple(word for word in rest[:-1] if word not in _BEFORE_LEADS)
        if named[:1] in (("no",), ("any",)):
            denied, named = denied != (named[0] == "no"), named[1:]
        aspect, rest = (_ASPECTS_BEHIND[rest[-1]], named) if named else (aspect, rest[-1:])
    while len(rest) > 1 and rest[0] in ("a", "an", "the"):
        rest = rest[1:]
    return _Reading(aspect, lead_holds, denied or denied_behind, (*kept, *rest))


def _lead_in(words: tuple[str, ...], category: str) -> tuple[int, str, bool, bool, tuple[str, ...]]:
    """Read from the start as far as words only lead in.

    Returns where the subject starts, its aspect, what the lead words say, if it is denied, and the
    words on the way that belong to the subject: "can swim" is not "swim".
    """
    position, denied, kept = 0, False, ()
    if words[:2] == ("moved", "from") and "to" in words[3:-1]:
        return words.index("to", 3) + 1, "home", True, False, ()
    while position < len(words):
        word = words[position]
        lead = _lead_at(words, position)
        if lead is not None:
            length, (aspect, holds) = lead
            return position + length, aspect, holds, denied, kept
        ending = _ending_at(words, position)
        if ending and words[position + ending] == "being":
            position, denied = position + ending + 1, not denied
            continue
        if ending:
            verb = _verb(words[position + ending])
            return position + ending + 1, "", True, not denied, (*kept, verb)
        if word in _BEGINNINGS and _gerund_at(words, position + 1):
            return position + 2, "", True, denied, (*kept, _verb(words[position + 1]))
        if words[position : position + 2] in _LONG_NEGATIONS:
            if word == "used" and words[max(position - 1, 0)] in _FORMS_OF_BE:
                break
            position, denied = position + 2, not denied
        elif word in _NEGATIONS:
            position, denied = position + 1, not denied
        elif _changes_the_verb(words, position):
            position, kept = position + 1, (*kept, word)
        elif word == "was" or word in _EMPTY_WORDS or word in _DEGREES:
            position += 1
        elif (category, word) in _CATEGORY_LEADS and not _before_a_lead(words, position):
            return position + 1, *_CATEGORY_LEADS[category, word], denied, kept
        elif _before_a_lead(words, position):
            position += 1
        else:
            break
    return position, "", True, denied, kept


def _lead_at(words: tuple[str, ...], position: int) -> tuple[int, tuple[str, bool]] | None:
    for length in range(_LONGEST_LEAD, 0, -1):
        phrase = words[position : position + length]
        if len(phrase) < length:
            continue
        meaning = _LEAD_TABLE.get(phrase) or _LEAD_TABLE.get(
            (_first_person(phrase[0]), *phrase[1:])
        )
        if meaning:
            return length, meaning
    return None


def _before_a_lead(words: tuple[str, ...], position: int) -> bool:
    if words[position] not in _BEFORE_LEADS:
        return False
    return any(_lead_at(words, later) for later in range(position + 1, position + 5))


def _ending_at(words: tuple[str, ...], position: int) -> int:
    """Return how many words end a habit here ("gave up" smoking), 0 for none."""
    for phrase in _ENDINGS:
        after = position + len(phrase)
        if words[position:after] == phrase and words[after : after + 1]:
            return len(phrase) if _gerund_at(words, after) else 0
    return 0


def _gerund_at(words: tuple[str, ...], position: int) -> bool:
    return any(len(word) > 4 and word.endswith("ing") for word in words[position : position + 1])


def _changes_the_verb(words: tuple[str, ...], position: int) -> bool:
    """Say whether a word of mood or tense counts: "can swim", "was a nurse", "will be a nurse"."""
    word, after = words[position], words[position + 1 : position + 2]
    if word == "was":
        return not any(next_word.endswith(("ed", "born")) for next_word in after)
    return word == "can" or (word == "will" and after == ("be",))


def _without_narrowing(words: tuple[str, ...]) -> tuple[str, ...]:
    for position in range(1, len(words) - 1):
        if words[position : position + 2] in _NARROWINGS:
            return words[:position]
    return words


def _without_tail(words: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    denied = False
    while True:
        for tail in _TAILS:
            if len(words) > len(tail) and words[-len(tail) :] == tail:
                words, denied = words[: -len(tail)], denied or tail in _DENYING_TAILS
                break
        else:
            return words, denied


def _first_person(word: str) -> str:
    if word in ("goes", "does"):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word.endswith("s") else word


def _verb(gerund: str) -> str:
    """Return the verb of a form in -ing, roughly: a wrong one only costs a double.

    >>> [_verb(word) for word in ("smoking", "drinking", "running", "answering", "using")]
    ['smoke', 'drink', 'run', 'answer', 'use']
    """
    stem = gerund.removesuffix("ing")
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    if stem.endswith(("er", "en")) and any(letter in _VOWELS for letter in stem[:-2]):
        return stem
    closed = stem[-1] not in _VOWELS + "wxy" and stem[-2] in _VOWELS
    return stem + "e" if closed and (len(stem) == 2 or stem[-3] not in _VOWELS) else stem


def _base(word: str) -> str:
    """Return a noun without its plural ending, roughly and always the same way."""
    if len(word) < 4 or not word.isalpha() or word in _NOT_PLURAL:
        return word
    if len(word) > 4 and word.endswith(("ies", "ie")):
        return word[: word.rindex("ie")] + "y"
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(("oes", "ches", "shes", "xes", "sses")) and word not in _PLURAL_IN_OE:
        return word[:-2]
    return word.removesuffix("s")


def _stems(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_base, words))


# ---------------------------------------------------------------- ids

MAX_ID = 40
_NOT_IN_SLUGS = re.compile(r"[^0-9A-Za-z\x80-\U0010ffff]+")


def slug(text: str) -> str:
    """Return a readable id for `text`: its subject, at most 40 characters.

    >>> slug("allergic to walnuts"), slug("I love black coffee"), slug("not allergic to hazelnuts")
    ('walnuts', 'black-coffee', 'not-hazelnuts')
    >>> slug("don't eat meat"), slug("can't swim")
    ('not-eat-meat', 'can-not-swim')
    """
    words = fold(text)
    aspect, _, denied, rest = _read(words, "")
    kept = [word for word in rest or words if word not in ("a", "an", "the")]
    if denied and aspect != "taste":
        kept.insert(1 if kept[:1] == ["can"] else 0, "not")
    plain = _NOT_IN_SLUGS.sub("-", _unaccented("-".join(kept).replace("'", ""))).strip("-")
    if len(plain) > MAX_ID:
        head = plain[: MAX_ID + 1].rpartition("-")[0]
        plain = head or plain[:MAX_ID]
    return plain or "item"


def _unaccented(text: str) -> str:
    """Return Latin letters without their accents; other scripts stay as they are."""
    apart = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return bare if bare.isascii() else text
