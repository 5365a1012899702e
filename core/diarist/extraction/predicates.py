"""From a clause to its predicate: whose it is, whether it is denied, and where its verb starts.

"To be honest, I really can't stand opera" becomes: about the user, with "can", denied, the verb at
"stand", the statement from "really" on. Rules then speak of verbs, not of everything before them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diarist.extraction.sentences import pattern

if TYPE_CHECKING:
    import re

    from diarist.extraction.sentences import Clause

_DENYING = r"no longer|used to|not |\w+ (?:sure )?not "
_LASTING = r"tend|tr(?:y|ies)\b|make|as a rule|in general|by "


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a clause says, and of whom.

    Attributes:
        subject: `I`, `I am`, `I was`, `I have`, `I had`, `I would`, `I will` for the user (or
            "we"), `my` for what is the user's, `none` where no subject is said, `other` else.
        modal: "can", "do", "will", "must" …, or "".
        negated: it is denied once ("don't", "never", "no longer").
        habit: an adverb says that it lasts or returns ("usually", "always", "never", "only").
        fronted: when, where or about what, said before the subject, or "".
        begins: where the statement starts in the clause, without the subject.
        verb: where its verb starts in the clause.
        reading: the clause as it is matched; from the verb on it may differ from what was said.
    """

    subject: str
    modal: str = ""
    negated: bool = False
    habit: bool = False
    fronted: str = ""
    begins: int = 0
    verb: int = 0
    reading: str = ""


_LEAD_INS = (
    r"(?:(?:hi|hello|hey|hiya|dear|good (?:morning|evening|afternoon)|greetings)(?: there| again"
    r"| everyone| all)?\b[\s,!.]*"
    r"|(?:well|ok(?:ay)?|oh|ah|um+|hmm+|so|anyway|anyhow|btw|fyi|tbh|imo|imho|and|but|or|plus|also"
    r"|now|then|yes|yeah|yep|no|nope|nah|sure|right|alright|look|listen|see|thanks(?: a lot"
    r"| so much)?"
    r"|thank you|great|cool|nice|perfect|haha|lol|sorry|alas|again|still|besides|like|first|second"
    r"|finally|lastly|generally|overall|basically|sadly|personally)\b\s*(?:,|\.\.\.|…"
    r"|(?=\s(?:i|im|my"
    r"|we|just|actually|by|to be|i'\w+)\b))\s*"
    r"|(?:by the way|for (?:the record|what it's worth|your information|context|reference|me"
    r"|reference)|to be (?:honest|fair|clear|frank)|in (?:general|fact|truth|all honesty|my case"
    r"|my opinion|addition|any case)|as (?:i(?:'ve)? (?:said|mentioned|told you)|you (?:may "
    r"|might )?"
    r"know|a rule|for me|always|usual|ever|a side note)|(?:just )?so (?:that )?you know|you know"
    r"(?: what)?|(?:a )?(?:heads[- ]up|quick note|side note|fun fact|full disclosure|note to self"
    r"|disclaimer)|one (?:thing|more thing)|(?:a )?(?:bit |little )?about me|speaking of [^,]{1,60}"
    r"|on (?:a|another|an) [\w ]{1,20} note|if i'm honest|the other thing|last but not least"
    r"|more(?: |-)over|in case (?:it helps|you(?:'re| are) wondering)"
    r"|[a-z]{3,}ly)\s*[,:]?\s*(?=,|:|\s|\b)(?:[,:]\s*|(?=(?:i|im|my|we|i'\w+)\b))"
    r"|(?:please |just |also |but )*(?:note|remember|bear in mind|keep in mind|be aware"
    r"|don't forget|know|make"
    r" a note|mind you|remind yourself)\b,? ?(?:that )?\s*(?=(?:i|im|ive|my|we|our|i'\w+)\b)"
    r"|(?:the (?:thing|truth|fact|problem|trouble|catch|point|reality) is|thing is|turns out"
    r"|it turns"
    r" out|it's just|it just so happens|fact is|truth is|it's true|you should know"
    r"|you ought to know"
    r"|as it happens)\b,? ?(?:that )?\s*"
    r"|i(?:'ve|'d| have| must| have to| should| just| also| would| do| really| can| mean| also"
    r" just| am|'m)? ?(?:think|guess|suppose|reckon|believe|feel(?: like)?|say|admit|confess"
    r"|mention"
    r"|mentioned|found(?: out)?|find|noticed|realised|realized|discovered|learned|learnt"
    r"|meant|know|add|mean|suspect|told you|should mention|should say|afraid"
    r"|forgot to (?:say|mention))\b,? ?"
    r"(?:that )?(?=(?:i|im|ive|my|we|i'\w+)\b)"
    r"|my (?:doctor|gp|allergist|dermatologist|dietitian|consultant) (?:says|said|told me|thinks"
    r"|confirmed) (?:that )?(?=i(?:'m|'ve| am| have)\b)"
    r"|(?:please|pls|plz|kindly)\b,?\s+|[-*•>\d.)]+\s+)"
)

