"""A changed mind, turn after turn through a diary, and the page after it.

In `CHANGED` the new statement takes the place of the old one; in `KEPT` it says nothing about it,
or nothing that can be relied on: another subject or person, a question, a task, sarcasm.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from diarist import Diary

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

CHANGED: dict[tuple[str, ...], list[str]] = {
    ("I like spicy food", "I like spicy food, but not very hot"): [
        "likes: like spicy food, but not very hot (was like spicy food)"
    ],
    ("I love coffee", "I don't like coffee any more"): [
        "dislikes: don't like coffee any more (was love coffee)"
    ],
    ("I love coffee", "I no longer like coffee"): [
        "dislikes: no longer like coffee (was love coffee)"
    ],
    ("I love coffee", "I've gone off coffee"): ["dislikes: gone off coffee (was love coffee)"],
    ("I love coffee", "I hate coffee now"): ["dislikes: hate coffee now (was love coffee)"],
    ("I love coffee", "I can't stand coffee"): ["dislikes: can't stand coffee (was love coffee)"],
    ("I hate olives", "I actually like olives now"): [
        "likes: actually like olives now (was hate olives)"
    ],
    ("I hate olives", "I've come to love olives"): ["likes: come to love olives (was hate olives)"],
    ("I hate olives", "I don't mind olives any more"): [
        "likes: don't mind olives any more (was hate olives)"
    ],
    ("I hate olives", "I don't hate olives any more"): [
        "likes: don't hate olives any more (was hate olives)"
    ],
    ("I don't eat meat", "I eat meat again"): ["routines: eat meat again (was don't eat meat)"],
    ("I don't eat meat", "I started eating meat again"): [
        "routines: started eating meat again (was don't eat meat)"
    ],
    ("I eat meat", "I don't eat meat"): ["routines: don't eat meat (was eat meat)"],
    ("I smoke", "I quit smoking"): ["routines: quit smoking (was smoke)"],
    ("I smoke", "I've stopped smoking"): ["routines: stopped smoking (was smoke)"],
    ("I drink alcohol", "I don't drink alcohol any more"): [
        "routines: don't drink alcohol any more (was drink alcohol)"
    ],
    ("I'm vegetarian", "I'm not vegetarian any more"): [
        "routines: not vegetarian any more (was vegetarian)"
    ],
    ("I'm vegetarian", "I'm no longer vegetarian"): [
        "routines: no longer vegetarian (was vegetarian)"
    ],
    ("I'm vegetarian", "I'm vegan now"): ["routines: vegan now (was vegetarian)"],
    ("I'm vegan", "I used to be vegan"): ["routines: used to be vegan (was vegan)"],
    ("I love horror films", "I used to love horror films"): [
        "dislikes: used to love horror films (was love horror films)"
    ],
    ("I live in Leeds", "I moved to Porto"): ["biography: moved to Porto (was live in Leeds)"],
    ("I live in Leeds", "I moved from Leeds to Porto"): [
        "biography: moved from Leeds to Porto (was live in Leeds)"
    ],
    ("I live in Leeds", "I now live in Porto"): [
        "biography: now live in Porto (was live in Leeds)"
    ],
    ("I live in Leeds", "We've relocated to Porto"): [
        "biography: relocated to Porto (was live in Leeds)"
    ],
    ("I live in Leeds", "I don't live in Leeds any more"): [
        "biography: don't live in Leeds any more (was live in Leeds)"
    ],
    ("I live in Leeds", "I used to live in Leeds"): [
        "biography: used to live in Leeds (was live in Leeds)"
    ],
    ("I work at Shell", "I now work at Siemens"): [
        "biography: now work at Siemens (was work at Shell)"
    ],
    ("I work at Shell", "I no longer work at Shell"): [
        "biography: no longer work at Shell (was work at Shell)"
    ],
    ("I work as a nurse", "I used to work as a nurse"): [
        "biography: used to work as a nurse (was work as a nurse)"
    ],
    ("My name is Ana", "Actually, my name is Anna"): ["biography: name is Anna (was name is Ana)"],
    ("My favourite colour is blue", "My favourite colour is green now"): [
        "likes: favourite colour is green now (was favourite colour is blue)"
    ],
    ("My favourite colour is blue", "Actually my favourite colour is red"): [
        "likes: favourite colour is red (was favourite colour is blue)"
    ],
    ("I use Windows", "I switched from Windows to Linux"): [
        "routines: switched from Windows to Linux (was use Windows)"
    ],
    ("I use vim", "I use emacs instead of vim now"): [
        "routines: use emacs instead of vim now (was use vim)"
    ],
    ("I drink tea", "I drink coffee instead of tea now"): [
        "routines: drink coffee instead of tea now (was drink tea)"
    ],
    ("I'm allergic to nuts", "I'm not allergic to nuts"): [
        "allergies: not allergic to nuts (was allergic to nuts)"
    ],
    ("I'm allergic to nuts", "I'm only allergic to walnuts"): [
        "allergies: only allergic to walnuts (was allergic to nuts)"
    ],
    ("I'm allergic to peanuts", "I outgrew my peanut allergy"): [
        "allergies: outgrew my peanut allergy (was allergic to peanuts)"
    ],
    ("I'm allergic to peanuts", "I'm no longer allergic to peanuts"): [
        "allergies: no longer allergic to peanuts (was allergic to peanuts)"
    ],
    ("I'm married", "I'm divorced now"): ["biography: divorced now (was married)"],
    ("I'm married", "I'm not married any more"): ["biography: not married any more (was married)"],
    ("I'm single", "I'm married now"): ["biography: married now (was single)"],
    ("I have a dog", "I don't have a dog any more"): [
        "biography: don't have a dog any more (was have a dog)"
    ],
    ("I drive a Volvo", "I don't drive a Volvo any more"): [
        "biography: don't drive a Volvo any more (was drive a Volvo)"
    ],
    ("I want to learn Spanish", "I no longer want to learn Spanish"): [
        "goals: no longer want to learn Spanish (was want to learn Spanish)"
    ],
    ("I want to learn Spanish", "I don't want to learn Spanish any more"): [
        "goals: don't want to learn Spanish any more (was want to learn Spanish)"
    ],
    ("I want to learn Spanish", "I want to learn Italian instead of Spanish"): [
        "goals: want to learn Italian instead of Spanish (was want to learn Spanish)"
    ],
    ("Always answer in French", "Don't answer in French any more"): [
        "instructions: Don't answer in French any more (was Always answer in French)"
    ],
    ("Always answer in French", "Stop answering in French"): [
        "instructions: Stop answering in French (was Always answer in French)"
    ],
    ("Always use emojis", "Never use emojis"): [
        "instructions: Never use emojis (was Always use emojis)"
    ],
    ("I love jazz", "Forget that I love jazz"): [],
    ("I love jazz", "I like jazz, but only live"): [
        "likes: like jazz, but only live (was love jazz)"
    ],
    ("I like dogs", "I only like small dogs"): ["likes: only like small dogs (was like dogs)"],
    ("I prefer tea to coffee", "I prefer coffee to tea now"): [
        "likes: prefer coffee to tea now (was prefer tea to coffee)"
    ],
    ("I get up at six every day", "I get up at seven every day now"): [
        "routines: get up at seven every day now (was get up at six every day)"
    ],
    ("I'm scared of flying", "I'm not scared of flying any more"): [
        "dislikes: not scared of flying any more (was scared of flying)"
    ],
    ("I hate cats", "Turns out I love cats"): ["likes: love cats (was hate cats)"],
    ("I can't swim", "I can swim now"): ["biography: can swim now (was can't swim)"],
    ("I don't speak German", "I speak German now"): [
        "biography: speak German now (was don't speak German)"
    ],
    ("I don't like beer", "I do like beer"): ["likes: do like beer (was don't like beer)"],
    ("I use an iPhone", "I swapped my iPhone for a Pixel"): [
        "routines: swapped my iPhone for a Pixel (was use an iPhone)"
    ],
    ("I'm a smoker", "I'm not a smoker any more"): [
        "biography: not a smoker any more (was a smoker)"
    ],
    ("I have a cat", "We no longer have a cat"): [
        "biography: no longer have a cat (was have a cat)"
    ],
    ("I never eat breakfast", "I eat breakfast now"): [
        "routines: eat breakfast now (was never eat breakfast)"
    ],
    ("I always take the bus", "I never take the bus any more"): [
        "routines: never take the bus any more (was always take the bus)"
    ],
    ("I love coffee", "Coffee? Not for me any more."): [
        "dislikes: Coffee? Not for me any more (was love coffee)"
    ],
    ("I love coffee", "Coffee doesn't agree with me any more"): [
        "dislikes: Coffee doesn't agree with me any more (was love coffee)"
    ],
    ("I love coffee", "I've given up coffee"): ["routines: given up coffee (was love coffee)"],
    ("I love coffee", "I'm off coffee"): ["routines: off coffee (was love coffee)"],
    ("I like jazz", "Jazz no longer does it for me"): [
        "dislikes: Jazz no longer does it for me (was like jazz)"
    ],
    ("I hate olives", "Olives have really grown on me"): [
        "likes: Olives have really grown on me (was hate olives)"
    ],
    ("I eat sugar", "I gave up sugar two years ago"): [
        "routines: gave up sugar in 2024 (was eat sugar)"
    ],
    ("I drink coffee", "I switched to tea"): ["routines: switched to tea (was drink coffee)"],
    ("I use Windows", "I switched to Linux"): ["routines: switched to Linux (was use Windows)"],
    ("I work at Shell", "I left Shell"): ["biography: left Shell (was work at Shell)"],
    ("I work at Shell", "I've left Shell for Siemens"): [
        "biography: left Shell for Siemens (was work at Shell)"
    ],
    ("I work at Shell", "I quit my job at Shell"): [
        "biography: quit my job at Shell (was work at Shell)"
    ],
    ("I work at Shell", "I got fired from Shell"): [
        "biography: got fired from Shell (was work at Shell)"
    ],
    ("I work as a nurse", "I'm a teacher now"): ["biography: a teacher now (was work as a nurse)"],
    ("I'm a nurse", "I'm a teacher now"): ["biography: a teacher now (was a nurse)"],
    ("I live in Leeds", "We left Leeds"): ["biography: left Leeds (was live in Leeds)"],
    ("I have a dog", "My dog died"): ["biography: dog died (was have a dog)"],
    ("I drive a Volvo", "I sold my Volvo"): ["biography: sold my Volvo (was drive a Volvo)"],
    ("I want to learn Spanish", "I gave up on learning Spanish"): [
        "goals: gave up on learning Spanish (was want to learn Spanish)"
    ],
    ("My favourite colour is blue", "My new favourite colour is green"): [
        "likes: new favourite colour is green (was favourite colour is blue)"
    ],
    ("I prefer tea to coffee", "These days I prefer coffee to tea"): [
        "likes: these days prefer coffee to tea (was prefer tea to coffee)"
    ],
}
KEPT: dict[tuple[str, ...], list[str]] = {
    ("I used to love horror films",): [],
    ("I'm allergic to nuts", "I'm not allergic to hazelnuts"): [
        "allergies: allergic to nuts",
        "allergies: not allergic to hazelnuts",
    ],
    ("I love sushi", "Oh great, I just love waiting in line"): ["likes: love sushi"],
    ("I hate mornings", "Oh yeah, I just love mornings"): ["dislikes: hate mornings"],
    ("I hate mornings", "Sure, because I love mornings so much"): ["dislikes: hate mornings"],
    ("I love coffee", "Wow, I just love it when coffee is cold"): ["likes: love coffee"],
    ("I hate traffic", "Yeah right, like I love traffic"): ["dislikes: hate traffic"],
    ("I love tea", "Well, I don't like tea, said nobody ever"): ["likes: love tea"],
    ("I love tea", "My brother doesn't like tea any more"): ["likes: love tea"],
    ("I love tea", "Do I still like tea?"): ["likes: love tea"],
    ("I love tea", "What if I no longer liked tea?"): ["likes: love tea"],
    ("I love tea", "I used to love coffee"): ["likes: love tea"],
    ("I love tea", "I love green tea"): ["likes: love tea", "likes: love green tea"],
    ("I love whisky", "My father used to love whisky"): ["likes: love whisky"],
    ("I'm used to cold water", "I'm used to early starts"): [
        "likes: used to cold water",
        "likes: used to early starts",
    ],
    ("I hate rain", "Not that I hate rain"): ["dislikes: hate rain"],
    ("I love cycling", "I wish I still loved cycling"): ["likes: love cycling"],
    ("I love opera", "He thinks I no longer love opera"): ["likes: love opera"],
    ("I'm vegan", "If I were no longer vegan, what would I eat?"): ["routines: vegan"],
    ("I love Leeds", "I left Leeds"): ["likes: love Leeds"],
    ("I love my Volvo", "I sold my Volvo"): ["likes: love my Volvo"],
    ("I work at Shell", "I left work early"): ["biography: work at Shell"],
    ("I live in Leeds", "I left Leeds at noon"): ["biography: live in Leeds"],
    ("I eat meat", "I left the meat in the oven"): ["routines: eat meat"],
    ("I love coffee", "My brother gave up coffee"): ["likes: love coffee"],
    ("I love coffee", "Should I quit coffee?"): ["likes: love coffee"],
    ("I drink coffee and tea", "I switched to tea"): [
        "routines: drink coffee and tea",
        "routines: switched to tea",
    ],
    ("I'm a runner", "I'm a teacher now"): ["biography: a runner", "biography: a teacher now"],
    ("I love skiing", "Translate into French: I no longer love skiing"): ["likes: love skiing"],
}


async def page_after(folder: Path, *messages: str) -> list[str]:
    diary = Diary(folder, clock=lambda: NOON)
    for message in messages:
        await diary.update_memory("ana", "first", message, "All right.")
    page = (await diary.preferences("ana")).data
    page.pop("_meta", None)
    return [
        f"{category}: {item['text']}" + (f" (was {item['_was']})" if "_was" in item else "")
        for category, items in page.items()
        for item in items.values()
    ]


def test_there_are_more_than_sixty() -> None:
    assert len(CHANGED) + len(KEPT) > 60


@pytest.mark.parametrize(("messages", "page"), CHANGED.items(), ids=" / ".join)
def test_a_changed_mind_takes_the_old_ones_place(
    tmp_path: Path, messages: tuple[str, ...], page: list[str]
) -> None:
    assert asyncio.run(page_after(tmp_path, *messages)) == page


@pytest.mark.parametrize(("messages", "page"), KEPT.items(), ids=" / ".join)
def test_what_changes_no_mind_leaves_the_page(
    tmp_path: Path, messages: tuple[str, ...], page: list[str]
) -> None:
    assert asyncio.run(page_after(tmp_path, *messages)) == page
