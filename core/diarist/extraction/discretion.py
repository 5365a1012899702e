"""What may be kept of a message in which a secret is told: nothing that may be a part of it.

What a secret looks like is for others to say; here is only where else it may show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarist.extraction.sentences import LIMIT, pattern, sentences

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = r"\w[\w'-]*\w"
STOP_WORDS = frozenset(
    "a about above after again all almost also always am an and another any anything are "
    "around as ask at away back be because been before being below best better between bit "
    "both but by call came can can't cannot come could couldn't day did didn't different do "
    "does doesn't doing don't done down each else enough especially etc even ever every "
    "everything example few find first for from further get gets getting give go goes going "
    "good got great had happy hard has have haven't having he hello help helpful her here "
    "hers hey hi him his hope how however i i'd i'll i'm i've idea ideas if in instead "
    "interested into is isn't it it's its itself just keep kind know last least less let "
    "let's like likes little ll long look looking lot lots love made make makes many may "
    "maybe me mean might mind more most much must my myself need needs never new next nice no "
    "not nothing now of off often ok okay on once one only or other our ours out over own "
    "part perhaps please pretty put quite rather re really recommend recommendations right "
    "said same say see seem seems she should since so some someone something sometimes soon "
    "sorry sort still stuff such suggest suggestion suggestions sure take tell than thank "
    "thanks that that's the their them then there there's these they thing things think this "
    "those though thought through time tips to today together told too tried try trying two "
    "under until up us use used using usually ve very want wanted wants was wasn't way we "
    "we're well were what what's when where whether which while who whole why will wish with "
    "within without won't wonder would wouldn't yeah yes yet you you'd you'll you're you've "
    "your yours".split()
)


def harmless(text: str, is_secret: Callable[[str], bool]) -> tuple[list[str], frozenset[str]]:
    """Return the sentences of `text` without those that tell a secret, and the words of these.

    With a sentence that tells a secret the next one goes, and all that share a word with these; a
    secret that no sentence tells alone ("my password:", "hunter2x") leaves none.

    >>> harmless("It's hunter2x! See? I like tea.", lambda text: "hunter2x" in text)[0]
    ['I like tea.']
    """
    text = text[:LIMIT]
    parts = [text[start:end] for start, end in sentences(text)]
    if not is_secret(text):
        return parts, frozenset()
    tells = [is_secret(part) for part in parts]
    rest = [part for part, tell in zip(parts, tells, strict=True) if not tell]
    if not any(tells) or is_secret("\n".join(rest)):
        return [], words(text)
    follows = [False, *tells[:-1]]
    taken = [part for part, *told in zip(parts, tells, follows, strict=True) if any(told)]
    told = frozenset[str]().union(*map(words, taken))
    return [part for part in rest if part not in taken and told.isdisjoint(words(part))], told


def is_apart(statement: str, message: str, is_secret: Callable[[str], bool]) -> bool:
    """Say whether a statement is no part of the secret that `message` tells.

    It is not if the message tells the secret without the words of the statement, too.

    >>> told = lambda text: "password" in text and "swordfish" in text
    >>> is_apart("love tea", "My password is swordfish and I love tea", told)
    True
    >>> is_apart("use swordfish", "What's my password? I use swordfish", told)
    False
    """
    own = words(statement)
    if any(character.isdigit() for character in statement):
        return False
    rest = pattern(_WORD).sub(
        lambda word: "" if _folded(word[0]) in own else word[0], message[:LIMIT]
    )
    return is_secret(rest)


def words(text: str) -> frozenset[str]:
    """Return what a secret may be in: the words of a text but the everyday ones."""
    return frozenset(pattern(_WORD).findall(_folded(text))) - STOP_WORDS


def _folded(text: str) -> str:
    return text.casefold().replace("’", "'")