_SUBJECT = (
    r"(?:my (?:\w+ )?\w+ and i|me and my \w+|both of us|i|im|ive|we|ya girl)(?=\b)"
    r"(?:(?P<am>'m|'re|(?<=im)(?=\s)| am| are)|(?P<was> was| were| wasn't| weren't)"
    r"|(?P<would>'d| would)|(?P<will>'ll| will)"
    r"|(?P<have>'ve|(?<=ive)(?=\s)| have(?=n't| (?:not |always |never |also |really |just "
    r"|recently |long |only |since "
    r"|lately |been\b|\w+ed\b|grown |got\b|had to ))))?(?=n't|\s|$)"
)

_SOMEONE = (
    r"(?:(?:as|being|i am|i'm|im|i've always been|speaking as) )?(?:just )?(?:someone"
    r"|somebody|a person|one of those people"
    r"|the (?:kind|type|sort) of (?:person|guy|girl|man|woman))(?: here)? (?:who"
    r"|that)(?P<is>'s| is| has)?\b"
)
_FRONTED = (
    r"(?:when it comes to|during|in|on|at|for|as an?|with"
    r"|every|each|most|one day|some ?day|once|twice|ever since|apart from|other than|of all"
    r"|weekdays"
    r"|weekends|mornings|evenings|nowadays|these days|normally|sometimes|first thing|growing up"
    r"|(?:when(?:ever)?|while|if|unless|after|before|until|since|as|once"
    r"|because) [^,]{3,70}(?=,)"
    r"|when(?:ever)? i \w+(?: \w+){0,3}"
    r"(?= i (?:always|usually|never|only|tend|prefer|like|love|hate)\b)"
    r"|outside of|between|from|due to|because of|thanks to|given"
    r"|despite|having|being|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b[^,]{0,70}?,?\s+(?=(?:i|im|ive|we|i'\w+"
    r"|we'\w+)\b)"
)

_ROLES: dict[str, tuple[str, str, bool, bool]] = {}  # word -> kind, modal, negated, habit


def _role(words: str, *, modal: str = "", negated: bool = False, habit: bool = False) -> None:
    for word in words.split():
        _ROLES[word] = ("modal" if modal else "adverb", modal, negated, habit)


_role("do did", modal="do")
_role("don't dont doesn't didn't didnt", modal="do", negated=True)
_role("can could", modal="can")
_role("can't cant cannot couldn't couldnt", modal="can", negated=True)
_role("won't wont", modal="will", negated=True)
_role("wouldn't", modal="would", negated=True)
_role("must should", modal="must")
_role("mustn't shouldn't", modal="must", negated=True)
_role("not never rarely seldom hardly barely scarcely n't haven't", negated=True)
_role("isn't aren't ain't amn't", negated=True)
_role("never rarely seldom hardly", negated=True, habit=True)
_role("always usually generally normally often frequently regularly typically mostly", habit=True)
_role("sometimes occasionally constantly religiously invariably daily only exclusively", habit=True)
_role("strictly habitually consistently routinely solely commonly primarily", habit=True)
_role("just also really quite so very too still pretty truly even ever both too much")
_role("honestly simply actually absolutely totally completely utterly definitely certainly kinda")
_role("sorta super now currently already sadly somewhat more most far way fully such somehow")
_role("long mildly a-bit however then instead probably perhaps maybe lowkey well since recently")

_NOT_ADVERBS = frozenset(
    "fly rely apply reply supply family lonely friendly comply only early".split()
)
_PHRASES = (
    r"(?:no longer|not (?:really|exactly|at all|particularly|especially|overly)|kind of"
    r"|sort of|a (?:little )?bit"
    r"|a little|more or less|at all|by (?:nature|choice)|for (?:sure|years)|as a rule|on the whole"
    r"|all(?= \w)(?! about| for| the| of| in)|to this day|of course|even so|in general"
    r"|by default|as well|tends? (?:not )?to"
    r"|tr(?:y|ies) (?:not )?to|make sure (?:not )?to|make a point (?:of|to)|seem to"
    r"|these days|nowadays"
    r"|in my (?:personal life|spare time|free time))\b"
)


