"""Turn after turn: what the rules find, applied to a page, and the page after it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diarist.extraction.rules import RuleExtractor
from diarist.models import Snapshot, Turn
from diarist.pages import preferences
from diarist.pages.preferences import Limits, Stamp
from diarist.pages.toml import parse
from diarist.schema import categories
from diarist.tables import DefaultPreferences

EXTRACTOR = RuleExtractor()
DEFAULT = categories(DefaultPreferences)


def page_after(*messages: str) -> list[str]:
    """Return the items after these messages of one user, each as "category: text (was …)"."""
    document = parse("")
    for number, message in enumerate(messages, 1):
        known = {category: preferences.items(document, category) for category in DEFAULT}
        turn = Turn("chat", message, "All right.", datetime(2026, 3, number, tzinfo=UTC))
        found = EXTRACTOR.extract(turn, Snapshot(categories=DEFAULT, preferences=known))
        stamp = Stamp(f"2026-03-{number:02}T00:00:00Z", "chat", f"chat#t{number}")
        document, _ = preferences.apply(
            document, found.edits, categories=DEFAULT, stamp=stamp, limits=Limits()
        )
    return [
        f"{category}: {item['text']}" + (f" (was {item['_was']})" if "_was" in item else "")
        for category in DEFAULT
        for item in preferences.items(document, category).values()
    ]


PEANUTS = "I'm allergic to peanuts"
DENIED = {
    ("I'm allergic to walnuts, not peanuts",): [
        "allergies: allergic to walnuts",
        "allergies: not allergic to peanuts",
    ],
    ("I'm allergic to eggs, not to nuts",): [
        "allergies: allergic to eggs",
        "allergies: not allergic to nuts",
    ],
    ("I'm allergic to walnuts, but not peanuts.",): [
        "allergies: allergic to walnuts",
        "allergies: not allergic to peanuts",
    ],
    ("I meant I'm allergic to walnuts, not peanuts.",): [
        "allergies: allergic to walnuts",
        "allergies: not allergic to peanuts",
    ],
    ("I'm allergic to peanuts, my son isn't",): ["allergies: allergic to peanuts"],
    ("I'm allergic to cats, I can't visit",): ["allergies: allergic to cats"],
    ("I'm allergic to walnuts and peanuts, but not severely",): [
        "allergies: allergic to walnuts",
        "allergies: allergic to peanuts",
    ],
    (PEANUTS, "Correction: I'm not allergic to peanuts but to walnuts."): [
        "allergies: not allergic to peanuts (was allergic to peanuts)",
        "allergies: allergic to walnuts",
    ],
    (PEANUTS, "Turns out I'm not allergic to peanuts after all"): [
        "allergies: not allergic to peanuts after all (was allergic to peanuts)"
    ],
    (PEANUTS, "I outgrew my peanut allergy"): [
        "allergies: outgrew my peanut allergy (was allergic to peanuts)"
    ],
    (PEANUTS, "I don't have a peanut allergy"): [
        "allergies: don't have a peanut allergy (was allergic to peanuts)"
    ],
    ("I'm diabetic", "I'm not diabetic"): ["allergies: not diabetic (was diabetic)"],
    ("I have allergies", "I have no allergies"): [
        "allergies: have no allergies (was have allergies)"
    ],
    ("I don't have any allergies",): ["allergies: don't have any allergies"],
    ("I found out I'm allergic to bees",): ["allergies: allergic to bees"],
    ("I've become allergic to bees", "I'm allergic to bees"): [
        "allergies: become allergic to bees"
    ],
    ("My doctor says I'm allergic to bees",): ["allergies: allergic to bees"],
    ("I work at Google", "I don't work at Google any more"): [
        "biography: don't work at Google any more (was work at Google)"
    ],
}


@pytest.mark.parametrize(("messages", "page"), DENIED.items(), ids=" / ".join)
def test_what_is_denied(messages: tuple[str, ...], page: list[str]) -> None:
    assert page_after(*messages) == page


CHANGED = {
    ("I live in Leeds.", "I moved to Porto."): ["biography: moved to Porto (was live in Leeds)"],
    ("I live in Leeds", "I live in Porto now"): [
        "biography: live in Porto now (was live in Leeds)"
    ],
    ("I live in Leeds, UK", "I moved from Leeds to Porto"): [
        "biography: moved from Leeds to Porto (was live in Leeds, UK)"
    ],
    ("I live in Leeds with my wife", "I moved from Leeds to Porto"): [
        "biography: moved from Leeds to Porto (was live in Leeds with my wife)"
    ],
    ("My name is Ana.", "Actually my name is Anna."): ["biography: name is Anna (was name is Ana)"],
    ("My favourite colour is blue", "My favourite colour is now green"): [
        "likes: favourite colour is now green (was favourite colour is blue)"
    ],
    ("I work for Google", "I now work at Meta"): [
        "biography: now work at Meta (was work for Google)"
    ],
    ("I work at Google", "I changed jobs from Google to Meta"): [
        "biography: changed jobs from Google to Meta (was work at Google)"
    ],
    ("I use vim", "I switched from vim to emacs"): [
        "routines: switched from vim to emacs (was use vim)"
    ],
    ("I love coffee", "I used to love coffee"): ["dislikes: used to love coffee (was love coffee)"],
    (PEANUTS, "I used to be allergic to peanuts"): [
        "allergies: used to be allergic to peanuts (was allergic to peanuts)"
    ],
    ("I want to learn Spanish", "I no longer want to learn Spanish"): [
        "goals: no longer want to learn Spanish (was want to learn Spanish)"
    ],
    ("Always answer in French", "Stop answering in French"): [
        "instructions: Stop answering in French (was Always answer in French)"
    ],
    ("call me Bob", "Don't call me Bob"): ["biography: Don't call me Bob (was call me Bob)"],
}


@pytest.mark.parametrize(("messages", "page"), CHANGED.items(), ids=" / ".join)
def test_a_changed_mind_replaces(messages: tuple[str, ...], page: list[str]) -> None:
    assert page_after(*messages) == page


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Leeds", "I live in Porto"),
        ("I live in Leeds", "I moved to a bigger flat"),
        ("I live in Leeds", "I've moved in with my boyfriend"),
        ("I live in Leeds", "We moved to Porto in 2010"),
        ("My name is Ana", "call me Bob"),
        ("My wife's name is Ana", "Actually my name is Anna"),
        ("My favourite colour is blue", "My favourite band is now Muse"),
        ("My favourite colour is blue", "My favourite colour is green"),
        ("I work for Google", "I work for Meta"),
        ("I work for Google", "I now also work at Meta"),
        ("I work for Google", "I now work as a nurse"),
        ("I like vim", "I switched from vim to emacs"),
        ("I love coffee", "I used to love tea"),
    ],
)
def test_in_doubt_nothing_is_replaced(one: str, other: str) -> None:
    (kept,) = page_after(one)
    assert kept in page_after(one, other)


@pytest.mark.parametrize(
    "message",
    ["I used to love whisky", "I no longer want to learn Spanish", "Stop answering in French"],
)
def test_what_ends_nothing_that_is_known_is_offered(message: str) -> None:
    assert page_after(message) == []
    turn = Turn("chat", message, "", datetime(2026, 3, 1, tzinfo=UTC))
    assert EXTRACTOR.extract(turn, Snapshot(categories=DEFAULT)).rejected


@pytest.mark.parametrize(
    ("message", "page"),
    [
        ("I like both tea and coffee", ["likes: like both tea and coffee"]),
        ("I like neither tea nor coffee", ["dislikes: like neither tea nor coffee"]),
        ("I'd rather not fly", ["dislikes: would rather not fly"]),
        ("I'd rather not say", []),
        ("I like both", []),
        ("I'm used to live music", ["likes: used to live music"]),
    ],
)
def test_a_small_word_may_say_it_all(message: str, page: list[str]) -> None:
    assert page_after(message) == page
