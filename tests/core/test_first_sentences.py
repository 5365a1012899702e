"""What people type first, and the page after it: forty sentences, each to a new user."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from diarist import Diary

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

SENTENCES = {
    "My name is Ana": "biography.ana = name is Ana",
    "Hi, I'm Ana": "biography.ana = Ana",
    "call me Bob": "biography.bob = call me Bob",
    "I'm vegetarian": "routines.vegetarian = vegetarian",
    "I don't eat pork": "routines.not-eat-pork = don't eat pork",
    "I don't drink alcohol": "routines.not-drink-alcohol = don't drink alcohol",
    "I live in Porto": "biography.porto = live in Porto",
    "I'm from Brazil": "biography.from-brazil = from Brazil",
    "always answer in French": "instructions.answer-in-french = always answer in French",
    "please keep your answers short": "instructions.keep-your-answers-short = "
    "keep your answers short",
    "Never use emojis": "instructions.not-use-emojis = Never use emojis",
    "I'm allergic to walnuts": "allergies.walnuts = allergic to walnuts",
    "I'm allergic to peanuts and shellfish": "allergies.peanuts = allergic to peanuts; "
    "allergies.shellfish = allergic to shellfish",
    "I'm lactose intolerant": "allergies.lactose = lactose intolerant",
    "I have a peanut allergy": "allergies.peanut = have a peanut allergy",
    "I'm diabetic": "allergies.diabetic = diabetic",
    "I love black coffee": "likes.black-coffee = love black coffee",
    "I really like hiking": "likes.hiking = really like hiking",
    "I prefer tea to coffee": "likes.tea-to-coffee = prefer tea to coffee",
    "My favorite band is Radiohead": "likes.band-is-radiohead = favorite band is Radiohead",
    "I hate cilantro": "dislikes.cilantro = hate cilantro",
    "I can't stand loud music": "dislikes.loud-music = can't stand loud music",
    "I don't like coffee any more": "dislikes.coffee = don't like coffee any more",
    "I work as a nurse": "biography.nurse = work as a nurse",
    "I'm a software engineer": "biography.software-engineer = a software engineer",
    "I have two kids": "biography.have-two-kids = have two kids",
    "My wife's name is Clara": "biography.wife-name-is-clara = wife's name is Clara",
    "I'm 34 years old": "biography.34-years-old = 34 years old",
    "My birthday is on 3 May": "biography.birthday-is-on-3-may = birthday is on 3 May",
    "I speak Spanish and German": "biography.speak-spanish-and-german = speak Spanish and German",
    "I play the guitar": "routines.play-guitar = play the guitar",
    "I go for a run every Tuesday morning": "routines.go-for-run-every-tuesday-morning = "
    "go for a run every Tuesday morning",
    "I usually have dinner at 8": "routines.have-dinner-at-8 = usually have dinner at 8",
    "I want to learn Portuguese": "goals.learn-portuguese = want to learn Portuguese",
    "I'd like to run a marathon next year": "goals.run-marathon-in-2027 = "
    "would like to run a marathon in 2027",
    "remember that I like jazz": "likes.jazz = like jazz",
    "I'm dyslexic, please use short sentences": "allergies.dyslexic = dyslexic; "
    "instructions.use-short-sentences = use short sentences",
    "What's the capital of France?": "",
    "Thanks, that's great!": "",
    "Can you translate 'I love cheese' into German?": "",
}
CONVERSATIONS = {
    ("I'm allergic to walnuts", "to peanuts too", "not to hazelnuts"): (
        "allergies.walnuts = allergic to walnuts; allergies.peanuts = allergic to peanuts; "
        "allergies.not-hazelnuts = not allergic to hazelnuts"
    ),
    ("My name is Ana", "call me Bob"): "biography.ana = name is Ana; biography.bob = call me Bob",
    ("I live in Leeds", "I moved from Leeds to Porto"): (
        "biography.porto = moved from Leeds to Porto (was live in Leeds)"
    ),
    ("I love coffee", "I don't like coffee any more"): (
        "dislikes.coffee = don't like coffee any more (was love coffee)"
    ),
}


async def page_after(folder: Path, *messages: str) -> str:
    diary = Diary(folder, clock=lambda: NOON)
    for message in messages:
        await diary.update_memory("ana", "first", message, "All right.")
    page = (await diary.preferences("ana")).data
    page.pop("_meta", None)
    return "; ".join(
        f"{category}.{id} = {item['text']}" + (f" (was {item['_was']})" if "_was" in item else "")
        for category, items in page.items()
        for id, item in items.items()
    )


def test_there_are_forty():
    assert len(SENTENCES) == 40


@pytest.mark.parametrize(("message", "page"), SENTENCES.items(), ids=list(SENTENCES))
def test_a_first_sentence(tmp_path: Path, message: str, page: str):
    assert asyncio.run(page_after(tmp_path, message)) == page


@pytest.mark.parametrize(("messages", "page"), CONVERSATIONS.items(), ids=" / ".join)
def test_what_follows(tmp_path: Path, messages: tuple[str, ...], page: str):
    assert asyncio.run(page_after(tmp_path, *messages)) == page


def test_the_page_is_as_a_person_reads_it(tmp_path: Path):
    asyncio.run(page_after(tmp_path, "I'm allergic to walnuts"))
    assert (
        (tmp_path / "ana" / "preferences.toml").read_text()
        == """\
[_meta]
version = "1.0"
schema_name = "DefaultPreferences"

[allergies.walnuts]
text = "allergic to walnuts"
contexts = []
_count = 1
_created = "2026-03-01T12:00:00Z"
_updated = "2026-03-01T12:00:00Z"
_created_by = "first"
_updated_by = "first"
_sources = ["first#1"]
"""
    )


@pytest.mark.parametrize(
    "message",
    [
        "My password is hunter2 and I love tea",
        "Is my password Tr0mbone88?",
        "Mein Passwort ist Tr0mbone88",
        "My card is 4111 1111 1111 1111, remember it",
        "the key is sk-abcdefghijklmnopqrstuvwxyz123456",
        "my password:\nTr0mbone88",
        "Here is my password.\nTr0mbone88",
        "What's my password? I always use Tr0mbone88.",
        "wifi: HomeNet\npassword:\nTr0mbone88",
        "I always use Tr0mbone88 for my password",
        "-----BEGIN PRIVATE KEY-----\nwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12\nTr0mbone88",
    ],
)
def test_a_secret_reaches_no_page_and_no_report(tmp_path: Path, message: str):
    report = asyncio.run(
        Diary(tmp_path).update_memory("ana", "first", message, f"Noted: {message}")
    )
    files = [path.read_text() for path in tmp_path.rglob("*.toml")]
    for secret in ("hunter2", "Tr0mbone88", "4111", "sk-abc"):
        assert not [text for text in files if secret in text]
        assert secret not in str(report)
    assert "[withheld]" in str(report)