_USED_TO = (
    r"used to (?=(?:(?:really|absolutely) )?(?:like|love|enjoy|adore|hate|dislike|avoid|live|work"
    r"|smoke|drink|eat|play|want|be|speak|have|own|drive|run|do)\b)"
)
"""What is no more; with "am" before it, it is a habit."""


def without_lead_in(clause: Clause) -> int:
    """Return where `clause` starts after greetings, small talk and "I think"."""
    position = 0
    for _ in range(6):
        lead = pattern(_LEAD_INS).match(clause.text, position)
        if not lead or lead.end() in (position, len(clause.text)):
            break
        position = lead.end()
    return position


def predicate(clause: Clause) -> Predicate:
    """Return the predicate of `clause`, its lead-in left out.

    >>> from diarist.extraction.sentences import Clause
    >>> text = "well, i really can't stand opera"
    >>> found = predicate(Clause(text, text, 0))
    >>> found.subject, found.modal, found.negated, text[found.verb:]
    ('I', 'can', True, 'stand opera')
    """
    text = clause.text
    start = without_lead_in(clause)
    fronted = ""
    subject = pattern(_SUBJECT).match(text, start)
    if not subject and (front := pattern(_FRONTED).match(text, start)):
        subject = pattern(_SUBJECT).match(text, front.end())
        fronted = clause.cased[front.start() : front.end()].strip(" ,")
        lead = front.end()
    else:
        lead = start
    if subject:
        return _scan(text, subject.end(), f"I {subject.lastgroup or ''}".strip(), fronted)
    if someone := pattern(_SOMEONE).match(text, start):
        return _third_person(text, someone)
    mine = pattern(r"(?:both of |all of |one of )?(my|our)\s+").match(text, lead)
    if mine:
        return Predicate("my", begins=mine.end(), verb=mine.end(), reading=text)
    kind = "other" if not clause.shared else "none"
    return _scan(text, lead, kind, fronted)


def _third_person(text: str, someone: re.Match[str]) -> Predicate:
    """Read "someone who usually avoids crowds" like "I usually avoid crowds"."""
    said = _scan(text, someone.end(), "I am" if someone["is"] in ("'s", " is") else "I", "")
    if said.subject == "I am":
        return said
    verb = pattern(r"(?:has|does|[a-z]{2,}?(?:sses|shes|ches|ies|s))\b").match(text, said.verb)
    if not verb:
        return said
    return replace(said, reading=text[: said.verb] + _base(verb[0]) + text[verb.end() :])


def _base(verb: str) -> str:
    """Return the base of a verb in its third person.

    >>> _base("avoids"), _base("carries"), _base("watches"), _base("has")
    ('avoid', 'carry', 'watch', 'have')
    """
    if verb in ("has", "does"):
        return {"has": "have", "does": "do"}[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches")) else verb[:-1]


def _scan(text: str, position: int, subject: str, fronted: str) -> Predicate:
    """Walk over modals, negations and adverbs up to the verb."""
    modal, negated, habit = "", subject.endswith("was") and text[:position].endswith("n't"), False
    begins = position
    while begins < len(text) and text[begins] in " ,":
        begins += 1
    position = begins
    for _ in range(8):
        phrase = pattern(_PHRASES).match(text, position)
        if phrase is None and subject == "I":
            phrase = pattern(_USED_TO).match(text, position)
        if phrase:
            negated ^= bool(pattern(_DENYING).match(phrase[0]))
            habit |= bool(pattern(_LASTING).match(phrase[0]))
            position = phrase.end()
            if (
                subject == "I"
                and phrase[0].startswith("used to")
                and text.startswith("be ", position)
            ):
                subject, position = "I am", position + len("be ")
        elif word := pattern(r"[\w'-]+").match(text, position):
            role = _role_of(word[0])
            if role is None or (role[1] == "do" and modal):
                break
            modal, negated, habit = role[1] or modal, negated ^ role[2], habit or role[3]
            position = word.end()
        else:
            break
        while position < len(text) and text[position] in " ,":
            position += 1
    return Predicate(subject, modal, negated, habit, fronted, begins, position, text)


def _role_of(word: str) -> tuple[str, str, bool, bool] | None:
    if role := _ROLES.get(word):
        return role
    if word.endswith("ly") and len(word) > 4 and word not in _NOT_ADVERBS:
        return ("adverb", "", False, False)
    return None
